"""What states tell, and the steps from counts to rates."""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary.errors import UndefinedMetricError, UndefinedMetricWarning

Doubles = NDArray[np.float64]
Points = tuple[Doubles, Doubles, Doubles]


class RankingSummary(NamedTuple):
    """The metrics of all samples.

    Attributes:
        roc_auc: area under the ROC curve; NaN when a class is missing.
        average_precision: mean precision over the positives; 0.0 without positives.
        positives: how many; with weights that are no counts, what they weigh.
        negatives: the same of the negatives.
        distinct_scores: number of distinct scores.
    """

    roc_auc: float
    average_precision: float
    positives: float
    negatives: float
    distinct_scores: int


class Bounds(NamedTuple):
    """A metric as far as bins tell it.

    Attributes:
        value: the metric where the samples of a bin tie.
        low: the metric of the samples themselves is at least this.
        high: and at most this.
    """

    value: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """``value`` is off by at most this."""
        return max(self.high - self.value, self.value - self.low)


class BoundedSummary(NamedTuple):
    """The metrics of all samples, as far as bins tell them.

    Attributes:
        roc_auc: area under the ROC curve; NaN when a class is missing.
        average_precision: mean precision over the positives; 0.0 without positives.
        positives: how many; with weights that are no counts, what they weigh.
        negatives: the same of the negatives.
    """

    roc_auc: Bounds
    average_precision: Bounds
    positives: float
    negatives: float


class BoundedThreshold(NamedTuple):
    """Where a metric of the decision ``y_score >= threshold`` is highest, among the borders of bins.

    Attributes:
        threshold: the largest of the best borders.
        value: the metric there, exactly.
        high: no threshold at all has a higher one.
    """

    threshold: float
    value: float
    high: float


def no_best(metric: str) -> UndefinedMetricError:
    """The error of a criterion that needs a class which is missing."""
    return UndefinedMetricError(f"state: got one class only; wanted both, for {metric}")


def no_area() -> UndefinedMetricError:
    """The error of a partial area without one of the classes."""
    return UndefinedMetricError("state: got one class only; wanted both, for an area")


def warn_one_class() -> None:
    """The area is undefined; for callers two calls below the user's."""
    warnings.warn(
        "Only one class is present in y_true. ROC AUC score is not defined in that case.",
        UndefinedMetricWarning,
        stacklevel=4,
    )


def warn_no_positive() -> None:
    """Recall is undefined; for callers two calls below the user's."""
    warnings.warn(
        "No positive class found in y_true, recall is set to one for all thresholds.",
        UserWarning,
        stacklevel=4,
    )


def roc_points(counts: Points) -> Points:
    """False and true positive rates and thresholds, with the point (0, 0) in front."""
    false_positives, true_positives, thresholds = counts
    return (
        _rates(false_positives, "negative", "false"),
        _rates(true_positives, "positive", "true"),
        np.concatenate(([np.inf], thresholds)),
    )


def _rates(counts: Doubles, missing: str, kind: str) -> Doubles:
    counts = np.concatenate(([0.0], counts))
    if counts[-1] == 0:
        warnings.warn(
            f"No {missing} samples in y_true, {kind} positive value should be meaningless",
            UndefinedMetricWarning,
            stacklevel=4,
        )
        return np.full(len(counts), np.nan)
    return np.asarray(counts / counts[-1])


def precision_recall_points(counts: Points) -> Points:
    """Precision, recall and thresholds from the lowest up, with the point (1, 0) behind."""
    false_positives, true_positives, thresholds = counts
    precision = true_positives / (true_positives + false_positives)
    if true_positives[-1] == 0:
        warn_no_positive()
        recall = np.ones(len(true_positives))
    else:
        recall = true_positives / true_positives[-1]
    return np.append(precision[::-1], 1.0), np.append(recall[::-1], 0.0), thresholds[::-1]
