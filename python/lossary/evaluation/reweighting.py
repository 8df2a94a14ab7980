"""A metric on many weightings of the same rows, without sorting or checking them each time.

Each function prepares the rows once and returns a function of the weights alone; it equals the metric of
the same name in `lossary.metrics`, with NaN where that is undefined. Scores come in descending order.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

OfWeights = Callable[[NDArray[Any]], float]
OfRows = Callable[[NDArray[np.bool_], NDArray[Any]], OfWeights]
OfCells = Callable[[float, float, float, float], float]


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


def of_cells(formula: OfCells) -> OfRows:
    """A formula of the weights of true negatives, false positives, false negatives and true positives."""

    def of_rows(is_positive: NDArray[np.bool_], decisions: NDArray[Any]) -> OfWeights:
        cells = is_positive * np.uint8(2) + decisions.astype(np.uint8)
        return lambda weights: formula(*np.bincount(cells, weights=weights, minlength=4).tolist())

    return of_rows


def accuracy(tn: float, fp: float, fn: float, tp: float) -> float:
    """Share of the rows that are right."""
    return _ratio(tp + tn, tp + tn + fp + fn)


def balanced_accuracy(tn: float, fp: float, fn: float, tp: float) -> float:
    """Mean of the recalls of both classes."""
    return (_ratio(tp, tp + fn) + _ratio(tn, tn + fp)) / 2


def precision(tn: float, fp: float, fn: float, tp: float) -> float:  # noqa: ARG001 - all four cells
    """Share of the predicted positives that are positive."""
    return _ratio(tp, tp + fp)


def recall(tn: float, fp: float, fn: float, tp: float) -> float:  # noqa: ARG001
    """Share of the positives that are found."""
    return _ratio(tp, tp + fn)


def f1(tn: float, fp: float, fn: float, tp: float) -> float:  # noqa: ARG001
    """Harmonic mean of precision and recall."""
    return _ratio(2 * tp, 2 * tp + fp + fn)


def matthews(tn: float, fp: float, fn: float, tp: float) -> float:
    """Correlation of classes and decisions; 0 when all decisions are the same."""
    spread = (tp + fp) * (tn + fn) * (tp + fn) * (tn + fp)
    return (tp * tn - fp * fn) / math.sqrt(spread) if spread else 0.0


def geometric_mean(tn: float, fp: float, fn: float, tp: float) -> float:
    """Geometric mean of the recalls of both classes."""
    return math.sqrt(_ratio(tp, tp + fn) * _ratio(tn, tn + fp))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


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
