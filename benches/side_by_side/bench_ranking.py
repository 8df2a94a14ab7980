"""The area under the ROC curve, average precision and curves, beside the peers and beside a sort."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import scors
import sklearn.metrics
import torch
from contest import Contest, benchmark_of, one_and_two, sorts
from lossary import metrics
from lossary.streaming import ExactRankingState
from torchmetrics.functional.classification import binary_auroc, binary_average_precision

LARGE = 10_000_000


def samples(
    count: int, dtype: str, shape: Callable[[np.ndarray], np.ndarray] = np.asarray
) -> tuple[np.ndarray, np.ndarray]:
    """30 % positives, whose normal scores are shifted by one half, then shaped."""
    generator = np.random.default_rng(count)
    y_true = generator.random(count) < 0.3
    y_true[:2] = False, True
    return y_true, shape(generator.normal(size=count) + 0.5 * y_true).astype(dtype)


SHAPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": lambda scores: 1 / (1 + np.exp(-scores)),
    "wide": lambda scores: np.sign(scores) * 10.0 ** (6 * np.abs(scores)),
    "ascending": np.sort,
    "constant": np.zeros_like,
    "101 values": lambda scores: np.round(20 * np.clip(scores, -2.5, 2.5)),
    "1,001 values": lambda scores: np.round(200 * np.clip(scores, -2.5, 2.5)),
    "32,768 values": lambda scores: np.clip(np.floor(4096 * (scores + 4)), 0, 32_767),
    "float16 values": lambda scores: scores.astype(np.float16),
}


def exact_auc(given: Any) -> float:
    """Wins and ties of every positive, counted in the sorted negatives: integers until the last division."""
    y_true, scores = given[0], given[1] + 0
    negatives, positives = np.sort(scores[~y_true]), np.sort(scores[y_true])
    lower = np.searchsorted(negatives, positives, "left").sum(dtype=np.int64)
    at_most = np.searchsorted(negatives, positives, "right").sum(dtype=np.int64)
    return (int(lower) + int(at_most)) / (2 * len(positives) * len(negatives))


def auc_by_numpy(y_true: np.ndarray, y_score: np.ndarray) -> float:
    """The five lines people paste; ties are counted as they come."""
    labels = y_true[np.argsort(y_score)]
    negatives = np.cumsum(~labels)
    return float(negatives[labels].sum() / (negatives[-1] * labels.sum()))


@numba.njit
def _auc_of_sorted(labels: np.ndarray) -> float:
    wins = negatives = 0
    for label in labels:
        if label:
            wins += negatives
        else:
            negatives += 1
    return wins / (negatives * (len(labels) - negatives))


def auc_by_numba(y_true: np.ndarray, y_score: np.ndarray) -> float:
    """The same with a compiled loop."""
    return float(_auc_of_sorted(y_true[np.argsort(y_score)]))


def auc(count: int, dtype: str, shape: str | None, **peers: Any) -> Contest:
    """One contest for the area."""
    shaped = SHAPES[shape] if shape else np.asarray
    kind = f"{dtype} {shape}" if shape else dtype
    return Contest(
        f"ROC AUC, {count:,}, {kind}",
        lambda: samples(count, dtype, shaped),
        exact_auc,
        one_and_two(lambda given: metrics.roc_auc_score(*given)) | peers,
        sorts(lambda given: given[1]) if count > 1000 else {},
        # scikit-learn adds up trapezoids in floating point
        tolerance=1e-10,
    )


PEERS = {
    "scikit-learn": lambda given: lambda: sklearn.metrics.roc_auc_score(*given),
    "scors": lambda given: lambda: scors.roc_auc(*given),
}
UNTIED = {
    "NumPy, five lines": lambda given: lambda: auc_by_numpy(*given),
    "numba, five lines": lambda given: lambda: auc_by_numba(*given),
}


def by_torchmetrics(metric: Callable[..., torch.Tensor], given: Any) -> Callable[[], float]:
    """The exact form, on scores between 0 and 1 (others would pass through a sigmoid)."""
    y_score, y_true = torch.from_numpy(given[1]), torch.from_numpy(given[0].astype(np.int64))
    return lambda: float(metric(y_score, y_true, validate_args=False))


def weighted(count: int) -> tuple[Any, ...]:
    return *samples(count, "float32"), np.random.default_rng(1).random(count)


AREAS = [
    auc(LARGE, "float32", None, **PEERS),
    auc(LARGE, "float64", None, **PEERS, **UNTIED),
    auc(LARGE, "float32", "sigmoid"),
    auc(LARGE, "float32", "wide"),
    auc(LARGE, "float32", "ascending"),
    auc(LARGE, "float32", "constant"),
    auc(LARGE, "float32", "101 values"),
    auc(LARGE, "float32", "1,001 values"),
    auc(LARGE, "float32", "32,768 values"),
    auc(LARGE, "float32", "float16 values"),
    auc(100, "float32", None, **PEERS),
    auc(100, "float64", None, **PEERS),
    auc(1_000_000, "float64", None, **PEERS, **UNTIED),
    Contest(
        "ROC AUC, 1,000,000, float64 sigmoid",
        lambda: samples(1_000_000, "float64", SHAPES["sigmoid"]),
        exact_auc,
        one_and_two(lambda given: metrics.roc_auc_score(*given))
        | {"torchmetrics": lambda given: by_torchmetrics(binary_auroc, given)},
        tolerance=1e-4,  # torchmetrics adds up in float32
    ),
    Contest(
        "ROC AUC, 10,000,000, float32 weighted",
        lambda: weighted(LARGE),
        lambda given: sklearn.metrics.roc_auc_score(given[0], given[1], sample_weight=given[2]),
        one_and_two(lambda given: metrics.roc_auc_score(given[0], given[1], sample_weight=given[2])),
        {
            f"unweighted: {name}": contender
            for name, contender in one_and_two(lambda given: metrics.roc_auc_score(*given[:2])).items()
        }
        | sorts(lambda given: given[1]),
        tolerance=1e-10,
    ),
]


def precision_answer(given: Any) -> float:
    """Average precision of scores without ties: the mean of hits / rank over the positives."""
    y_true, scores = given
    distinct, first = np.unique(-scores, return_inverse=True)
    hits = np.cumsum(np.bincount(first, weights=y_true, minlength=len(distinct)))
    above = np.cumsum(np.bincount(first, minlength=len(distinct)))
    return float((np.diff(hits, prepend=0) * hits / above).sum() / hits[-1])


def best_f1_by_numpy(y_true: np.ndarray, y_score: np.ndarray) -> float:
    """The highest F1 of a threshold: counts in the sorted order, read at the last of equal scores."""
    order = np.argsort(-y_score)
    hits = np.cumsum(y_true[order])
    last = np.append(np.diff(y_score[order]) != 0, True)
    return float((2 * hits / (np.arange(1, len(hits) + 1) + hits[-1]))[last].max())


def best_accuracy_by_numpy(y_true: np.ndarray, y_score: np.ndarray) -> float:
    """The same of the accuracy; a threshold above all scores accepts nothing."""
    order = np.argsort(-y_score)
    gained = np.cumsum(np.where(y_true[order], 1, -1))
    last = np.append(np.diff(y_score[order]) != 0, True)
    return float((np.count_nonzero(~y_true) + max(0, gained[last].max())) / len(y_true))


CURVES = [
    Contest(
        f"average precision, {LARGE:,}, float32",
        lambda: samples(LARGE, "float32"),
        precision_answer,
        one_and_two(lambda given: metrics.average_precision_score(*given))
        | {
            "scikit-learn": lambda given: lambda: sklearn.metrics.average_precision_score(*given),
            "scors": lambda given: lambda: scors.average_precision(*given),
        },
        sorts(lambda given: given[1]),
        tolerance=1e-9,
    ),
    Contest(
        "average precision, 1,000,000, float64 sigmoid",
        lambda: samples(1_000_000, "float64", SHAPES["sigmoid"]),
        precision_answer,
        one_and_two(lambda given: metrics.average_precision_score(*given))
        | {"torchmetrics": lambda given: by_torchmetrics(binary_average_precision, given)},
        tolerance=1e-4,
    ),
    Contest(
        f"ROC curve, all points, {LARGE:,}, float32",
        lambda: samples(LARGE, "float32"),
        lambda given: sklearn.metrics.roc_curve(*given, drop_intermediate=False)[1][::1000],
        one_and_two(lambda given: metrics.roc_curve(*given, drop_intermediate=False))
        | {"scikit-learn": lambda given: lambda: sklearn.metrics.roc_curve(*given, drop_intermediate=False)},
        sorts(lambda given: given[1]),
        rounds=5,
        read=lambda points: points[1][::1000],
    ),
    Contest(
        f"threshold of the best F1, {LARGE:,}, float32",
        lambda: samples(LARGE, "float32"),
        lambda given: best_f1_by_numpy(*given),
        one_and_two(lambda given: ExactRankingState().update(*given).best_threshold().value)
        | {"NumPy, argsort": lambda given: lambda: best_f1_by_numpy(*given)},
        sorts(lambda given: given[1]),
    ),
    Contest(
        f"threshold of the best accuracy, {LARGE:,}, float32",
        lambda: samples(LARGE, "float32"),
        lambda given: best_accuracy_by_numpy(*given),
        one_and_two(lambda given: metrics.verification_accuracy(*given).value)
        | {"NumPy, argsort": lambda given: lambda: best_accuracy_by_numpy(*given)},
        sorts(lambda given: given[1]),
    ),
]

test_time = benchmark_of(AREAS + CURVES)
