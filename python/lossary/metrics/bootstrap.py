"""Bootstrap intervals of any metric.

A bootstrap draws rows with replacement many times; the interval comes from the values of the metric on these
resamples. Draw r depends on the seed and r alone, so an interval is the same for any number of threads. All
methods describe rows that are drawn independently of each other; repeated measurements of one person or one
site make them too narrow, unless ``groups`` says which rows belong together.

- ``"percentile"``: the middle of the values on the resamples.
- ``"bca"``: the same with its ends moved by the bias of the values, and by the change of their spread with
  the metric, which a jackknife tells (of single rows or groups; beyond a thousand of them, of a thousand
  random blocks).

Source: Efron, Better bootstrap confidence intervals, Journal of the American Statistical Association
82, 1987.
"""

import math
import warnings
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import InvalidInputError, UndefinedMetricError, UndefinedMetricWarning
from lossary.metrics.arrays import Array, numeric, one_axis, relative_weights, to_numpy
from lossary.metrics.confidence import BOOTSTRAP, Confidence, Interval, resolve

Doubles = NDArray[np.float64]

Statistic = Callable[[NDArray[np.int64]], Any]
"""A function of how often each row counts."""

_BATCH = 16
"""Resamples of one job: calls of a statistic on few rows cost less than jobs do."""


def of_rows(
    values: Any, sample_weight: Any, confidence: float | Confidence, *, value: float | None = None
) -> Interval:
    """The (weighted) mean of one value per row, with its bootstrap interval.

    Args:
        values: finite numbers, (rows,).
        sample_weight: (rows,) or None; the mean is ``sum w v / sum w``.
        confidence: the level, or settings; "auto" takes "bca".
        value: the mean, where the caller has it, to return with the bits that it has; None computes it.

    Returns:
        The interval.

    Raises:
        InvalidInputError: no rows, values or weights that are not finite, weights below zero or all zero, or
            a method or groups that do not fit.
        ShapeError: lengths that differ.

    Example:
        >>> of_rows([0.0, 1.0] * 50, None, Confidence(method="percentile"))
        Interval(value=0.5, low=0.4, high=0.6, method='percentile')
    """
    settings = resolve(confidence)
    method = _bootstrap_method(settings)
    _refuse_strata(settings)
    rows = np.ascontiguousarray(one_axis("values", numeric("values", to_numpy("values", values))), np.float64)
    if not len(rows) or not np.isfinite(rows).all():
        raise InvalidInputError(f"values: got {len(rows)} values; wanted one or more, all finite")
    refuse_one(len(rows))
    weight = relative_weights(sample_weight, len(rows))
    drawn, left_out = draws_of_mean(rows, weight, settings)
    # Centred like the resamples, so that the mean of equal values is exactly theirs.
    centred = float(rows[0] + np.average(rows - rows[0], weights=weight))
    low, high = around(centred, drawn, left_out, method, settings)
    if value is None:
        return Interval(centred, low, high, method)
    # Rounding must not part the value from an end that equals it.
    low, high = (value if end == centred else end for end in (low, high))
    return Interval(value, low, high, method)


def of_reweighted(
    statistic: Statistic,
    rows: int,
    confidence: float | Confidence,
    *,
    classes: Array | None = None,
) -> Interval:
    """Any metric that weights can compute, with its bootstrap interval.

    Args:
        statistic: maps how often each row counts, (rows,) integers, to the metric. NaN, an
            `UndefinedMetricError` or an `UndefinedMetricWarning` says that it is undefined. It runs in
            several threads at once.
        rows: number of rows.
        confidence: the level, or settings; "auto" takes "bca".
        classes: the class of each row, for ``stratified=True``.

    Returns:
        The interval; its value is the statistic of ones. NaN has no ends.

    Raises:
        InvalidInputError: a method or groups that do not fit, or stratified draws without classes.
        UndefinedMetricError: the metric is undefined on more than half of the resamples.

    Example:
        >>> values = np.array([0.0, 1.0] * 50)
        >>> of_reweighted(lambda counts: counts @ values / counts.sum(), 100, Confidence(method="percentile"))
        Interval(value=0.5, low=0.4, high=0.6, method='percentile')
    """
    settings = resolve(confidence)
    method = _bootstrap_method(settings)
    if classes is None:
        _refuse_strata(settings)
    strata = None
    if classes is not None and settings.stratified:
        strata = np.unique(classes, return_inverse=True)[1].astype(np.uint32)
    value = float(statistic(np.ones(rows, np.int64)))
    if math.isnan(value):
        return Interval(value, math.nan, math.nan, method)
    refuse_one(rows)
    drawn = draws_of_statistic(statistic, rows, settings, strata)
    left_out = left_out_of_statistic(statistic, rows, settings, strata) if method == "bca" else np.empty(0)
    return Interval(value, *around(value, drawn, left_out, method, settings), method)


