"""Reference KL: holds a language model to the predictions of a frozen one, token by token.

An addition to a loss of unlearning, on answers to retain; unlike cross-entropy it also keeps what the model
thinks of the tokens that do not come.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_finite, check_floating, check_mask, check_shape
from lossary.errors import ShapeError
from torch import Tensor


@full_precision
def reference_kl(
    logits: Float[Tensor, "*batch vocabulary"],
    ref_logits: Float[Tensor, "*batch vocabulary"],
    mask: Bool[Tensor, "*batch"] | None = None,
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Divergence of a model's next-token probabilities from those of a reference.

    .. math:: L = \sum_k q_k (\log q_k - \log p_k), \quad
              q = \mathrm{softmax}(z^\mathrm{ref}), \; p = \mathrm{softmax}(z)

    Args:
        logits: z, with the vocabulary on the last axis, such as (batch, steps, vocabulary).
        ref_logits: z of the frozen model, in the same shape; it receives no gradient.
        mask: True where a position counts; None lets all count, prompt and padding too, as the authors' code
            does.
        reduction: "mean" over the positions that count, "sum", or "none".

    Returns:
        A scalar, or one value per position under "none", 0 where it does not count.

    Raises:
        ShapeError: ``logits`` has no vocabulary; ``ref_logits`` or ``mask`` has another shape.
        DtypeError: logits are not floating, or ``mask`` not of bool.
        InvalidInputError: a logit is NaN or infinite.

    Source: Maini, Feng, Schwarzschild, Lipton and Kolter, TOFU: A Task of Fictitious Unlearning for LLMs,
        COLM 2024; as Zhang, Lin, Bai and Mei, Negative Preference Optimization: From Catastrophic Collapse to
        Effective Unlearning, COLM 2024, use it on retained answers.

    Example:
        >>> import torch
        >>> logits = torch.tensor([[0.0, 0.0]])
        >>> reference = torch.tensor([[50.0, 0.0]])  # sure of the first token
        >>> reference_kl(logits, reference)  # log 2
        tensor(0.6931)
    """
    check_floating("logits", logits)
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ShapeError(f"logits: got shape {tuple(logits.shape)}; wanted a last axis with a token at least")
    check_floating("ref_logits", ref_logits)
    check_shape("ref_logits", ref_logits, tuple(logits.shape), like="logits")
    if mask is not None:
        check_mask("mask", mask)
        check_shape("mask", mask, tuple(logits.shape[:-1]), like="the positions of logits")
    check_finite("logits", logits)
    check_finite("ref_logits", ref_logits)
    ref_log_share = ref_logits.detach().log_softmax(-1)
    values = (ref_log_share.exp() * (ref_log_share - logits.log_softmax(-1))).sum(-1)
    return reduce(values, reduction, mask=mask)


ReferenceKl = loss_module(reference_kl)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four rows of three steps in a vocabulary of five; two steps do not count."""
    mask = torch.ones(4, 3, dtype=torch.bool)
    mask[1, 0] = mask[3, 2] = False
    logits, ref_logits = (torch.randn(4, 3, 5, generator=generator) for _ in range(2))
    return {"logits": logits, "ref_logits": ref_logits, "mask": mask}


LOSS = LossSpec(
    function=reference_kl,
    module=ReferenceKl,
    paper=Paper(
        title="TOFU: A Task of Fictitious Unlearning for LLMs",
        authors="Maini, Feng, Schwarzschild, Lipton and Kolter",
        venue="COLM",
        year=2024,
        url="https://arxiv.org/abs/2401.06121",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    unpaired_reason=(
        "it has no target: it holds a model to its reference beside a loss of forgetting, which "
        "forget_quality judges"
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.ZERO_AT_TARGET,
            Property.CONVEX,
            Property.SHIFT_INVARIANT,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
