"""Metrics over all thresholds: ROC, precision-recall and DET curves, and average precision."""

import math
import warnings
from typing import Any

import numpy as np

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError, UndefinedMetricWarning
from lossary.metrics.arrays import Array, flat, relative_weights, score_matrix, scores, to_numpy
from lossary.metrics.averaging import AVERAGES, Doubles, average_of, interval_of_average, one_of_each
from lossary.metrics.bootstrap import of_ranking
from lossary.metrics.confidence import BOOTSTRAP, Confidence, Interval, Value, resolve
from lossary.metrics.confusion import indicators
from lossary.metrics.labels import column_codes, label_array, positives, present
from lossary.metrics.multiclass import columns_needed
from lossary.metrics.options import check_choice, check_flag, check_label
from lossary.metrics.thinning import kept_points


def roc_curve(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = None,
    sample_weight: Any = None,
    drop_intermediate: bool = True,
    max_points: int | None = None,
) -> tuple[Doubles, Doubles, Doubles]:
    """False and true positive rates at every threshold that matters.

    Args:
        y_true: labels, (n_samples,).
        y_score: scores, (n_samples,); higher means positive.
        pos_label: the positive class; may be left out for labels 0 and 1, or -1 and 1.
        sample_weight: (n_samples,). Samples of weight zero drop out.
        drop_intermediate: leave out points on a straight line between their neighbours.
        max_points: keep so many points at most, at least 2, the ends among them. No point that is left out
            is then further above or below the curve than 2 / (max_points - 2), and mostly far less:
            `thinning.thin` tells how far.

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
    positive, score, weight = ranked_samples(y_true, y_score, pos_label, sample_weight)
    false_positives, true_positives, thresholds = _kernels.curve(
        positive, score, weight, collinear=not drop_intermediate
    )
    fpr = _rates(false_positives, "negative", "false")
    tpr = _rates(true_positives, "positive", "true")
    thresholds = np.concatenate(([np.inf], thresholds))
    if max_points is None:
        return fpr, tpr, thresholds
    kept = kept_points(fpr, tpr, max_points)
    return fpr[kept], tpr[kept], thresholds[kept]


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


def precision_recall_curve(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = None,
    sample_weight: Any = None,
    drop_intermediate: bool = False,
    max_points: int | None = None,
) -> tuple[Doubles, Doubles, Array]:
    """Precision and recall at every threshold.

    Args:
        y_true: labels, (n_samples,).
        y_score: scores, (n_samples,); higher means positive.
        pos_label: the positive class; may be left out for labels 0 and 1, or -1 and 1.
        sample_weight: (n_samples,). Samples of weight zero drop out.
        drop_intermediate: leave out points between others of the same recall.
        max_points: keep so many points at most, at least 2, the ends among them. How far points that are left
            out are then above or below the curve, `thinning.thin` tells.

    Returns:
        ``(precision, recall, thresholds)`` from the lowest threshold up; scores at or above a threshold count
        as positive. Precision and recall, float64, end with a point (1, 0) that has no threshold; thresholds
        have the dtype of the scores. Without positives recall is 1 with a UserWarning.

    Raises:
        InvalidInputError: pos_label is missing; a score or weight is NaN or infinite; no samples.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Example:
        >>> precision, recall, thresholds = precision_recall_curve([0, 1, 0, 1], [1, 2, 3, 4])
        >>> precision.tolist(), recall.tolist()
        ([0.5, 0.6666666666666666, 0.5, 1.0, 1.0], [1.0, 1.0, 0.5, 0.5, 0.0])
        >>> thresholds.tolist()
        [1, 2, 3, 4]
    """
    check_label("pos_label", pos_label, optional=True)
    check_flag("drop_intermediate", drop_intermediate)
    ranked = to_numpy("y_score", y_score)
    positive, score, weight = ranked_samples(y_true, ranked, pos_label, sample_weight)
    false_positives, true_positives, thresholds = _kernels.curve(positive, score, weight, collinear=True)
    thresholds = as_scores(thresholds, ranked, score, weight)
    if drop_intermediate:
        kept = _steps(true_positives)
        false_positives, true_positives = false_positives[kept], true_positives[kept]
        thresholds = thresholds[kept]
    selected = true_positives + false_positives
    precision = np.divide(true_positives, selected, out=np.zeros(len(selected)), where=selected != 0)
    if true_positives[-1] == 0:
        _warn_no_positive(stacklevel=3)
        recall = np.ones(len(true_positives))
    else:
        recall = true_positives / true_positives[-1]
    precision, recall = np.append(precision[::-1], 1.0), np.append(recall[::-1], 0.0)
    if max_points is None:
        return precision, recall, thresholds[::-1]
    kept = kept_points(recall, precision, max_points)
    return precision[kept], recall[kept], thresholds[::-1][kept[:-1]]


def as_scores(thresholds: Doubles, given: Array, score: Array, weight: Doubles | None) -> Array:
    """Falling thresholds in the dtype of the scores; integers that doubles round are looked up there."""
    if score.dtype.itemsize == 8 and score.dtype.kind in "iu" and np.abs(thresholds).max() >= 2.0**53:
        return np.asarray(np.unique(score if weight is None else score[weight != 0])[::-1])
    dtype = given.dtype if given.dtype.kind in "biuf" else score.dtype
    return np.asarray(thresholds, dtype.newbyteorder("="))


def _steps(true_positives: Doubles) -> Array:
    """The first and the last point, and those from which or to which the true positives change."""
    change = np.diff(true_positives) != 0
    return np.asarray(np.append(True, change) | np.append(change, True))


def det_curve(
    y_true: Any,
    y_score: Any,
    pos_label: Any = None,
    sample_weight: Any = None,
    drop_intermediate: bool = False,  # noqa: FBT001, FBT002 - scikit-learn's signature
    *,
    max_points: int | None = None,
) -> tuple[Doubles, Doubles, Doubles]:
    """False positive and false negative rates at every threshold: the detection error tradeoff.

    Args:
        y_true: labels of two values, (n_samples,).
        y_score: scores, (n_samples,); higher means positive.
        pos_label: the positive class; may be left out for labels 0 and 1, or -1 and 1.
        sample_weight: (n_samples,). Samples of weight zero drop out.
        drop_intermediate: leave out points between others of the same false negative rate.
        max_points: keep so many points at most, at least 2, the ends among them. No point that is left out
            is then further above or below the curve than 2 / (max_points - 2), and mostly far less:
            `thinning.thin` tells how far.

    Returns:
        ``(fpr, fnr, thresholds)``, float64, from the lowest threshold up: from the last point without false
        negatives to the first without false positives, which is at infinity if no threshold is free of them.
        A class that is present without weight makes its rate NaN, with an UndefinedMetricWarning.

    Raises:
        InvalidInputError: pos_label is missing; more than two classes; a score or weight is NaN or infinite;
            no samples.
        UndefinedMetricError: one class only.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Source: Martin, Doddington, Kamm, Ordowski and Przybocki, The DET curve in assessment of detection task
        performance, Eurospeech 1997.

    Example:
        >>> fpr, fnr, thresholds = det_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> fpr.tolist(), fnr.tolist(), thresholds.tolist()
        ([0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.35, 0.4, 0.8])
    """
    check_label("pos_label", pos_label, optional=True)
    check_flag("drop_intermediate", drop_intermediate)
    labels = label_array("y_true", y_true)
    positive, score, weight = ranked_samples(labels, y_score, pos_label, sample_weight)
    false_positives, true_positives, thresholds = (
        np.append(start, each)
        for start, each in zip(
            (0.0, 0.0, np.inf), _kernels.curve(positive, score, weight, collinear=True), strict=True
        )
    )
    classes = len(present(labels))
    if classes == 1:
        raise UndefinedMetricError(
            "y_true: got one class; wanted two (Only one class is present in y_true. Detection error "
            "tradeoff curve is not defined in that case.)"
        )
    if classes > 2:
        raise InvalidInputError(
            f"y_true: got {classes} classes; wanted two classes (this function is binary only)"
        )
    if drop_intermediate:
        kept = _steps(true_positives)
        false_positives, true_positives = false_positives[kept], true_positives[kept]
        thresholds = thresholds[kept]
    first = int(np.searchsorted(false_positives, 0.0, "right")) - 1
    last = int(np.searchsorted(true_positives, true_positives[-1])) + 1
    span = slice(first, last)
    fpr = _error_rates(false_positives, false_positives[-1], span)
    fnr = _error_rates(true_positives[-1] - true_positives, true_positives[-1], span)
    thresholds = thresholds[span][::-1]
    if max_points is None:
        return fpr, fnr, thresholds
    kept = kept_points(fpr, fnr, max_points)
    return fpr[kept], fnr[kept], thresholds[kept]


def _error_rates(errors: Doubles, total: float, span: slice) -> Doubles:
    if total > 0:
        return np.asarray(errors[span][::-1] / total)
    warnings.warn(
        "A class of y_true has no weight. Detection error tradeoff curve is not defined in that case.",
        UndefinedMetricWarning,
        stacklevel=3,
    )
    return np.full(len(errors[span]), np.nan)


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
        y_true: labels of two values, (n_samples,); several classes, (n_samples,), each against the rest; or
            indicators of 0 and 1, (n_samples, n_labels).
        y_score: scores, (n_samples,); higher means positive. Tied scores share one threshold. A column for
            each class, in the sorted order of the classes, or one for each label.
        average: over classes and labels. "macro" is the mean; "weighted" weighs by the positives; "micro"
            ranks all entries of the matrix as one; "samples" takes the mean over rows; None gives one value
            for each. Without effect on two classes.
        pos_label: the positive one of two classes.
        sample_weight: (n_samples,). Samples of weight zero drop out. Under "samples" the weights of the mean.
        confidence: the level of a bootstrap interval, such as 0.95, or `Confidence` settings, for a single
            value; "auto" takes "bca".

    Returns:
        A float in [0, 1], an `Interval` with confidence, or one float per column under ``average=None``; 0.0
        with a UserWarning where there is no positive, and then no ends.

    Raises:
        InvalidInputError: y_true of two classes does not hold pos_label; pos_label is not 1 with several
            classes or labels; a score or weight is NaN or infinite; no samples.
        ShapeError: lengths or shapes that do not fit together.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: indicators are 0 and 1 (not, say, -1 and 1) in a matrix of the shape of
        y_score; "weighted" is 0 only without positives, however small the weights.

    Example:
        >>> average_precision_score([1, 0, 1], [3, 2, 1])  # (1/1 + 2/3) / 2
        0.8333333333333333
    """
    check_choice("average", average, AVERAGES)
    check_label("pos_label", pos_label, optional=False)
    labels = label_array("y_true", y_true)
    classes = present(labels) if labels.ndim == 1 else None
    if classes is not None and len(classes) <= 2:
        return _binary_precision(labels, classes, y_score, pos_label, sample_weight, confidence)
    if classes is None:
        truth = indicators("y_true", labels)
    else:
        truth = one_of_each(column_codes(labels, classes), len(classes))
    if pos_label != 1:
        kind = "multilabel-indicator" if classes is None else "multiclass"
        raise InvalidInputError(
            f"pos_label: got {pos_label!r}; wanted 1 (Parameter pos_label is fixed to 1 for {kind} y_true. "
            "Do not set pos_label or set pos_label to 1.)"
        )
    ranked = to_numpy("y_score", y_score)
    if classes is not None and ranked.ndim != 2:
        raise columns_needed(ranked)
    score = score_matrix("y_score", ranked)
    if truth.shape != score.shape:
        raise ShapeError(
            f"y_score: got shape {score.shape}; wanted {truth.shape}, a column for each class or label "
            "(`y_score` needs to be of shape `(n_samples, n_classes)`)"
        )
    weight = relative_weights(sample_weight, len(score))
    value = average_of(_precisions, truth, score, average, weight)
    if confidence is None:
        return value
    return interval_of_average(_column_precisions, value, truth, score, average, weight, resolve(confidence))


