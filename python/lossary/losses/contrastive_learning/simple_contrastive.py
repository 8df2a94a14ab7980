"""Simple contrastive: scores of positives up and of negatives down, all negatives alike.

What InfoNCE becomes at a large temperature. It shows what hardness adds: over all negatives it trains poorly,
over the nearest ones alone about as well as InfoNCE.
"""

from typing import Any

import torch
from jaxtyping import Float
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
from lossary.authoring.validation import check_non_negative
from lossary.losses.contrastive_learning._own_keys import (
    check_count,
    hardest_negatives,
    other_keys,
    own_key_scores,
)
from lossary.ops.key_lists import rank_keys


@full_precision
def simple_contrastive(
    query: Float[Tensor, "queries dim"],
    key: Float[Tensor, "keys dim"],
    *,
    negative_weight: float = 1.0,
    top_fraction: float | None = None,
    normalize: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""The scores of each query's negatives, less that of its own key.

    .. math:: L_i = -s_{ii} + \lambda \sum_{j \neq i} s_{ij}

    Args:
        query: one row per query.
        key: one row per key, at least as many as queries: key i is the positive of query i, and all others
            are its negatives.
        negative_weight: λ, at least 0. The paper gives no value; 1 / (K - 1) for K keys is that of the limit
            of InfoNCE.
        top_fraction: sum over this share of the negatives, those of the largest scores, as in
            `lossary.losses.contrastive_learning.hard_info_nce`; None sums over all.
        normalize: compare by cosine; False compares by the dot product of the rows as they come, and then
            the loss has no least value.
        reduction: "mean" or "sum" over queries, or "none".

    Returns:
        A scalar, or one value per query under "none"; it may be negative. A row of zeros has cosines of 0.

    Raises:
        ShapeError: ``query`` or ``key`` is not a matrix or has no column; their columns differ in number;
            there are fewer keys than queries.
        DtypeError: ``query`` or ``key`` is not floating.
        InvalidInputError: a value is NaN or infinite; dot products overflow; ``negative_weight`` is negative;
            ``top_fraction`` is outside (0, 1].

    Source: Wang and Liu, Understanding the Behaviour of Contrastive Loss, CVPR 2021, section 3.

    Example:
        >>> import torch
        >>> query, key = torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 0.0], [0.0, 3.0], [-4.0, 0.0]])
        >>> simple_contrastive(query, key)  # cosines 1, and 0 and -1
        tensor(-2.)
    """
    check_non_negative("negative_weight", negative_weight)
    check_count(top_fraction, None)
    scores = own_key_scores(query, key, normalize=normalize)
    if top_fraction is None or scores.shape[1] < 2:
        rivals = scores.where(other_keys(scores), 0.0)
    else:
        rivals = hardest_negatives(scores, top_fraction)
    return reduce(negative_weight * rivals.sum(1) - scores.diagonal(), reduction)


SimpleContrastive = loss_module(simple_contrastive)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Five queries and their keys."""
    return {
        "query": torch.randn(5, 4, generator=generator),
        "key": torch.randn(5, 4, generator=generator),
    }


LOSS = LossSpec(
    function=simple_contrastive,
    module=SimpleContrastive,
    paper=Paper(
        title="Understanding the Behaviour of Contrastive Loss",
        authors="Wang and Liu",
        venue="CVPR",
        year=2021,
        url="https://arxiv.org/abs/2012.09740",
        equation="section 3",
    ),
    differentiable=("query", "key"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="recall_at_k", adapt=rank_keys, options={"k": 1}),
        ExactMetric(name="mean_reciprocal_rank", adapt=rank_keys),
        ExactMetric(name="mean_average_precision", adapt=rank_keys),
    ),
    properties=frozenset(
        {Property.BATCH_ORDER_FREE, Property.SCALE_INVARIANT, Property.TWICE_DIFFERENTIABLE}
    ),
)
