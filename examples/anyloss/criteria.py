"""The four scores, and the two rules for the threshold at which they are taken.

Scores of rows are logits: a probability of one half is 0. A row is accepted at or above the threshold.
"""

from collections.abc import Callable

import numpy as np
from lossary.metrics import (
    balanced_accuracy_score,
    best_threshold,
    f1_score,
    geometric_mean_score,
    matthews_corrcoef,
)
from lossary.metrics.binary_criteria import BINARY_CRITERIA

METRICS = {
    "f1": "F1",
    "geometric_mean": "G-mean",
    "balanced_accuracy": "balanced accuracy",
    "matthews": "MCC",
}
EXACT: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "f1": f1_score,
    "geometric_mean": geometric_mean_score,
    "balanced_accuracy": balanced_accuracy_score,
    "matthews": matthews_corrcoef,
}


def at_half(target: np.ndarray, score: np.ndarray, metric: str) -> tuple[float, float]:
    """The metric at a probability of one half, and that threshold."""
    accepted = score >= 0.0
    decisions = (accepted & target, accepted & ~target, ~accepted & target, ~accepted & ~target)
    return float(BINARY_CRITERIA[metric].score(*(float(cell.sum()) for cell in decisions))), 0.0


def at_best(target: np.ndarray, score: np.ndarray, metric: str) -> tuple[float, float]:
    """The best value of the metric over all thresholds, and the highest threshold that reaches it."""
    choice = best_threshold(target, score, metric=metric)
    return choice.value, choice.threshold


RULES = {"half": at_half, "best": at_best}
