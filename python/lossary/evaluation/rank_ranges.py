"""Ranks that estimates leave open: which differences are clear, all those of an item taken together."""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

_DIGITS = 8  # of a worth; what differs beyond them is what the fit's iteration left


def ranks(worth: Doubles) -> Integers:
    """1 for the highest worth; items of equal worth share the better rank."""
    rounded = np.round(worth, _DIGITS)
    found: Integers = 1 + len(worth) - np.searchsorted(np.sort(rounded), rounded, side="right")
    return found


def rank_ranges(worth: Doubles, covariance: Doubles, confidence: float) -> tuple[Integers, Integers]:
    """The best and the worst rank that each item may have.

    One more than the items clearly above it, and as many as there are less those clearly below. Clear is by
    Holm's rule over both directions of all differences of one item, which are jointly normal. So for any one
    item the range holds the true rank at least as often as ``confidence`` says, however close the others are;
    items of equal worth may have any of their ranks.

    Args:
        worth: estimates, (n_items,).
        covariance: of the estimates, (n_items, n_items).
        confidence: above 0 and below 1.

    Source: Mogstad, Romano, Shaikh and Wilhelm, Inference for ranks with applications to mobility across
        neighbourhoods and academic achievement across countries, Review of Economic Studies 91, 2024; Holm,
        A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979.
    """
    count = len(worth)
    normal, variance = NormalDist(), covariance.diagonal()
    tests = 2 * (count - 1)
    limits = np.array([-normal.inv_cdf((1 - confidence) / (tests - done)) for done in range(count - 1)])
    low, high = np.ones(count, np.int64), np.full(count, count)
    for item in range(count):
        spread = np.sqrt((variance + variance[item] - 2 * covariance[item]).clip(0))
        ahead = np.delete(worth - worth[item], item)
        steps = np.divide(
            ahead, np.delete(spread, item), out=np.zeros(count - 1), where=np.delete(spread, item) > 0
        )
        sizes = np.abs(steps)
        by_size = np.argsort(-sizes, kind="stable")
        clear = by_size[np.cumprod(sizes[by_size] > limits).astype(bool)]
        low[item] += (steps[clear] > 0).sum()
        high[item] -= (steps[clear] < 0).sum()
    return low, high
