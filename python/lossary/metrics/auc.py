"""Area under the ROC curve: exact, as a count of wins and ties."""

import math
import warnings
from functools import partial
from typing import Any

import numpy as np

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricWarning
from lossary.metrics.arrays import (
    Array,
    check_axes,
    contiguous,
    flat,
    in_place,
    numeric,
    one_axis,
    relative_weights,
    score_array,
    to_numpy,
)
from lossary.metrics.auc_interval import delong_interval, roc_auc_interval
from lossary.metrics.averaging import AVERAGES, Doubles, average_of, interval_of_average, one_of_each
from lossary.metrics.bootstrap import of_ranking, of_reweighted
from lossary.metrics.confidence import Confidence, Interval, Value, resolve
from lossary.metrics.confusion import indicators
from lossary.metrics.labels import label_array, present, two_classes
from lossary.metrics.multiclass import class_codes, mean_of_pairs
from lossary.metrics.options import check_choice
from lossary.metrics.partial import check_rate, falling_fpr, on_scale, partial_area


def auc(x: Any, y: Any) -> float:
    """Area under a curve of points joined by straight lines, by the trapezoidal rule.

    For the area under the ROC curve of scores use `roc_auc_score`, which is exact; for a precision-recall
    curve `average_precision_score`, as straight lines between its points promise too much.

    Args:
        x: (n_points,), rising or falling; equal neighbours are allowed.
        y: (n_points,).

    Returns:
        A float; positive for positive ``y``, whether ``x`` rises or falls. NaN where the curve has one.

    Raises:
        InvalidInputError: fewer than two points, or an ``x`` that turns.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: float32 and integers are added in float64.

    Example:
        >>> auc([0.0, 0.5, 1.0], [0.0, 1.0, 1.0])  # 0.25 + 0.5
        0.75
    """
    points, heights = (
        one_axis(name, numeric(name, to_numpy(name, each))) for name, each in (("x", x), ("y", y))
    )
    if len(points) != len(heights):
        raise ShapeError(
            f"y: got {len(heights)} points; wanted {len(points)}, as x (inconsistent numbers of samples)"
        )
    if len(points) < 2:
        raise InvalidInputError(
            f"x: got {len(points)} points; wanted 2 or more (At least 2 points are needed)"
        )
    steps = np.diff(points.astype(np.float64))
    if np.any(steps < 0) and np.any(steps > 0):
        raise InvalidInputError(
            "x: got points that turn; wanted rising or falling ones (x is neither increasing nor decreasing "
            f": {points}.)"
        )
    halves = heights.astype(np.float64) / 2
    return float(np.sum(np.abs(steps) * (halves[1:] + halves[:-1])))


