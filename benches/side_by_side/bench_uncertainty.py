"""Intervals, paired tests and bootstraps of the area under the ROC curve, and states fed in batches."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn.metrics
import torch
from contest import Contest, benchmark_of, one_and_two, threads
from lossary import metrics
from lossary.metrics import Confidence
from lossary.streaming import BoundedRankingState, ExactRankingState
from torchmetrics.classification import BinaryAUROC

COUNT = 1_000_000
RESAMPLED = 100_000
BATCH = 10_000
LARGE_BATCH = 100_000
BINS = 1000


def samples(count: int, scorers: int = 1) -> tuple[np.ndarray, ...]:
    """30 % positives, and normal scores that are shifted by one half for them."""
    generator = np.random.default_rng(count)
    y_true = generator.random(count) < 0.3
    shared = generator.normal(size=count) + 0.5 * y_true
    return y_true, *(shared + 0.5 * generator.normal(size=count) for _ in range(scorers))


def placements(y_true: np.ndarray, y_score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The share of the other class that each positive, and each negative, is ranked right against."""
    positives, negatives = y_score[y_true], y_score[~y_true]
    above, below = np.sort(positives), np.sort(negatives)
    wins = np.searchsorted(below, positives, "left") + np.searchsorted(below, positives, "right")
    losses = np.searchsorted(above, negatives, "left") + np.searchsorted(above, negatives, "right")
    return wins / (2 * len(negatives)), 1 - losses / (2 * len(positives))


def delong_by_numpy(y_true: np.ndarray, y_score: np.ndarray) -> tuple[float, float, float]:
    """The area and its 95 % interval."""
    of_positives, of_negatives = placements(y_true, y_score)
    area = of_positives.mean()
    variance = of_positives.var(ddof=1) / len(of_positives) + of_negatives.var(ddof=1) / len(of_negatives)
    margin = 1.959963984540054 * math.sqrt(variance)
    return area, area - margin, area + margin


def paired_by_numpy(y_true: np.ndarray, *y_scores: np.ndarray) -> float:
    """The statistic of the test of two areas."""
    of_positives, of_negatives = zip(*(placements(y_true, scores) for scores in y_scores), strict=True)
    covariance = np.cov(of_positives) / len(of_positives[0]) + np.cov(of_negatives) / len(of_negatives[0])
    first, second = (each.mean() for each in of_positives)
    return float((first - second) / math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]))


def interval(given: Any, method: str, resamples: int = 2000) -> tuple[float, float, float]:
    """The area and its ends."""
    settings = Confidence(method=method, resamples=resamples)
    return metrics.roc_auc_score(*given, confidence=settings)[:3]


def resampled_by_scikit_learn(
    y_true: np.ndarray, y_score: np.ndarray, resamples: int
) -> tuple[float, float, float]:
    """The loop people write: draw rows, score them, take quantiles."""
    generator = np.random.default_rng(0)
    areas = []
    for _ in range(resamples):
        rows = generator.integers(len(y_true), size=len(y_true))
        areas.append(sklearn.metrics.roc_auc_score(y_true[rows], y_score[rows]))
    low, high = np.quantile(areas, [0.025, 0.975])
    return sklearn.metrics.roc_auc_score(y_true, y_score), low, high


