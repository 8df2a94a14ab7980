"""Plackett-Luce: the likelihood of rankings as choices, one item after another from those that are left.

For data that are rankings themselves: races, preferences, top-k lists and, of two items, comparisons.
`list_mle` takes grades instead.
"""

from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Integer
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
    check_choice,
    check_finite,
    check_floating,
    check_integer,
    check_ndim,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.ops.pair_rows import accumulator
from lossary.ops.plackett_luce import plackett_luce_log_likelihood

Scope = Literal["all", "listed"]


@full_precision
def plackett_luce(
    scores: Float[Tensor, "lists items"],
    ranking: Integer[Tensor, "lists places"],
    *,
    scope: Scope = "all",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How unlikely the rankings are when each place goes to an item with odds e^s against those left.

    .. math:: L = \sum_{k=1}^{R} \left[ \log \sum_{j \in A_k} e^{s_j} - s_{\pi_k} \right]

    A_k is what is left to choose from at place k: A_1 without the items of the places before. Two items are
    the Bradley-Terry model. Time is linear in the number of items.

    Args:
        scores: s, any real number; only differences within a list count.
        ranking: pi, the columns of ``scores`` from the best item down, each at most once, padded at the end
            with -1. Lists may have different lengths.
        scope: A_1. "all": every item; those that are not ranked lost to all that are. "listed": the ranked
            items only, nothing being known of the others.
        reduction: "mean" over lists, empty ones too, "sum", or "none".

    Returns:
        A scalar, or (lists,) values under "none". An empty list gives 0, and so does a list of one item with
        ``scope="listed"``.

    Raises:
        ShapeError: an argument is no matrix, ``ranking`` has another number of lists, or places while
            ``scores`` has no item.
        DtypeError: ``scores`` is not floating or ``ranking`` not integer.
        InvalidInputError: ``ranking`` has an index that is no item, an item twice in a list, or -1 before an
            item; ``scores`` has NaN or infinite values; ``scope`` is unknown.

    Source: Plackett, The Analysis of Permutations, Applied Statistics 24, 1975; the axiom behind it: Luce,
        Individual Choice Behavior, 1959.

    Example:
        >>> import torch
        >>> scores = torch.zeros(1, 3)
        >>> plackett_luce(scores, torch.tensor([[2, -1]]))  # one of three: log 3
        tensor(1.0986)
        >>> plackett_luce(scores, torch.tensor([[2, 0]]), scope="listed")  # one of two: log 2
        tensor(0.6931)
    """
    check_floating("scores", scores)
    check_ndim("scores", scores, "lists items")
    check_integer("ranking", ranking)
    check_ndim("ranking", ranking, "lists places")
    check_shape("ranking", ranking, (scores.shape[0], ranking.shape[1]), like="the lists of scores")
    check_choice("scope", scope, get_args(Scope))
    check_finite("scores", scores)
    if scores.shape[1] == 0 and ranking.shape[1] > 0:
        raise ShapeError(
            f"ranking: got shape {tuple(ranking.shape)}; wanted no places, as scores has no items"
        )
    ranking = ranking.long()
    if checks_values(ranking):
        _check_ranking(ranking, scores.shape[1])

    listed = ranking >= 0
    chosen = scores.gather(1, ranking.clamp(min=0))
    if scope == "listed":
        return reduce(-plackett_luce_log_likelihood(chosen, listed), reduction)
    # The items that are not ranked compete at every place, as one item of their sum of odds, never chosen.
    left = _not_ranked(ranking, scores.shape[1])
    wide = scores.to(accumulator(scores))
    rest = wide.where(left, torch.finfo(wide.dtype).min / 4).logsumexp(1, keepdim=True)
    pool = torch.cat([chosen.to(wide.dtype), rest], 1)
    mask = torch.cat([listed, left.any(1, keepdim=True)], 1)
    choices = torch.cat([torch.ones_like(chosen), torch.zeros_like(rest)], 1)
    likelihood = plackett_luce_log_likelihood(pool, mask, weights=choices)
    return reduce(-likelihood.to(scores.dtype), reduction)


def _check_ranking(ranking: Tensor, num_items: int) -> None:
    """Raise InvalidInputError unless each list holds different items, then only -1."""
    wrong = (ranking < -1) | (ranking >= num_items)
    if bool(wrong.any()):
        raise InvalidInputError(
            f"ranking: got {ranking[wrong][0].item()}; wanted items 0 to {num_items - 1}, and -1 as padding"
        )
    if bool(((ranking[:, 1:] >= 0) & (ranking[:, :-1] < 0)).any()):
        raise InvalidInputError("ranking: got -1 before an item; wanted padding at the end of a list")
    distinct = num_items - _not_ranked(ranking, num_items).sum(1)
    if bool((distinct < (ranking >= 0).sum(1)).any()):
        ordered = ranking.sort(1).values
        repeated = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
        item = ordered[:, 1:][repeated][0].item()
        raise InvalidInputError(f"ranking: got item {item} twice in a list; wanted each item at most once")


def _not_ranked(ranking: Tensor, num_items: int) -> Tensor:
    """Which items of each list have no place, (lists, items)."""
    padding = num_items  # a column of its own, which is dropped
    items = torch.ones((ranking.shape[0], num_items + 1), dtype=torch.bool, device=ranking.device)
    return items.scatter(1, ranking.where(ranking >= 0, padding), value=False)[:, :-1]


PlackettLuce = loss_module(plackett_luce)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four rankings of five items; in two of them the last items are not ranked."""
    ranking = torch.tensor([[3, 4, 1, 0, 2], [1, 0, -1, -1, -1], [4, 2, 0, 1, 3], [2, 3, 4, -1, -1]])
    return {"scores": torch.randn(4, 5, generator=generator), "ranking": ranking}


def first_places(scores: np.ndarray, ranking: np.ndarray) -> tuple[np.ndarray, ...]:
    """Whether each item stands first in its list, and its score; lists without an item are left out."""
    kept = (ranking >= 0).any(1)
    return np.arange(scores.shape[1]) == ranking[kept, :1], scores[kept]


def grades_by_place(scores: np.ndarray, ranking: np.ndarray) -> tuple[np.ndarray, ...]:
    """Grades that fall by one from place to place down to 0 for items without one, and the scores."""
    lists, places = np.nonzero(ranking >= 0)
    grades = np.zeros(scores.shape)
    grades[lists, ranking[lists, places]] = ranking.shape[1] - places
    return grades, scores


LOSS = LossSpec(
    function=plackett_luce,
    module=PlackettLuce,
    paper=Paper(
        title="The Analysis of Permutations",
        authors="Plackett",
        venue="Applied Statistics",
        year=1975,
        url="https://doi.org/10.2307/2346567",
    ),
    differentiable=("scores",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="mean_reciprocal_rank", adapt=first_places),
        ExactMetric(name="ndcg_at_k", adapt=grades_by_place, options={"gain": "linear"}),
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
