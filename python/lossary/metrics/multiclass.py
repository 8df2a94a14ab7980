"""The area under the ROC curve of several classes: its checks, and its mean over pairs of classes."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricWarning, UnsupportedOptionError
from lossary.metrics.arrays import Array, flat
from lossary.metrics.labels import column_classes, column_codes

_AVERAGES = {"ovr": ("micro", "macro", "weighted", None), "ovo": ("macro", "weighted", None)}


def class_codes(
    truth: Array,
    score: Array,
    *,
    multi_class: str,
    average: str | None,
    labels: Any,
    sample_weight: Any,
    max_fpr: float,
) -> NDArray[np.uint32]:
    """The column of each sample's class, after the checks of scikit-learn, in its order.

    Raises:
        InvalidInputError: options that several classes do not have; scores that are no probabilities; labels
            that do not fit the columns.
        ShapeError: scores without a column for each class.
        UnsupportedOptionError: one value per class is asked for where classes come in pairs.
    """
    if max_fpr != 1:
        raise InvalidInputError(
            f"max_fpr: got {max_fpr} with several classes; wanted None (Partial AUC computation not "
            f"available in multiclass setting, 'max_fpr' must be set to `None`, received `max_fpr={max_fpr}` "
            "instead)"
        )
    if multi_class == "raise":
        raise InvalidInputError(
            "multi_class: got 'raise' with several classes; wanted 'ovr' or 'ovo' (multi_class must be in "
            "('ovo', 'ovr'))"
        )
    if score.ndim != 2:
        raise columns_needed(score)
    _check_probabilities(score)
    if average not in _AVERAGES[multi_class]:
        raise InvalidInputError(
            f"average: got {average!r} with multi_class={multi_class!r}; wanted another one (average must be "
            f"one of {_AVERAGES[multi_class]} for multiclass problems)"
        )
    if multi_class == "ovo" and average is None:
        raise UnsupportedOptionError(
            "average: got None with multi_class='ovo'; wanted 'macro' or 'weighted' (average=None is not "
            "implemented for multi_class='ovo'.)"
        )
    codes = _codes(truth, score, labels)
    if multi_class == "ovo" and sample_weight is not None:
        raise InvalidInputError(
            "sample_weight: got weights with multi_class='ovo'; wanted None (sample_weight is not supported "
            "for multiclass one-vs-one ROC AUC, 'sample_weight' must be None in this case)"
        )
    return codes


def columns_needed(score: Array) -> ShapeError:
    """The error of scores of several classes that have one axis."""
    return ShapeError(
        f"y_score: got shape {score.shape}; wanted a column for each class (`y_score` needs to be of shape "
        "`(n_samples, n_classes)`, since `y_true` contains multiple classes. Got "
        f"`y_score.shape={score.shape}`.)"
    )


def _check_probabilities(score: Array) -> None:
    sums = score.sum(axis=1)
    if not np.all(np.abs(1 - sums) <= 1e-8 + 1e-5 * np.abs(sums)):
        if not np.isfinite(sums).all():
            raise InvalidInputError("y_score: got NaN or infinity; wanted finite numbers")
        raise InvalidInputError(
            "y_score: got rows that do not sum to 1; wanted probabilities (Target scores need to be "
            "probabilities for multiclass roc_auc, i.e. they should sum up to 1.0 over classes)"
        )


def _codes(truth: Array, score: Array, labels: Any) -> NDArray[np.uint32]:
    classes, columns = column_classes(labels, truth), score.shape[1]
    if len(truth) != len(score):
        raise ShapeError(
            f"y_score: got {len(score)} samples; wanted {len(truth)}, as y_true (inconsistent numbers of "
            "samples)"
        )
    if len(classes) != columns and labels is None:
        raise InvalidInputError(
            f"y_true: got {len(classes)} classes; wanted {columns}, or labels that name them (Number of "
            "classes in y_true not equal to the number of columns in 'y_score')"
        )
    if len(classes) != columns:
        raise InvalidInputError(
            f"labels: got {len(classes)}; wanted one per column (Number of given labels, {len(classes)}, not "
            f"equal to the number of columns in 'y_score', {columns})"
        )
    return column_codes(truth, classes)


def mean_of_pairs(codes: NDArray[np.uint32], score: Array, average: str) -> float:
    """Mean over pairs of classes present of the mean of both areas; "weighted" by the samples of the pair."""
    values, by_column = flat(score)
    classes = score.shape[1]
    areas = _kernels.one_vs_one_roc_auc(codes, values, classes, by_column=by_column)
    areas = areas.reshape(classes, classes)
    counts = np.bincount(codes, minlength=classes)
    present = np.flatnonzero(counts)
    first, second = (present[places] for places in np.triu_indices(len(present), 1))
    pairs = (areas[first, second] + areas[second, first]) / 2
    if not len(pairs):
        warnings.warn(
            "Only one class is present in y_true. ROC AUC score is not defined in that case.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
        return float("nan")
    shares = counts[first] + counts[second] if average == "weighted" else np.ones(len(pairs), np.int64)
    return float(np.average(pairs, weights=shares))
