"""Area under the ROC curve: exact, as a count of wins and ties."""

import warnings
from numbers import Real
from typing import Any

import numpy as np

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricWarning
from lossary.metrics.arrays import Array, relative_weights, scores
from lossary.metrics.auc_interval import roc_auc_interval
from lossary.metrics.confidence import BOOTSTRAP, Confidence, Interval, Value, of_reweighted, resolve
from lossary.metrics.labels import binary_only, label_array, present, two_classes
from lossary.metrics.options import check_choice

_AVERAGES = ("macro", "micro", "weighted", "samples", None)


def roc_auc_score(
    y_true: Any,
    y_score: Any,
    *,
    average: str | None = "macro",
    sample_weight: Any = None,
    max_fpr: float | None = None,
    multi_class: str = "raise",
    labels: Any = None,  # noqa: ARG001 - scikit-learn's signature
    confidence: float | Confidence | None = None,
) -> Value:
    """Probability that a positive scores above a negative, a tie counting one half; higher is better.

    Wins and ties are counted as integers (in double-double arithmetic with weights), so the value is exact to
    rounding for any number of samples, and has the same bits for any number of threads.

    Args:
        y_true: labels of two values, (n_samples,); the larger value is positive.
        y_score: scores, (n_samples,); higher means positive. float32, float64, integers and booleans are read
            in place.
        average: accepted for scikit-learn's signature; without effect on binary labels.
        sample_weight: (n_samples,); a pair counts the product of its weights. Samples of weight zero drop
            out.
        max_fpr: in (0, 1]: the area up to this false positive rate, standardised so that a ranking by chance
            has 0.5 and a perfect one has 1.
        multi_class: accepted for scikit-learn's signature; without effect on binary labels.
        labels: accepted for scikit-learn's signature; without effect on binary labels.
        confidence: the level of an interval, such as 0.95, or `Confidence` settings. Methods, and what they
            cover: `lossary.metrics.auc_interval`; "auto" takes "delong_newcombe", or "bca" with groups or
            max_fpr.

    Returns:
        A float in [0, 1], or an `Interval` with confidence. NaN, with an UndefinedMetricWarning, when y_true
        has one class only.

    Raises:
        InvalidInputError: y_true is not binary; a score or weight is NaN or infinite; weights are all zero,
            or negative such that the curve runs backwards; max_fpr is outside (0, 1]; an unknown option.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: multi-class and multi-label targets are refused.

    Source: Hanley and McNeil, The meaning and use of the area under a receiver operating characteristic (ROC)
        curve, Radiology 143, 1982; max_fpr: McClish, Analyzing a portion of the ROC curve, Medical Decision
        Making 9, 1989.

    Example:
        >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])  # 3 of 4 pairs are won
        0.75
    """
    check_choice("average", average, _AVERAGES)
    check_choice("multi_class", multi_class, ("raise", "ovr", "ovo"))
    positive = two_classes(y_true)
    try:
        score = scores("y_score", y_score)
    except ShapeError:
        _refuse_several_classes(positive)  # whose scores rightly have several columns
        raise
    limit = 1.0 if max_fpr is None else _check_max_fpr(max_fpr)
    if confidence is not None:
        return _with_interval(positive, score, sample_weight, limit, resolve(confidence))
    if limit == 1 and sample_weight is None:
        value = _kernels.roc_auc(positive, score)
        if value != value:
            _warn_one_class()
        return value
    if len(score) != len(positive):
        raise ShapeError(f"y_score: got {len(score)} samples; wanted {len(positive)}, as y_true")
    weight = relative_weights(sample_weight, len(score))
    if weight is None or limit < 1:
        value = _partial_area(positive, score, weight, limit)
    else:
        value, turns_back = _kernels.weighted_roc_auc(positive, score, weight)
        if turns_back and value == value:
            raise _falling_fpr()
    if value != value:
        _warn_one_class()
    return value


def _with_interval(
    positive: Array, score: Array, sample_weight: Any, limit: float, confidence: Confidence
) -> Interval:
    weight = relative_weights(sample_weight, len(score))
    max_fpr = None if limit == 1 else limit
    value = roc_auc_score(positive, score, sample_weight=weight, max_fpr=max_fpr)
    if limit == 1:
        return roc_auc_interval(value, positive, score, weight, confidence)
    if value != value:
        return Interval(value, value, value, confidence.choose(BOOTSTRAP))

    def reweighted(counts: Array) -> float:
        return _partial_area(positive, score, counts * (1.0 if weight is None else weight), limit)

    return of_reweighted(reweighted, len(score), confidence, classes=positive)


def _refuse_several_classes(labels: Array) -> None:
    classes = present(label_array("y_true", labels))
    if len(classes) > 2:
        raise binary_only(f"{len(classes)} classes")


def _check_max_fpr(max_fpr: Any) -> float:
    if isinstance(max_fpr, bool) or not isinstance(max_fpr, Real):
        raise DtypeError(f"max_fpr: got {max_fpr!r}; wanted a number above 0, at most 1, or None")
    limit = float(max_fpr)
    if not 0 < limit <= 1:
        raise InvalidInputError(f"max_fpr: got {max_fpr!r}; wanted a number above 0, at most 1")
    return limit


def _falling_fpr() -> InvalidInputError:
    return InvalidInputError(
        "sample_weight: got negative weights that make the false positive rate fall along the curve; "
        "wanted weights under which it rises"
    )


def _warn_one_class() -> None:
    warnings.warn(
        "Only one class is present in y_true. ROC AUC score is not defined in that case.",
        UndefinedMetricWarning,
        stacklevel=3,
    )


def _partial_area(positive: Array, score: Array, weight: Array | None, max_fpr: float) -> float:
    """Trapezoids up to max_fpr, the last one cut by linear interpolation, standardised after McClish.

    NaN when a class has no weight.
    """
    false_positives, true_positives, _ = _kernels.curve(positive, score, weight, collinear=False)
    if not (false_positives[-1] > 0 and true_positives[-1] > 0):
        return float("nan")
    fpr = np.concatenate(([0.0], false_positives / false_positives[-1]))
    tpr = np.concatenate(([0.0], true_positives / true_positives[-1]))
    if np.any(np.diff(fpr) < 0):
        raise _falling_fpr()
    inside = int(np.searchsorted(fpr, max_fpr, "right"))
    last = np.interp(max_fpr, fpr[inside - 1 : inside + 1], tpr[inside - 1 : inside + 1])
    fpr, tpr = np.append(fpr[:inside], max_fpr), np.append(tpr[:inside], last)
    area = float(np.sum(np.diff(fpr) * (tpr[1:] + tpr[:-1])) / 2)
    chance = max_fpr**2 / 2
    return 0.5 * (1 + (area - chance) / (max_fpr - chance))
