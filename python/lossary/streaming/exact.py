"""Every distinct score with its counts: the metrics of all samples, exactly."""

from typing import Any, final

from lossary import _kernels
from lossary.metrics.options import check_flag
from lossary.metrics.partial import check_rate, on_scale
from lossary.metrics.threshold_goals import goal_of
from lossary.metrics.thresholds import ThresholdChoice, choice_on_curve
from lossary.streaming.results import (
    RankingSummary,
    no_area,
    warn_no_positive,
    warn_one_class,
)
from lossary.streaming.samples import tag_of
from lossary.streaming.state import RankingState


@final
class ExactRankingState(RankingState[_kernels.ExactRanking]):
    """Binary ranking metrics of any number of batches, exactly as of all samples at once.

    Each class of each distinct score takes 8 bytes while all scores are float32 numbers and there are fewer
    than 2**31 samples, 16 beyond, and 24 with weights that are no integers; few distinct scores take next to
    nothing. Merging and reading need as much again for a moment, and a copy shares the memory.

    Counts are integers. Weights are summed exactly, in units of their lowest bit: they must span at most 126
    bits, from the lowest of any to the highest of their sum, which leaves room for 2**73 float64 weights of
    one order of magnitude. An integer weight is as many samples.

    Args:
        pos_label: the positive class. May be left out for labels 0 and 1, -1 and 1, or booleans; a batch may
            hold one class only.

    Raises:
        DtypeError: pos_label is no label.

    Example:
        >>> state = ExactRankingState().update([0, 0], [0.1, 0.4])
        >>> state.merge(ExactRankingState().update([1, 1], [0.35, 0.8])).roc_auc()
        0.75
    """

    __slots__ = ()

    _kernel = _kernels.ExactRanking

    def __init__(self, *, pos_label: Any = None) -> None:
        """An empty state."""
        self._pos_label = pos_label
        self._state = _kernels.ExactRanking(tag_of(pos_label))

    def compute(self) -> RankingSummary:
        """All metrics that are single numbers: `roc_auc` and `average_precision`, with their warnings.

        Raises:
            UndefinedMetricError: the state has no samples.
        """
        self._check_samples()
        area, precision, positives, negatives, distinct = self._state.summary()
        return RankingSummary(_area(area), _precision(precision), positives, negatives, distinct)

    def roc_auc(self) -> float:
        """Area under the ROC curve: without weights, the same bits as `lossary.metrics.roc_auc_score`.

        Returns:
            A float in [0, 1]; NaN, with an UndefinedMetricWarning, when a class is missing.

        Raises:
            UndefinedMetricError: the state has no samples.
        """
        self._check_samples()
        return _area(self._state.summary()[0])

    def average_precision(self) -> float:
        """Average precision, off by at most 4 units in the last place.

        Returns:
            A float in [0, 1]; 0.0, with a UserWarning, without positives.

        Raises:
            UndefinedMetricError: the state has no samples.
        """
        self._check_samples()
        return _precision(self._state.summary()[1])

    def partial_auc(self, *, max_fpr: float, normalized: bool = True) -> float:
        """Area under the ROC curve up to a false positive rate, the last segment cut by interpolation.

        Args:
            max_fpr: in (0, 1].
            normalized: on McClish's scale, on which chance has 0.5 and a perfect ranking 1, as
                ``roc_auc_score(max_fpr=)``; else the area itself, at most ``max_fpr``.

        Returns:
            A float.

        Raises:
            InvalidInputError: max_fpr is outside (0, 1].
            UndefinedMetricError: a class is missing.

        Source: McClish, Analyzing a portion of the ROC curve, Medical Decision Making 9, 1989.
        """
        check_flag("normalized", normalized)
        limit = check_rate(max_fpr)
        self._check_samples()
        area = self._state.partial_auc(limit)
        if area is None:
            raise no_area()
        return on_scale(area, limit) if normalized else area

    def best_threshold(
        self, *, metric: Any = None, costs: Any = None, constraints: Any = None
    ) -> ThresholdChoice:
        """What `lossary.metrics.best_threshold` finds for all samples, without a sort.

        Args:
            metric: a name of `lossary.metrics.binary_criteria`, or a function of (tp, fp, fn, tn); None is
                "f1".
            costs: instead of a metric, what a true or false positive or negative costs, as
                ``{"fp": 1, "fn": 5}``.
            constraints: what must hold at the threshold, as ``"recall >= 0.9"``, or several such strings.

        Returns:
            A ThresholdChoice; of several best thresholds the largest, which may be infinity.

        Raises:
            InvalidInputError: an unknown metric, or costs or constraints that are none.
            UndefinedMetricError: the state has no samples, or lacks a class that is needed; no threshold
                meets the constraints; the metric is NaN everywhere.
            DtypeError: an argument of the wrong type.

        Example:
            >>> state = ExactRankingState().update([0, 1, 0, 1], [1, 2, 3, 4])
            >>> state.best_threshold()[:2]  # 2 * 2 / (2 + 2 + 1)
            (0.8, 2.0)
        """
        goal = goal_of(metric, costs, constraints)
        self._check_samples()
        is_counted = all(isinstance(total, int) for total in self._state.totals())
        return choice_on_curve(goal, *self._state.curve(collinear=True), is_counted=is_counted)

    def __repr__(self) -> str:
        positives, negatives = self._state.totals()
        label = "" if self._pos_label is None else f"pos_label={self._pos_label!r}, "
        return f"ExactRankingState({label}positives={positives}, negatives={negatives})"


def _area(value: float | None) -> float:
    if value is None:
        warn_one_class()
        return float("nan")
    return value


def _precision(value: float | None) -> float:
    if value is None:
        warn_no_positive()
        return 0.0
    return value