def roc_auc_score(
    y_true: Any,
    y_score: Any,
    *,
    average: str | None = "macro",
    sample_weight: Any = None,
    max_fpr: float | None = None,
    multi_class: str = "raise",
    labels: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    """Probability that a positive scores above a negative, a tie counting one half; higher is better.

    Wins and ties are counted as integers (in double-double arithmetic with weights), so the value is exact to
    rounding for any number of samples, and has the same bits for any number of threads.

    Args:
        y_true: labels of two values, (n_samples,), of which the larger one is positive; several classes,
            (n_samples,); or indicators of 0 and 1, (n_samples, n_labels).
        y_score: scores, (n_samples,); higher means positive. A column for each class, in the sorted order of
            the classes, whose rows sum to 1, or one for each label. float32, float64, integers and booleans
            are read in place, matrices stored by rows or by columns.
        average: over classes against the rest, and over labels. "macro" is the mean; "weighted" weighs by the
            positives; "micro" ranks all entries of the matrix as one; "samples" takes the mean over rows
            (labels only); None gives one value for each. Without effect on two classes.
        sample_weight: (n_samples,); a pair counts the product of its weights. Samples of weight zero drop
            out. Under "samples" the weights of the mean.
        max_fpr: in (0, 1]: the area up to this false positive rate, standardised so that a ranking by chance
            has 0.5 and a perfect one has 1. Not for several classes.
        multi_class: for several classes, "ovr" (each against the rest) or "ovo" (the mean over pairs of
            classes of both areas, each on the samples of the pair; "macro" or "weighted" by their number).
        labels: all classes, sorted, when y_true may lack some.
        confidence: the level of an interval, such as 0.95, or `Confidence` settings, for a single value.
            Methods for two classes, and what they cover: `lossary.metrics.auc_interval`; "auto" takes
            "delong_newcombe". With groups, max_fpr or several columns it takes "bca".

    Returns:
        A float in [0, 1], an `Interval` with confidence, or one float per column under ``average=None``. NaN,
        with an UndefinedMetricWarning, where all samples are of one class, the ends of an interval too;
        "weighted" counts a class without samples as 0.

    Raises:
        InvalidInputError: a score or weight is NaN or infinite; weights are all zero, or negative such that
            the curve runs backwards; max_fpr is outside (0, 1]; an unknown option, or one that several
            classes do not have; probabilities that do not sum to 1; labels that do not fit the columns.
        ShapeError: lengths or shapes that do not fit together.
        UnsupportedOptionError: ``average=None`` under "ovo" (also a NotImplementedError, as in scikit-learn).
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: indicators are 0 and 1 (not, say, -1 and 1) in a matrix of the shape of
        y_score; lengths are checked even where the value is undefined; "weighted" is 0 only without
        positives, however small the weights.

    Source: Hanley and McNeil, The meaning and use of the area under a receiver operating characteristic (ROC)
        curve, Radiology 143, 1982; max_fpr: McClish, Analyzing a portion of the ROC curve, Medical Decision
        Making 9, 1989; "ovo": Hand and Till, A simple generalisation of the area under the ROC curve for
        multiple class classification problems, Machine Learning 45, 2001.

    Example:
        >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])  # 3 of 4 pairs are won
        0.75
    """
    check_choice("average", average, AVERAGES)
    check_choice("multi_class", multi_class, ("raise", "ovr", "ovo"))
    limit = 1.0 if max_fpr is None else check_rate(max_fpr)
    score = score_array("y_score", y_score)
    truth = y_true if in_place(y_true) else label_array("y_true", y_true)

    def classes(truth: Array, score: Array) -> Array:
        return class_codes(
            truth,
            score,
            multi_class=multi_class,
            average=average,
            labels=labels,
            sample_weight=sample_weight,
            max_fpr=limit,
        )

    if truth.ndim == score.ndim == 1:
        settings = None if confidence is None else resolve(confidence)
        try:
            return _binary(truth, score, sample_weight, limit, settings)
        except InvalidInputError:
            if len(present(label_array("y_true", truth))) > 2:
                classes(truth, score)  # says what is missing
            raise
    if truth.ndim == 2:
        truth = indicators("y_true", truth)
    else:
        truth = label_array("y_true", truth)
        if score.shape[1] == 2 and len(present(truth)) <= 2:
            raise ShapeError(
                f"y_score: got shape {score.shape}; wanted (n_samples,), such as y_score[:, 1], as y_true "
                "has two classes"
            )
        codes = classes(truth, score)
        if multi_class == "ovo" and average is not None:
            area = mean_of_pairs(codes, score, average)
            if confidence is None:
                return area
            return _interval_of_pairs(codes, score, average, resolve(confidence))
        truth = one_of_each(codes, score.shape[1])
    check_axes("y_score", score)
    if truth.shape != score.shape:
        raise ShapeError(f"y_score: got shape {score.shape}; wanted {truth.shape}, as y_true")
    weight = relative_weights(sample_weight, len(score))
    value = average_of(partial(_areas, max_fpr=limit), truth, score, average, weight)
    if confidence is None:
        return value
    quiet = partial(_areas, max_fpr=limit, quiet=True)
    return interval_of_average(quiet, value, truth, score, average, weight, resolve(confidence))


def _binary(
    truth: Array, score: Array, sample_weight: Any, max_fpr: float, confidence: Confidence | None
) -> Value:
    positive = two_classes(truth)
    if confidence is None:
        return _binary_area(positive, score, sample_weight, max_fpr)
    if max_fpr == 1 and sample_weight is None:
        interval = delong_interval(positive, score, confidence)
        if interval is not None:
            return interval
    value = _binary_area(positive, score, sample_weight, max_fpr)
    weight = relative_weights(sample_weight, len(score))
    if max_fpr == 1:
        return roc_auc_interval(value, positive, score, weight, confidence)

    area = partial_area(positive, score, weight, (0.0, max_fpr))
    raw = of_ranking(
        "partial_area",
        math.nan if area is None else area,
        positive,
        score,
        weight,
        confidence,
        (0.0, max_fpr, 0.0, 1.0),
    )
    # The scale is linear and rises, so that it carries the ends over.
    return Interval(value, on_scale(raw.low, max_fpr), on_scale(raw.high, max_fpr), raw.method)


def _binary_area(positive: Array, score: Array, sample_weight: Any, max_fpr: float) -> float:
    if max_fpr == 1 and sample_weight is None:
        value = _kernels.roc_auc(positive, score)
        if value != value:
            _warn_one_class(stacklevel=5)
        return value
    if len(score) != len(positive):
        raise ShapeError(
            f"y_score: got {len(score)} samples; wanted {len(positive)}, as y_true (inconsistent numbers of "
            "samples)"
        )
    weight = relative_weights(sample_weight, len(score))
    if weight is None or max_fpr < 1:
        value = _partial_area(positive, score, weight, max_fpr)
    else:
        value, turns_back = _kernels.weighted_roc_auc(positive, score, weight)
        if turns_back and value == value:
            raise falling_fpr()
    if value != value:
        _warn_one_class(stacklevel=5)
    return value


def _interval_of_pairs(codes: Array, score: Array, average: str, confidence: Confidence) -> Interval:
    def repeated(counts: Array) -> float:
        rows = np.repeat(np.arange(len(codes)), counts)
        return mean_of_pairs(codes[rows], score[rows], average)

    return of_reweighted(repeated, len(codes), confidence, classes=codes)


def _areas(
    truth: Array, score: Array, weight: Doubles | None, *, max_fpr: float, quiet: bool = False
) -> Doubles:
    """The area of each column; warns on behalf of the caller of `roc_auc_score`."""
    if max_fpr < 1:
        columns = zip(truth.T, score.T, strict=True)
        areas = [_partial_area(contiguous(t), contiguous(s), weight, max_fpr) for t, s in columns]
        values = np.array(areas)
    else:
        (positive, positive_layout), (ranked, layout) = flat(truth), flat(score)
        values, turns_back = _kernels.column_roc_auc(
            positive, ranked, weight, score.shape[1], by_column=(positive_layout, layout)
        )
        if turns_back:
            raise falling_fpr()
    if np.isnan(values).any() and not quiet:
        _warn_one_class(stacklevel=5)
    return values


def _warn_one_class(stacklevel: int) -> None:
    warnings.warn(
        "Only one class is present in y_true. ROC AUC score is not defined in that case.",
        UndefinedMetricWarning,
        stacklevel=stacklevel,
    )


def _partial_area(positive: Array, score: Array, weight: Array | None, max_fpr: float) -> float:
    """The area up to max_fpr, standardised after McClish; NaN when a class has no weight."""
    area = partial_area(positive, score, weight, (0.0, max_fpr))
    return math.nan if area is None else on_scale(area, max_fpr)
