"""Metrics over all thresholds: the ROC curve and average precision."""

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricWarning
from lossary.metrics.arrays import Array, relative_weights, scores
from lossary.metrics.confidence import BOOTSTRAP, Confidence, Interval, Value, of_ranking, resolve
from lossary.metrics.labels import binary_only, label_array, positives, present
from lossary.metrics.options import check_choice, check_flag, check_label

Doubles = NDArray[np.float64]


def roc_curve(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = None,
    sample_weight: Any = None,
    drop_intermediate: bool = True,
) -> tuple[Doubles, Doubles, Doubles]:
    """False and true positive rates at every threshold that matters.

    Args:
        y_true: labels, (n_samples,).
        y_score: scores, (n_samples,); higher means positive.
        pos_label: the positive class; may be left out for labels 0 and 1, or -1 and 1.
        sample_weight: (n_samples,). Samples of weight zero drop out.
        drop_intermediate: leave out points on a straight line between their neighbours.

    Returns:
        ``(fpr, tpr, thresholds)``, float64, from the highest threshold down. The first point is (0, 0) at a
        threshold of infinity; scores at or above a threshold count as positive. Without negatives ``fpr``,
        and without positives ``tpr``, is NaN with an UndefinedMetricWarning.

    Raises:
        InvalidInputError: pos_label is missing; a score or weight is NaN or infinite; no samples.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: weighted sums carry about 106 bits whatever the order of the samples, so with
    weights that are not exactly summable (0.1) other collinear points may be dropped.

    Example:
        >>> fpr, tpr, thresholds = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> fpr.tolist(), tpr.tolist()
        ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0])
        >>> thresholds.tolist()
        [inf, 0.8, 0.4, 0.35, 0.1]
    """
    check_label("pos_label", pos_label, optional=True)
    check_flag("drop_intermediate", drop_intermediate)
    positive, score, weight = _ranked(y_true, y_score, pos_label, sample_weight)
    false_positives, true_positives, thresholds = _kernels.curve(
        positive, score, weight, collinear=not drop_intermediate
    )
    return (
        _rates(false_positives, "negative", "false"),
        _rates(true_positives, "positive", "true"),
        np.concatenate(([np.inf], thresholds)),
    )


def _rates(counts: Doubles, missing: str, kind: str) -> Doubles:
    counts = np.concatenate(([0.0], counts))
    if counts[-1] <= 0:
        warnings.warn(
            f"No {missing} samples in y_true, {kind} positive value should be meaningless",
            UndefinedMetricWarning,
            stacklevel=3,
        )
        return np.full(len(counts), np.nan)
    return np.asarray(counts / counts[-1])


def average_precision_score(
    y_true: Any,
    y_score: Any,
    *,
    average: str | None = "macro",
    pos_label: Any = 1,
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    r"""Mean precision over the positives, each at its own score as threshold; higher is better.

    .. math:: AP = \sum_n (R_n - R_{n-1}) P_n

    Args:
        y_true: labels of two values, (n_samples,).
        y_score: scores, (n_samples,); higher means positive. Tied scores share one threshold.
        average: accepted for scikit-learn's signature; without effect on binary labels.
        pos_label: the positive class.
        sample_weight: (n_samples,). Samples of weight zero drop out.
        confidence: the level of a bootstrap interval, such as 0.95, or `Confidence` settings; "auto" takes
            "bca".

    Returns:
        A float in [0, 1], or an `Interval` with confidence; 0.0 with a UserWarning when there is no positive.

    Raises:
        InvalidInputError: y_true is not binary, or does not hold pos_label among its two values; a score or
            weight is NaN or infinite; no samples.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: multi-class and multi-label targets are refused.

    Example:
        >>> average_precision_score([1, 0, 1], [3, 2, 1])  # (1/1 + 2/3) / 2
        0.8333333333333333
    """
    check_choice("average", average, ("macro", "micro", "weighted", "samples", None))
    check_label("pos_label", pos_label, optional=False)
    labels = label_array("y_true", y_true)
    _check_binary(labels, pos_label)
    positive, score, weight = _ranked(labels, y_score, pos_label, sample_weight)
    value = _kernels.average_precision(positive, score, weight)
    if value is None:
        warnings.warn(
            "No positive class found in y_true, recall is set to one for all thresholds.",
            UserWarning,
            stacklevel=2,
        )
        return (
            0.0
            if confidence is None
            else Interval(0.0, math.nan, math.nan, resolve(confidence).choose(BOOTSTRAP))
        )
    value = max(0.0, value)
    if confidence is None:
        return value
    return of_ranking("average_precision", value, positive, score, weight, resolve(confidence))


def _check_binary(labels: Array, pos_label: Any) -> None:
    if labels.ndim != 1:
        raise binary_only(f"an indicator matrix of shape {labels.shape}")
    classes = present(labels).tolist()
    if len(classes) > 2:
        raise binary_only(f"{len(classes)} classes")
    if len(classes) == 2 and pos_label not in classes:
        raise InvalidInputError(f"pos_label: got {pos_label!r}; wanted one of {classes}")


def _ranked(
    y_true: Any, y_score: Any, pos_label: Any, sample_weight: Any
) -> tuple[Array, Array, Doubles | None]:
    positive, score = positives(y_true, pos_label), scores("y_score", y_score)
    if len(score) != len(positive):
        raise ShapeError(f"y_score: got {len(score)} samples; wanted {len(positive)}, as y_true")
    return positive, score, relative_weights(sample_weight, len(score))
