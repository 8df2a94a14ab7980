"""Leaderboards: worths of items from matches or rankings, with intervals and the ranks they leave open."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossary.errors import InvalidInputError
from lossary.evaluation.comparisons import Comparisons, of_pairs, of_rankings
from lossary.evaluation.labels import Categories
from lossary.evaluation.rank_ranges import rank_ranges, ranks
from lossary.metrics.arrays import numeric, one_axis, to_numpy
from lossary.metrics.confidence import resolve
from lossary.metrics.options import check_choice, check_not_negative, check_whole
from lossary.numerics import plackett_luce_fit, plackett_luce_gradient

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

ERRORS = ("model", "robust")

_CELLS = 1 << 22  # gradients held at once


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One item of a `Leaderboard`; the arrays there say what each field is."""

    item: str
    rank: int
    rank_low: int
    rank_high: int
    worth: float
    standard_error: float
    low: float
    high: float
    win_probability: float
    win_probability_low: float
    win_probability_high: float
    comparisons: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Leaderboard:
    """Items from best to worst; all arrays but the covariance are (n_items,).

    Attributes:
        items: names.
        worth: log-worths of mean 0; that of one less that of another is the logit of the probability to win.
        standard_error: of the worths.
        low: lower ends of the intervals of the worths.
        high: upper ends.
        rank: 1 for the best; items of equal worth share the better rank.
        rank_low: the best rank that is not ruled out; see `lossary.evaluation.rank_ranges`.
        rank_high: the worst.
        comparisons: matches or rankings of each item.
        covariance: of the worths, (n_items, n_items).
        confidence: of the intervals, and of the range of ranks of each item.
        prior: strength of the prior.
        errors: "model" or "robust".
        total: matches or rankings.
        ties: those of them with a tie.
        log_likelihood: of the worths, without the prior; a tie counts the mean over its orders.
    """

    items: NDArray[Any]
    worth: Doubles
    standard_error: Doubles
    low: Doubles
    high: Doubles
    rank: Integers
    rank_low: Integers
    rank_high: Integers
    comparisons: Integers
    covariance: Doubles
    confidence: float
    prior: float
    errors: str
    total: int
    ties: int
    log_likelihood: float

    def __len__(self) -> int:
        return len(self.items)

    @property
    def win_probability(self) -> Doubles:
        """How likely each item wins against one of average worth, 0."""
        return _sigmoid(self.worth)

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Item by item, best first."""
        return tuple(self._standings())

    def _standings(self) -> Iterator[Standing]:
        chances = [_sigmoid(ends).tolist() for ends in (self.worth, self.low, self.high)]
        for place, item in enumerate(self.items.tolist()):
            chance, low, high = (each[place] for each in chances)
            yield Standing(
                item=str(item),
                rank=int(self.rank[place]),
                rank_low=int(self.rank_low[place]),
                rank_high=int(self.rank_high[place]),
                worth=float(self.worth[place]),
                standard_error=float(self.standard_error[place]),
                low=float(self.low[place]),
                high=float(self.high[place]),
                win_probability=chance,
                win_probability_low=low,
                win_probability_high=high,
                comparisons=int(self.comparisons[place]),
            )


def leaderboard_of_pairs(
    winner: ArrayLike | Categories,
    loser: ArrayLike | Categories,
    *,
    tie: ArrayLike | Categories | None = None,
    sample_weight: ArrayLike | None = None,
    prior: float = 0.0,
    confidence: float = 0.95,
    errors: str = "model",
) -> Leaderboard:
    r"""Worths of items from matches of two: the Bradley-Terry model.

    .. math:: P(i \text{ beats } j) = \frac{1}{1 + \exp(\theta_j - \theta_i)}

    A tie counts as half a win of each over the other.

    Args:
        winner: which item won each match, (n_matches,): numbers or text.
        loser: which item lost it.
        tie: whether the match was a tie, (n_matches,): then it does not matter who is called the winner.
            None: there were none.
        sample_weight: (n_matches,), at least 0: a match of weight 3 counts as three.
        prior: strength of a prior, at least 0: a Gamma distribution of shape ``prior + 1`` and rate ``prior``
            of each worth, as of `lossary.numerics.plackett_luce_fit`. With one, items that never lost or
            never won have a worth, too.
        confidence: of the intervals and of the ranges of ranks, above 0 and below 1.
        errors: "model": standard errors as the model has them, which take a tie for half a match won and half
            a match lost: with many ties they are too large. "robust": from the results themselves (the
            sandwich), right with ties and where the model is not quite; from few comparisons too small.

    Returns:
        A `Leaderboard`.

    Raises:
        InvalidInputError: an item against itself, no rows, a weight or option out of range; without a prior,
            items between which there are no wins both ways, directly or along a chain: the message names
            them.
        ShapeError: lengths that differ.
        DtypeError: an argument of another type.

    Source: Bradley and Terry, Rank analysis of incomplete block designs, Biometrika 39, 1952; White, Maximum
        likelihood estimation of misspecified models, Econometrica 50, 1982 (robust errors).

    Example:
        >>> board = leaderboard_of_pairs(["a", "a", "a", "b"], ["b", "b", "b", "a"])
        >>> board.items.tolist(), board.worth.round(4).tolist()  # plus and minus half of log 3
        (['a', 'b'], [0.5493, -0.5493])
        >>> board.rank_low.tolist(), board.rank_high.tolist()  # four matches leave both ranks open
        ([1, 1], [2, 2])
    """
    _check_options(prior, errors)
    return _leaderboard(of_pairs(winner, loser, tie, sample_weight), prior, confidence, errors)


def leaderboard_of_rankings(
    ranking: ArrayLike | Categories,
    item: ArrayLike | Categories,
    *,
    position: ArrayLike | None = None,
    score: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    prior: float = 0.0,
    confidence: float = 0.95,
    errors: str = "model",
    seed: int = 0,
) -> Leaderboard:
    r"""Worths of items from rankings of any of them: the Plackett-Luce model.

    .. math:: P(\pi) = \prod_k \frac{\exp(\theta_{\pi_k})}{\sum_{m \ge k} \exp(\theta_{\pi_m})}

    A tie stands for all its orders, equally likely: for two items that is half a win of each. Where a ranking
    has ties, ten orders stand for it, five drawn and five with the ties the other way round.

    Args:
        ranking: which ranking a row is of, (n_rows,): numbers or text.
        item: the item that it is about.
        position: its position there, the lowest is best; only the order matters, and equal ones are a tie.
        score: in place of a position: the highest is best.
        sample_weight: (n_rows,), at least 0 and the same in all rows of a ranking: one of weight 3 counts as
            three.
        prior: as in `leaderboard_of_pairs`.
        confidence: of the intervals and of the ranges of ranks, above 0 and below 1.
        errors: "model" or "robust", as there. Where rankings are people's, who differ, take "robust".
        seed: fixes the orders that stand for ties.

    Returns:
        A `Leaderboard`.

    Raises:
        InvalidInputError: an item twice in a ranking, weights that differ within one, both or neither of
            position and score, and as in `leaderboard_of_pairs`.
        ShapeError: lengths that differ.
        DtypeError: an argument of another type.

    Source: Luce, Individual choice behavior, Wiley 1959; Plackett, The analysis of permutations, Applied
        Statistics 24, 1975.

    Example:
        >>> board = leaderboard_of_rankings(list("uuvvww"), list("xyxyxy"), score=[5, 3, 4, 4, 1, 2])
        >>> board.worth.round(4).tolist(), board.ties  # one and a half wins each
        ([0.0, 0.0], 1)
    """
    _check_options(prior, errors)
    check_whole("seed", seed, 0, 2**64 - 1)
    if (position is None) == (score is None):
        came = "neither" if position is None else "both"
        raise InvalidInputError(f"position: got {came} position and score; wanted one of the two")
    name, values = ("position", position) if score is None else ("score", score)
    rank = numeric(name, one_axis(name, to_numpy(name, values))).astype(np.float64)
    if score is not None:
        rank = -rank
    found = of_rankings(ranking, item, rank, sample_weight, name=name, seed=seed)
    return _leaderboard(found, prior, confidence, errors)


def _check_options(prior: float, errors: str) -> None:
    check_choice("errors", errors, ERRORS)
    check_not_negative("prior", prior)
    if math.isinf(prior):
        raise InvalidInputError(f"prior: got {prior!r}; wanted a finite number")


def _leaderboard(found: Comparisons, prior: float, confidence: float, errors: str) -> Leaderboard:
    level = resolve(confidence).level
    try:
        fit = plackett_luce_fit(
            found.orders(),
            n_items=len(found.items),
            alpha=prior,
            sample_weight=found.order_weight,
            covariance=True,
        )
    except InvalidInputError as error:
        components = found.components() if prior == 0 else []
        if len(components) > 1:
            raise InvalidInputError(_unconnected(found.items, components)) from error
        raise
    covariance = fit.covariance
    if covariance is None:
        raise AssertionError("a covariance was asked for")
    if errors == "robust":
        covariance = _sandwich(found, fit.worth, covariance)
    standard_error = np.sqrt(covariance.diagonal())
    rank = ranks(fit.worth)
    rank_low, rank_high = rank_ranges(fit.worth, covariance, level)
    reach = NormalDist().inv_cdf((1 + level) / 2) * standard_error
    best = np.argsort(rank, kind="stable")  # of equal worths the first by name
    return Leaderboard(
        items=found.items[best],
        worth=fit.worth[best],
        standard_error=standard_error[best],
        low=(fit.worth - reach)[best],
        high=(fit.worth + reach)[best],
        rank=rank[best],
        rank_low=rank_low[best],
        rank_high=rank_high[best],
        comparisons=found.counts[best],
        covariance=covariance[np.ix_(best, best)],
        confidence=level,
        prior=float(prior),
        errors=errors,
        total=found.total,
        ties=found.ties,
        log_likelihood=fit.log_likelihood,
    )


def _sandwich(found: Comparisons, worth: Doubles, covariance: Doubles) -> Doubles:
    """The covariance whose middle is what the slopes of the comparisons are, not what the model expects."""
    are_pairs = found.lengths.max() == 2
    middle = _middle_of_pairs(found, worth) if are_pairs else _middle(found, worth)
    product: Doubles = covariance @ middle @ covariance
    return (product + product.T) / 2


def _middle_of_pairs(found: Comparisons, worth: Doubles) -> Doubles:
    """What `_middle` gives where no comparison has more than two items, without a row of slopes for each."""
    first = np.cumsum(found.num_orders) - found.num_orders
    better, worse = found.entries.reshape(-1, 2)[first].T
    won = np.where(found.num_orders > 1, 0.5, 1.0)
    squares = found.weight * (won - _sigmoid(worth[better] - worth[worse])) ** 2
    middle = np.zeros((len(worth), len(worth)))
    np.add.at(middle, (better, worse), -squares)
    middle += middle.T
    middle -= np.diag(middle.sum(axis=0))
    return middle


def _middle(found: Comparisons, worth: Doubles) -> Doubles:
    """The sum over comparisons of the squares of their slopes, (n_items, n_items)."""
    middle = np.zeros((len(worth), len(worth)))
    for block, orders in found.blocks(max(1, _CELLS // len(worth))):
        rows = np.broadcast_to(worth, (orders.stop - orders.start, len(worth)))
        slopes = plackett_luce_gradient(rows, found.orders(orders.start, orders.stop), scope="listed")
        repeats = found.num_orders[block]
        starts = np.cumsum(repeats) - repeats
        means = np.add.reduceat(slopes, starts, axis=0) / repeats[:, None]
        middle += (means * found.weight[block, None]).T @ means
    return middle


def _unconnected(items: NDArray[Any], components: list[Integers]) -> str:
    shown = [_names(items[component]) for component in components[:3]]
    rest = f" and {len(components) - 3} more" if len(components) > 3 else ""
    return (
        f"prior: got 0 for items in {len(components)} groups without wins both ways, directly or along a "
        f"chain: {', '.join(shown)}{rest}; wanted a prior above 0, such as 0.1, or matches that connect them"
    )


def _names(items: NDArray[Any]) -> str:
    shown = ", ".join(map(str, items[:3].tolist()))
    return f"{{{shown}}}" if len(items) <= 3 else f"{{{shown} and {len(items) - 3} more}}"


def _sigmoid(worth: Doubles) -> Doubles:
    """Without overflow at either end."""
    small = np.exp(-np.abs(worth))
    found: Doubles = np.where(worth >= 0, 1.0, small) / (1 + small)
    return found
