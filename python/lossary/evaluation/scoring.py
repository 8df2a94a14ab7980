"""Scores of a binary target and their metrics: overall, by group, with intervals."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossary.errors import (
    DtypeError,
    InvalidInputError,
    ShapeError,
    UndefinedMetricError,
    UndefinedMetricWarning,
)
from lossary.evaluation.labels import Categories, binary_target, categorize
from lossary.evaluation.plan import Measure, Plan, Reads
from lossary.evaluation.resampling import Resamples
from lossary.evaluation.rows import Rows, check_rows
from lossary.metrics.bootstrap import ends
from lossary.metrics.confidence import Interval

MAX_GROUPS = 1000
"""More groups than this are a column of identifiers."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One metric of one part of the data.

    Attributes:
        metric: name in `lossary.metrics`.
        group: the group; None for all rows.
        value: the metric; None where it is undefined.
        low: lower end of the interval; None without one.
        high: upper end of the interval; None without one.
        method: as in `lossary.metrics.Interval`, such as "delong_newcombe" or "percentile"; None without an
            interval.
        confidence: coverage of the interval.
        reason: why there is no value, or no interval; empty otherwise.
        undefined_resamples: resamples on which the metric is undefined; they were left out.
    """

    metric: str
    group: str | None
    value: float | None
    low: float | None
    high: float | None
    method: str | None
    confidence: float
    reason: str
    undefined_resamples: int


@dataclass(frozen=True, kw_only=True)
class Part:
    """All rows, or those of one group.

    Attributes:
        group: the group; None for all rows.
        rows: number of rows.
        positives: number of positive rows.
        prevalence: share of the positive rows, by weight where there are weights; None where all are 0.
        results: one for each metric.
    """

    group: str | None
    rows: int
    positives: int
    prevalence: float | None
    results: tuple[Result, ...]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What `evaluate` found.

    Attributes:
        plan: what was asked for.
        positive: the label that counts as positive.
        weighted: whether the rows have weights.
        parts: all rows, then each group.
        notes: what a reader must know beside the numbers.
    """

    plan: Plan
    positive: str
    weighted: bool
    parts: tuple[Part, ...]
    notes: tuple[str, ...]

    @property
    def results(self) -> tuple[Result, ...]:
        """All results, overall first."""
        return tuple(result for part in self.parts for result in part.results)


def evaluate(
    y_true: ArrayLike | Categories,
    y_score: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    group: ArrayLike | Categories | None = None,
    metrics: Sequence[str] = (),
    threshold: float = 0.5,
    confidence: float = 0.95,
    num_resamples: int = 1000,
    seed: int = 0,
    pos_label: Any = None,
    advance: Callable[[float], Any] | None = None,
) -> Evaluation:
    """Score a binary target: metrics with intervals, overall and by group.

    Args:
        y_true: labels, at most two different ones, shape (rows,).
        y_score: finite numbers, higher for the positive class, shape (rows,).
        sample_weight: weights, 0 or above, shape (rows,).
        group: a group for each row, shape (rows,).
        metrics: names from `lossary.metrics`; empty takes the usual ones (see `Plan`).
        threshold: a score at or above it predicts the positive class.
        confidence: coverage of the intervals.
        num_resamples: resamples of the bootstrap; 0 leaves out its intervals.
        seed: fixes the resamples; a group's do not depend on the other groups.
        pos_label: the positive label; None takes 1 where the labels are 0 and 1, or -1 and 1.
        advance: called with the finished share of the work.

    Returns:
        The evaluation. A metric that is undefined on a part has no value there, and a reason.

    Raises:
        InvalidInputError: no rows, a label, score or weight that cannot be used, too many groups, or an
            option out of range.
        ShapeError: lengths that differ.
        DtypeError: scores or weights that are not numbers, or one metric instead of a sequence.

    Example:
        >>> found = evaluate([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], metrics=["roc_auc_score"])
        >>> found.results[0].value, found.results[0].method
        (0.75, 'delong_newcombe')
    """
    if isinstance(metrics, str):
        raise DtypeError(f"metrics: got the str {metrics!r}; wanted a sequence of names")
    plan = Plan(
        metrics=tuple(metrics),
        threshold=threshold,
        confidence=confidence,
        num_resamples=num_resamples,
        seed=seed,
    )
    target = binary_target(y_true, pos_label=pos_label)
    rows = check_rows(target.is_positive, y_score, sample_weight, threshold=threshold)
    probabilities = bool(rows.scores.min() >= 0 and rows.scores.max() <= 1)
    measures = plan.measures(probabilities=probabilities)

    groups = _groups(group, len(rows.scores))
    parts: list[Part] = []

    def step(share: float) -> None:
        if advance is not None:
            advance((len(parts) + share) / (len(groups) + 1))

    parts.append(_part(None, rows, measures, plan, step))
    for name, index in groups:
        parts.append(_part(name, rows.at(index), measures, plan, step))
    notes = () if probabilities or plan.metrics else ("brier_score_loss is left out: scores outside [0, 1]",)
    return Evaluation(
        plan=plan, positive=target.positive, weighted=rows.weight is not None, parts=tuple(parts), notes=notes
    )


