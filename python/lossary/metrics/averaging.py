"""Averages of a binary ranking metric over classes, labels or samples."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, UndefinedMetricWarning
from lossary.metrics.arrays import Array, flat, relative_weights
from lossary.metrics.bootstrap import of_reweighted, of_rows
from lossary.metrics.confidence import BOOTSTRAP, Confidence, Interval, Value

Doubles = NDArray[np.float64]
Scores = float | Doubles
"""One score, or one per class."""

PerColumn = Callable[[Array, Array, Doubles | None], Doubles]
"""A metric of each column of indicators and of scores, (n_samples, n_columns), where a row has one weight."""

AVERAGES = ("macro", "micro", "weighted", "samples", None)


def average_of(
    metric: PerColumn, truth: Array, score: Array, average: str | None, weight: Doubles | None
) -> Scores:
    """Average a metric as scikit-learn does.

    Args:
        metric: the metric; it warns on behalf of the caller's caller.
        truth: indicators, (n_samples, n_columns).
        score: scores of the same shape.
        average: None gives the values of the columns; "macro" is their mean, "weighted" weighs them by the
            weight of their positives, "micro" takes all columns as one, and "samples" takes rows as columns.
        weight: of each row.

    Returns:
        A float, or one per column. Columns (under "samples" rows) that weigh nothing count as 0 in the
        average, and "weighted" is 0 where there is no positive.

    Raises:
        InvalidInputError: no columns.
    """
    if not score.shape[1]:
        raise InvalidInputError(f"y_score: got no columns, shape {score.shape}; wanted at least one")
    if average == "micro":
        values, by_column = flat(score)
        every = None
        if weight is not None:
            every = (np.tile if by_column else np.repeat)(weight, score.shape[1])
        truth = truth.ravel("F" if by_column else "C")
        return float(metric(truth[:, None], values[:, None], every)[0])
    if average == "samples":
        return mean_of(metric(truth.T, score.T, None), weight)
    shares = None
    if average == "weighted":
        shares = np.array(
            [np.count_nonzero(column) if weight is None else weight @ column for column in truth.T]
        )
        if shares.sum() == 0:
            return 0.0
    values = metric(truth, score, weight)
    return values if average is None else mean_of(values, shares)


def interval_of_average(
    metric: PerColumn,
    value: Scores,
    truth: Array,
    score: Array,
    average: str | None,
    weight: Doubles | None,
    confidence: Confidence,
) -> Interval:
    """The bootstrap interval of ``value``, what `average_of` gives.

    The metric is silent, and NaN for an undefined column. A value that is NaN, or without a positive, has no
    ends.
    """
    if average is None:
        raise InvalidInputError("confidence: got a level with average=None; wanted an average, one value")
    value = float(value)
    if math.isnan(value) or not truth.any():
        if average == "weighted":  # a 0 of which nobody has warned
            warnings.warn(
                "No positive class found in y_true: the score has no interval.",
                UndefinedMetricWarning,
                stacklevel=3,
            )
        return Interval(value, math.nan, math.nan, confidence.choose(BOOTSTRAP))
    if average == "samples":
        rows = metric(truth.T, score.T, None)
        return of_rows(np.where(np.isnan(rows), 0.0, rows), weight, confidence, value=value)
    # A column that all rows leave undefined counts as 0 in the value, so in every draw.
    missing = average != "micro" and np.isnan(metric(truth, score, weight))

    def filled(truth: Array, score: Array, weight: Doubles | None) -> Doubles:
        return np.where(missing, 0.0, metric(truth, score, weight))

    def reweighted(counts: Array) -> float:
        share = counts.astype(np.float64) if weight is None else counts * weight
        return float(average_of(filled, truth, score, average, share))

    return of_reweighted(reweighted, len(score), confidence)


def mean_of(values: Doubles, shares: Array | None) -> float:
    """The mean, weighted by shares where there are some; values without a share count as 0."""
    if shares is None:
        return float(values.mean())
    total = float(shares.sum())
    if total == 0:
        raise InvalidInputError("sample_weight: got weights that sum to zero; wanted another sum")
    # An undefined value of weight zero must not make the mean undefined.
    return float((np.where(shares == 0, 0.0, values) * shares).sum()) / total


def mean_of_rows(values: Doubles, sample_weight: Any, confidence: float | Confidence | None) -> Value:
    """The weighted mean of one value per row, or its `Interval`."""
    weight = relative_weights(sample_weight, len(values))
    value = mean_of(values, weight)
    return value if confidence is None else of_rows(values, weight, confidence, value=value)


def one_of_each(codes: NDArray[np.uint32], columns: int) -> NDArray[np.bool_]:
    """Indicators of which column is each row's, stored by columns."""
    return np.asarray(codes == np.arange(columns, dtype=np.uint32)[:, None]).T
