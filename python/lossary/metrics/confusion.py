"""Confusion matrices, and the scores that weigh their classes against each other."""

import math
import warnings
from typing import Any

import numpy as np

from lossary.errors import InvalidInputError, UndefinedMetricWarning
from lossary.metrics.arrays import Array, one_axis, to_numpy, weights
from lossary.metrics.labels import check_choice, check_pair, encode, encode_arrays, label_array


def confusion_matrix(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    sample_weight: Any = None,
    normalize: str | None = None,
) -> Array:
    """How often each true class (row) was predicted as each class (column).

    Args:
        y_true: true labels, (n_samples,): integers, booleans or strings, any number of classes.
        y_pred: predicted labels, (n_samples,).
        labels: which classes, in which order; samples with others are left out. None takes all, sorted.
        sample_weight: (n_samples,).
        normalize: divide by the sum of the row ("true"), of the column ("pred") or of all ("all"); an empty
            sum gives 0.

    Returns:
        (n_classes, n_classes): int64 without weights or with integer weights, else float64.

    Raises:
        InvalidInputError: continuous or multi-label targets, strings mixed with numbers, no samples, no class
            of ``labels`` in y_true, an unknown ``normalize``.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Example:
        >>> confusion_matrix(["a", "b", "b"], ["b", "b", "b"]).tolist()
        [[0, 1], [0, 2]]
    """
    check_choice("normalize", normalize, ("true", "pred", "all", None))
    encoded = encode(y_true, y_pred)
    weight = weights(sample_weight, encoded.size)
    table = encoded.confusion(weight)
    if weight is not None and to_numpy("sample_weight", sample_weight).dtype.kind in "biu":
        table = np.rint(table).astype(np.int64)
    if labels is not None:
        wanted = one_axis("labels", to_numpy("labels", labels))
        if not len(wanted):
            raise InvalidInputError("labels: got none; wanted at least one label")
        places, known = encoded.positions(wanted)
        if not encoded.tallies(None)[1][places[known]].any():
            raise InvalidInputError(f"labels: got {wanted.tolist()}; wanted at least one that is in y_true")
        chosen = np.zeros((len(wanted), len(wanted)), table.dtype)
        chosen[np.ix_(known, known)] = table[np.ix_(places[known], places[known])]
        table = chosen
    if normalize is not None:
        axis = {"true": 1, "pred": 0, "all": None}[normalize]
        sums = table.sum(axis=axis, keepdims=True)
        table = np.divide(table, sums, out=np.zeros(table.shape), where=sums != 0)
    if table.shape == (1, 1):
        warnings.warn(
            "A single label was found in 'y_true' and 'y_pred'. For the confusion matrix to have the correct "
            "shape, use the 'labels' parameter to pass all known labels.",
            UserWarning,
            stacklevel=2,
        )
    return table


def accuracy_score(y_true: Any, y_pred: Any, *, normalize: bool = True, sample_weight: Any = None) -> float:
    """Share of samples whose predicted label is the true one; higher is better.

    Args:
        y_true: true labels, (n_samples,), or an indicator matrix (n_samples, n_labels), where a sample counts
            when its whole row is right.
        y_pred: predicted labels, in the same form.
        normalize: False gives the number (or the weight) of the right samples.
        sample_weight: (n_samples,).

    Returns:
        A float.

    Raises:
        InvalidInputError: continuous targets, strings mixed with numbers, indicators other than 0 and 1, no
            samples, weights that sum to zero.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Example:
        >>> accuracy_score([0, 2, 1, 3], [0, 1, 2, 3])
        0.5
    """
    actual, predicted = label_array("y_true", y_true), label_array("y_pred", y_pred)
    check_pair(actual, predicted)
    weight = weights(sample_weight, len(actual))
    if actual.ndim == 2:
        right = (indicators("y_true", actual) == indicators("y_pred", predicted)).all(axis=1)
        hits, total = (right.sum(), len(right)) if weight is None else (right @ weight, weight.sum())
    else:
        class_hits, class_totals, _ = encode_arrays(actual, predicted).tallies(weight)
        hits, total = class_hits.sum(), class_totals.sum()
    if not normalize:
        return float(hits)
    if total == 0:
        raise InvalidInputError("sample_weight: got weights that sum to zero; wanted another sum")
    return float(hits / total)


def indicators(name: str, array: Array) -> Array:
    """An indicator matrix, checked to hold only 0 and 1 (or False and True)."""
    if array.dtype.kind == "U" or not np.isin(array, (0, 1)).all():
        raise InvalidInputError(
            f"{name}: got a matrix with values other than 0 and 1; wanted label indicators"
        )
    return array.astype(np.bool_)


