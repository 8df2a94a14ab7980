"""Prediction entropy: sure predictions for unlabelled samples, among the classes that they may belong to.

One of the three terms of NEV-NCD, which discovers new classes: beside `negative_learning`, and
`class_variance` against the collapse that confidence alone allows.
"""

from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.losses.classification._class_subset import of_classes


@full_precision
def prediction_entropy(
    logits: Float[Tensor, "batch classes"],
    *,
    classes: Integer[Tensor, "subset"] | None = None,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Entropy of the predicted distribution over some of the classes.

    .. math:: L_i = -\sum_{k \in S} r_{ik} \ln r_{ik}, \quad r_i = \mathrm{softmax}(z_{iS})

    Args:
        logits: z, one column per class.
        classes: S, distinct class indices, such as the new classes; r adds up to one over them. None takes
            all.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per row under "none", from 0 to the logarithm of the number of classes. A
        single class gives 0.

    Raises:
        ShapeError: ``logits`` is not a matrix, or has no row or class; ``classes`` is not a vector or is
            empty.
        DtypeError: ``logits`` is not floating, or ``classes`` not integer.
        InvalidInputError: a logit is NaN or infinite; a class does not exist or comes twice.

    Differs from the official code: r ln r is 0, not NaN, where r is 0.

    Source: Hasan, Ahmed, Faridee, Purushotham, Kwon, Lee and Roy, NEV-NCD: Negative Learning, Entropy, and
        Variance regularization based novel action categories discovery, ICIP 2023.

    Example:
        >>> import torch
        >>> logits = torch.tensor([[9.0, 0.0, 0.0]])
        >>> prediction_entropy(logits, classes=torch.tensor([1, 2]))  # ln 2
        tensor(0.6931)
    """
    log_share = of_classes(logits, classes).log_softmax(1)
    return reduce(-(log_share.exp() * log_share).sum(1), reduction)


PredictionEntropy = loss_module(prediction_entropy)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of five classes."""
    return {"logits": torch.randn(6, 5, generator=generator)}


LOSS = LossSpec(
    function=prediction_entropy,
    module=PredictionEntropy,
    paper=Paper(
        title=(
            "NEV-NCD: Negative Learning, Entropy, and Variance regularization based novel action categories "
            "discovery"
        ),
        authors="Hasan, Ahmed, Faridee, Purushotham, Kwon, Lee and Roy",
        venue="ICIP",
        year=2023,
        url="https://arxiv.org/abs/2304.07354",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    unpaired_reason="it has no target: it asks for sure predictions, whatever they are",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
