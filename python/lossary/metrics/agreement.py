"""How often two labellings of the same samples agree, or do not."""

import math
import warnings
from numbers import Real
from typing import Any

import numpy as np

from lossary.errors import DtypeError, InvalidInputError, UndefinedMetricWarning
from lossary.metrics.arrays import Array, relative_weights, weights
from lossary.metrics.averaging import mean_of
from lossary.metrics.confusion import chosen_table, finite_sums, indicators, label_list
from lossary.metrics.labels import check_pair, encode_arrays, label_array
from lossary.metrics.options import check_choice, check_flag


def cohen_kappa_score(
    y1: Any,
    y2: Any,
    *,
    labels: Any = None,
    weights: str | None = None,
    sample_weight: Any = None,
    replace_undefined_by: float = math.nan,
) -> float:
    r"""Agreement of two annotators beyond chance, in [-1, 1]; 0 is chance, higher is better.

    .. math:: \kappa = 1 - \frac{\sum_{ij} w_{ij} n_{ij}}{\sum_{ij} w_{ij} n_{i \cdot} n_{\cdot j} / n}

    Args:
        y1: labels of the first annotator, (n_samples,).
        y2: labels of the second, (n_samples,); the two may be swapped.
        labels: which classes, in which order; samples with others are left out. None takes all, sorted.
        weights: how much a disagreement on classes i and j counts: None as 1, "linear" as abs(i - j),
            "quadratic" as its square.
        sample_weight: (n_samples,).
        replace_undefined_by: the value where chance already agrees fully, or y2 has none of the classes: from
            -1 to 1, or NaN.

    Returns:
        A float; ``replace_undefined_by``, with an UndefinedMetricWarning, where it is not defined.

    Raises:
        InvalidInputError: continuous or multi-label targets, strings mixed with numbers, no samples, no class
            of ``labels`` in y1, an unknown option.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: a label given twice is refused; where both hold one label only, there is no
    second warning, of the confusion matrix.

    Source: Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement
        20, 1960, equation 1; with weights: Cohen, Weighted kappa, Psychological Bulletin 70, 1968.

    Example:
        >>> cohen_kappa_score([0, 0, 1, 1], [0, 0, 1, 0])  # 3/4 agree, chance is 1/2: (3/4 - 1/2) / (1/2)
        0.5
    """
    check_choice("weights", weights, ("linear", "quadratic", None))
    _check_replacement(replace_undefined_by)
    encoded = encode_arrays(label_array("y1", y1), label_array("y2", y2), ("y1", "y2"))
    table = encoded.confusion(relative_weights(sample_weight, encoded.size, "as y1"))
    if labels is not None:
        missing = "At least one label in `labels` must be present in `y1`"
        table = chosen_table(encoded, table, label_list(labels), missing)
    total = table.sum()
    if total == 0:
        return _undefined(
            "`y2` contains no labels that are present in both `y1` and `labels`.", replace_undefined_by
        )
    shares = table / total
    cost = _costs(len(table), weights)
    chance = float(np.sum(cost * np.outer(shares.sum(axis=1), shares.sum(axis=0))))
    if chance == 0:
        return _undefined("`y1`, `y2` and `labels` have only one label in common.", replace_undefined_by)
    return 1 - float(np.sum(cost * shares)) / chance


def _costs(classes: int, weights: str | None) -> Array:
    """How much a disagreement on two classes counts."""
    if weights is None:
        return 1 - np.eye(classes)
    place = np.arange(classes, dtype=np.float64)
    distance = np.abs(place[:, None] - place)
    return distance if weights == "linear" else distance**2


def _undefined(reason: str, value: float) -> float:
    warnings.warn(
        f"{reason} The Cohen kappa score is not defined and set to {value}; see replace_undefined_by.",
        UndefinedMetricWarning,
        stacklevel=3,
    )
    return float(value)


def _check_replacement(given: Any) -> None:
    wanted = "a number from -1 to 1, or NaN"
    if not isinstance(given, Real):
        raise DtypeError(f"replace_undefined_by: got {given!r}; wanted {wanted}")
    if not (-1 <= float(given) <= 1 or math.isnan(given)):
        raise InvalidInputError(f"replace_undefined_by: got {given!r}; wanted {wanted}")


def hamming_loss(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Share of the labels that are wrong; lower is better.

    Args:
        y_true: true labels, (n_samples,), or an indicator matrix (n_samples, n_labels), where each entry
            counts.
        y_pred: predicted labels, in the same form.
        sample_weight: (n_samples,).

    Returns:
        A float in [0, 1].

    Raises:
        InvalidInputError: continuous targets, strings mixed with numbers, indicators other than 0 and 1, no
            samples, weights that sum to zero.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Example:
        >>> hamming_loss([[0, 1], [1, 1]], [[0, 0], [1, 1]])  # one of four
        0.25
    """
    wrong = _wrong(y_true, y_pred)
    labels = wrong.shape[1] if wrong.ndim == 2 else 1
    per_sample = np.count_nonzero(wrong, axis=1) if wrong.ndim == 2 else wrong
    weight = relative_weights(sample_weight, len(wrong))
    return mean_of(per_sample, weight) / labels


def zero_one_loss(y_true: Any, y_pred: Any, *, normalize: bool = True, sample_weight: Any = None) -> float:
    """Share of the samples whose predicted label is not the true one; lower is better.

    Args:
        y_true: true labels, (n_samples,), or an indicator matrix (n_samples, n_labels), where a sample counts
            when anything in its row is wrong.
        y_pred: predicted labels, in the same form.
        normalize: False gives the number (or the weight) of the wrong samples, a float.
        sample_weight: (n_samples,).

    Returns:
        A float.

    Raises:
        InvalidInputError: continuous targets, strings mixed with numbers, indicators other than 0 and 1, no
            samples, weights that sum to zero, or whose sum overflows where it is the result.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like, or a ``normalize`` that is no flag.

    Differs from scikit-learn: with ``normalize=False`` boolean weights are added as 0 and 1; sums that
        overflow are refused.

    Example:
        >>> zero_one_loss([0, 2, 1, 3], [0, 1, 1, 3])
        0.25
    """
    check_flag("normalize", normalize)
    wrong: Array = _wrong(y_true, y_pred)
    if wrong.ndim == 2:
        wrong = np.asarray(wrong.any(axis=1))
    if normalize:
        return mean_of(wrong, relative_weights(sample_weight, len(wrong)))
    weight = weights(sample_weight, len(wrong))
    total = np.count_nonzero(wrong) if weight is None else weight[wrong].sum()
    return float(finite_sums(np.asarray(total, np.float64)))


def _wrong(y_true: Any, y_pred: Any) -> Array:
    actual, predicted = label_array("y_true", y_true), label_array("y_pred", y_pred)
    check_pair(actual, predicted)
    if actual.ndim == 2:
        actual, predicted = indicators("y_true", actual), indicators("y_pred", predicted)
    return np.asarray(actual != predicted)