def matthews_corrcoef(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Correlation between true and predicted classes, in [-1, 1]; 0 is chance, higher is better.

    Args:
        y_true: true labels, (n_samples,), any number of classes.
        y_pred: predicted labels, (n_samples,).
        sample_weight: (n_samples,).

    Returns:
        A float; 0.0 when all labels or all predictions are of one class. NaN, with an UndefinedMetricWarning,
        when negative weights make a variance negative.

    Raises:
        InvalidInputError: continuous or multi-label targets, strings mixed with numbers, no samples.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: without weights the counts are multiplied as integers, without rounding.

    Source: Gorodkin, Comparing two K-category assignments by a K-category correlation coefficient,
        Computational Biology and Chemistry 28, 2004, equation 8.

    Example:
        >>> matthews_corrcoef([1, 1, 1, 0], [1, 0, 1, 1])  # (2 * 0 - 1 * 1) / sqrt(3 * 3 * 1 * 1)
        -0.3333333333333333
    """
    encoded = encode(y_true, y_pred)
    weight = weights(sample_weight, encoded.size)
    hits, actual, predicted = encoded.tallies(weight)
    if weight is None:
        hits, actual, predicted = (each.astype(object) for each in (hits, actual, predicted))
    total = actual.sum()
    covariance = hits.sum() * total - actual @ predicted
    spread = (total * total - predicted @ predicted) * (total * total - actual @ actual)
    if spread < 0:
        return _undefined("Negative weights leave no variance. The Matthews correlation is not defined.")
    return float(covariance / math.sqrt(spread)) if spread else 0.0


def balanced_accuracy_score(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, adjusted: bool = False
) -> float:
    """Mean recall over the classes, so that rare classes count as much as frequent ones; higher is better.

    Args:
        y_true: true labels, (n_samples,), any number of classes.
        y_pred: predicted labels, (n_samples,).
        sample_weight: (n_samples,).
        adjusted: rescale so that chance is 0 and perfection 1.

    Returns:
        A float. Classes that are predicted but never true are left out, with a UserWarning. NaN, with an
        UndefinedMetricWarning, for an adjusted score of one class.

    Raises:
        InvalidInputError: continuous or multi-label targets, strings mixed with numbers, no samples.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Example:
        >>> balanced_accuracy_score([0, 0, 0, 1], [0, 0, 1, 1])  # (2/3 + 1/1) / 2
        0.8333333333333333
    """
    recalls = _recalls(y_true, y_pred, sample_weight)
    score = float(np.mean(recalls))
    if not adjusted:
        return score
    if len(recalls) == 1:
        return _undefined("An adjusted balanced accuracy of one class is not defined.")
    chance = 1 / len(recalls)
    return (score - chance) / (1 - chance)


def geometric_mean_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    r"""Geometric mean of the recalls of all classes, so 0 when one is never found; higher is better.

    For two classes it is :math:`\sqrt{TPR \cdot TNR}`.

    Args:
        y_true: true labels, (n_samples,), any number of classes.
        y_pred: predicted labels, (n_samples,).
        sample_weight: (n_samples,).

    Returns:
        A float in [0, 1]. Classes that are predicted but never true are left out, with a UserWarning. NaN,
        with an UndefinedMetricWarning, when y_true has one class only.

    Raises:
        InvalidInputError: continuous or multi-label targets, strings mixed with numbers, no samples.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: it has no such score.

    Source: Kubat and Matwin, Addressing the curse of imbalanced training sets: one-sided selection, ICML
        1997.

    Example:
        >>> geometric_mean_score([0, 0, 0, 0, 1], [0, 1, 1, 1, 1])  # sqrt(1/4 * 1/1)
        0.5
    """
    recalls = _recalls(y_true, y_pred, sample_weight)
    if len(recalls) == 1:
        return _undefined("Only one class is present in y_true. The geometric mean score is not defined.")
    return float(np.prod(recalls) ** (1 / len(recalls)))


def _recalls(y_true: Any, y_pred: Any, sample_weight: Any) -> Array:
    encoded = encode(y_true, y_pred)
    hits, actual, _ = encoded.tallies(weights(sample_weight, encoded.size))
    true = actual != 0
    if not true.all():
        warnings.warn("y_pred contains classes not in y_true", UserWarning, stacklevel=3)
    return np.asarray(hits[true] / actual[true])


def _undefined(message: str) -> float:
    warnings.warn(message, UndefinedMetricWarning, stacklevel=3)
    return float("nan")