def _binary_precision(
    labels: Array,
    classes: Array,
    y_score: Any,
    pos_label: Any,
    sample_weight: Any,
    confidence: float | Confidence | None,
) -> Value:
    if len(classes) == 2 and pos_label not in classes.tolist():
        raise InvalidInputError(
            f"pos_label: got {pos_label!r}; wanted one of {classes.tolist()} (pos_label={pos_label} is not a "
            f"valid label. It should be one of {classes})"
        )
    positive, score, weight = ranked_samples(labels, y_score, pos_label, sample_weight)
    value = _kernels.average_precision(positive, score, weight)
    if value is None:
        _warn_no_positive(stacklevel=4)
        return (
            0.0
            if confidence is None
            else Interval(0.0, math.nan, math.nan, resolve(confidence).choose(BOOTSTRAP))
        )
    value = max(0.0, value)
    if confidence is None:
        return value
    return of_ranking("average_precision", value, positive, score, weight, resolve(confidence))


def _column_precisions(truth: Array, score: Array, weight: Doubles | None) -> Doubles:
    """Average precision of each column, NaN without positives."""
    (positive, positive_layout), (ranked, layout) = flat(truth), flat(score)
    return _kernels.column_average_precision(
        positive, ranked, weight, score.shape[1], by_column=(positive_layout, layout)
    )


def _precisions(truth: Array, score: Array, weight: Doubles | None) -> Doubles:
    """The same with 0 for NaN; warns on behalf of the caller of `average_precision_score`."""
    values = _column_precisions(truth, score, weight)
    if np.isnan(values).any():
        _warn_no_positive(stacklevel=5)
    return np.fmax(values, 0.0)


def _warn_no_positive(stacklevel: int) -> None:
    warnings.warn(
        "No positive class found in y_true, recall is set to one for all thresholds.",
        UserWarning,
        stacklevel=stacklevel,
    )


def ranked_samples(
    y_true: Any, y_score: Any, pos_label: Any, sample_weight: Any
) -> tuple[Array, Array, Doubles | None]:
    """Positives, scores and weights as the kernels read them; ``pos_label`` is checked already."""
    positive, score = positives(y_true, pos_label), scores("y_score", y_score)
    if len(score) != len(positive):
        raise ShapeError(
            f"y_score: got {len(score)} samples; wanted {len(positive)}, as y_true (inconsistent numbers of "
            "samples)"
        )
    return positive, score, relative_weights(sample_weight, len(score))
