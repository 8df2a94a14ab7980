"""What rank correlations and tests of ranks share: two checked arrays, and what a test returns."""

import math
from collections.abc import Callable
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import Array, scores
from lossary.metrics.auc_interval import normal_quantile
from lossary.metrics.bootstrap import of_reweighted
from lossary.metrics.confidence import BOOTSTRAP, Confidence, Interval, Value, resolve

Statistic = Callable[[NDArray[np.uint32] | None], float | None]
"""A correlation of samples, each as often as told, or once; None where it is undefined."""

ALTERNATIVES = ("two-sided", "less", "greater")
METHODS = ("auto", "asymptotic", "exact")


class RankTest(NamedTuple):
    """A statistic, and how probable one as far out is where there is no association."""

    statistic: float
    p_value: float


class TwoScores(NamedTuple):
    """Two checked arrays of as many numbers, and their order."""

    truth: Array
    score: Array
    pairs: _kernels.RankPairs


def two_scores(y_true: Any, y_score: Any) -> TwoScores:
    """Sort two arrays of numbers, one of each per sample.

    Raises:
        InvalidInputError: a NaN. Infinities are ranked.
        ShapeError: lengths that differ, or more than one axis.
        UndefinedMetricError: fewer than two samples, or an array that is constant.
    """
    truth, score = scores("y_true", y_true), scores("y_score", y_score)
    if len(truth) != len(score):
        raise ShapeError(f"y_score: got {len(score)} samples; wanted {len(truth)}, as y_true")
    pairs = _kernels.RankPairs(truth, score) if len(truth) else None
    if pairs is None or len(truth) < 2:
        raise UndefinedMetricError(f"y_true: got {len(truth)} samples; wanted at least two")
    for name, distinct in zip(("y_true", "y_score"), pairs.distinct, strict=True):
        if distinct == 1:
            raise UndefinedMetricError(f"{name}: got the same number everywhere; wanted numbers that differ")
    return TwoScores(truth, score, pairs)


def correlation(
    measure: Callable[[], tuple[Statistic, int]],
    undefined: str | float,
    confidence: float | Confidence | None,
    variance: Callable[[float, int], float] | None = None,
) -> Value:
    """A correlation, or what stands for it where it is undefined, with its interval if wanted.

    Args:
        measure: checks and sorts, and gives the statistic and the number of samples.
        undefined: as in the metric.
        confidence: as in the metric.
        variance: of ``atanh`` of the statistic, from its value and the number of samples; negative or
            infinite where there are too few. None leaves the bootstrap.

    Raises:
        UndefinedMetricError: no value, or too few samples for its interval, and ``undefined`` says to raise.
    """
    fallback = check_undefined(undefined)
    settings = None if confidence is None else resolve(confidence)
    methods = BOOTSTRAP if variance is None else ("fisher", *BOOTSTRAP)
    method = None if settings is None else settings.choose(methods)
    value = fallback
    try:
        statistic, rows = measure()
        value = _defined(statistic(None))
        if settings is None:
            return value
        if method == "fisher" and variance is not None:
            return _fisher(value, rows, variance, settings.level)
        return of_reweighted(lambda times: _defined(statistic(times.astype(np.uint32))), rows, settings)
    except UndefinedMetricError:
        if fallback is None or value is None:
            raise
        # A value that has no interval is still the value.
        return value if method is None else Interval(value, math.nan, math.nan, method)


def _defined(value: float | None) -> float:
    if value is None:
        raise UndefinedMetricError("y_score: got a resample of equal numbers; wanted numbers that differ")
    return value


def _fisher(value: float, rows: int, variance: Callable[[float, int], float], level: float) -> Interval:
    spread = variance(value, rows)
    if not 0 < spread < math.inf:
        raise UndefinedMetricError(f"y_true: got {rows} samples; wanted more, for an interval")
    if abs(value) == 1:
        return Interval(value, value, value, "fisher")
    middle, margin = math.atanh(value), normal_quantile(level) * math.sqrt(spread)
    return Interval(value, math.tanh(middle - margin), math.tanh(middle + margin), "fisher")


def check_undefined(given: Any) -> float | None:
    """The number to return where a metric is undefined; None stands for the error."""
    if isinstance(given, str) and given == "raise":
        return None
    if isinstance(given, bool) or not isinstance(given, Real):
        raise InvalidInputError(f"undefined: got {given!r}; wanted 'raise' or a number to return")
    return float(given)
