"""Position-aware ListMLE: the likelihood of the order that the grades ask for, its first places above all.

`list_mle` counts a mistake at the last place like one at the first; here each place has a weight.
"""

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
from lossary.authoring.validation import check_choice, checks_values
from lossary.errors import InvalidInputError
from lossary.losses.ranking._lists import best_first, checked_lists, each_list, four_lists
from lossary.ops.plackett_luce import MAX_EXPONENTIAL_PLACES, plackett_luce_log_likelihood

PositionWeight = Literal["exponential", "inverse_log", "reciprocal"]


@full_precision
def position_aware_list_mle(
    scores: Float[Tensor, "lists items"],
    relevance: Bool[Tensor, "lists items"] | Integer[Tensor, "lists items"] | Float[Tensor, "lists items"],
    mask: Bool[Tensor, "lists items"] | None = None,
    *,
    position_weight: PositionWeight = "exponential",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How unlikely the scores make the order by falling relevance, weighted by place.

    .. math:: L = \sum_{k=1}^{n} a_k \left[ \log \sum_{l=k}^{n} e^{s_{(l)}} - s_{(k)} \right]

    s_(k) is the score of the item with the k-th largest relevance; of equal ones the lower column is first.

    Args:
        scores: s, any real number; only differences within a list count.
        relevance: any real number; only its order within a list counts. It receives no gradient.
        mask: False for padding, which is in no list and may hold any value. None keeps all.
        position_weight: a_k. "exponential": 2^(n-k) - 1, for lists of at most 100 items. "inverse_log":
            1 / log2(k + 1), the discount of NDCG. "reciprocal": 1 / k.
        reduction: "mean" over lists, empty ones too, "sum", or "none".

    Returns:
        A scalar, or (lists,) values under "none". A list of one item, or of none, gives 0.

    Raises:
        ShapeError: ``scores`` is no matrix, or another argument has another shape.
        DtypeError: ``scores`` is not floating, ``relevance`` no real number or ``mask`` not bool.
        InvalidInputError: a score or a relevance outside padding is NaN or infinite; ``position_weight`` is
            unknown, or exponential with a list of more than 100 items.

    Differs from the paper: the weights besides the exponential ones are ours.

    Source: Lan, Zhu, Guo, Niu and Cheng, Position-Aware ListMLE: A Sequential Learning Process for Ranking,
        UAI 2014.

    Example:
        >>> import torch
        >>> scores, relevance = torch.zeros(1, 3), torch.tensor([[0.0, 2.0, 1.0]])
        >>> position_aware_list_mle(scores, relevance)  # 3 log 3 + 1 log 2
        tensor(3.9890)
    """
    check_choice("position_weight", position_weight, get_args(PositionWeight))
    relevance, mask = checked_lists(scores, relevance, mask)
    order = best_first(relevance)
    ordered_mask = mask.gather(1, order)
    weights = _place_weights(position_weight, ordered_mask, scores.dtype)
    likelihood = plackett_luce_log_likelihood(scores.gather(1, order), ordered_mask, weights=weights)
    return reduce(-likelihood, reduction)


def _place_weights(position_weight: PositionWeight, mask: Tensor, dtype: torch.dtype) -> Tensor:
    """The weight a_k of each item, in the shape of the mask; of no meaning at padding."""
    place, length = mask.cumsum(1), mask.sum(1, keepdim=True)
    match position_weight:
        case "exponential":
            _check_exponential(length, mask.shape[1])
            return torch.exp2((length - place).to(dtype)) - 1
        case "inverse_log":
            return 1 / (place.clamp(min=1) + 1).to(dtype).log2()
        case "reciprocal":
            return 1 / place.clamp(min=1).to(dtype)


def _check_exponential(length: Tensor, num_items: int) -> None:
    """Raise InvalidInputError if a list is too long for exponential weights (a check of values)."""
    if num_items <= MAX_EXPONENTIAL_PLACES or not checks_values(length):
        return
    if bool((length > MAX_EXPONENTIAL_PLACES).any()):
        raise InvalidInputError(
            f"position_weight: got 'exponential' with a list of {int(length.max())} items; wanted at most "
            f"{MAX_EXPONENTIAL_PLACES} items, or another weight such as 'inverse_log'"
        )


PositionAwareListMle = loss_module(position_aware_list_mle)

LOSS = LossSpec(
    function=position_aware_list_mle,
    module=PositionAwareListMle,
    paper=Paper(
        title="Position-Aware ListMLE: A Sequential Learning Process for Ranking",
        authors="Lan, Zhu, Guo, Niu and Cheng",
        venue="UAI",
        year=2014,
        url="https://mlanthology.org/uai/2014/lan2014uai-position",
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
    aliases=("p_list_mle",),
)
