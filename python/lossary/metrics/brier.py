"""The Brier score: squared distance between predicted probabilities and what happened."""

from typing import Any

import numpy as np

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, relative_weights
from lossary.metrics.labels import present
from lossary.metrics.options import check_choice, check_label
from lossary.metrics.probabilities import (
    check_probabilities,
    probabilities,
    true_classes,
    true_labels,
    warn_sums,
)


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
        y_true: true labels, (n_samples,); beside probabilities of each class also indicators of them.
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
    proba, epsilon = probabilities(y_proba)
    labelled = true_labels(y_true, len(proba))
    if proba.ndim == 1:
        truth = _binary_truth(labelled, pos_label)
        weight = relative_weights(sample_weight, len(proba))
        # Both classes err by the same amount: one half of twice the sum, unless halving is switched off.
        error = _kernels.binary_squared_error(truth, proba, weight)
        factor = 1.0 if scale_by_half else 2.0
    else:
        columns = proba.shape[1]
        truth = true_classes(labelled, labels, columns)
        warn_sums(proba, epsilon)
        weight = relative_weights(sample_weight, len(proba))
        if truth.ndim == 1:
            error = _kernels.multiclass_squared_error(truth, proba.reshape(-1), columns, weight)
        else:
            check_probabilities(proba)
            distance = ((proba - truth.astype(np.float64)) ** 2).sum(axis=1)
            error = float(distance.sum() if weight is None else distance @ weight)
        halve = columns < 3 if scale_by_half == "auto" else bool(scale_by_half)
        factor = 0.5 if halve else 1.0
    total = len(proba) if weight is None else float(weight.sum())
    if total == 0:
        raise InvalidInputError("sample_weight: got weights that sum to zero; wanted another sum")
    return factor * error / total


def _binary_truth(array: Array, pos_label: Any) -> Array:
    """Which labels are positive."""
    if array.ndim != 1:
        raise ShapeError(f"y_true: got shape {array.shape}; wanted ({len(array)},), as y_proba")
    classes = present(array)
    if len(classes) > 2:
        raise InvalidInputError(
            f"y_true: got {len(classes)} classes (The type of the target inferred from y_true is multiclass "
            "but should be binary according to the shape of y_prob.); wanted two, as y_proba has one axis"
        )
    if pos_label is None:
        if array.dtype.kind == "U":
            raise InvalidInputError(
                f"pos_label: got None with labels {classes.tolist()}; wanted the positive one"
            )
        pos_label = 1 if set(classes.tolist()) in ({0}, {-1}) else classes[-1]
    return np.asarray(array == pos_label)
