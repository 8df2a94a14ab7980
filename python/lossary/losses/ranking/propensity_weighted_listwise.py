"""Propensity-weighted listwise loss: a softmax over a list whose clicks count for those that were not seen.

Clicks and judgements fall on what was shown, or retrieved, in the first place. Dividing each by the
probability of that makes the loss, on average, the one of complete judgements.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor

from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import (
    check_floating,
    check_ndim,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError
from lossary.losses.ranking._lists import (
    check_grades,
    checked_lists,
    each_list,
    four_lists,
    masked_log_softmax,
    masked_values,
)


@full_precision
def propensity_weighted_listwise(
    scores: Float[Tensor, "lists items"],
    relevance: Bool[Tensor, "lists items"] | Integer[Tensor, "lists items"] | Float[Tensor, "lists items"],
    propensity: Float[Tensor, "lists items"],
    reference: Float[Tensor, "lists #items"] | None = None,
    mask: Bool[Tensor, "lists items"] | None = None,
    *,
    max_weight: float | None = None,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Softmax cross-entropy of the relevant items, each weighted by the inverse of its propensity.

    .. math:: L = -\sum_k y_k \frac{r}{p_k} \log \mathrm{softmax}(s)_k

    Two models can train each other: a ranker with the propensities of a selection model, and a selection
    model by the same loss, the ranker's probabilities of relevance being its propensities.

    Args:
        scores: s, any real number; only differences within a list count.
        relevance: y, of 0 or above: clicks, or grades. It receives no gradient.
        propensity: p, in (0, 1], the probability that the item was seen; no gradient flows into it. Small
            ones make the loss vary widely from batch to batch.
        reference: r, above 0, one per list or per item, such as the propensity of the first item where only
            ratios to it are known. None is 1.
        mask: False for padding, which is in no list and may hold any value. None keeps all.
        max_weight: the largest weight r / p, above 0: less variance for some bias. None sets no bound.
        reduction: "mean" over lists, also those without a relevant item, "sum", or "none".

    Returns:
        A scalar, or (lists,) values under "none". A list without a relevant item gives 0.

    Raises:
        ShapeError: ``scores`` is no matrix, or another argument has another shape.
        DtypeError: ``scores``, ``propensity`` or ``reference`` is not floating, ``relevance`` no real number,
            or ``mask`` not bool.
        InvalidInputError: outside padding a value is NaN or infinite, a relevance negative or a propensity
            not in (0, 1]; ``reference`` or ``max_weight`` is not above 0.

    Differs from the paper: no code of it is known to us, and this is not an equation of it: it is the loss of
        inverse propensities on which such work builds, that of Ai, Bi, Luo, Guo and Croft, Unbiased Learning
        to Rank with Unbiased Propensity Estimation, SIGIR 2018. The bound on weights is ours.

    Source: Cai, Guo, Fan, Ai, Zhang and Cheng, Hard Negatives or False Negatives: Correcting Pooling Bias in
        Training Neural Ranking Models, CIKM 2022.

    Example:
        >>> import torch
        >>> clicks, propensity = torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 0.5]])
        >>> propensity_weighted_listwise(torch.zeros(1, 2), clicks, propensity)  # 2 log 2
        tensor(1.3863)
    """
    check_floating("propensity", propensity)
    relevance, mask = checked_lists(scores, relevance, mask)
    check_grades(relevance)
    seen = masked_values("propensity", propensity.detach(), scores, mask)
    if checks_values(seen) and bool((mask & ((seen <= 0) | (seen > 1))).any()):
        wrong = seen[mask & ((seen <= 0) | (seen > 1))][0].item()
        raise InvalidInputError(f"propensity: got {wrong:g}; wanted probabilities above 0, up to 1")

    weight = 1 / seen.where(mask, 1.0)
    if reference is not None:
        weight = _checked_reference(reference, scores) * weight
    if max_weight is not None:
        check_positive("max_weight", max_weight)
        weight = weight.clamp(max=max_weight)
    counts = (relevance * weight).where(mask, 0.0).to(scores.dtype)
    return reduce(-(counts * masked_log_softmax(scores, mask)).sum(1), reduction)


def _checked_reference(reference: Tensor, scores: Tensor) -> Tensor:
    """The reference without a graph; raise unless it is positive, and one per list or per item."""
    check_floating("reference", reference)
    check_ndim("reference", reference, "lists items")
    if reference.shape[1] != 1:
        check_shape("reference", reference, tuple(scores.shape), like="scores, or one column")
    check_shape("reference", reference, (scores.shape[0], reference.shape[1]), like="the lists of scores")
    reference = reference.detach()
    if checks_values(reference) and not bool(((reference > 0) & reference.isfinite()).all()):
        wrong = reference[~((reference > 0) & reference.isfinite())][0].item()
        raise InvalidInputError(f"reference: got {wrong:g}; wanted finite values above 0")
    return reference


PropensityWeightedListwise = loss_module(propensity_weighted_listwise)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four lists with clicks on half of their items, seen ever more rarely from column to column."""
    lists = four_lists(generator)
    clicks, propensity = (lists["relevance"] > 0).float(), 1 / torch.arange(1.0, 7.0)
    return {**lists, "relevance": clicks, "propensity": propensity.expand(4, 6).clone()}


LOSS = LossSpec(
    function=propensity_weighted_listwise,
    module=PropensityWeightedListwise,
    paper=Paper(
        title=(
            "Hard Negatives or False Negatives: Correcting Pooling Bias in Training Neural Ranking Models"
        ),
        authors="Cai, Guo, Fan, Ai, Zhang and Cheng",
        venue="CIKM",
        year=2022,
        url="https://arxiv.org/abs/2209.05072",
    ),
    differentiable=("scores",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="ndcg_at_k", adapt=each_list),
        ExactMetric(name="mean_reciprocal_rank", adapt=each_list),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
