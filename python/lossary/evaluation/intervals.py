"""Intervals of metrics: DeLong for the area under the ROC curve, the bootstrap for any metric.

All of them describe rows that are drawn independently of each other; repeated measurements of one person
or one site make them too narrow.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError, UndefinedMetricWarning
from lossary.evaluation.labels import binary_target
from lossary.evaluation.rows import check_scores, check_weights
from lossary.settings import get_num_threads

Weights = NDArray[np.int64] | NDArray[np.float64]


class Interval(NamedTuple):
    """The ends of an interval; both belong to it."""

    low: float
    high: float


class BootstrapInterval(NamedTuple):
    """A percentile interval, and how many resamples had no value and were left out."""

    low: float
    high: float
    undefined: int


def delong_variance(y_true: ArrayLike, y_score: ArrayLike) -> tuple[float, float]:
    """The area under the ROC curve and its variance, without a resample.

    Each row is placed among the rows of the other class: the share of them that it outranks, ties as half.
    Sorting once gives all placements, in O(n log n).

    Args:
        y_true: 0 and 1, -1 and 1, or booleans, shape (rows,).
        y_score: finite numbers, higher for the positive class, shape (rows,).

    Returns:
        The area and its variance.

    Raises:
        UndefinedMetricError: fewer than two rows of a class.
        InvalidInputError: other labels, or scores that are not finite.
        ShapeError: lengths that differ.

    Source: DeLong, DeLong and Clarke-Pearson, Comparing the areas under two or more correlated receiver
        operating characteristic curves, Biometrics 1988; the sorted form: Sun and Xu, IEEE Signal
        Processing Letters 2014.

    Example:
        >>> delong_variance([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])  # placements 1/2, 1 and 1, 1/2
        (0.75, 0.125)
    """
    is_positive = binary_target(y_true).is_positive
    scores = check_scores(y_score, len(is_positive))
    num_positives = int(is_positive.sum())
    num_negatives = len(is_positive) - num_positives
    if min(num_positives, num_negatives) < 2:
        raise UndefinedMetricError(
            f"y_true: got {num_positives} positives and {num_negatives} negatives; wanted two of each"
        )
    distinct, inverse = np.unique(scores, return_inverse=True)
    positives = np.bincount(inverse[is_positive], minlength=len(distinct))
    negatives = np.bincount(inverse, minlength=len(distinct)) - positives
    # per distinct score: the share of the other class that lies on its wrong or right side
    of_positive = (np.cumsum(negatives) - 0.5 * negatives) / num_negatives
    of_negative = 1.0 - (np.cumsum(positives) - 0.5 * positives) / num_positives
    area = float((positives * of_positive).sum() / num_positives)
    return area, _spread(positives, of_positive, area) + _spread(negatives, of_negative, area)


def delong_interval(y_true: ArrayLike, y_score: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """DeLong's interval of the area under the ROC curve, formed on the logit scale.

    The logit keeps the ends inside (0, 1) where the plain normal interval leaves it.

    Args:
        y_true: 0 and 1, -1 and 1, or booleans, shape (rows,).
        y_score: finite numbers, higher for the positive class, shape (rows,).
        confidence: coverage, above 0 and below 1.

    Returns:
        The interval.

    Raises:
        UndefinedMetricError: fewer than two rows of a class, or an area of exactly 0 or 1, where the
            variance vanishes and says nothing.

    Source: DeLong, DeLong and Clarke-Pearson, Biometrics 1988; logit: Pepe, The Statistical Evaluation of
        Medical Tests for Classification and Prediction, 2003, section 5.2.

    Example:
        >>> low, high = delong_interval([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> round(low, 3), round(high, 3)
        (0.069, 0.992)
    """
    check_confidence(confidence)
    area, variance = delong_variance(y_true, y_score)
    if area in (0.0, 1.0):
        raise UndefinedMetricError(
            f"y_score: got classes without overlap (area {area:g}); wanted an overlap, for DeLong's variance"
        )
    logit = math.log(area) - math.log1p(-area)
    margin = NormalDist().inv_cdf(0.5 + confidence / 2) * math.sqrt(variance) / (area * (1 - area))
    return Interval(_expit(logit - margin), _expit(logit + margin))


def bootstrap_interval(
    metric: Callable[..., float],
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    confidence: float = 0.95,
    num_resamples: int = 1000,
    seed: int = 0,
) -> BootstrapInterval:
    """The percentile bootstrap interval of a metric.

    Args:
        metric: called as ``metric(y_true, y_score, sample_weight=...)``; a resample is the vector of how
            often each row was drawn, times its own weight.
        y_true: first argument of the metric, shape (rows,).
        y_score: second argument of the metric, shape (rows,).
        sample_weight: weights of the rows, shape (rows,).
        confidence: coverage, above 0 and below 1.
        num_resamples: how many times the rows are drawn with replacement.
        seed: fixes the draws; the interval is the same for any number of threads.

    Returns:
        The interval, and the number of resamples on which the metric is undefined.

    Raises:
        UndefinedMetricError: the metric is undefined on more than half of the resamples.
        InvalidInputError: weights below 0 or not finite, or an option out of range.
        ShapeError: lengths that differ.

    Source: Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 1979.

    Example:
        >>> from lossary.metrics import accuracy_score
        >>> low, high, undefined = bootstrap_interval(accuracy_score, [0, 1] * 50, [0, 1] * 40 + [1, 0] * 10)
        >>> low < 0.8 < high
        True
    """
    check_confidence(confidence)
    target, scores = np.asarray(y_true), np.asarray(y_score)
    if target.shape[:1] != scores.shape[:1]:
        raise ShapeError(f"y_score: got shape {scores.shape}; wanted the length of y_true, {target.shape}")
    weight = None if sample_weight is None else check_weights(sample_weight, len(target))

    def statistic(counts: NDArray[np.int64]) -> tuple[float]:
        return (metric(target, scores, sample_weight=counts if weight is None else counts * weight),)

    ones = np.ones(len(target), dtype=np.int64)
    return percentile_interval(
        bootstrap(statistic, ones, num_resamples=num_resamples, seed=seed)[:, 0], confidence=confidence
    )


def bootstrap(
    statistic: Callable[[NDArray[np.int64]], Sequence[float]],
    multiplicity: NDArray[np.int64],
    *,
    num_resamples: int,
    seed: int,
    advance: Callable[[float], Any] | None = None,
) -> NDArray[np.float64]:
    """Draw rows with replacement many times, and compute statistics of each draw.

    Identical rows may be given once with their multiplicity: the draw is multinomial over them, which has
    exactly the distribution of drawing the rows one by one.

    Args:
        statistic: maps how often each row was drawn, shape (rows,), to values; NaN, an
            `UndefinedMetricError` or an `UndefinedMetricWarning` says that there is none.
        multiplicity: how often each row occurs in the data, shape (rows,).
        num_resamples: how many draws.
        seed: draw r has a stream of its own, of (seed, r).
        advance: called with the finished share after each draw.

    Returns:
        Values, shape (num_resamples, values); NaN where undefined.
    """
    total = int(multiplicity.sum())
    if num_resamples < 1 or total < 1:
        raise InvalidInputError(
            f"num_resamples: got {num_resamples} draws of {total} rows; wanted 1 or more of each"
        )
    if seed < 0:
        raise InvalidInputError(f"seed: got {seed}; wanted 0 or above")
    shares = None if (multiplicity == 1).all() else multiplicity / total

    def draw(index: int) -> Sequence[float] | None:
        generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
        if shares is None:
            counts = np.bincount(generator.integers(0, total, size=total), minlength=total)
        else:
            counts = generator.multinomial(total, shares)
        try:
            return statistic(counts)
        except (UndefinedMetricError, UndefinedMetricWarning):
            return None

    # one filter around the pool, not one per draw: warning filters belong to the process
    with warnings.catch_warnings():
        warnings.simplefilter("error", UndefinedMetricWarning)
        executor = ThreadPoolExecutor(get_num_threads())
        rows: list[Sequence[float] | None] = []
        try:
            for row in executor.map(draw, range(num_resamples)):
                rows.append(row)
                if advance is not None:
                    advance(len(rows) / num_resamples)
        finally:
            executor.shutdown(cancel_futures=True)
    width = max((len(row) for row in rows if row is not None), default=1)
    return np.array([(math.nan,) * width if row is None else row for row in rows], dtype=np.float64)


def percentile_interval(values: NDArray[np.float64], *, confidence: float) -> BootstrapInterval:
    """The middle share of values, NaN left out and counted.

    Args:
        values: a statistic of each resample, shape (num_resamples,).
        confidence: the share, above 0 and below 1.

    Returns:
        The interval and the number of values that are NaN.

    Raises:
        UndefinedMetricError: more than half of the values are NaN.

    Example:
        >>> percentile_interval(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), confidence=0.5)
        BootstrapInterval(low=1.0, high=3.0, undefined=0)
    """
    check_confidence(confidence)
    defined = values[~np.isnan(values)]
    undefined = len(values) - len(defined)
    if 2 * undefined > len(values):
        raise UndefinedMetricError(
            f"num_resamples: got a value on {len(defined)} of {len(values)}; wanted one on half or more"
        )
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return BootstrapInterval(float(low), float(high), undefined)


def check_confidence(confidence: float) -> None:
    """Raise InvalidInputError unless ``0 < confidence < 1``."""
    if not 0.0 < confidence < 1.0:
        raise InvalidInputError(f"confidence: got {confidence:g}; wanted a number above 0 and below 1")


def _spread(counts: NDArray[np.int64], placements: NDArray[np.float64], area: float) -> float:
    """Variance of the mean of placements, each ``counts`` times, about their mean (the area, for both)."""
    size = int(counts.sum())
    return float((counts * (placements - area) ** 2).sum()) / (size - 1) / size


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))
