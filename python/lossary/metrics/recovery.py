"""Recovered signals beside the true ones: the energy of the error in units of the energy of the signals."""

import math
from typing import Any

import numpy as np

from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import numeric, relative_weights, to_numpy
from lossary.metrics.bootstrap import of_reweighted
from lossary.metrics.confidence import Confidence, Interval, Value
from lossary.metrics.options import check_flag


def normalized_mean_squared_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    decibel: bool = True,
    confidence: float | Confidence | None = None,
) -> Value:
    r"""Mean squared length of the error, divided by that of the true signal; lower is better.

    .. math:: \frac{\sum_n w_n \lVert \hat x_n - x_n \rVert^2}{\sum_n w_n \lVert x_n \rVert^2}

    A prediction of 0 everywhere has 1, which is 0 decibels.

    Args:
        y_true: the signals x, (n_samples, ...).
        y_pred: what was recovered of them, of the same shape.
        sample_weight: w, (n_samples,); None weighs all the same.
        decibel: 10 times the decimal logarithm; minus infinity where nothing is wrong.
        confidence: the level of a bootstrap interval over samples, or a `Confidence`.

    Returns:
        A float, or with confidence an `Interval`.

    Raises:
        UndefinedMetricError: every true signal that counts is 0.
        InvalidInputError: NaN or infinity, no samples, or a weight below 0.
        ShapeError: shapes that differ.
        DtypeError: an argument that is not an array-like, or no number.

    Source: Chen, Liu, Wang and Yin, Theoretical Linear Convergence of Unfolded ISTA and its Practical Weights
        and Thresholds, NeurIPS 2018.

    Example:
        >>> normalized_mean_squared_error([[3.0, 4.0]], [[3.0, 3.5]])  # 0.25 / 25 is a hundredth
        -20.0
    """
    check_flag("decibel", decibel)
    truth, found = (
        numeric(name, to_numpy(name, given)).astype(np.float64, copy=False)
        for name, given in (("y_true", y_true), ("y_pred", y_pred))
    )
    if truth.ndim == 0 or not len(truth):
        raise ShapeError(f"y_true: got shape {truth.shape}; wanted (n_samples, ...) with a sample at least")
    if found.shape != truth.shape:
        raise ShapeError(f"y_pred: got shape {found.shape}; wanted {truth.shape}, as y_true")
    for name, array in (("y_true", truth), ("y_pred", found)):
        if not np.isfinite(array).all():
            raise InvalidInputError(f"{name}: got NaN or infinity; wanted finite numbers")
    weight = relative_weights(sample_weight, len(truth))
    if weight is not None and (weight < 0).any():
        raise InvalidInputError("sample_weight: got a weight below 0; wanted weights of 0 or above")
    axes = tuple(range(1, truth.ndim))
    # Only the ratio counts, so a power of two keeps squares of large and of small signals within range.
    scale = math.ldexp(1.0, -int(np.frexp(np.abs(truth).max(initial=0.0))[1]))
    with np.errstate(over="ignore"):
        energy = ((truth * scale) ** 2).sum(axis=axes)
        error = ((found * scale - truth * scale) ** 2).sum(axis=axes)

    def ratio(counts: Any) -> float:
        counted = counts if weight is None else counts * weight
        whole = float(counted @ energy)
        if whole == 0:
            raise UndefinedMetricError("y_true: got only zeros; wanted a signal that is not 0")
        return float(counted @ error) / whole

    if confidence is None:
        value = ratio(np.ones(len(truth)))
        return _decibels(value) if decibel else value
    interval = of_reweighted(ratio, len(truth), confidence)
    if not decibel:
        return interval
    value, low, high = (_decibels(each) for each in interval[:3])
    return Interval(value, low, high, interval.method)


def _decibels(ratio: float) -> float:
    return 10 * math.log10(ratio) if ratio else -math.inf
