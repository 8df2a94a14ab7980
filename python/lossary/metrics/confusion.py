"""Confusion matrices, and the scores that weigh their classes against each other."""

import math
import warnings
from typing import Any

import numpy as np

from lossary.errors import InvalidInputError, UndefinedMetricWarning
from lossary.metrics.arrays import Array, one_axis, relative_weights, to_numpy, weights
from lossary.metrics.labels import Encoded, check_pair, encode, encode_arrays, label_array
from lossary.metrics.options import check_choice, check_flag


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
        labels: which classes, in which order, each once; samples with others are left out. None takes all,
            sorted.
        sample_weight: (n_samples,).
        normalize: divide by the sum of the row ("true"), of the column ("pred") or of all ("all"); an empty
            sum gives 0.

    Returns:
        (n_classes, n_classes): int64 without weights or with integer weights, else float64.

    Raises:
        InvalidInputError: continuous or multi-label targets, strings mixed with numbers, no samples, no class
            of ``labels`` in y_true, a label twice, an unknown ``normalize``; weights whose sum overflows.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: integer weights are added as integers, where it rounds sums beyond 2^53; a
    label given twice and sums that overflow are refused.

    Example:
        >>> confusion_matrix(["a", "b", "b"], ["b", "b", "b"]).tolist()
        [[0, 1], [0, 2]]
    """
    check_choice("normalize", normalize, ("true", "pred", "all", None))
    encoded = encode(y_true, y_pred)
    table = _weighted_table(encoded, sample_weight, sums=normalize is None)
    if labels is not None:
        missing = "At least one label specified must be in y_true"
        table = chosen_table(encoded, table, label_list(labels), missing)
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


def _weighted_table(encoded: Encoded, sample_weight: Any, *, sums: bool) -> Array:
    """The confusion matrix; extreme weights are scaled by a power of two unless their sums are asked for."""
    if sample_weight is None:
        return encoded.confusion(None)
    given = to_numpy("sample_weight", sample_weight)
    weight = (weights if sums else relative_weights)(given, encoded.size)
    if given.dtype.kind not in "biu":
        return finite_sums(encoded.confusion(weight))
    if given.dtype.kind == "u" and given.max() > np.iinfo(np.int64).max:
        raise InvalidInputError(f"sample_weight: got {given.max()}; wanted integers below 2^63, or floats")
    return encoded.confusion(np.ascontiguousarray(one_axis("sample_weight", given), np.int64))


def chosen_table(encoded: Encoded, table: Array, labels: Array, missing: str) -> Array:
    """A confusion matrix of other classes, in another order; ``missing`` tells that none of them is true."""
    if len(np.unique(labels)) != len(labels):
        raise InvalidInputError(f"labels: got {labels.tolist()}; wanted each label once")
    places, known = encoded.positions(labels)
    if not encoded.tallies(None)[1][places[known]].any():
        raise InvalidInputError(f"labels: got {labels.tolist()} ({missing}); wanted one that is there")
    chosen = np.zeros((len(labels), len(labels)), table.dtype)
    chosen[np.ix_(known, known)] = table[np.ix_(places[known], places[known])]
    return chosen


def finite_sums(sums: Array) -> Array:
    """The sums of weights, if none overflowed."""
    if not np.isfinite(sums).all():
        raise InvalidInputError("sample_weight: got weights whose sum overflows; wanted smaller ones")
    return sums


def label_list(given: Any) -> Array:
    """The option ``labels``: at least one label, on one axis."""
    labels = one_axis("labels", label_array("labels", given))
    if not len(labels):
        raise InvalidInputError(
            "labels: got none ('labels' should contain at least one label.); wanted at least one label"
        )
    return labels


def accuracy_score(y_true: Any, y_pred: Any, *, normalize: bool = True, sample_weight: Any = None) -> float:
    """Share of samples whose predicted label is the true one; higher is better.

    Args:
        y_true: true labels, (n_samples,), or an indicator matrix (n_samples, n_labels), where a sample counts
            when its whole row is right.
        y_pred: predicted labels, in the same form.
        normalize: False gives the number (or the weight) of the right samples, a float.
        sample_weight: (n_samples,).

    Returns:
        A float.

    Raises:
        InvalidInputError: continuous targets, strings mixed with numbers, indicators other than 0 and 1, no
            samples, weights that sum to zero, or whose sum overflows where it is the result.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like, or a ``normalize`` that is no flag.

    Differs from scikit-learn: with ``normalize=False`` boolean weights are added as 0 and 1, where it gives
    1.0 at most; sums that overflow are refused.

    Example:
        >>> accuracy_score([0, 2, 1, 3], [0, 1, 2, 3])
        0.5
    """
    check_flag("normalize", normalize)
    actual, predicted = label_array("y_true", y_true), label_array("y_pred", y_pred)
    check_pair(actual, predicted)
    if actual.ndim == 2:
        right = (indicators("y_true", actual) == indicators("y_pred", predicted)).all(axis=1)
    else:
        right = actual == predicted
    if sample_weight is None:
        hits, total = float(np.count_nonzero(right)), float(len(right))
    else:
        # All predicted True: then the hits of the one column are the right samples.
        weight = (relative_weights if normalize else weights)(sample_weight, len(right))
        per_class, totals, _ = encode_arrays(right, np.ones(len(right), np.bool_)).tallies(weight)
        hits, total = float(per_class.sum()), float(totals.sum())
    if not normalize:
        return float(finite_sums(np.asarray(hits)))
    if total == 0:
        raise InvalidInputError("sample_weight: got weights that sum to zero; wanted another sum")
    return hits / total


def indicators(
    name: str, array: Array, reason: str = "multiclass-multioutput format is not supported"
) -> Array:
    """An indicator matrix, checked to hold only 0 and 1 (or False and True); ``reason`` tells why it must."""
    if array.dtype.kind == "b":
        return array
    one = np.asarray(array == 1)
    if array.dtype.kind == "U" or not np.all(one | (array == 0)):
        raise InvalidInputError(
            f"{name}: got a matrix with values other than 0 and 1 ({reason}); wanted label indicators"
        )
    return one


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

    Differs from scikit-learn: the tallies are multiplied as integers, without rounding, so that one class is
    0.0 with any weights; there is no warning that y_true and y_pred hold one label only.

    Source: Gorodkin, Comparing two K-category assignments by a K-category correlation coefficient,
        Computational Biology and Chemistry 28, 2004, equation 8.

    Example:
        >>> matthews_corrcoef([1, 1, 1, 0], [1, 0, 1, 1])  # (2 * 0 - 1 * 1) / sqrt(3 * 3 * 1 * 1)
        -0.3333333333333333
    """
    encoded = encode(y_true, y_pred)
    hits, actual, predicted = _exact_tallies(encoded, relative_weights(sample_weight, encoded.size))
    total = actual.sum()
    covariance = hits * total - actual @ predicted
    spread = (total**2 - actual @ actual) * (total**2 - predicted @ predicted)
    if spread < 0:
        return _undefined("Negative weights leave no variance. The Matthews correlation is not defined.")
    root = math.sqrt(covariance**2 / spread) if spread else 0.0
    return root if covariance >= 0 else -root