def of_ranking(
    metric: str,
    value: float,
    positive: Array,
    score: Array,
    sample_weight: Doubles | None,
    confidence: Confidence,
    parameters: tuple[float, ...] = (),
) -> Interval:
    """A metric of binary rankings that the kernels know, with its bootstrap interval.

    Args:
        metric: its name there, such as "roc_auc".
        value: the metric on all rows.
        positive: labels as the kernels read them.
        score: scores as the kernels read them.
        sample_weight: weights, none below zero.
        confidence: settings; "auto" takes "bca".
        parameters: of the metric, such as a rate.
    """
    method = _bootstrap_method(confidence)
    if math.isnan(value):
        return Interval(value, math.nan, math.nan, method)
    refuse_one(len(score))
    drawn, left_out = draws_of_ranking(
        metric, positive, [score], sample_weight, confidence, jackknife=method == "bca", parameters=parameters
    )
    return Interval(value, *around(value, drawn, left_out, method, confidence), method)


def draws_of_mean(
    values: Doubles, sample_weight: Doubles | None, confidence: Confidence
) -> tuple[Doubles, Doubles]:
    """The mean of finite values on each resample, NaN where nothing is weighed, and its jackknife."""
    return _kernels.resample_mean(
        values,
        sample_weight,
        confidence.group_codes(len(values)),
        resamples=confidence.resamples,
        seed=confidence.seed,
    )


def draws_of_ranking(
    metric: str,
    positive: Array,
    scores: list[Array],
    sample_weight: Doubles | None,
    confidence: Confidence,
    *,
    jackknife: bool = False,
    parameters: tuple[float, ...] = (),
) -> tuple[Doubles, Doubles]:
    """A metric of `of_ranking` on each resample, NaN where it is undefined, and its jackknife if wanted.

    Several score vectors share the resamples; the values of each resample come together.
    """
    return _kernels.bootstrap_ranking(
        metric,
        positive,
        scores,
        sample_weight,
        stratified=confidence.stratified,
        groups=confidence.group_codes(len(positive)),
        resamples=confidence.resamples,
        seed=confidence.seed,
        jackknife=jackknife,
        parameters=list(parameters),
    )


def draws_of_statistic(
    statistic: Statistic, rows: int, confidence: Confidence, strata: NDArray[np.uint32] | None = None
) -> Doubles:
    """A statistic as of `of_reweighted`, of one number or several, on each resample."""
    resampler = _kernels.Resampler(rows, strata, confidence.group_codes(rows), confidence.seed)
    return _evaluate(statistic, lambda draw: resampler.draw(draw).astype(np.int64), confidence.resamples)


def left_out_of_statistic(
    statistic: Statistic, rows: int, confidence: Confidence, strata: NDArray[np.uint32] | None = None
) -> Doubles:
    """A statistic as of `draws_of_statistic` without each row, group, or block of rows."""
    resampler = _kernels.Resampler(rows, strata, confidence.group_codes(rows), confidence.seed)
    parts, of_row = resampler.blocks()
    return _evaluate(statistic, lambda part: (of_row != part).astype(np.int64), parts)


