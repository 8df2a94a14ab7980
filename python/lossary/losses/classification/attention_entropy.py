"""Attention entropy: spreads attention over more than the few instances that it would settle on.

An addition to the loss of a bag classifier (multiple-instance learning on slides), as in loss + 0.1
attention_entropy: minimising it maximises the entropy of the attention.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_unit_interval,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.classification._masks import check_mask


@full_precision
def attention_entropy(
    attention: Float[Tensor, "batch instances"],
    mask: Bool[Tensor, "batch instances"] | None = None,
    *,
    from_logits: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Minus the entropy of each row of attention.

    It is not divided by log K: larger bags push harder, as in the paper.

    .. math:: L = \sum_{k=1}^{K} p_k \log p_k, \quad p = \mathrm{softmax}(a)

    Args:
        attention: a, raw scores of the instances of a bag, one row per bag, or per bag and head.
        mask: True where an instance is one, and not padding; None means all.
        from_logits: False when ``attention`` holds the probabilities p already. Its gradient is infinite
            where one is 0.
        reduction: "mean" or "sum" over the rows, or "none".

    Returns:
        A scalar, or one value per row under "none", from -log K to 0. One instance gives 0.

    Raises:
        ShapeError: ``attention`` is not a matrix or has no instance; ``mask`` has another shape.
        DtypeError: ``attention`` is not floating, or ``mask`` not of bool.
        InvalidInputError: a score is NaN or infinite; a probability is outside [0, 1]; a row has no instance.

    Source: Zhang et al., AEM: Attention Entropy Maximization for Multiple Instance Learning based Whole Slide
        Image Classification, arXiv 2406.15303, 2024.

    Example:
        >>> import torch
        >>> attention_entropy(torch.tensor([[0.0, 0.0], [50.0, 0.0]]), reduction="none")  # -log 2, and sure
        tensor([-6.9315e-01, -9.6437e-21])
    """
    check_floating("attention", attention)
    check_ndim("attention", attention, "batch instances")
    if attention.shape[1] == 0:
        raise ShapeError(f"attention: got shape {tuple(attention.shape)}; wanted at least one instance")
    check_finite("attention", attention)
    if mask is not None:
        check_mask(mask, tuple(attention.shape), like="attention")
        if checks_values(mask) and not bool(mask.any(1).all()):
            row = int((~mask.any(1)).nonzero()[0])
            raise InvalidInputError(f"mask: got no instance in row {row}; wanted at least one")
    if not from_logits:
        check_unit_interval("attention", attention)
        share = attention if mask is None else attention.where(mask, 1.0)  # 1 log 1 is 0, with a slope
        return reduce(-torch.special.entr(share).sum(1), reduction)
    if mask is None:
        log_share = attention.log_softmax(1)
        return reduce((log_share.exp() * log_share).sum(1), reduction)
    log_share = attention.where(mask, -torch.inf).log_softmax(1)
    return reduce((log_share.exp() * log_share.where(mask, 0.0)).sum(1), reduction)


AttentionEntropy = loss_module(attention_entropy)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four bags of up to six instances, two of them padded."""
    mask = torch.arange(6) < torch.tensor([[6], [4], [6], [2]])
    return {"attention": torch.randn(4, 6, generator=generator), "mask": mask}


LOSS = LossSpec(
    function=attention_entropy,
    module=AttentionEntropy,
    paper=Paper(
        title=(
            "AEM: Attention Entropy Maximization for Multiple Instance Learning based Whole Slide Image "
            "Classification"
        ),
        authors="Zhang et al.",
        venue="arXiv",
        year=2024,
        url="https://arxiv.org/abs/2406.15303",
    ),
    differentiable=("attention",),
    example_inputs=example_inputs,
    unpaired_reason=(
        "it has no target: it regularises the attention of a bag classifier, which roc_auc_score judges"
    ),
    properties=frozenset(
        {Property.BATCH_ORDER_FREE, Property.SHIFT_INVARIANT, Property.TWICE_DIFFERENTIABLE}
    ),
)
