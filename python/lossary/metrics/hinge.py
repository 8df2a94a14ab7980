"""The hinge loss: how far decisions stay behind a margin of one."""

from typing import Any

import numpy as np

from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, numeric, one_axis, relative_weights, to_numpy
from lossary.metrics.averaging import mean_of
from lossary.metrics.labels import class_positions, label_array, present


def hinge_loss(y_true: Any, pred_decision: Any, *, labels: Any = None, sample_weight: Any = None) -> float:
    r"""Mean of max(0, 1 - margin), zero when each decision is right by one or more; lower is better.

    For two classes the margin is the decision, or minus it for the smaller label; for several it is the
    decision of the true class less the largest of the others.

    .. math:: \frac{1}{n} \sum_i \max(0, 1 - (s_{i y_i} - \max_{c \ne y_i} s_{ic}))

    Args:
        y_true: true labels, (n_samples,). The larger of two is positive; a single one is negative.
        pred_decision: decisions for the positive class, (n_samples,), or with three classes or more for each
            of them in sorted order, (n_samples, n_classes).
        labels: all classes, when y_true may lack some.
        sample_weight: (n_samples,).

    Returns:
        A float, not below 0.

    Raises:
        InvalidInputError: decisions that are not finite; continuous targets; classes that ``labels`` lack or
            that do not fit the columns; no samples; weights that sum to zero.
        ShapeError: lengths that differ, or decisions of the wrong number of axes.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: float32 decisions are compared in float64; three classes in y_true with two in
        ``labels`` are refused.

    Source: Crammer and Singer, On the algorithmic implementation of multiclass kernel-based vector machines,
        Journal of Machine Learning Research 2, 2001.

    Example:
        >>> hinge_loss([0, 1, 1], [-2.0, 0.5, -1.0])  # (0 + 0.5 + 2) / 3
        0.8333333333333334
    """
    truth = one_axis("y_true", label_array("y_true", y_true))
    decision = _decisions(pred_decision, len(truth))
    classes = present(truth)
    every = classes if labels is None else np.unique(one_axis("labels", label_array("labels", labels)))
    weight = relative_weights(sample_weight, len(truth))
    if len(every) > 2:
        margin = _margin(truth, decision, every, given=labels is not None)
    elif decision.ndim == 2:
        raise ShapeError(f"pred_decision: got shape {decision.shape}; wanted ({len(truth)},) for two classes")
    elif len(classes) > 2:
        raise InvalidInputError(
            f"labels: got {every.tolist()}; wanted all of {classes.tolist()}, as in y_true"
        )
    else:
        positive = (truth == classes[-1]) & (len(classes) == 2)
        margin = np.where(positive, decision, -decision)
    return mean_of((1 - margin).clip(0), weight)


def _decisions(given: Any, count: int) -> Array:
    array = numeric("pred_decision", to_numpy("pred_decision", given)).astype(np.float64, copy=False)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2):
        raise ShapeError(
            f"pred_decision: got shape {array.shape}; wanted (n_samples,) or (n_samples, n_classes)"
        )
    if len(array) != count:
        raise ShapeError(f"pred_decision: got {len(array)} samples; wanted {count}, as y_true")
    if not array.size:
        raise InvalidInputError("pred_decision: got no samples; wanted at least one")
    if not np.isfinite(array).all():
        raise InvalidInputError("pred_decision: got NaN or infinity; wanted finite numbers")
    return array


def _margin(truth: Array, decision: Array, classes: Array, *, given: bool) -> Array:
    """The decision of the true class less the largest of the others."""
    wanted = (len(truth), len(classes))
    if decision.ndim == 1:
        raise ShapeError(
            f"pred_decision: got shape {decision.shape} (The shape of pred_decision cannot be 1d arraywith a "
            "multiclass target. pred_decision shape must be (n_samples, n_classes), that is "
            f"{wanted}. Got: {decision.shape}); wanted {wanted}"
        )
    if decision.shape != wanted:
        reason = (
            "The shape of pred_decision is not consistent with the number of classes. With a multiclass "
            f"target, pred_decision shape must be (n_samples, n_classes), that is {wanted}. Got: "
            f"{decision.shape}"
            if given
            else "Please include all labels in y_true or pass labels as third argument"
        )
        raise ShapeError(f"pred_decision: got shape {decision.shape} ({reason}); wanted {wanted}")
    codes, known = class_positions(classes, truth)
    if not known.all():
        raise InvalidInputError(
            f"labels: got {classes.tolist()}; wanted {np.unique(truth[~known]).tolist()} too, as in y_true"
        )
    rows = np.arange(len(truth))
    others = decision.copy()
    others[rows, codes] = -np.inf
    return np.asarray(decision[rows, codes] - others.max(axis=1))
