"""The four scores, and the two rules for the threshold at which they are taken.

Scores of rows are logits: a probability of one half is 0. A row is accepted at or above the threshold.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from lossary.metrics import (
    balanced_accuracy_score,
    f1_score,
    geometric_mean_score,
    matthews_corrcoef,
    roc_curve,
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
    tp, fp = int((accepted & target).sum()), int((accepted & ~target).sum())
    return _value(metric, target, tp, fp), 0.0


def best_threshold(target: np.ndarray, score: np.ndarray, metric: str) -> tuple[float, float]:
    """The best value of the metric over all thresholds, and the highest threshold that reaches it."""
    fpr, tpr, thresholds = roc_curve(target, score, drop_intermediate=False)
    positives = int(target.sum())
    values = _value(metric, target, np.rint(tpr * positives), np.rint(fpr * (len(target) - positives)))
    best = int(values.argmax())
    return float(values[best]), float(thresholds[best])


def _value(metric: str, target: np.ndarray, tp: Any, fp: Any) -> Any:
    positives = int(target.sum())
    return BINARY_CRITERIA[metric].score(tp, fp, positives - tp, len(target) - positives - fp)


RULES = {"half": at_half, "best": best_threshold}
