"""Predicted probabilities, and the true classes beside them: the checks that scores of them share."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, contiguous, numeric, one_axis, to_numpy
from lossary.metrics.confusion import indicators
from lossary.metrics.labels import class_positions, label_array, present

_SUM_TOLERANCE = 1e-6


def probabilities(given: Any, name: str = "y_proba") -> tuple[Array, float]:
    """The argument, (n_samples,) or (n_samples, n_classes), and the epsilon of the dtype it had."""
    raw = to_numpy(name, given)
    array = numeric(name, raw)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2):
        raise ShapeError(f"{name}: got shape {array.shape}; wanted (n_samples,) or (n_samples, n_classes)")
    if not array.size:
        raise InvalidInputError(f"{name}: got no probabilities; wanted at least one")
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    return contiguous(array), float(np.finfo(raw.dtype if raw.dtype.kind == "f" else np.float64).eps)


def check_probabilities(proba: Array, name: str = "y_proba") -> None:
    """Refuse NaN and numbers outside [0, 1]."""
    inside = (proba >= 0) & (proba <= 1)
    if not inside.all():
        raise InvalidInputError(f"{name}: got {proba[~inside][0]}; wanted probabilities, from 0 to 1")


def distributions_of(name: str, given: Any) -> NDArray[np.float64]:
    """Probabilities that sum to 1 along the last axis, within 1e-6.

    Raises:
        InvalidInputError: NaN, numbers outside [0, 1], another sum, or no numbers.
        ShapeError: no axis.
        DtypeError: not an array-like.
    """
    array = numeric(name, to_numpy(name, given)).astype(np.float64, copy=False)
    if array.ndim == 0:
        raise ShapeError(f"{name}: got a number; wanted probabilities along the last axis")
    if not array.size:
        raise InvalidInputError(f"{name}: got no probabilities, shape {array.shape}; wanted at least one")
    check_probabilities(array, name)
    sums = array.sum(axis=-1)
    worst = float(sums.flat[np.abs(sums - 1).argmax()])
    if abs(worst - 1) > _SUM_TOLERANCE:
        raise InvalidInputError(f"{name}: got probabilities that sum to {worst:g}; wanted 1")
    return array


def true_labels(given: Any, count: int, name: str = "y_proba") -> Array:
    """The option ``y_true``, as long as the probabilities, which ``name`` names."""
    array = label_array("y_true", given)
    if len(array) != count:
        raise ShapeError(
            f"y_true: got {len(array)} samples (Found input variables with inconsistent numbers of samples: "
            f"[{count}, {len(array)}]); wanted {count}, as {name}"
        )
    return array


def true_classes(
    truth: Array, labels: Any, columns: int, *, name: str = "y_proba", stacklevel: int = 3
) -> Array:
    """The column of each sample's true class, (n_samples,), or indicators of several, (n_samples, columns).

    Args:
        truth: labels, or an indicator matrix.
        labels: all classes, when some may be missing.
        columns: of the probabilities.
        name: of the probabilities.
        stacklevel: of the warning that ``labels`` are out of order.
    """
    if truth.ndim == 2:
        return _true_columns(truth, labels, columns)
    given = truth if labels is None else one_axis("labels", label_array("labels", labels))
    classes = present(given) if labels is None else np.unique(given)
    if labels is not None:
        if len(classes) < 2:
            raise InvalidInputError(
                f"labels: got {classes.tolist()} (The labels array needs to contain at least two labels); "
                "wanted all classes"
            )
        if len(classes) != len(given) or np.any(classes != given):
            warnings.warn(
                f"Labels passed were {given.tolist()}. But this function assumes labels are ordered "
                f"lexicographically. Pass the ordered labels={classes.tolist()} and ensure that the columns "
                "of y_prob correspond to this ordering.",
                UserWarning,
                stacklevel=stacklevel,
            )
    elif len(classes) < 2:
        raise InvalidInputError(
            f"y_true: got one class (y_true contains only one label ({classes[0]}). Please provide the list "
            "of all expected class labels explicitly through the labels argument.); wanted two, or labels"
        )
    codes, known = class_positions(classes, truth)
    if not known.all():
        unknown = set(truth[~known].tolist())
        raise InvalidInputError(
            f"y_true: got {unknown} (y_true contains values {unknown} not belonging to the passed labels "
            f"{given.tolist()}.); wanted only these"
        )
    if len(classes) != columns:
        reason = (
            f"y_true and y_prob contain different number of classes: {len(classes)} vs {columns}. Please "
            f"provide the true labels explicitly through the labels argument. Classes found in y_true: "
            f"{classes}"
            if labels is None
            else "The number of classes in labels is different from that in y_prob. Classes found in labels: "
            f"{classes}"
        )
        raise InvalidInputError(f"{name}: got {columns} columns ({reason}); wanted {len(classes)}")
    return codes.astype(np.uint32)


def _true_columns(truth: Array, labels: Any, columns: int) -> Array:
    if labels is not None:
        raise InvalidInputError(
            "labels: got labels with an indicator matrix, whose columns are the classes; wanted None"
        )
    if truth.shape[1] != columns:
        raise InvalidInputError(
            f"y_true: got {truth.shape[1]} columns (y_true and y_prob contain different number of classes: "
            f"{truth.shape[1]} vs {columns}); wanted {columns}, as y_proba"
        )
    return indicators("y_true", truth, "Multioutput target data is not supported")


def warn_sums(proba: Array, epsilon: float, *, stacklevel: int = 3) -> None:
    """Warn unless each row sums to one, up to the precision that its numbers had."""
    if not np.allclose(proba.sum(axis=1), 1, rtol=float(np.sqrt(epsilon))):
        warnings.warn(
            "The y_prob values do not sum to one. Make sure to pass probabilities.",
            UserWarning,
            stacklevel=stacklevel,
        )
