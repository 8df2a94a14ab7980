"""Accuracy of the k best guesses."""

import warnings
from numbers import Integral
from typing import Any

import numpy as np

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricWarning
from lossary.metrics.arrays import Array, contiguous, score_array, weights
from lossary.metrics.averaging import mean_of_rows
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.labels import column_classes, column_codes, label_array, present
from lossary.metrics.multiclass import columns_needed
from lossary.metrics.options import check_flag


def top_k_accuracy_score(
    y_true: Any,
    y_score: Any,
    *,
    k: int = 2,
    normalize: bool = True,
    sample_weight: Any = None,
    labels: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    """Share of samples whose class is among the k that score highest; higher is better.

    Args:
        y_true: labels, (n_samples,).
        y_score: scores with a column for each class, (n_samples, n_classes), in the sorted order of the
            classes. float32, float64, integers and booleans stored by rows are read in place. For two classes
            (n_samples,), scores of the larger class.
        k: number of guesses, 1 or more.
        normalize: False gives the number (or the weight) of the samples found, a float.
        sample_weight: (n_samples,).
        labels: all classes, sorted, when y_true may lack some.
        confidence: the level of a bootstrap interval over samples, such as 0.95, or `Confidence` settings,
            for a share; "auto" takes "bca".

    Returns:
        A float, or an `Interval` with confidence. Of equal scores those of later columns rank higher. With
        two classes and ``k=1``, a score above 0.5 predicts the larger class if all scores are in [0, 1], else
        a score above 0. As many guesses as classes, or more, are always right: an UndefinedMetricWarning
        says so.

    Raises:
        InvalidInputError: continuous targets; ``labels`` that are not sorted, that do not fit the columns, or
            that lack a class; k below 1; a score or weight is NaN or infinite; weights that sum to zero, or
            whose sum overflows where it is the result; confidence with ``normalize=False``; no samples.
        ShapeError: lengths that differ, or scores without a column for each class.
        DtypeError: an argument that is not an array-like, a k that is no integer, a ``normalize`` that is no
            flag.

    Differs from scikit-learn: weights that are all zero are refused with ``normalize=False`` too.

    Example:
        >>> top_k_accuracy_score([0, 1, 2], [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], k=2)
        0.6666666666666666
    """
    _check_k(k)
    check_flag("normalize", normalize)
    truth = label_array("y_true", y_true)
    if truth.ndim != 1:
        raise ShapeError(f"y_true: got shape {truth.shape}; wanted (n_samples,)")
    score = score_array("y_score", y_score)
    classes = column_classes(labels, truth)
    several = len(classes) > 2 or len(present(truth)) > 2
    _check_columns(score, several=several)
    if len(score) != len(truth):
        raise ShapeError(
            f"y_score: got {len(score)} samples; wanted {len(truth)}, as y_true (inconsistent numbers of "
            "samples)"
        )
    _check_count(len(classes), score.shape[1] if several else 2, given=labels is not None)
    codes = column_codes(truth, classes)
    if k >= len(classes):
        warnings.warn(
            f"'k' ({k}) greater than or equal to 'n_classes' ({len(classes)}) will result in a perfect score "
            "and "
            "is therefore meaningless.",
            UndefinedMetricWarning,
            stacklevel=2,
        )
    if several:
        rows = contiguous(score).reshape(-1)
        hits = _kernels.top_k_hits(codes, rows, len(classes), min(int(k), len(classes)))
    else:
        hits = _binary_hits(codes, score, k)
    if normalize:
        return mean_of_rows(hits.astype(np.float64), sample_weight, confidence)
    if confidence is not None:
        raise InvalidInputError("confidence: got a level with normalize=False; wanted normalize=True")
    weight = weights(sample_weight, len(truth))
    found = float(np.count_nonzero(hits) if weight is None else weight @ hits)
    if not np.isfinite(found):
        raise InvalidInputError("sample_weight: got weights whose sum overflows; wanted smaller ones")
    return found


def _check_k(k: Any) -> None:
    if not isinstance(k, Integral):
        raise DtypeError(f"k: got {k!r}; wanted an integer, 1 or above")
    if k < 1:
        raise InvalidInputError(f"k: got {k!r}; wanted an integer, 1 or above")


def _check_columns(score: Array, *, several: bool) -> None:
    if several and score.ndim != 2:
        raise columns_needed(score)
    if not several and score.ndim != 1:
        raise ShapeError(
            f"y_score: got shape {score.shape}; wanted (n_samples,), or labels (`y_true` is binary while "
            f"y_score is 2d with {score.shape[1]} classes. If `y_true` does not contain all the labels, "
            "`labels` must be provided.)"
        )


def _check_count(classes: int, columns: int, *, given: bool) -> None:
    if classes == columns:
        return
    if given:
        raise InvalidInputError(
            f"labels: got {classes}; wanted {columns} (Number of given labels ({classes}) not equal to the "
            f"number of classes in 'y_score' ({columns}).)"
        )
    raise InvalidInputError(
        f"y_true: got {classes} classes; wanted {columns}, or labels that name them (Number of classes in "
        f"'y_true' ({classes}) not equal to the number of classes in 'y_score' ({columns}).)"
    )


def _binary_hits(codes: Array, score: Array, k: int) -> Array:
    if not np.isfinite(score).all():
        raise InvalidInputError("y_score: got NaN or infinity; wanted finite numbers")
    if k > 1:
        return np.ones(len(score), np.bool_)
    threshold = 0.5 if score.min() >= 0 and score.max() <= 1 else 0
    return np.asarray((score > threshold) == codes.astype(np.bool_))