INTERVALS = [
    Contest(
        f"DeLong interval of the ROC AUC, {COUNT:,}, float64",
        lambda: samples(COUNT),
        lambda given: delong_by_numpy(*given),
        one_and_two(lambda given: interval(given, "delong"))
        | {"NumPy": lambda given: lambda: delong_by_numpy(*given)},
        {
            "the default interval, lossary, 1 thread": lambda given: threads(
                1, lambda: interval(given, "auto")
            ),
            "the area alone, lossary, 1 thread": lambda given: threads(
                1, lambda: metrics.roc_auc_score(*given)
            ),
        },
        tolerance=1e-10,
    ),
    Contest(
        f"paired test of two ROC AUCs, {COUNT:,}, float64",
        lambda: samples(COUNT, scorers=2),
        lambda given: paired_by_numpy(*given),
        one_and_two(lambda given: metrics.compare_roc_auc(*given).z[0])
        | {"NumPy": lambda given: lambda: paired_by_numpy(*given)},
        tolerance=1e-8,
    ),
    # A scikit-learn loop of 1,000 would take half a minute a round: it is timed on a tenth, beside ours.
    Contest(
        f"bootstrap of the ROC AUC, {RESAMPLED:,}, 100 resamples",
        lambda: samples(RESAMPLED),
        lambda given: delong_by_numpy(*given),
        one_and_two(lambda given: interval(given, "percentile", 100))
        | {"scikit-learn in a loop": lambda given: lambda: resampled_by_scikit_learn(*given, 100)},
        tolerance=2e-3,  # of an end from so few resamples: half a standard error of the area is 1.4e-3
    ),
    Contest(
        f"bootstrap of the ROC AUC, {RESAMPLED:,}, 1,000 resamples",
        lambda: samples(RESAMPLED),
        lambda given: delong_by_numpy(*given),
        one_and_two(lambda given: interval(given, "percentile", 1000)),
        {"bca, lossary, 2 threads": lambda given: threads(2, lambda: interval(given, "bca", 1000))},
        tolerance=1e-3,
    ),
]


def batches(size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Probabilities, as torchmetrics would pass others through a sigmoid."""
    y_true, y_score = samples(COUNT)
    y_score = (1 / (1 + np.exp(-y_score))).astype(np.float32)
    starts = range(0, COUNT, size)
    return [(y_true[start : start + size], y_score[start : start + size]) for start in starts]


def area_of_all(given: Any) -> float:
    y_true, y_score = (np.concatenate(each) for each in zip(*given, strict=True))
    return float(sklearn.metrics.roc_auc_score(y_true, y_score))


def fed(empty: Callable[[], Any], given: Any) -> Any:
    """A state after all batches."""
    state = empty()
    for batch in given:
        state.update(*batch)
    return state


def torchmetrics(thresholds: int | None, read: Callable[[Any], Any]) -> Callable[[Any], Callable[[], Any]]:
    """The peer: fed with the same batches as tensors, then read."""

    def contender(given: Any) -> Callable[[], Any]:
        tensors = [(torch.from_numpy(s), torch.from_numpy(t.astype(np.int64))) for t, s in given]
        return lambda: read(
            fed(lambda: BinaryAUROC(thresholds=thresholds, validate_args=False), tensors).compute
        )

    return contender


STATES = [
    Contest(
        f"exact state, {COUNT:,} float32 in batches of {BATCH:,}, updates alone",
        lambda: batches(BATCH),
        area_of_all,
        one_and_two(lambda given: fed(ExactRankingState, given).roc_auc)
        | {"torchmetrics": torchmetrics(None, lambda compute: compute)},
        tolerance=1e-4,  # torchmetrics adds up in float32
        read=lambda area: float(area()),
        samples=COUNT,
    ),
    Contest(
        f"exact state, {COUNT:,} float32 in batches of {BATCH:,}, updates and the area",
        lambda: batches(BATCH),
        area_of_all,
        one_and_two(lambda given: fed(ExactRankingState, given).roc_auc())
        | {"torchmetrics": torchmetrics(None, lambda compute: float(compute()))},
        tolerance=1e-4,
        samples=COUNT,
    ),
    Contest(
        f"state of {BINS:,} bins, {COUNT:,} float32 in batches of {LARGE_BATCH:,}, updates and the area",
        lambda: batches(LARGE_BATCH),
        area_of_all,
        one_and_two(lambda given: fed(lambda: BoundedRankingState(bins=BINS), given).roc_auc().value)
        | {
            "65,536 bins: lossary, 1 thread": lambda given: threads(
                1, lambda: fed(BoundedRankingState, given).roc_auc().value
            ),
            "torchmetrics": torchmetrics(BINS, lambda compute: float(compute())),
        },
        tolerance=1e-3,
        samples=COUNT,
    ),
]

test_time = benchmark_of(INTERVALS + STATES)
