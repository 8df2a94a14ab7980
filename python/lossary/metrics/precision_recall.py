"""Precision, recall, F-scores and Jaccard scores, per class or averaged."""

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

from lossary.errors import InvalidInputError
from lossary.metrics.arrays import Array
from lossary.metrics.averaging import Scores
from lossary.metrics.class_counts import count_classes
from lossary.metrics.options import check_not_negative

_MEASURES = ("precision", "recall", "f-score")


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
            "weighted" weighs them by the true samples of each class, "micro" pools the counts, "samples" is
            the mean over the rows of an indicator matrix.
        sample_weight: (n_samples,).
        zero_division: value where the denominator is 0: 0, 1, NaN (left out of averages), or "warn" for 0
            with an UndefinedMetricWarning.

    Returns:
        A float, or one per class under ``average=None``.

    Raises:
        InvalidInputError: continuous targets, strings mixed with numbers, a ``pos_label`` that is not there,
            more than two classes under "binary", "samples" without an indicator matrix, an unknown option.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: empty ``labels`` are refused.

    Example:
        >>> precision_score([0, 1, 1, 0], [1, 1, 1, 0])
        0.6666666666666666
    """
    counts = count_classes(y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
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

    Differs from scikit-learn: empty ``labels`` are refused.

    Example:
        >>> recall_score([0, 1, 1, 1], [1, 1, 1, 0])
        0.6666666666666666
    """
    counts = count_classes(y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
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

    Differs from scikit-learn: empty ``labels`` are refused.

    Example:
        >>> f1_score([0, 1, 1, 0], [1, 1, 1, 0])  # 4 / (4 + 1)
        0.8
    """
    counts = count_classes(y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
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

    Differs from scikit-learn: empty ``labels`` are refused.

    Example:
        >>> fbeta_score([0, 1, 1, 0], [1, 1, 1, 0], beta=2.0)  # 10 / (10 + 0 + 1)
        0.9090909090909091
    """
    share = _beta(beta)
    counts = count_classes(y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
    return counts.f_score(share)


def jaccard_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Any = None,
    zero_division: str | float = "warn",
) -> Scores:
    """Share of the samples true or predicted that are both, TP / (TP + FP + FN); higher is better.

    Args:
        y_true: as `precision_score`.
        y_pred: as `precision_score`.
        labels: as `precision_score`.
        pos_label: as `precision_score`.
        average: as `precision_score`.
        sample_weight: as `precision_score`.
        zero_division: as `precision_score`, but for NaN.

    Returns:
        A float, or one per class under ``average=None``.

    Raises:
        InvalidInputError: as `precision_score`, or a ``zero_division`` of NaN.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: empty ``labels`` are refused.

    Example:
        >>> jaccard_score([0, 1, 1, 0], [1, 1, 1, 0])  # 2 / (2 + 1 + 0)
        0.6666666666666666
    """
    if isinstance(zero_division, Real) and math.isnan(zero_division):
        raise InvalidInputError(f"zero_division: got {zero_division!r}; wanted 'warn', 0 or 1")
    counts = count_classes(y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
    return counts.jaccard()


def precision_recall_fscore_support(
    y_true: Any,
    y_pred: Any,
    *,
    beta: float = 1.0,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = None,
    warn_for: Iterable[str] = _MEASURES,
    sample_weight: Any = None,
    zero_division: str | float = "warn",
) -> tuple[Scores, Scores, Scores, Array | None]:
    """Precision, recall, F-score and the number of true samples, of each class or averaged.

    Args:
        y_true: as `precision_score`.
        y_pred: as `precision_score`.
        beta: as `fbeta_score`.
        labels: as `precision_score`.
        pos_label: as `precision_score`.
        average: as `precision_score`.
        warn_for: which of "precision", "recall" and "f-score" may warn.
        sample_weight: as `precision_score`.
        zero_division: as `precision_score`.

    Returns:
        ``(precision, recall, fscore, support)``: floats and None, or under ``average=None`` arrays with one
        value per class; the support is the number (or the weight) of the true samples.

    Raises:
        InvalidInputError: as `fbeta_score`; a support whose sum of weights overflows.
        ShapeError: lengths that differ.
        DtypeError: as `fbeta_score`.

    Differs from scikit-learn: empty ``labels`` and sums that overflow are refused.

    Example:
        >>> precision_recall_fscore_support([0, 1, 1, 0], [1, 1, 1, 0], average="binary")  # F1 is 4 / (4 + 1)
        (0.6666666666666666, 1.0, 0.8, None)
    """
    share, names = _beta(beta), _measures(warn_for)
    counts = count_classes(
        y_true, y_pred, labels, pos_label, average, sample_weight, zero_division, sums=average is None
    )
    return (
        counts.precision(warn="precision" in names),
        counts.recall(warn="recall" in names),
        counts.f_score(share, warn="f-score" in names),
        counts.actual if average is None else None,
    )


def _measures(given: Iterable[str]) -> set[str]:
    if not isinstance(given, (tuple, list, set, frozenset)) or not all(
        isinstance(name, str) and name in _MEASURES for name in given
    ):
        raise InvalidInputError(
            f"warn_for: got {given!r}; wanted a tuple, list or set of {', '.join(map(repr, _MEASURES))}"
        )
    return set(given)


def _beta(beta: float) -> float:
    check_not_negative("beta", beta)
    try:
        return float(beta)
    except OverflowError:
        return math.inf