def ends(
    value: float,
    drawn: Doubles,
    left_out: Doubles,
    method: str,
    confidence: Confidence,
    *,
    stacklevel: int = 4,
) -> tuple[float, float]:
    """The ends of a bootstrap interval.

    Args:
        value: the metric on all rows.
        drawn: the metric on each resample, NaN where it is undefined: those are left out, with a warning.
        left_out: the metric without each row, or block of rows.
        method: "percentile" or "bca".
        confidence: the level.
        stacklevel: of the warning.

    Raises:
        UndefinedMetricError: more than half of the resamples are undefined.
    """
    defined = drawn[~np.isnan(drawn)]
    undefined = len(drawn) - len(defined)
    if 2 * undefined > len(drawn):
        raise UndefinedMetricError(
            f"confidence: got a value on {len(defined)} of {len(drawn)} resamples; wanted one on half or more"
        )
    if undefined:
        warnings.warn(
            f"The metric is undefined on {undefined} of {len(drawn)} resamples, which are left out.",
            UndefinedMetricWarning,
            stacklevel=stacklevel,
        )
    tail = (1 - confidence.level) / 2
    shares = (tail, 1 - tail) if method == "percentile" else _bca_shares(value, defined, left_out, tail)
    low, high = np.quantile(defined, shares)
    return float(low), float(high)


def around(
    value: float, drawn: Doubles, left_out: Doubles, method: str, settings: Confidence
) -> tuple[float, float]:
    """`ends`, with a warning on behalf of the metric's caller where the value is not between them."""
    low, high = ends(value, drawn, left_out, method, settings, stacklevel=5)
    slack = 1e-9 * max(1.0, abs(value))  # draws may be rounded in another way
    if not low - slack <= value <= high + slack:
        warnings.warn(
            f"The value {value:.4g} is not in its interval, {low:.4g} to {high:.4g}: resamples repeat rows, "
            f"which moves this metric {'up' if value < low else 'down'}. Do not rely on the interval.",
            UserWarning,
            stacklevel=4,
        )
    return low, high


def _bca_shares(value: float, drawn: Doubles, left_out: Doubles, tail: float) -> tuple[float, float]:
    """Which shares of the values on resamples lie below the ends."""
    from statistics import NormalDist

    normal = NormalDist()
    below = (np.count_nonzero(drawn < value) + 0.5 * np.count_nonzero(drawn == value)) / len(drawn)
    bias = normal.inv_cdf(min(max(below, 0.5 / len(drawn)), 1 - 0.5 / len(drawn)))
    left_out = left_out[~np.isnan(left_out)]
    deviations = left_out.mean() - left_out if len(left_out) else left_out
    spread = float((deviations**2).sum()) ** 1.5
    acceleration = float((deviations**3).sum()) / (6 * spread) if spread else 0.0

    def share(end: float) -> float:
        moved = bias + normal.inv_cdf(end)
        stretch = 1 - acceleration * moved
        # Beyond the pole of the formula the end lies outside all values.
        return normal.cdf(bias + moved / stretch) if stretch > 0 else float(moved > 0)

    return share(tail), share(1 - tail)


def _evaluate(statistic: Statistic, counts: Callable[[int], NDArray[np.int64]], count: int) -> Doubles:
    """The statistic of ``counts(0)`` to ``counts(count - 1)``, NaN where it is undefined."""
    from concurrent.futures import ThreadPoolExecutor

    def value(index: int) -> Any:
        try:
            return statistic(counts(index))
        except (UndefinedMetricError, UndefinedMetricWarning):
            return math.nan

    def batch(start: int) -> list[Any]:
        return [value(index) for index in range(start, min(start + _BATCH, count))]

    # One filter around the pool, not one per draw: warning filters belong to the process.
    with warnings.catch_warnings():
        warnings.simplefilter("error", UndefinedMetricWarning)
        executor = ThreadPoolExecutor(_kernels.get_num_threads())
        try:
            return np.array([*chain.from_iterable(executor.map(batch, range(0, count, _BATCH)))], np.float64)
        finally:
            executor.shutdown(cancel_futures=True)


def _bootstrap_method(settings: Confidence) -> str:
    return settings.choose(BOOTSTRAP)


def _refuse_strata(settings: Confidence) -> None:
    if settings.stratified:
        raise InvalidInputError("stratified: got True; wanted False, as this metric draws no classes apart")


def refuse_one(rows: int) -> None:
    """Raise UndefinedMetricError where there is but one row to draw."""
    if rows == 1:
        raise UndefinedMetricError("confidence: got 1 row; wanted two or more to draw from")
