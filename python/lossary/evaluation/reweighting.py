"""A metric on many weightings of the same rows, without sorting or checking them each time.

Each function prepares the rows once and returns a function of the weights alone; it equals the metric of
the same name in `lossary.metrics`. Scores come in descending order.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

OfWeights = Callable[[NDArray[Any]], float]


def roc_auc(is_positive: NDArray[np.bool_], scores: NDArray[Any]) -> OfWeights:
    """Area under the ROC curve, by the trapezoidal rule over its tie groups."""
    curve = _curve(is_positive, scores)

    def of_weights(weights: NDArray[Any]) -> float:
        true, false = curve(weights)
        below = np.concatenate(([0], true[:-1]))
        doubled = (np.diff(false, prepend=0) * (true + below).astype(np.float64)).sum()
        return float(doubled / (2.0 * true[-1] * false[-1]))

    return of_weights


def average_precision(is_positive: NDArray[np.bool_], scores: NDArray[Any]) -> OfWeights:
    """Precision at each tie group, weighted by the recall that the group adds."""
    curve = _curve(is_positive, scores)

    def of_weights(weights: NDArray[Any]) -> float:
        true, false = curve(weights)
        gained = np.diff(true, prepend=0)
        reached = gained > 0  # elsewhere the precision does not count, and may be 0/0
        precision = true[reached] / (true[reached] + false[reached])
        return float((gained[reached] * precision).sum() / true[-1])

    return of_weights


def brier_score(is_positive: NDArray[np.bool_], scores: NDArray[Any]) -> OfWeights:
    """Weighted mean of the squared errors."""
    errors = (scores.astype(np.float64) - is_positive) ** 2
    return lambda weights: float((weights * errors).sum() / weights.sum())


def _curve(
    is_positive: NDArray[np.bool_], scores: NDArray[Any]
) -> Callable[[NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]:
    """Weights of true and false positives down to the end of each tie group."""
    ends = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    tied = len(ends) < len(scores)

    def of_weights(weights: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        true, false = np.cumsum(weights * is_positive), np.cumsum(weights * ~is_positive)
        return (true[ends], false[ends]) if tied else (true, false)

    return of_weights
