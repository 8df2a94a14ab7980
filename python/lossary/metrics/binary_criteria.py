# ruff: noqa: ARG001 - all criteria take all four counts
"""Scores of a confusion matrix, as functions of its four counts: one definition to train for and to measure.

Each takes (tp, fp, fn, tn), true and false positives and negatives, as numbers, NumPy arrays or torch
tensors, and returns the same: it uses operators alone. The counts may be weighted or soft. Higher is better,
1 the best, and the lowest 0 unless it says otherwise. Nothing divided by nothing is 0, with a gradient of 0.
`BINARY_CRITERIA` has them by name, and says which classes each needs to be defined.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

from lossary.metrics.options import check_not_negative

BinaryCriterionName = Literal[
    "accuracy",
    "balanced_accuracy",
    "f1",
    "geometric_mean",
    "jaccard",
    "matthews",
    "precision",
    "recall",
    "specificity",
    "youden",
]

# What counts as nothing. A quotient by less could have a slope that float32 has no room for.
_NOTHING = 1e-30


class BinaryCriterion(NamedTuple):
    """A score of the counts (tp, fp, fn, tn), and what is known about it.

    Attributes:
        score: the function.
        lowest: the lowest value; the highest is 1.
        needs_positives: whether it is undefined without positives; ``score`` gives 0 for the part that is.
        needs_negatives: the same of negatives.
    """

    score: Callable[[Any, Any, Any, Any], Any]
    lowest: float = 0.0
    needs_positives: bool = False
    needs_negatives: bool = False


def accuracy(tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    """Share of samples that are accepted or rejected rightly; 0 without samples."""
    return _ratio(tp + tn, tp + fp + fn + tn)


def balanced_accuracy(tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    """Mean of recall and specificity; undefined, here with 0 in place of the missing one, for one class."""
    return (recall(tp, fp, fn, tn) + specificity(tp, fp, fn, tn)) / 2


def f1(tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    """Harmonic mean of precision and recall; 0 without a wanted or accepted positive."""
    return _ratio(tp, tp + (fp + fn) / 2)


def f_beta(beta: float) -> Callable[[Any, Any, Any, Any], Any]:
    """The mean of precision and recall in which recall counts ``beta`` times as much, as a score of counts.

    Args:
        beta: 0 gives precision, 1 `f1`, infinity recall.

    Returns:
        A function of (tp, fp, fn, tn), 0 without a wanted or accepted positive.

    Raises:
        InvalidInputError: a negative ``beta``.
        DtypeError: a ``beta`` that is not a number.

    Example:
        >>> f_beta(3.0)(5, 0, 5, 1)  # 10 * 5 / (10 * 5 + 9 * 5 + 0)
        0.5263157894736842
    """
    check_not_negative("beta", beta)
    return partial(_f_beta, float(beta))


def beta_of(score: Any) -> float | None:
    """The ``beta`` of a function that `f_beta` returned, None of any other."""
    is_one = isinstance(score, partial) and score.func is _f_beta
    return float(score.args[0]) if is_one else None


def _f_beta(beta: float, tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    square = beta * beta
    recall_share = square / (1 + square) if square < float("inf") else 1.0
    # numerator plus something, not the textbook denominator: rounding then never exceeds 1
    return _ratio(tp, tp + recall_share * fn + (1 - recall_share) * fp)


def geometric_mean(tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    """Square root of recall times specificity; undefined, here 0, for one class.

    Below a product of 1e-12 it is linear, where the slope of the root has no bound.
    """
    product = recall(tp, fp, fn, tn) * specificity(tp, fp, fn, tn)
    return product / _at_least(product, 1e-12) ** 0.5


def jaccard(tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    """Intersection over union of wanted and accepted positives; 0 where both are empty."""
    return _ratio(tp, tp + fp + fn)


def matthews(tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    """Correlation of decision and class, from -1, with 0 for chance.

    0 where all are accepted or all rejected. For one class it is undefined, here 0.
    """
    total = tp + fp + fn + tn
    # As shares: their products neither overflow nor depend on the unit of the weights.
    tp, fp, fn, tn = (_ratio(count, total) for count in (tp, fp, fn, tn))
    spread = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / _at_least(spread, 1e-20) ** 0.5


def precision(tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    """Share of positives among the accepted; 0 where nothing is accepted."""
    return _ratio(tp, tp + fp)


def recall(tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    """Share of the positives that are accepted; undefined, here 0, without positives."""
    return _ratio(tp, tp + fn)


def specificity(tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    """Share of the negatives that are rejected; undefined, here 0, without negatives."""
    return _ratio(tn, tn + fp)


def youden(tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    """Recall plus specificity less one, from -1, with 0 for chance; undefined for one class."""
    return recall(tp, fp, fn, tn) + specificity(tp, fp, fn, tn) - 1


BINARY_CRITERIA: dict[BinaryCriterionName, BinaryCriterion] = {
    "accuracy": BinaryCriterion(accuracy),
    "balanced_accuracy": BinaryCriterion(balanced_accuracy, needs_positives=True, needs_negatives=True),
    "f1": BinaryCriterion(f1),
    "geometric_mean": BinaryCriterion(geometric_mean, needs_positives=True, needs_negatives=True),
    "jaccard": BinaryCriterion(jaccard),
    "matthews": BinaryCriterion(matthews, lowest=-1.0, needs_positives=True, needs_negatives=True),
    "precision": BinaryCriterion(precision),
    "recall": BinaryCriterion(recall, needs_positives=True),
    "specificity": BinaryCriterion(specificity, needs_negatives=True),
    "youden": BinaryCriterion(youden, lowest=-1.0, needs_positives=True, needs_negatives=True),
}


def _ratio(part: Any, whole: Any) -> Any:
    """``part / whole``; 0, with a gradient of 0, where ``whole`` is nothing."""
    return part * (whole > _NOTHING) / (whole + (whole <= _NOTHING))


def _at_least(value: Any, least: float) -> Any:
    return value + (least - value) * (value < least)
