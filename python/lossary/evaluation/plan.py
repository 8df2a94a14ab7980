"""What an evaluation computes: which metrics, at which threshold, with which intervals."""

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from lossary import metrics
from lossary.errors import InvalidInputError
from lossary.evaluation import cells
from lossary.evaluation.resampling import (
    OfResamples,
    average_precision,
    brier_score,
    explained_log_loss,
    hinge_loss,
    log_loss,
    of_cells,
)
from lossary.metrics import Confidence
from lossary.metrics.confidence import resolve
from lossary.metrics.options import check_whole


class Reads(Enum):
    """What a metric reads beside the target."""

    SCORES = "scores"
    PROBABILITIES = "scores in [0, 1]"
    DECISIONS = "scores at the threshold"


@dataclass(frozen=True)
class Measure:
    """One metric of a plan.

    Attributes:
        name: a function of `lossary.metrics`.
        reads: what it reads beside the target.
        resampled: the same metric on resamples; None for one whose own interval needs none.
        needs_positive: without a positive row there is nothing to measure.
        needs_negative: without a negative row there is nothing to measure.
        default: whether a plan without a list of metrics has it.
    """

    name: str
    reads: Reads
    resampled: OfResamples | None
    needs_positive: bool = False
    needs_negative: bool = False
    default: bool = True

    @property
    def function(self) -> Callable[..., Any]:
        """The metric, called as ``function(y_true, prediction, sample_weight=...)``."""
        function: Callable[..., Any] = getattr(metrics, self.name)
        return function

    def undefined_reason(self, positives: float, negatives: float) -> str | None:
        """Why the metric has no value on data with these weights of the classes; None when it has one."""
        if self.needs_positive and positives <= 0:
            return "no positive row"
        if self.needs_negative and negatives <= 0:
            return "no negative row"
        return "no row" if positives + negatives <= 0 else None


MEASURES = {
    measure.name: measure
    for measure in (
        Measure(
            "roc_auc_score",
            Reads.SCORES,
            needs_positive=True,
            needs_negative=True,
            resampled=None,
        ),
        Measure(
            "average_precision_score",
            Reads.SCORES,
            needs_positive=True,
            resampled=average_precision,
        ),
        Measure("brier_score_loss", Reads.PROBABILITIES, resampled=brier_score),
        Measure("accuracy_score", Reads.DECISIONS, resampled=of_cells(cells.accuracy)),
        Measure(
            "balanced_accuracy_score",
            Reads.DECISIONS,
            needs_positive=True,
            needs_negative=True,
            resampled=of_cells(cells.balanced_accuracy),
        ),
        Measure("precision_score", Reads.DECISIONS, resampled=of_cells(cells.precision)),
        Measure("recall_score", Reads.DECISIONS, needs_positive=True, resampled=of_cells(cells.recall)),
        Measure("f1_score", Reads.DECISIONS, resampled=of_cells(cells.f1)),
        Measure(
            "matthews_corrcoef",
            Reads.DECISIONS,
            needs_positive=True,
            needs_negative=True,
            resampled=of_cells(cells.matthews),
        ),
        Measure(
            "geometric_mean_score",
            Reads.DECISIONS,
            needs_positive=True,
            needs_negative=True,
            default=False,
            resampled=of_cells(cells.geometric_mean),
        ),
        Measure("jaccard_score", Reads.DECISIONS, default=False, resampled=of_cells(cells.jaccard)),
        Measure("cohen_kappa_score", Reads.DECISIONS, default=False, resampled=of_cells(cells.kappa)),
        Measure("hamming_loss", Reads.DECISIONS, default=False, resampled=of_cells(cells.error)),
        Measure("zero_one_loss", Reads.DECISIONS, default=False, resampled=of_cells(cells.error)),
        *(
            Measure(name, reads, needs_positive=True, needs_negative=True, default=False, resampled=resampled)
            for name, reads, resampled in (
                ("log_loss", Reads.PROBABILITIES, log_loss),
                ("d2_log_loss_score", Reads.PROBABILITIES, explained_log_loss),
                ("hinge_loss", Reads.SCORES, hinge_loss),
            )
        ),
    )
}
"""The metrics of `lossary.metrics` that score a binary target."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to compute.

    Attributes:
        metrics: names from `lossary.metrics`; empty takes the usual ones, `brier_score_loss` among them
            only where all scores are in [0, 1].
        threshold: a score at or above it predicts the positive class.
        confidence: coverage of the intervals.
        num_resamples: resamples of the bootstrap, 100 to 1,000,000; 0 leaves out its intervals.
        seed: fixes the resamples.

    Raises:
        InvalidInputError: an unknown metric, or a number out of its range.
    """

    metrics: tuple[str, ...] = ()
    threshold: float = 0.5
    confidence: float = 0.95
    num_resamples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        for name in self.metrics:
            if name not in MEASURES:
                close = difflib.get_close_matches(name, MEASURES, n=3, cutoff=0.4) or list(MEASURES)
                raise InvalidInputError(f"metrics: got {name!r}; wanted one such as {', '.join(close)}")
        if not math.isfinite(self.threshold):
            raise InvalidInputError(f"threshold: got {self.threshold}; wanted a finite number")
        resolve(self.confidence)
        if self.num_resamples != 0 and not 100 <= self.num_resamples <= 10**6:
            raise InvalidInputError(f"num_resamples: got {self.num_resamples}; wanted 0 or 100 to 1000000")
        check_whole("seed", self.seed, 0, 2**64 - 1)

    @property
    def bootstrap(self) -> Confidence | None:
        """The settings of bootstrap intervals; None without them."""
        if self.num_resamples == 0:
            return None
        return Confidence(
            level=self.confidence, method="percentile", resamples=self.num_resamples, seed=self.seed
        )

    def measures(self, *, probabilities: bool) -> tuple[Measure, ...]:
        """The metrics to compute, in order, each once.

        Args:
            probabilities: whether all scores are in [0, 1].

        Returns:
            The metrics.

        Raises:
            InvalidInputError: a metric of probabilities is asked for by name, and the scores are none.
        """
        if not self.metrics:
            return tuple(
                measure
                for measure in MEASURES.values()
                if measure.default and (probabilities or measure.reads is not Reads.PROBABILITIES)
            )
        chosen = tuple(MEASURES[name] for name in dict.fromkeys(self.metrics))
        for measure in chosen:
            if measure.reads is Reads.PROBABILITIES and not probabilities:
                raise InvalidInputError(
                    f"y_score: got scores outside [0, 1]; wanted probabilities, for {measure.name}"
                )
        return chosen
