"""The confusion matrix, and any metric of it, at every threshold: one sort for all of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, numeric, one_axis, to_numpy, weights
from lossary.metrics.binary_criteria import BINARY_CRITERIA
from lossary.metrics.curves import as_scores, ranked_samples
from lossary.metrics.options import check_label
from lossary.metrics.threshold_goals import (
    Counts,
    check_classes,
    check_criterion,
    counts_of,
    values_of,
)

Doubles = NDArray[np.float64]


def confusion_matrix_at_thresholds(
    y_true: Any, y_score: Any, *, pos_label: Any = None, sample_weight: Any = None
) -> tuple[Doubles, Doubles, Doubles, Doubles, Array]:
    """True negatives, false positives, false negatives and true positives at every threshold.

    Args:
        y_true: labels, (n_samples,).
        y_score: scores, (n_samples,); higher means positive.
        pos_label: the positive class; may be left out for labels 0 and 1, or -1 and 1.
        sample_weight: (n_samples,). Samples of weight zero drop out, with their thresholds.

    Returns:
        ``(tns, fps, fns, tps, thresholds)``, (n_thresholds,): counts, or sums of weights, float64, at every
        distinct score from the highest down, in the dtype of the scores. A score at or above a threshold
        counts as positive.

    Raises:
        InvalidInputError: pos_label is missing; a score or weight is NaN or infinite; no samples.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Example:
        >>> tns, fps, fns, tps, thresholds = confusion_matrix_at_thresholds([0, 0, 1, 1], [1, 4, 3, 8])
        >>> thresholds.tolist(), tps.tolist(), fps.tolist()
        ([8, 4, 3, 1], [1.0, 1.0, 2.0, 2.0], [0.0, 1.0, 1.0, 2.0])
    """
    counts, thresholds = _sweep(y_true, y_score, pos_label, sample_weight)
    return counts.tn, counts.fp, counts.fn, counts.tp, thresholds


def metric_at_thresholds(
    y_true: Any,
    y_score: Any,
    metric_func: Callable[..., Any] | None = None,
    *,
    sample_weight: Any = None,
    metric_params: dict[str, Any] | None = None,
    criterion: Any = None,
    pos_label: Any = None,
) -> tuple[Array, Array]:
    """A metric of the decision ``y_score >= threshold`` at every threshold.

    A criterion is a function of the counts that are known at all thresholds after one sort, and is called
    once. ``metric_func`` is a function of labels, and must read all samples again for each threshold.

    Args:
        y_true: labels, (n_samples,); with ``metric_func`` whatever it takes.
        y_score: scores, (n_samples,); higher means positive.
        metric_func: called as ``metric_func(y_true, y_pred, **metric_params)`` for each threshold, where
            ``y_pred`` is 0 or 1; both in the order of falling scores. Numbers, or tuples of one length.
        sample_weight: (n_samples,). Samples of weight zero drop out, with their thresholds. ``metric_func``
            gets the others as ``sample_weight``.
        metric_params: more keyword arguments of ``metric_func``.
        criterion: instead of ``metric_func``: what `best_threshold` takes as ``metric``, a name such as "f1",
            or a function ``f(tp, fp, fn, tn)`` of arrays.
        pos_label: the positive class, for a criterion; may be left out for labels 0 and 1, or -1 and 1.

    Returns:
        ``(metric_values, thresholds)``, from the highest distinct score down, the thresholds in the dtype of
        the scores: the values have the shape (n_thresholds,), or (n_thresholds, n_outputs) for tuples.

    Raises:
        UndefinedMetricError: a class is missing that a named criterion needs.
        InvalidInputError: metric_func and criterion, or neither; an unknown name; a function that raises, or
            returns no real numbers, as criterion (an error of ``metric_func`` comes as it is); an option of
            the other one; pos_label is missing; a score or weight is NaN or infinite; no samples.
        ShapeError: lengths that differ, or more than one axis, also of what a criterion returns.
        DtypeError: an argument of the wrong type.

    Example:
        >>> values, thresholds = metric_at_thresholds([0, 0, 1, 1], [1, 4, 3, 8], criterion="accuracy")
        >>> values.tolist(), thresholds.tolist()
        ([0.75, 0.5, 0.75, 0.5], [8, 4, 3, 1])
        >>> from lossary.metrics import precision_score
        >>> metric_at_thresholds([0, 0, 1, 1], [1, 4, 3, 8], precision_score)[0].tolist()
        [1.0, 0.5, 0.6666666666666666, 0.5]
    """
    if (metric_func is None) == (criterion is None):
        came = "neither" if criterion is None else "both"
        raise InvalidInputError(f"metric_func: got {came} of metric_func and criterion; wanted one of them")
    if metric_func is not None:
        if pos_label is not None:
            raise InvalidInputError(
                f"pos_label: got {pos_label!r}; wanted it in metric_params, or a criterion"
            )
        return _each(y_true, y_score, metric_func, sample_weight, metric_params)
    if metric_params is not None:
        raise InvalidInputError("metric_params: got some with a criterion; wanted them with metric_func")
    if callable(criterion):
        counts, thresholds = _sweep(y_true, y_score, pos_label, sample_weight)
        return values_of(criterion, counts, "criterion"), thresholds
    named = BINARY_CRITERIA[check_criterion(criterion, "criterion")]
    counts, thresholds = _sweep(y_true, y_score, pos_label, sample_weight)
    check_classes(named, counts.tp[-1], counts.fp[-1])
    return counts.of_criterion(named), thresholds


def _sweep(y_true: Any, y_score: Any, pos_label: Any, sample_weight: Any) -> tuple[Counts, Array]:
    check_label("pos_label", pos_label, optional=True)
    given = to_numpy("y_score", y_score)
    positive, score, weight = ranked_samples(y_true, given, pos_label, sample_weight)
    false_positives, true_positives, thresholds = _kernels.curve(positive, score, weight, collinear=True)
    return counts_of(false_positives, true_positives), as_scores(thresholds, given, score, weight)


def _each(
    y_true: Any, y_score: Any, metric_func: Any, sample_weight: Any, metric_params: Any
) -> tuple[Array, Array]:
    if not callable(metric_func):
        raise DtypeError(f"metric_func: got {type(metric_func).__name__}; wanted a function, or criterion=")
    if not isinstance(metric_params, dict | None):
        raise DtypeError(f"metric_params: got {type(metric_params).__name__}; wanted a dict")
    labels = one_axis("y_true", to_numpy("y_true", y_true))
    score = one_axis("y_score", numeric("y_score", given := to_numpy("y_score", y_score)))
    if len(score) != len(labels):
        raise ShapeError(
            f"y_score: got {len(score)} samples; wanted {len(labels)}, as y_true (inconsistent numbers of "
            "samples)"
        )
    if not len(score):
        raise InvalidInputError("y_true: got no samples; wanted at least one")
    for name, each in (("y_true", labels), ("y_score", score)):
        if each.dtype.kind == "f" and not np.isfinite(each).all():
            raise InvalidInputError(f"{name}: got NaN or infinity; wanted finite numbers")
    weight = weights(sample_weight, len(score))
    if weight is not None:
        labels, score, weight = (each[weight != 0] for each in (labels, score, weight))
    order = len(score) - 1 - np.argsort(score[::-1], kind="stable")[::-1]
    labels, falling = labels[order], score[order]
    ends = np.append(np.flatnonzero(falling[1:] != falling[:-1]), len(falling) - 1) + 1
    options = dict(metric_params or {}) | ({} if weight is None else {"sample_weight": weight[order]})
    values = []
    for end in ends:
        accepted = np.zeros(len(falling), np.int32)
        accepted[:end] = 1
        values.append(metric_func(labels, accepted, **options))
    thresholds = falling[ends - 1]
    return np.asarray(values), thresholds.astype(given.dtype) if given.dtype.kind == "f" else thresholds
