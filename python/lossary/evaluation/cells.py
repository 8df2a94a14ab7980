"""Metrics of decisions from the cells of the confusion matrix, for many matrices at once.

Each function takes the weights of true negatives, false positives, false negatives and true positives, one
of each for every matrix. It equals the metric of `lossary.metrics`, with NaN where that is undefined.
"""

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def accuracy(tn: Doubles, fp: Doubles, fn: Doubles, tp: Doubles) -> Doubles:
    """Share of the rows that are right."""
    return _ratio(tp + tn, tp + tn + fp + fn)


def balanced_accuracy(tn: Doubles, fp: Doubles, fn: Doubles, tp: Doubles) -> Doubles:
    """Mean of the recalls of both classes."""
    return (_ratio(tp, tp + fn) + _ratio(tn, tn + fp)) / 2


def precision(tn: Doubles, fp: Doubles, fn: Doubles, tp: Doubles) -> Doubles:  # noqa: ARG001 - all four cells
    """Share of the predicted positives that are positive."""
    return _ratio(tp, tp + fp)


def recall(tn: Doubles, fp: Doubles, fn: Doubles, tp: Doubles) -> Doubles:  # noqa: ARG001
    """Share of the positives that are found."""
    return _ratio(tp, tp + fn)


def f1(tn: Doubles, fp: Doubles, fn: Doubles, tp: Doubles) -> Doubles:  # noqa: ARG001
    """Harmonic mean of precision and recall."""
    return _ratio(2 * tp, 2 * tp + fp + fn)


def jaccard(tn: Doubles, fp: Doubles, fn: Doubles, tp: Doubles) -> Doubles:  # noqa: ARG001
    """Share of the rows that are positive or predicted so which are both."""
    return _ratio(tp, tp + fp + fn)


def error(tn: Doubles, fp: Doubles, fn: Doubles, tp: Doubles) -> Doubles:
    """Share of the rows that are wrong."""
    return _ratio(fp + fn, tp + tn + fp + fn)


def kappa(tn: Doubles, fp: Doubles, fn: Doubles, tp: Doubles) -> Doubles:
    """Agreement of classes and decisions beyond chance."""
    by_chance = (tp + fn) * (fn + tn) + (tp + fp) * (fp + tn)
    return _ratio(2 * (tp * tn - fp * fn), by_chance)


def matthews(tn: Doubles, fp: Doubles, fn: Doubles, tp: Doubles) -> Doubles:
    """Correlation of classes and decisions; 0 when all decisions are the same, undefined for one class."""
    classes, decisions = (tp + fn) * (tn + fp), (tp + fp) * (tn + fn)
    correlation = _ratio(tp * tn - fp * fn, np.sqrt(classes * decisions))
    correlation[(classes > 0) & (decisions == 0)] = 0
    return correlation


def geometric_mean(tn: Doubles, fp: Doubles, fn: Doubles, tp: Doubles) -> Doubles:
    """Geometric mean of the recalls of both classes."""
    return np.sqrt(_ratio(tp, tp + fn) * _ratio(tn, tn + fp))


def _ratio(part: Doubles, whole: Doubles) -> Doubles:
    ratio = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=ratio, where=whole != 0)
    return ratio
