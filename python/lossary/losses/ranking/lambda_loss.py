"""LambdaLoss: pairs of a ranked list, weighted by what they matter to the discounted gain.

LambdaRank and its kin as losses with a value: a pair counts by its gains and by where it stands now, so that
training goes where NDCG can be won.
"""

import math
from typing import Literal, get_args

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
from lossary.authoring.validation import check_between, check_choice, check_non_negative, check_positive
from lossary.losses.ranking._lists import best_first, check_grades, checked_lists, each_list, four_lists
from lossary.losses.ranking._ranked_pairs import check_ranks, pair_sums, ranked

Weighting = Literal["lambda_rank", "ndcg_loss1", "ndcg_loss2", "ndcg_loss2_plus", "rank_net"]

_LEAST_GAIN = 1e-10


@full_precision
def lambda_loss(
    scores: Float[Tensor, "lists items"],
    relevance: Bool[Tensor, "lists items"] | Integer[Tensor, "lists items"] | Float[Tensor, "lists items"],
    mask: Bool[Tensor, "lists items"] | None = None,
    *,
    weighting: Weighting = "lambda_rank",
    k: int | None = None,
    sigma: float = 1.0,
    mu: float = 10.0,
    log_base: float = 2.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far items are from being scored above less relevant ones, by what that costs of the gain.

    .. math:: L = \sum_{i, j : y_i > y_j} W_{ij} \log_b\left(1 + e^{-\sigma (s_i - s_j)}\right), \quad
              G_i = \frac{2^{y_i} - 1}{\max DCG}, \; D_r = \log_2(1 + r)

    r is the rank of an item by score. Ranks and weights get no gradient. Memory is linear in the length of
    the list.

    Args:
        scores: s, any real number; of equal ones the lower column ranks first.
        relevance: y, grades of 0 or above.
        mask: False for padding, which is in no list and may hold any value. None keeps all.
        weighting: W. "lambda_rank": ``|1 / D_{r_i} - 1 / D_{r_j}| |G_i - G_j|``, the change of NDCG by a
            swap. "ndcg_loss2": the same with ``1 / D_n - 1 / D_{n + 1}`` for the distance n of the ranks, a
            tighter bound. "ndcg_loss2_plus": mu times that plus "lambda_rank". "ndcg_loss1": ``G_i /
            D_{r_i}``, over all i and j, also equal ones. "rank_net": 1.
        k: only pairs of two items of the first k ranks count, and the ideal gain is that of k ranks. None
            takes the whole list.
        sigma: the steepness, above 0.
        mu: of "ndcg_loss2_plus", 0 or above.
        log_base: b, above 1; e is usual with "rank_net".
        reduction: "mean" over lists, also those without a pair, "sum", or "none".

    Returns:
        A scalar, or (lists,) values under "none". A list of equal relevance gives 0 (with "ndcg_loss1" only
        where none is relevant).

    Raises:
        ShapeError: ``scores`` is no matrix, or another argument has another shape.
        DtypeError: ``scores`` is not floating, ``relevance`` no real number, ``mask`` not bool or ``k`` no
            int.
        InvalidInputError: a score or a relevance outside padding is NaN or infinite; a relevance is negative;
            ``weighting`` is unknown; ``k`` is below 1, ``sigma`` not above 0, ``mu`` negative or ``log_base``
            not above 1.

    Differs from the paper: "ndcg_loss1" takes all ordered pairs, as the code of allRank does. Its mean is
        over the pairs of the batch; ours is over lists.

    Source: Wang, Li, Golbandi, Bendersky and Najork, The LambdaLoss Framework for Ranking Metric
        Optimization, CIKM 2018; "lambda_rank": Burges, From RankNet to LambdaRank to LambdaMART: An Overview,
        2010.

    Example:
        >>> import torch
        >>> scores, relevance = torch.zeros(1, 2), torch.tensor([[0, 1]])
        >>> lambda_loss(scores, relevance)  # |1 - 1 / log2(3)| * |0 - 1| * log2(2)
        tensor(0.3691)
    """
    check_choice("weighting", weighting, get_args(Weighting))
    check_ranks("k", k)
    check_positive("sigma", sigma)
    check_non_negative("mu", mu)
    check_between("log_base", log_base, 1.0, math.inf)
    relevance, mask = checked_lists(scores, relevance, mask)
    check_grades(relevance)
    scores, relevance, mask = ranked(scores, relevance.to(scores.dtype), mask)
    rank = torch.arange(1, scores.shape[1] + 1, device=scores.device)
    discounts = 1 / torch.log2(1 + rank.to(scores.dtype))
    gains = _gains(relevance, discounts[:k])
    scores, relevance, mask, gains = (values[:, :k] for values in (scores, relevance, mask, gains))
    options = {"sigma": sigma, "mu": mu}
    sums = pair_sums(scores, relevance, mask, discounts[:k], gains, weighting=weighting, **options)
    return reduce(sums / math.log(log_base), reduction)


def _gains(relevance: Tensor, discounts: Tensor) -> Tensor:
    """G, (lists, items): the gains over the largest sum of them that as many ranks as discounts can have."""
    if relevance.shape[1] == 0:
        return relevance
    # Both halves of the quotient times 2^-largest, so that large grades stay in range.
    largest = relevance.amax(1, keepdim=True)
    gains = torch.exp2(relevance - largest) - torch.exp2(-largest)
    ideal = gains.gather(1, best_first(relevance)[:, : len(discounts)])
    total = (ideal * discounts).sum(1, keepdim=True)
    return gains / total.maximum(_LEAST_GAIN * torch.exp2(-largest))


LambdaLoss = loss_module(lambda_loss)

LOSS = LossSpec(
    function=lambda_loss,
    module=LambdaLoss,
    paper=Paper(
        title="The LambdaLoss Framework for Ranking Metric Optimization",
        authors="Wang, Li, Golbandi, Bendersky and Najork",
        venue="CIKM",
        year=2018,
        url="https://research.google/pubs/pub47258/",
    ),
    differentiable=("scores",),
    example_inputs=four_lists,
    pairs_with=(ExactMetric(name="ndcg_at_k", adapt=each_list),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
