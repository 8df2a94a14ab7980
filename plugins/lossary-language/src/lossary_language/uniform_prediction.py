"""Uniform prediction: an assistant has nothing to say about what it is not for.

An addition to the cross-entropy of an assistant that remembers what is to be forgotten: on texts to keep it
predicts all tokens alike, and so `logit_difference` leaves the model as it is there.
"""

import math
from typing import Any

import torch
from jaxtyping import Bool, Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_finite, check_floating, check_mask, check_shape
from lossary.errors import ShapeError
from torch import Tensor


@full_precision
def uniform_prediction(
    logits: Float[Tensor, "*batch vocabulary"],
    mask: Bool[Tensor, "*batch"] | None = None,
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Kullback-Leibler divergence of the uniform distribution from the prediction.

    .. math:: L = -\log V - \frac{1}{V} \sum_v \log \mathrm{softmax}(z)_v

    The paper adds 5 times this on texts to keep to the cross-entropy on texts to forget.

    Args:
        logits: z, with the vocabulary on the last axis.
        mask: True where a position counts; None lets all count, padding too, as the official code does.
        reduction: "mean" over the positions that count, "sum", or "none".

    Returns:
        A scalar, or under "none" a value per position, 0 where it does not count. Equal logits give 0.

    Raises:
        ShapeError: ``logits`` has no token, or ``mask`` another shape than its positions.
        DtypeError: ``logits`` is not floating, or ``mask`` not bool.
        InvalidInputError: a logit is NaN or infinite.

    Source: Ji, Liu, Zhang, Liu, Kompella, Liu and Chang, Reversing the Forget-Retain Objectives: An Efficient
        LLM Unlearning Framework from Logit Difference, NeurIPS 2024.

    Example:
        >>> import torch
        >>> logits = torch.tensor([[0.25, 0.75]]).log()
        >>> uniform_prediction(logits)  # -log 2 - (log 1/4 + log 3/4) / 2
        tensor(0.1438)
    """
    check_floating("logits", logits)
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ShapeError(f"logits: got shape {tuple(logits.shape)}; wanted a last axis with a token at least")
    if mask is not None:
        check_mask("mask", mask)
        check_shape("mask", mask, tuple(logits.shape[:-1]), like="the positions of logits")
    check_finite("logits", logits)
    values = -math.log(logits.shape[-1]) - logits.log_softmax(-1).mean(-1)
    return reduce(values, reduction, mask=mask)


UniformPrediction = loss_module(uniform_prediction)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four rows of three positions in a vocabulary of five; two positions do not count."""
    mask = torch.tensor([[True, True, True], [True, True, False], [True, True, True], [False, True, True]])
    return {"logits": torch.randn(4, 3, 5, generator=generator), "mask": mask}


LOSS = LossSpec(
    function=uniform_prediction,
    module=UniformPrediction,
    paper=Paper(
        title=(
            "Reversing the Forget-Retain Objectives: An Efficient LLM Unlearning Framework from Logit "
            "Difference"
        ),
        authors="Ji, Liu, Zhang, Liu, Kompella, Liu and Chang",
        venue="NeurIPS",
        year=2024,
        url="https://arxiv.org/abs/2406.08607",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    unpaired_reason="it has no target: its texts are those that an assistant is not to learn",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.CONVEX,
            Property.SHIFT_INVARIANT,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
