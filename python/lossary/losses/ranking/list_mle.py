"""ListMLE: the likelihood of the order that the grades ask for.

It looks at the whole list, not at pairs, and is convex in the scores. `position_aware_list_mle` cares more
for the top of the list.
"""

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
from lossary.losses.ranking._lists import best_first, checked_lists, each_list, four_lists
from lossary.ops.plackett_luce import plackett_luce_log_likelihood


@full_precision
def list_mle(
    scores: Float[Tensor, "lists items"],
    relevance: Bool[Tensor, "lists items"] | Integer[Tensor, "lists items"] | Float[Tensor, "lists items"],
    mask: Bool[Tensor, "lists items"] | None = None,
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How unlikely the scores make the order by falling relevance, item by item.

    .. math:: L = \sum_{k=1}^{n} \left[ \log \sum_{l=k}^{n} e^{s_{(l)}} - s_{(k)} \right]

    s_(k) is the score of the item with the k-th largest relevance; of equal ones the lower column is first.

    Args:
        scores: s, any real number; only differences within a list count.
        relevance: any real number; only its order within a list counts. It receives no gradient.
        mask: False for padding, which is in no list and may hold any value. None keeps all.
        reduction: "mean" over lists, empty ones too, "sum", or "none".

    Returns:
        A scalar, or (lists,) values under "none". A list of one item, or of none, gives 0.

    Raises:
        ShapeError: ``scores`` is no matrix, or another argument has another shape.
        DtypeError: ``scores`` is not floating, ``relevance`` no real number or ``mask`` not bool.
        InvalidInputError: a score or a relevance outside padding is NaN or infinite.

    Source: Xia, Liu, Wang, Zhang and Li, Listwise Approach to Learning to Rank: Theory and Algorithm, ICML
        2008.

    Example:
        >>> import torch
        >>> list_mle(torch.zeros(1, 3), torch.tensor([[0.0, 2.0, 1.0]]))  # one of 3! orders: log 6
        tensor(1.7918)
    """
    relevance, mask = checked_lists(scores, relevance, mask)
    order = best_first(relevance)
    likelihood = plackett_luce_log_likelihood(scores.gather(1, order), mask.gather(1, order))
    return reduce(-likelihood, reduction)


ListMle = loss_module(list_mle)

LOSS = LossSpec(
    function=list_mle,
    module=ListMle,
    paper=Paper(
        title="Listwise Approach to Learning to Rank: Theory and Algorithm",
        authors="Xia, Liu, Wang, Zhang and Li",
        venue="ICML",
        year=2008,
        url="https://doi.org/10.1145/1390156.1390306",
    ),
    differentiable=("scores",),
    example_inputs=four_lists,
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
