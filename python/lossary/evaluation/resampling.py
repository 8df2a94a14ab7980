"""Metrics on resamples of the rows, which `lossary.metrics.bootstrap` draws."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.evaluation.rows import Rows
from lossary.metrics.arrays import scores
from lossary.metrics.bootstrap import Doubles, draws_of_mean, draws_of_ranking, draws_of_statistic
from lossary.metrics.confidence import Confidence
from lossary.metrics.log_loss import sample_losses
from lossary.metrics.probabilities import probabilities


@dataclass(frozen=True)
class Resamples:
    """Resamples of rows, each drawn once for all metrics that read the same thing."""

    rows: Rows
    settings: Confidence

    @cached_property
    def cells(self) -> Doubles:
        """The cells of the confusion matrix, (4, resamples): tn, fp, fn, tp.

        Rows that count alike are drawn as one number: the multinomial over the cells has the distribution of
        drawing row by row.
        """
        weight = self.rows.weight
        cells = self.rows.is_positive * np.intp(2) + self.rows.decisions
        if weight is None:
            shares = np.bincount(cells, minlength=4) / len(cells)
            generator = np.random.default_rng(self.settings.seed)
            drawn = generator.multinomial(len(cells), shares, size=self.settings.resamples)
            return drawn.T.astype(np.float64)

        def filled(counts: NDArray[np.int64]) -> NDArray[Any]:
            return np.bincount(cells, weights=counts * weight, minlength=4)

        return draws_of_statistic(filled, len(cells), self.settings).T


OfResamples = Callable[[Resamples], Doubles]
"""A metric on resamples, (resamples,), NaN where it is undefined."""


def average_precision(resamples: Resamples) -> Doubles:
    """`lossary.metrics.average_precision_score` on resamples."""
    rows = resamples.rows
    ranked = [scores("y_score", rows.scores)]
    return draws_of_ranking("average_precision", rows.is_positive, ranked, rows.weight, resamples.settings)[0]


def brier_score(resamples: Resamples) -> Doubles:
    """`lossary.metrics.brier_score_loss` on resamples."""
    rows = resamples.rows
    errors = (rows.scores.astype(np.float64) - rows.is_positive) ** 2
    return draws_of_mean(errors, rows.weight, resamples.settings)[0]


def log_loss(resamples: Resamples) -> Doubles:
    """`lossary.metrics.log_loss` on resamples."""
    rows = resamples.rows
    losses = sample_losses(rows.is_positive, *probabilities(rows.scores))
    return draws_of_mean(losses, rows.weight, resamples.settings)[0]


def explained_log_loss(resamples: Resamples) -> Doubles:
    """`lossary.metrics.d2_log_loss_score` on resamples; undefined for one class."""
    rows = resamples.rows
    share = draws_of_mean(rows.is_positive.astype(np.float64), rows.weight, resamples.settings)[0]
    share[(share <= 0) | (share >= 1)] = np.nan
    of_shares = -(share * np.log(share) + (1 - share) * np.log1p(-share))
    return 1 - log_loss(resamples) / of_shares


def hinge_loss(resamples: Resamples) -> Doubles:
    """`lossary.metrics.hinge_loss` on resamples."""
    rows = resamples.rows
    decisions = rows.scores.astype(np.float64)
    losses = (1 - np.where(rows.is_positive, decisions, -decisions)).clip(0)
    return draws_of_mean(losses, rows.weight, resamples.settings)[0]


def of_cells(formula: Callable[[Doubles, Doubles, Doubles, Doubles], Doubles]) -> OfResamples:
    """A metric of `lossary.evaluation.cells` on resamples."""
    return lambda resamples: formula(*resamples.cells)