def _part(
    group: str | None,
    rows: Rows,
    measures: tuple[Measure, ...],
    plan: Plan,
    step: Callable[[float], None],
) -> Part:
    mass = rows.mass()
    resamples = None if plan.bootstrap is None else Resamples(rows, plan.bootstrap)
    results = []
    for finished, measure in enumerate(measures, start=1):
        results.append(_result(measure, group, rows, mass, resamples, plan.confidence))
        step(finished / len(measures))
    return Part(
        group=group,
        rows=len(rows.scores),
        positives=int(rows.is_positive.sum()),
        prevalence=mass[0] / sum(mass) if sum(mass) > 0 else None,
        results=tuple(results),
    )


def _result(
    measure: Measure,
    group: str | None,
    rows: Rows,
    mass: tuple[float, float],
    resamples: Resamples | None,
    confidence: float,
) -> Result:
    found = _value(measure, rows, mass)
    value, reason = (None, found) if isinstance(found, str) else (found, "")
    interval: Interval | None = None
    undefined = 0
    if value is not None and measure.resampled is None:
        interval = measure.function(
            rows.is_positive, rows.scores, sample_weight=rows.weight, confidence=confidence
        )
    elif value is not None and measure.resampled is not None and resamples is not None:
        drawn, settings = measure.resampled(resamples), resamples.settings
        undefined = int(np.isnan(drawn).sum())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)  # of the resamples counted above
            try:
                low, high = ends(value, drawn, np.empty(0), settings.method, settings)
                interval = Interval(value, low, high, settings.method)
            except UndefinedMetricError as error:
                reason = f"no interval: {error}"
    if interval is not None and math.isclose(interval.low, interval.high, abs_tol=1e-12):
        interval, reason = None, "no interval: it is the same on all resamples of these rows"
    return Result(
        metric=measure.name,
        group=group,
        value=value,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        method=interval.method if interval else None,
        confidence=confidence,
        reason=reason,
        undefined_resamples=undefined,
    )


def _value(measure: Measure, rows: Rows, mass: tuple[float, float]) -> float | str:
    """The metric on all rows, or why it has no value."""
    reason = measure.undefined_reason(*mass)
    if reason is not None:
        return reason
    prediction = rows.decisions if measure.reads is Reads.DECISIONS else rows.scores
    with warnings.catch_warnings():
        warnings.simplefilter("error", UndefinedMetricWarning)
        try:
            value = float(measure.function(rows.is_positive, prediction, sample_weight=rows.weight))
        except (UndefinedMetricError, UndefinedMetricWarning) as error:
            # the text of the warning speaks of a 0 that is not shown
            if measure.reads is Reads.DECISIONS and not rows.decisions.any():
                return "no row is predicted positive"
            return " ".join(str(error).split())
    return value if math.isfinite(value) else "the metric has no finite value"


def _groups(group: ArrayLike | Categories | None, num_rows: int) -> list[tuple[str, NDArray[np.intp]]]:
    """Names of the groups in order, each with the indices of its rows."""
    if group is None:
        return []
    labels = categorize("group", group)
    if len(labels) != num_rows:
        raise ShapeError(f"group: got length {len(labels)}; wanted {num_rows}, as y_true")
    present = labels.occurring()
    if len(present) > MAX_GROUPS:
        raise InvalidInputError(f"group: got {len(present)} groups; wanted at most {MAX_GROUPS}")
    by_code = np.argsort(labels.codes, kind="stable")
    ends = np.cumsum(np.bincount(labels.codes, minlength=len(labels.names)))
    return [
        (str(labels.names[code]), by_code[ends[code - 1] if code else 0 : ends[code]])
        for code in sorted(present, key=lambda code: labels.names[code])
    ]
