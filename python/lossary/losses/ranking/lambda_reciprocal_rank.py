"""Lambda reciprocal rank: pairs of a ranked list, weighted by what a swap would do to the reciprocal rank.

For dense retrieval with the documents that the index returns now: nearly all weight is on the first ranks.
"""

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
from lossary.authoring.validation import check_positive
from lossary.losses.ranking._lists import checked_lists, each_list, four_lists
from lossary.losses.ranking._ranked_pairs import check_ranks, pair_counts, pair_sums, ranked


@full_precision
def lambda_reciprocal_rank(
    scores: Float[Tensor, "lists items"],
    relevance: Bool[Tensor, "lists items"] | Integer[Tensor, "lists items"] | Float[Tensor, "lists items"],
    mask: Bool[Tensor, "lists items"] | None = None,
    *,
    cutoff: int | None = None,
    sigma: float = 1.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far items are from being scored above less relevant ones, by the difference of reciprocal ranks.

    .. math:: L = \frac{1}{P} \sum_{i, j : y_i > y_j}
              \left| \frac{1}{r_i} - \frac{1}{r_j} \right| \log\left(1 + e^{-\sigma (s_i - s_j)}\right)

    r is the rank of an item by score, and P the number of pairs of the list. Ranks and weights get no
    gradient. Memory is linear in the length of the list.

    Args:
        scores: s, any real number; of equal ones the lower column ranks first.
        relevance: y, any real number; only its order within a list counts.
        mask: False for padding, which is in no list and may hold any value. None keeps all.
        cutoff: 1 / r counts as 0 beyond this rank; the authors train with 200. None sets no bound. Relevant
            items that the index did not return go at the end of the list.
        sigma: the steepness, above 0.
        reduction: "mean" over lists, also those without a pair, "sum", or "none".

    Returns:
        A scalar, or (lists,) values under "none". A list without a pair, as of equal relevance, gives 0.

    Raises:
        ShapeError: ``scores`` is no matrix, or another argument has another shape.
        DtypeError: ``scores`` is not floating, ``relevance`` no real number, ``mask`` not bool or ``cutoff``
            no int.
        InvalidInputError: a score or a relevance outside padding is NaN or infinite; ``cutoff`` is below 1;
            ``sigma`` is not above 0.

    Differs from the paper: in the authors' code no cutoff means weights of 0. The mask is ours.

    Source: Zhan, Mao, Liu, Guo, Zhang and Ma, Optimizing Dense Retrieval Model Training with Hard Negatives,
        SIGIR 2021: the loss of ADORE.

    Example:
        >>> import torch
        >>> scores, relevance = torch.zeros(1, 2), torch.tensor([[0, 1]])
        >>> lambda_reciprocal_rank(scores, relevance)  # (1 - 1 / 2) log 2
        tensor(0.3466)
    """
    check_ranks("cutoff", cutoff)
    check_positive("sigma", sigma)
    relevance, mask = checked_lists(scores, relevance, mask)
    pairs = pair_counts(relevance, mask)
    scores, relevance, mask = ranked(scores, relevance, mask)
    rank = torch.arange(1, scores.shape[1] + 1, device=scores.device)
    reciprocal = 1 / rank.to(scores.dtype)
    if cutoff is not None:
        reciprocal = reciprocal.where(rank <= cutoff, 0.0)
    gains = torch.ones_like(scores)
    sums = pair_sums(scores, relevance, mask, reciprocal, gains, weighting="discount", sigma=sigma)
    return reduce(sums / pairs.clamp(min=1), reduction)


LambdaReciprocalRank = loss_module(lambda_reciprocal_rank)

LOSS = LossSpec(
    function=lambda_reciprocal_rank,
    module=LambdaReciprocalRank,
    paper=Paper(
        title="Optimizing Dense Retrieval Model Training with Hard Negatives",
        authors="Zhan, Mao, Liu, Guo, Zhang and Ma",
        venue="SIGIR",
        year=2021,
        url="https://arxiv.org/abs/2104.08051",
    ),
    differentiable=("scores",),
    example_inputs=four_lists,
    pairs_with=(ExactMetric(name="mean_reciprocal_rank", adapt=each_list),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("adore",),
)