def _exact_tallies(encoded: Encoded, weight: Array | None) -> tuple[int, Array, Array]:
    """All hits, and how often each class is true and predicted, in integers that do not round or overflow.

    Doubles are taken times one power of two. They are summed once, by cell: sums of a class that are rounded
    for themselves would not fit each other, and one class must leave exactly nothing.
    """
    if weight is None or weight.dtype == np.int64:
        hits, actual, predicted = (each.astype(object) for each in encoded.tallies(weight))
        return hits.sum(), actual, predicted
    true, guessed, sums = encoded.cells(weight)
    mantissas, exponents = np.frexp(sums)
    whole = np.ldexp(mantissas, 53).astype(np.int64).astype(object)
    masses = np.asarray(whole << (exponents - exponents.min(initial=0)).astype(object))
    margins = np.zeros((2, len(encoded.classes)), dtype=object)
    np.add.at(margins[0], true, masses)
    np.add.at(margins[1], guessed, masses)
    return masses[true == guessed].sum(), *margins


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

    Differs from scikit-learn: an adjusted score of one class is NaN with an UndefinedMetricWarning, where it
    divides by zero; so is a score whose weights leave no class.

    Example:
        >>> balanced_accuracy_score([0, 0, 0, 1], [0, 0, 1, 1])  # (2/3 + 1/1) / 2
        0.8333333333333333
    """
    check_flag("adjusted", adjusted)
    recalls = _recalls(y_true, y_pred, sample_weight)
    if not len(recalls):
        return _undefined("No class of y_true has any weight. The balanced accuracy is not defined.")
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
        with an UndefinedMetricWarning, when y_true has one class only, or negative weights make a recall
        negative.

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
    if len(recalls) < 2:
        return _undefined("Only one class is present in y_true. The geometric mean score is not defined.")
    if (recalls < 0).any():
        return _undefined("Negative weights make a recall negative. The geometric mean score is not defined.")
    if not recalls.all():
        return 0.0
    # A product of many recalls underflows; one of two does not, and has the fewer roundings.
    return math.sqrt(recalls[0] * recalls[1]) if len(recalls) == 2 else math.exp(np.log(recalls).mean())


def _recalls(y_true: Any, y_pred: Any, sample_weight: Any) -> Array:
    encoded = encode(y_true, y_pred)
    hits, actual, _ = encoded.tallies(relative_weights(sample_weight, encoded.size))
    true = actual != 0
    if not true.all():
        warnings.warn("y_pred contains classes not in y_true", UserWarning, stacklevel=3)
    return np.asarray(hits[true] / actual[true])


def _undefined(message: str) -> float:
    warnings.warn(message, UndefinedMetricWarning, stacklevel=3)
    return float("nan")
