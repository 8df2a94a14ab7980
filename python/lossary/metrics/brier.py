"""The Brier score: squared distance between predicted probabilities and what happened."""

import warnings
from typing import Any

import numpy as np

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, contiguous, numeric, one_axis, relative_weights, to_numpy
from lossary.metrics.labels import label_array, present
from lossary.metrics.options import check_choice, check_label


def brier_score_loss(
    y_true: Any,
    y_proba: Any,
    *,
    sample_weight: Any = None,
    pos_label: Any = None,
    labels: Any = None,
    scale_by_half: bool | str = "auto",
) -> float:
    r"""Mean squared distance between predicted probabilities and outcomes; lower is better.

    .. math:: \frac{1}{n} \sum_i \sum_c (\hat{p}_{ic} - [y_i = c])^2

    Args:
        y_true: true labels, (n_samples,).
        y_proba: probabilities of the positive class, (n_samples,), or of each class, (n_samples, n_classes),
            in the sorted order of the classes. float32 and float64 are read in place.
        sample_weight: (n_samples,).
        pos_label: the positive class of a one-dimensional ``y_proba``; None takes 1, or the larger of two
            numeric labels.
        labels: all classes, when y_true may lack some.
        scale_by_half: halve the sum over classes, which gives the familiar (p - y)^2 for two classes; "auto"
            does so for fewer than three classes.

    Returns:
        A float, in [0, 1] when halved, else in [0, 2].

    Raises:
        InvalidInputError: a probability is NaN or outside [0, 1]; y_true is not binary, or does not fit the
            columns or ``labels``; one class only without ``labels``; no samples.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: float16 and float32 probabilities are squared and added in float64; long
    doubles are refused.

    Source: Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review 78,
        1950.

    Example:
        >>> brier_score_loss([0, 1], [0.5, 1.0])  # (0.25 + 0) / 2
        0.125
    """
    check_choice("scale_by_half", scale_by_half, (True, False, "auto"))
    check_label("pos_label", pos_label, optional=True)
    proba = _probabilities(y_proba)
    if proba.ndim == 1:
        truth = _binary_truth(y_true, pos_label, len(proba))
        weight = relative_weights(sample_weight, len(proba))
        # Both classes err by the same amount: one half of twice the sum, unless halving is switched off.
        error = _kernels.binary_squared_error(truth, proba, weight)
        factor = 1.0 if scale_by_half else 2.0
    else:
        codes = _class_codes(y_true, labels, proba)
        weight = relative_weights(sample_weight, len(proba))
        columns = proba.shape[1]
        error = _kernels.multiclass_squared_error(codes, proba.reshape(-1), columns, weight)
        halve = columns < 3 if scale_by_half == "auto" else bool(scale_by_half)
        factor = 0.5 if halve else 1.0
    total = len(proba) if weight is None else float(weight.sum())
    if total == 0:
        raise InvalidInputError("sample_weight: got weights that sum to zero; wanted another sum")
    return factor * error / total


def _probabilities(y_proba: Any) -> Array:
    array = numeric("y_proba", to_numpy("y_proba", y_proba))
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2):
        raise ShapeError(f"y_proba: got shape {array.shape}; wanted (n_samples,) or (n_samples, n_classes)")
    if not array.size:
        raise InvalidInputError("y_proba: got no probabilities; wanted at least one")
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    return contiguous(array)


def _binary_truth(y_true: Any, pos_label: Any, count: int) -> Array:
    array = label_array("y_true", y_true)
    if array.ndim != 1 or len(array) != count:
        raise ShapeError(f"y_true: got shape {array.shape}; wanted ({count},), as y_proba")
    classes = present(array)
    if len(classes) > 2:
        raise InvalidInputError(f"y_true: got {len(classes)} classes; wanted two, as y_proba has one axis")
    if pos_label is None:
        if array.dtype.kind == "U":
            raise InvalidInputError(
                f"pos_label: got None with labels {classes.tolist()}; wanted the positive one"
            )
        pos_label = 1 if set(classes.tolist()) in ({0}, {-1}) else classes[-1]
    return np.asarray(array == pos_label)


def _class_codes(y_true: Any, labels: Any, proba: Array) -> Array:
    """The column of each sample's true class; a class beyond the columns counts as none of them."""
    truth = label_array("y_true", y_true)
    if truth.ndim != 1 or len(truth) != len(proba):
        raise ShapeError(f"y_true: got shape {truth.shape}; wanted ({len(proba)},), as y_proba")
    given = truth if labels is None else one_axis("labels", label_array("labels", labels))
    classes = np.unique(given)
    if labels is not None and (len(classes) != len(given) or np.any(classes != given)):
        warnings.warn(
            f"Labels passed were {given.tolist()}. But this function assumes labels are ordered "
            f"lexicographically. Pass the ordered labels={classes.tolist()} and ensure that the columns of "
            "y_proba correspond to this ordering.",
            UserWarning,
            stacklevel=3,
        )
    if len(classes) < 2:
        raise InvalidInputError(
            f"labels: got the single class {classes.tolist()}; wanted all classes, two or more, in labels"
        )
    codes = np.searchsorted(classes, truth).clip(max=len(classes) - 1)
    if np.any(classes[codes] != truth):
        unknown = np.setdiff1d(truth, classes).tolist()
        raise InvalidInputError(f"y_true: got {unknown}; wanted only classes of labels {classes.tolist()}")
    if len(classes) != proba.shape[1]:
        raise InvalidInputError(
            f"y_proba: got {proba.shape[1]} columns; wanted {len(classes)}, for classes {classes.tolist()}"
        )
    _warn_sums(proba)
    return codes.astype(np.uint32)


def _warn_sums(proba: Array) -> None:
    tolerance = float(np.sqrt(np.finfo(proba.dtype).eps))
    if not np.allclose(proba.sum(axis=1), 1, rtol=tolerance):
        warnings.warn(
            "The y_prob values do not sum to one. Make sure to pass probabilities.", UserWarning, stacklevel=4
        )
