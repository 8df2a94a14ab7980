"""Precision, recall and F-scores, per class or averaged."""

import math
import warnings
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, UndefinedMetricWarning
from lossary.metrics.arrays import Array, relative_weights
from lossary.metrics.averaging import Scores
from lossary.metrics.confusion import indicators, label_list
from lossary.metrics.labels import Encoded, check_pair, encode_arrays, label_array
from lossary.metrics.options import check_choice, check_label, check_not_negative

_AVERAGES = ("binary", "micro", "macro", "weighted", "samples", None)


def precision_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Any = None,
    zero_division: str | float = "warn",
) -> Scores:
    """Share of the predicted positives that are positive, TP / (TP + FP); higher is better.

    Args:
        y_true: true labels, (n_samples,), or an indicator matrix (n_samples, n_labels).
        y_pred: predicted labels, in the same form.
        labels: the classes to score, in this order, where ``average`` is not "binary"; None takes all.
        pos_label: the class to score under ``average="binary"``.
        average: "binary" scores ``pos_label``; None returns one score per class; "macro" is their mean,
            "weighted" weighs them by the true samples of each class, "micro" pools the counts.
        sample_weight: (n_samples,).
        zero_division: value where the denominator is 0: 0, 1, NaN (left out of averages), or "warn" for 0
            with an UndefinedMetricWarning.

    Returns:
        A float, or one per class under ``average=None``.

    Raises:
        InvalidInputError: continuous targets, strings mixed with numbers, a ``pos_label`` that is not there,
            more than two classes under "binary", an unknown option, ``average="samples"``.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: ``average="samples"`` and empty ``labels`` are refused.

    Example:
        >>> precision_score([0, 1, 1, 0], [1, 1, 1, 0])
        0.6666666666666666
    """
    counts = _Counts(y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
    return counts.precision()


def recall_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Any = None,
    zero_division: str | float = "warn",
) -> Scores:
    """Share of the positives that are found, TP / (TP + FN); higher is better.

    Args:
        y_true: as `precision_score`.
        y_pred: as `precision_score`.
        labels: as `precision_score`.
        pos_label: as `precision_score`.
        average: as `precision_score`.
        sample_weight: as `precision_score`.
        zero_division: as `precision_score`.

    Returns:
        A float, or one per class under ``average=None``.

    Raises:
        InvalidInputError: as `precision_score`.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: ``average="samples"`` and empty ``labels`` are refused.

    Example:
        >>> recall_score([0, 1, 1, 1], [1, 1, 1, 0])
        0.6666666666666666
    """
    counts = _Counts(y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
    return counts.recall()


def f1_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Any = None,
    zero_division: str | float = "warn",
) -> Scores:
    """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN), also known as Dice; higher is better.

    Args:
        y_true: as `precision_score`.
        y_pred: as `precision_score`.
        labels: as `precision_score`.
        pos_label: as `precision_score`.
        average: as `precision_score`.
        sample_weight: as `precision_score`.
        zero_division: as `precision_score`.

    Returns:
        A float, or one per class under ``average=None``.

    Raises:
        InvalidInputError: as `precision_score`.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: ``average="samples"`` and empty ``labels`` are refused.

    Example:
        >>> f1_score([0, 1, 1, 0], [1, 1, 1, 0])  # 4 / (4 + 1)
        0.8
    """
    counts = _Counts(y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
    return counts.f_score(1.0)


def fbeta_score(
    y_true: Any,
    y_pred: Any,
    *,
    beta: float,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Any = None,
    zero_division: str | float = "warn",
) -> Scores:
    r"""Mean of precision and recall in which recall counts beta times as much; higher is better.

    .. math:: F_\beta = \frac{(1 + \beta^2) TP}{(1 + \beta^2) TP + \beta^2 FN + FP}

    Args:
        y_true: as `precision_score`.
        y_pred: as `precision_score`.
        beta: 0 gives precision, infinity recall.
        labels: as `precision_score`.
        pos_label: as `precision_score`.
        average: as `precision_score`.
        sample_weight: as `precision_score`.
        zero_division: as `precision_score`.

    Returns:
        A float, or one per class under ``average=None``.

    Raises:
        InvalidInputError: as `precision_score`, or a negative ``beta``.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like, or a ``beta`` that is not a number.

    Differs from scikit-learn: ``average="samples"`` and empty ``labels`` are refused.

    Example:
        >>> fbeta_score([0, 1, 1, 0], [1, 1, 1, 0], beta=2.0)  # 10 / (10 + 0 + 1)
        0.9090909090909091
    """
    check_not_negative("beta", beta)
    counts = _Counts(y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
    try:
        return counts.f_score(float(beta))
    except OverflowError:
        return counts.f_score(math.inf)


class _Counts:
    """Hits, true and predicted samples of the classes to score, and how to average over them."""

    def __init__(
        self,
        y_true: Any,
        y_pred: Any,
        labels: Any,
        pos_label: Any,
        average: str | None,
        sample_weight: Any,
        zero_division: str | float,
    ) -> None:
        check_choice("average", average, _AVERAGES)
        check_label("pos_label", pos_label, optional=average != "binary")
        if average == "samples":
            raise InvalidInputError("average: got 'samples'; wanted binary, micro, macro, weighted or None")
        self._average = average
        self._warns = isinstance(zero_division, str) and zero_division == "warn"
        self._undefined = _undefined_value(zero_division)
        actual, predicted = label_array("y_true", y_true), label_array("y_pred", y_pred)
        check_pair(actual, predicted)
        weight = relative_weights(sample_weight, len(actual))
        if average != "binary" and pos_label not in (None, 1):
            warnings.warn(
                f"Note that pos_label (set to {pos_label!r}) is ignored when average != 'binary' (got "
                f"{average!r}). You may use labels=[pos_label] to specify a single positive class.",
                UserWarning,
                stacklevel=3,
            )
        if actual.ndim == 2:
            tallies = _column_tallies(actual, predicted, labels, average, weight)
        else:
            tallies = _class_tallies(encode_arrays(actual, predicted), labels, pos_label, average, weight)
        if average == "micro":
            tallies = tuple(each.sum(keepdims=True) for each in tallies)
        self.hits, self.actual, self.predicted = tallies

    def precision(self) -> Scores:
        return self._average_of(self._divide(self.hits, self.predicted, "Precision is", "predicted"))

    def recall(self) -> Scores:
        return self._average_of(self._divide(self.hits, self.actual, "Recall is", "true"))

    def f_score(self, beta: float) -> Scores:
        # In terms of the larger of the two: a huge square cannot overflow, and infinity leaves recall.
        true_share, predicted_share = (beta * beta, 1.0) if beta <= 1 else (1.0, 1 / beta / beta)
        if not true_share:
            return self._average_of(self._divide(self.hits, self.predicted))
        if not predicted_share:
            return self._average_of(self._divide(self.hits, self.actual))
        numerator = (true_share + predicted_share) * self.hits
        denominator = true_share * self.actual + predicted_share * self.predicted
        return self._average_of(self._divide(numerator, denominator, "F-score is", "true nor predicted"))

    def _divide(
        self, numerator: Array, denominator: Array, subject: str = "", missing: str = ""
    ) -> NDArray[np.float64]:
        """Divide, with the stated value where the denominator is 0; warn if there is a subject."""
        defined = denominator != 0
        result = np.full(denominator.shape, self._undefined)
        np.divide(numerator, denominator, out=result, where=defined)
        if self._warns and subject and not defined.all():
            place = "due to" if len(result) == 1 else "in labels with"
            warnings.warn(
                f"{subject} ill-defined and being set to 0.0 {place} no {missing} samples. "
                "Use `zero_division` parameter to control this behavior.",
                UndefinedMetricWarning,
                stacklevel=4,
            )
        return result

    def _average_of(self, values: NDArray[np.float64]) -> Scores:
        """The values, or their average; NaN is left out."""
        if self._average is None:
            return values
        if len(values) == 1:
            return float(values[0])
        known = ~np.isnan(values)
        if not known.any():
            return float("nan")
        shares = self.actual[known] if self._average == "weighted" else np.ones(int(known.sum()))
        if shares.sum() == 0:
            shares = np.ones(len(shares))
        return float(values[known] @ shares / shares.sum())


def _undefined_value(zero_division: Any) -> float:
    if isinstance(zero_division, str) and zero_division == "warn":
        return 0.0
    if isinstance(zero_division, Real) and (zero_division in (0, 1) or math.isnan(zero_division)):
        return float(zero_division)
    raise InvalidInputError(f"zero_division: got {zero_division!r}; wanted 'warn', 0, 1 or NaN")


def _class_tallies(
    encoded: Encoded, labels: Any, pos_label: Any, average: str | None, weight: Array | None
) -> tuple[Array, ...]:
    tallies = encoded.tallies(weight)
    if average == "binary":
        classes = encoded.classes.tolist()
        if len(classes) > 2:
            raise InvalidInputError(
                f"average: got 'binary' with {len(classes)} classes; wanted micro, macro, weighted or None"
            )
        if pos_label in classes:
            place = classes.index(pos_label)
            return tuple(each[place : place + 1] for each in tallies)
        if len(classes) == 2:
            raise InvalidInputError(f"pos_label: got {pos_label!r}; wanted one of {classes}")
        return tuple(np.zeros_like(each) for each in tallies)
    if labels is None:
        return tallies
    places, known = encoded.positions(label_list(labels))
    return tuple(np.where(known, each[places], 0) for each in tallies)


def _column_tallies(
    actual: Array, predicted: Array, labels: Any, average: str | None, weight: Array | None
) -> tuple[Array, ...]:
    if average == "binary":
        raise InvalidInputError(
            "average: got 'binary' with an indicator matrix; wanted micro, macro, weighted or None"
        )
    true, guessed = indicators("y_true", actual), indicators("y_pred", predicted)
    if labels is not None:
        columns = label_list(labels)
        if columns.dtype.kind == "U" or not np.isin(columns, np.arange(true.shape[1])).all():
            raise InvalidInputError(
                f"labels: got {columns.tolist()}; wanted columns 0 to {true.shape[1] - 1}"
            )
        columns = columns.astype(np.intp)
        true, guessed = true[:, columns], guessed[:, columns]
    share = np.ones(len(true), np.int64) if weight is None else weight
    return tuple(share @ each for each in (true & guessed, true, guessed))
