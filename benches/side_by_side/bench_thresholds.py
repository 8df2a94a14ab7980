# ruff: noqa: ARG005 - all criteria take all four counts
"""The best of all thresholds, and a metric at each of them, beside the peers and beside a sort."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import sklearn.metrics
from contest import Contest, benchmark_of, one_and_two, sorts
from lossary import metrics
from lossary.metrics.binary_criteria import BINARY_CRITERIA

LARGE, SMALL = 10_000_000, 2_000
COSTS = {"fp": 1.0, "fn": 5.0}


def samples(count: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """30 % positives, whose normal scores are shifted by one half."""
    generator = np.random.default_rng(count)
    y_true = generator.random(count) < 0.3
    y_true[:2] = False, True
    return y_true, (generator.normal(size=count) + 0.5 * y_true).astype(dtype)


def gain(tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    """The mean cost, below zero."""
    return -(COSTS["fp"] * fp + COSTS["fn"] * fn) / (tp + fp + fn + tn)


SCORES: dict[str, Callable[..., Any]] = {
    name: BINARY_CRITERIA[name].score for name in ("f1", "matthews", "geometric_mean")
}


def best_by_numpy(score: Callable[..., Any], y_true: np.ndarray, y_score: np.ndarray) -> float:
    """The five lines people paste: counts in the sorted order, read at the last of equal scores."""
    order = np.argsort(-y_score)
    last = np.append(np.diff(y_score[order]) != 0, True)
    hits = np.cumsum(y_true[order])[last].astype(np.float64)
    alarms = np.flatnonzero(last) + 1 - hits
    return float(score(hits, alarms, hits[-1] - hits, alarms[-1] - alarms).max())


def best_by_scikit_learn(score: Callable[..., Any], y_true: np.ndarray, y_score: np.ndarray) -> float:
    """Its confusion matrix at every threshold, and the metric of all of them."""
    tn, fp, fn, tp, _ = sklearn.metrics.confusion_matrix_at_thresholds(y_true, y_score)
    return float(score(tp, fp, fn, tn).max())


@numba.njit
def _best_f1_of_sorted(labels: np.ndarray, scores: np.ndarray) -> float:
    best, hits, positives = 0.0, 0, labels.sum()
    for place in range(len(labels)):
        hits += labels[place]
        if place + 1 == len(labels) or scores[place + 1] != scores[place]:
            best = max(best, 2 * hits / (place + 1 + positives))
    return best


def best_f1_by_numba(y_true: np.ndarray, y_score: np.ndarray) -> float:
    """One sort, and a compiled loop."""
    order = np.argsort(y_score)[::-1]
    return float(_best_f1_of_sorted(y_true[order], y_score[order]))


def best(name: str, dtype: str, **options: Any) -> Contest:
    """One contest for the best value of a metric."""
    score = gain if "costs" in options else SCORES[name]
    sign = -1 if "costs" in options else 1
    peers: dict[str, Callable[[Any], Callable[[], Any]]] = {
        "NumPy, argsort": lambda given: lambda: sign * best_by_numpy(score, *given),
        "scikit-learn's curve": lambda given: lambda: sign * best_by_scikit_learn(score, *given),
    }
    if name == "f1":
        peers["numba, argsort"] = lambda given: lambda: best_f1_by_numba(*given)
    return Contest(
        f"best {name} of all thresholds, {LARGE:,}, {dtype}",
        lambda: samples(LARGE, dtype),
        lambda given: sign * best_by_numpy(score, *given),
        one_and_two(lambda given: metrics.best_threshold(*given, **options).value) | peers,
        sorts(lambda given: given[1]),
        samples=LARGE,
    )


BEST = [
    best("f1", "float32", metric="f1"),
    best("f1", "float64", metric="f1"),
    best("matthews", "float32", metric="matthews"),
    best("geometric_mean", "float32", metric="geometric_mean"),
    best("cost", "float32", costs=COSTS),
    Contest(
        f"best precision with recall >= 0.9, {LARGE:,}, float32",
        lambda: samples(LARGE, "float32"),
        lambda given: best_by_numpy(
            lambda tp, fp, fn, tn: np.where(tp / (tp + fn) >= 0.9, tp / (tp + fp), 0), *given
        ),
        one_and_two(
            lambda given: (
                metrics.best_threshold(*given, metric="precision", constraints="recall >= 0.9").value
            )
        ),
        sorts(lambda given: given[1]),
        samples=LARGE,
    ),
]

SWEEPS = [
    Contest(
        f"confusion matrix at all thresholds, {LARGE:,}, float32",
        lambda: samples(LARGE, "float32"),
        lambda given: sklearn.metrics.confusion_matrix_at_thresholds(*given)[3][::1000],
        one_and_two(lambda given: metrics.confusion_matrix_at_thresholds(*given))
        | {"scikit-learn": lambda given: lambda: sklearn.metrics.confusion_matrix_at_thresholds(*given)},
        sorts(lambda given: given[1]),
        rounds=5,
        read=lambda counts: counts[3][::1000],
        samples=LARGE,
    ),
    Contest(
        f"F1 at all thresholds, {SMALL:,}, float64",
        lambda: samples(SMALL, "float64"),
        lambda given: sklearn.metrics.metric_at_thresholds(*given, sklearn.metrics.f1_score)[0],
        {
            "lossary, criterion": lambda given: (
                lambda: metrics.metric_at_thresholds(*given, criterion="f1")[0]
            ),
            "lossary, function of labels": lambda given: (
                lambda: metrics.metric_at_thresholds(*given, metrics.f1_score)[0]
            ),
            "scikit-learn": lambda given: (
                lambda: sklearn.metrics.metric_at_thresholds(*given, sklearn.metrics.f1_score)[0]
            ),
        },
        samples=SMALL,
    ),
]

test_time = benchmark_of(BEST + SWEEPS)
