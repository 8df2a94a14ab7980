"""Metrics on resamples of the rows, each drawn once for all metrics that read the same thing."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.evaluation.intervals import bootstrap
from lossary.evaluation.plan import Measure, Plan, Reads
from lossary.evaluation.rows import Rows, class_mass

CELL_TRUE = np.array([False, False, True, True])
CELL_PREDICTED = np.array([0, 1, 0, 1], dtype=np.uint8)

FEW_DISTINCT = 16
"""Draw distinct rows instead of rows where each stands for this many on average."""


def resample(
    measures: Sequence[Measure], rows: Rows, plan: Plan, step: Callable[[float], None]
) -> dict[Measure, NDArray[np.float64]]:
    """Compute metrics on resamples.

    Args:
        measures: the metrics.
        rows: what to draw from.
        plan: number of resamples and seed.
        step: called with the finished share.

    Returns:
        For each metric its values, shape (num_resamples,); NaN where it is undefined.
    """
    decided = [measure for measure in measures if measure.reads is Reads.DECISIONS]
    scored = [measure for measure in measures if measure.reads is not Reads.DECISIONS]
    stages = [
        (chosen, draw) for chosen, draw in ((decided, _decision_draws), (scored, _score_draws)) if chosen
    ]
    draws: dict[Measure, NDArray[np.float64]] = {}
    for finished, (chosen, draw) in enumerate(stages):

        def advance(share: float, finished: int = finished) -> None:
            step((finished + share) / len(stages))

        draws.update(zip(chosen, draw(chosen, rows, plan, advance).T, strict=True))
    return draws


def _decision_draws(
    measures: Sequence[Measure], rows: Rows, plan: Plan, step: Callable[[float], None]
) -> NDArray[np.float64]:
    """Resample the four cells of the confusion matrix; with weights, the rows that fill them."""
    cells = rows.is_positive * np.uint8(2) + rows.decisions
    weight = rows.weight
    multiplicity = np.bincount(cells, minlength=4) if weight is None else np.ones_like(cells, dtype=np.int64)
    of_cells = _of_weights(measures, CELL_TRUE, CELL_PREDICTED)

    def statistic(counts: NDArray[np.int64]) -> list[float]:
        filled = counts if weight is None else np.bincount(cells, weights=counts * weight, minlength=4)
        return of_cells(filled)

    return bootstrap(statistic, multiplicity, num_resamples=plan.num_resamples, seed=plan.seed, advance=step)


def _score_draws(
    measures: Sequence[Measure], rows: Rows, plan: Plan, step: Callable[[float], None]
) -> NDArray[np.float64]:
    """Resample the rows, or their distinct pairs of class and score where those are few."""
    rows = rows.at(np.argsort(rows.scores, kind="stable")[::-1])
    is_positive, scores, weight = rows.is_positive, rows.scores, rows.weight
    multiplicity = np.ones(len(scores), dtype=np.int64)
    if weight is None:
        group = np.cumsum(np.append(False, scores[1:] != scores[:-1]))
        if (group[-1] + 1) * FEW_DISTINCT <= len(scores):
            pairs, first, multiplicity = np.unique(
                group * 2 + is_positive, return_index=True, return_counts=True
            )
            is_positive, scores = pairs % 2 == 1, scores[first]
    of_rows = _of_weights(measures, is_positive, scores)

    def statistic(counts: NDArray[np.int64]) -> list[float]:
        return of_rows(counts if weight is None else counts * weight)

    return bootstrap(statistic, multiplicity, num_resamples=plan.num_resamples, seed=plan.seed, advance=step)


def _of_weights(
    measures: Sequence[Measure], is_positive: NDArray[np.bool_], prediction: NDArray[Any]
) -> Callable[[NDArray[Any]], list[float]]:
    """The metrics as a function of the weights of the rows; NaN where one is undefined."""
    prepared = [(measure, measure.reweighted(is_positive, prediction)) for measure in measures]

    def values(weights: NDArray[Any]) -> list[float]:
        mass = class_mass(is_positive, weights)
        return [
            of_weights(weights) if measure.undefined_reason(*mass) is None else math.nan
            for measure, of_weights in prepared
        ]

    return values
