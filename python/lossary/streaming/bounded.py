"""Counts of a fixed number of bins: metrics with certain bounds, in memory that never grows."""

from math import inf, nan
from numbers import Integral, Real
from typing import Any, final

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError
from lossary.metrics.binary_criteria import BINARY_CRITERIA
from lossary.metrics.options import check_flag
from lossary.metrics.partial import check_rate, on_scale
from lossary.metrics.threshold_goals import check_criterion
from lossary.streaming.results import (
    BoundedSummary,
    BoundedThreshold,
    Bounds,
    no_area,
    no_best,
    warn_no_positive,
    warn_one_class,
)
from lossary.streaming.samples import tag_of
from lossary.streaming.state import RankingState


@final
class BoundedRankingState(RankingState[_kernels.BoundedRanking]):
    """Binary ranking metrics of any number of batches, as far as bins of equal width tell them.

    Every number comes with bounds between which the metric of the samples themselves lies, whatever the
    scores: those outside the range count in the first and the last bin. A state takes 16 bytes a bin, 32 with
    weights that are no integers, and none while it is empty.

    Args:
        low: lower end of the range of the scores.
        high: upper end.
        bins: how many, 2 to 2**24.
        pos_label: the positive class. May be left out for labels 0 and 1, -1 and 1, or booleans; a batch may
            hold one class only.

    Raises:
        InvalidInputError: the range is empty or infinite, or cannot be cut into so many bins.
        DtypeError: an end or the number of bins is no number, or pos_label no label.

    Example:
        >>> state = BoundedRankingState(bins=10).update([0, 0, 1, 1], [0.12, 0.41, 0.45, 0.83])
        >>> area = state.roc_auc()
        >>> area.value, round(area.low, 9), area.high  # 0.41 and 0.45 share a bin: half a win
        (0.875, 0.75, 1.0)
    """

    __slots__ = ()

    _kernel = _kernels.BoundedRanking

    def __init__(
        self, low: float = 0.0, high: float = 1.0, *, bins: int = 65_536, pos_label: Any = None
    ) -> None:
        """An empty state."""
        for name, end in (("low", low), ("high", high)):
            if isinstance(end, bool) or not isinstance(end, Real):
                raise DtypeError(f"{name}: got {end!r}; wanted a number")
        if isinstance(bins, bool) or not isinstance(bins, Integral):
            raise DtypeError(f"bins: got {bins!r}; wanted an integer from 2 to 2**24")
        if not 2 <= bins <= 1 << 24:
            raise InvalidInputError(f"bins: got {bins}; wanted 2 to 2**24")
        self._pos_label = pos_label
        self._state = _kernels.BoundedRanking(tag_of(pos_label), float(low), float(high), int(bins))

    def compute(self) -> BoundedSummary:
        """All metrics that are single numbers: `roc_auc` and `average_precision`, with their warnings.

        Raises:
            UndefinedMetricError: the state has no samples.
        """
        self._check_samples()
        area, precision, positives, negatives = self._state.summary()
        return BoundedSummary(_area(area), _precision(precision), positives, negatives)

    def roc_auc(self) -> Bounds:
        """Area under the ROC curve: a pair inside one bin may be won or lost, and counts one half.

        Returns:
            `Bounds` in [0, 1]; NaN, with an UndefinedMetricWarning, when a class is missing.

        Raises:
            UndefinedMetricError: the state has no samples.
        """
        self._check_samples()
        return _area(self._state.summary()[0])

    def average_precision(self) -> Bounds:
        r"""Average precision, whatever the order inside the bins.

        With TP and FP above a bin of p positives and n negatives, the positives of the bin add at most
        :math:`p \frac{TP + p}{TP + p + FP}` and at least :math:`p - c \ln\frac{a + p + 1/2}{a + 1/2}`, where
        :math:`c = FP + n` and :math:`a = TP + c`; without the halves for weights that are no integers.

        Returns:
            `Bounds` in [0, 1]; 0.0, with a UserWarning, without positives.

        Raises:
            UndefinedMetricError: the state has no samples.
        """
        self._check_samples()
        return _precision(self._state.summary()[1])

    def partial_auc(self, *, max_fpr: float, normalized: bool = True) -> Bounds:
        """Area under the ROC curve up to a false positive rate.

        Args:
            max_fpr: in (0, 1].
            normalized: on McClish's scale, on which chance has 0.5 and a perfect ranking 1; else the area
                itself, at most ``max_fpr``.

        Returns:
            `Bounds`.

        Raises:
            InvalidInputError: max_fpr is outside (0, 1].
            UndefinedMetricError: a class is missing.
        """
        check_flag("normalized", normalized)
        limit = check_rate(max_fpr)
        self._check_samples()
        area = self._state.partial_auc(limit)
        if area is None:
            raise no_area()
        return Bounds(*(on_scale(each, limit) for each in area)) if normalized else Bounds(*area)

    def best_threshold(self, *, metric: str = "f1") -> BoundedThreshold:
        """The border of bins at which to cut for the highest metric of the decision ``y_score >= threshold``.

        Infinity, which accepts nothing, is a border, too.

        Args:
            metric: a name of `lossary.metrics.binary_criteria`: "accuracy", "balanced_accuracy", "f1",
                "geometric_mean", "jaccard", "matthews", "precision", "recall", "specificity" or "youden".

        Returns:
            Threshold, the exact value there, and a bound that no threshold exceeds.

        Raises:
            InvalidInputError: an unknown metric.
            UndefinedMetricError: the state has no samples, or lacks a class that the metric needs.
        """
        name = check_criterion(metric)
        self._check_samples()
        best = self._state.best_threshold(name)
        if best is None:
            raise no_best(name)
        positives, negatives = self._state.totals()
        total = positives + negatives
        nothing = float(BINARY_CRITERIA[name].score(0.0, 0.0, positives / total, negatives / total))
        threshold, value, high = best
        if nothing >= value:
            return BoundedThreshold(inf, nothing, max(high, nothing))
        return BoundedThreshold(threshold, value, high)

    def __repr__(self) -> str:
        low, high, bins = self._state.options
        positives, negatives = self._state.totals()
        label = "" if self._pos_label is None else f"pos_label={self._pos_label!r}, "
        counts = f"positives={positives}, negatives={negatives}"
        return f"BoundedRankingState({low}, {high}, bins={bins}, {label}{counts})"


def _area(bounds: tuple[float, float, float] | None) -> Bounds:
    if bounds is None:
        warn_one_class()
        return Bounds(nan, nan, nan)
    return Bounds(*bounds)


def _precision(bounds: tuple[float, float, float] | None) -> Bounds:
    if bounds is None:
        warn_no_positive()
        return Bounds(0.0, 0.0, 0.0)
    return Bounds(*bounds)
