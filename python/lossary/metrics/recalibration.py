"""Fits that make scores into calibrated probabilities: isotonic regression, and one temperature.

Fit on held-out samples, not on those that the model was trained on, and measure on others again.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import Array, numeric, scores, to_numpy
from lossary.metrics.labels import positives
from lossary.metrics.options import check_label
from lossary.metrics.probabilities import true_classes, true_labels
from lossary.metrics.reliability import event_weights

Doubles = NDArray[np.float64]

# Newton steps, each at least a bisection: beyond, doubles have no digits left.
_STEPS = 200


@dataclass(frozen=True, eq=False)
class IsotonicCalibrator:
    """A function of scores that never falls, as `fit_isotonic` gives it.

    Attributes:
        thresholds: scores, ascending.
        values: the probabilities there; between them the function is a straight line, beyond them constant.
    """

    thresholds: Doubles
    values: Doubles

    def transform(self, y_score: Any) -> Doubles:
        """The probabilities of scores.

        Args:
            y_score: finite scores, (n_samples,).

        Returns:
            float64, (n_samples,).

        Raises:
            InvalidInputError: a score is NaN.
            ShapeError: more than one axis.
            DtypeError: not an array-like.
        """
        given = scores("y_score", y_score).astype(np.float64)
        if np.isnan(given).any():
            raise InvalidInputError("y_score: got NaN; wanted numbers")
        return np.interp(given, self.thresholds, self.values)


def fit_isotonic(
    y_true: Any, y_score: Any, *, sample_weight: Any = None, pos_label: Any = None
) -> IsotonicCalibrator:
    r"""The non-decreasing function of the scores that is nearest to what happened, in squares.

    .. math:: \min_f \sum_i w_i (y_i - f(s_i))^2, \quad f \text{ non-decreasing}

    Pools adjacent violators, in linear time after a sort.

    Args:
        y_true: true labels of two classes, (n_samples,).
        y_score: finite scores of the positive class, (n_samples,): probabilities, logits or any other.
        sample_weight: (n_samples,), at least 0.
        pos_label: the positive class; None takes 1, of 0 and 1 or -1 and 1.

    Returns:
        An `IsotonicCalibrator`; its ``transform`` gives probabilities.

    Raises:
        InvalidInputError: a score is NaN or infinite; y_true is not binary; weights below 0; no samples.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: ``IsotonicRegression`` also takes scores as one that differ by less than the
        resolution of their dtype; here only equal ones are.

    Source: Zadrozny and Elkan, Transforming classifier scores into accurate multiclass probability estimates,
        KDD 2002.

    Example:
        >>> fit = fit_isotonic([0, 1, 0, 1], [1.0, 2.0, 3.0, 4.0])
        >>> fit.transform([0.0, 2.5, 3.5]).tolist()
        [0.0, 0.5, 0.75]
    """
    check_label("pos_label", pos_label, optional=True)
    score = scores("y_score", y_score)
    truth = positives(true_labels(y_true, len(score), "y_score"), pos_label)
    weight = event_weights(sample_weight, len(score))
    fit = _kernels.isotonic_fit((truth > 0).astype(np.float64), score, weight)
    return IsotonicCalibrator(*fit)


@dataclass(frozen=True)
class TemperatureScaling:
    """One temperature for all logits, as `fit_temperature` gives it.

    Attributes:
        temperature: what logits are divided by; above 1 makes probabilities less sure.
        log_loss: mean log loss of the scaled logits on the samples of the fit.
        steps: how many the fit took.
    """

    temperature: float
    log_loss: float
    steps: int

    def transform(self, logits: Any) -> Doubles:
        """The probabilities of logits.

        Args:
            logits: finite, (n_samples,) of the positive class, or (n_samples, n_classes).

        Returns:
            float64, of the same shape; rows sum to 1.

        Raises:
            InvalidInputError: a logit is NaN or infinite.
            ShapeError: another number of axes.
            DtypeError: not an array-like.
        """
        given = _logits(logits)
        scaled = np.exp(_below_highest(given) / self.temperature)
        probability = scaled / scaled.sum(axis=1, keepdims=True)
        return np.asarray(probability if np.ndim(logits) == 2 else probability[:, 1])


def fit_temperature(
    y_true: Any, logits: Any, *, sample_weight: Any = None, pos_label: Any = None, labels: Any = None
) -> TemperatureScaling:
    r"""The temperature at which the logits have the least log loss.

    .. math:: \min_T -\sum_i w_i \log \operatorname{softmax}(z_i / T)_{y_i}

    The loss is convex in 1 / T; Newton steps inside a bracket find its minimum to the last digits.

    Args:
        y_true: true labels, (n_samples,).
        logits: finite, of the positive class, (n_samples,), or of each class, (n_samples, n_classes), in the
            sorted order of the classes.
        sample_weight: (n_samples,), at least 0.
        pos_label: the positive class of one-dimensional logits; None takes 1, of 0 and 1 or -1 and 1.
        labels: all classes, when y_true may lack some.

    Returns:
        A `TemperatureScaling`; its ``transform`` gives probabilities.

    Raises:
        UndefinedMetricError: no temperature is best: every sample has its highest logit at its true class, so
            that less is always better; or the logits tell nothing of the classes, so that more is.
        InvalidInputError: a logit is NaN or infinite; y_true does not fit; weights below 0; no samples.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Source: Guo, Pleiss, Sun and Weinberger, On calibration of modern neural networks, ICML 2017, section 4.2.

    Example:
        >>> fit = fit_temperature([1, 1, 1, 0], [2.0, 2.0, 2.0, 2.0])  # right three times of four
        >>> fit.transform([2.0]).round(9).tolist()
        [0.75]
    """
    check_label("pos_label", pos_label, optional=True)
    given = _logits(logits)
    labelled = true_labels(y_true, len(given), "logits")
    if np.ndim(logits) == 2:
        codes = true_classes(labelled, labels, given.shape[1], name="logits")
        if codes.ndim != 1:
            raise ShapeError(f"y_true: got shape {codes.shape}; wanted ({len(given)},), one class for each")
    else:
        codes = (positives(labelled, pos_label) > 0).astype(np.uint32)
    weight = event_weights(sample_weight, len(given))
    share = np.full(len(given), 1 / len(given)) if weight is None else weight / weight.sum()
    below = _below_highest(given)[share > 0]
    codes, share = codes[share > 0], share[share > 0]
    # Scaled to at most 1, so that no product overflows.
    span = -float(below.min())
    true = below[np.arange(len(codes)), codes]
    if not true.any():
        raise UndefinedMetricError(
            "logits: got the highest at the true class of every sample; wanted some that are wrong, as any "
            "lower temperature has a lower loss"
        )
    below, true = below / span, true / span
    if share @ (below.mean(axis=1) - true) >= 0:
        raise UndefinedMetricError(
            "logits: got none that are higher at the true classes than at others, on average; wanted logits "
            "that tell the classes, as any higher temperature has a lower loss"
        )
    inverse, loss, steps = _least_loss(below, true, share)
    return TemperatureScaling(span / inverse, loss, steps)


def _least_loss(below: Doubles, true: Doubles, share: Doubles) -> tuple[float, float, int]:
    """The factor of the logits with the least loss, the loss, and how many steps that took."""

    def derivatives(factor: float) -> tuple[float, float, float]:
        weights = np.exp(factor * below)
        total = weights.sum(axis=1)
        mean = (weights * below).sum(axis=1) / total
        spread = (weights * (below - mean[:, None]) ** 2).sum(axis=1) / total
        return (
            float(share @ (np.log(total) - factor * true)),
            float(share @ (mean - true)),
            float(share @ spread),
        )

    low, high, factor = 0.0, np.inf, 1.0
    loss, step = np.inf, 0
    while step < _STEPS:
        step += 1
        loss, slope, bend = derivatives(factor)
        low, high = (factor, high) if slope < 0 else (low, factor)
        if slope == 0 or high - low <= 4 * np.spacing(factor):
            break
        following = factor - slope / bend if bend > 0 else np.inf
        if abs(following - factor) <= 2 * np.spacing(factor):
            break
        if not low < following < high or following > 8 * factor:
            following = 8 * factor if high == np.inf else (low + high) / 2
        factor = following
    return factor, loss, step


def _logits(given: Any) -> Doubles:
    """Finite logits of each class; those of one class beside 0 for the other."""
    array: Array = numeric("logits", to_numpy("logits", given)).astype(np.float64)
    if array.ndim not in (1, 2):
        raise ShapeError(f"logits: got shape {array.shape}; wanted (n_samples,) or (n_samples, n_classes)")
    if not array.size:
        raise InvalidInputError("logits: got none; wanted at least one")
    if not np.isfinite(array).all():
        raise InvalidInputError("logits: got NaN or infinity; wanted finite numbers")
    return np.column_stack([np.zeros(len(array)), array]) if array.ndim == 1 else array


def _below_highest(logits: Doubles) -> Doubles:
    """How far each logit is below the highest of its row; at most the largest double."""
    with np.errstate(over="ignore"):
        return np.asarray(np.maximum(logits - logits.max(axis=1, keepdims=True), -np.finfo(np.float64).max))
