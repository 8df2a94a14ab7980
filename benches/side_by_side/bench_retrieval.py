"""Ranking of lists: NDCG beside the NumPy form and scikit-learn, label ranking, multi-class areas."""

from typing import Any

import numpy as np
import sklearn.metrics
from contest import Contest, benchmark_of, one_and_two
from lossary import metrics


def lists(queries: int, items: int) -> tuple[np.ndarray, np.ndarray]:
    """Grades 0 to 4, and scores that follow them with noise."""
    generator = np.random.default_rng(queries)
    grades = generator.integers(0, 5, size=(queries, items))
    return grades, grades + 2 * generator.normal(size=(queries, items))


def ndcg_by_numpy(relevance: np.ndarray, scores: np.ndarray, k: int) -> float:
    """The vectorised form with `np.argpartition`: ties as they come, linear gains."""
    discounts = 1 / np.log2(np.arange(2, k + 2))

    def best(keys: np.ndarray) -> np.ndarray:
        top = np.argpartition(-keys, k, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(keys, top, axis=1), axis=1)
        gains = np.take_along_axis(relevance, np.take_along_axis(top, order, axis=1), axis=1)
        return gains @ discounts

    return float((best(scores) / best(relevance)).mean())


def indicator(rows: int, labels: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(rows)
    y_true = (generator.random((rows, labels)) < 0.2).astype(np.int64)
    y_true[:, 0] = 1
    return y_true, generator.normal(size=(rows, labels)) + y_true


def probabilities(rows: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(rows)
    y_true = generator.integers(0, classes, size=rows)
    raw = np.exp(generator.normal(size=(rows, classes)) + np.eye(classes)[y_true])
    return y_true, raw / raw.sum(axis=1, keepdims=True)


def against_scikit_learn(title: str, name: str, data: Any, **options: Any) -> Contest:
    """The same function of both libraries."""
    theirs, ours = getattr(sklearn.metrics, name), getattr(metrics, name)
    return Contest(
        title,
        data,
        lambda given: theirs(*given, **options),
        one_and_two(lambda given: ours(*given, **options))
        | {"scikit-learn": lambda given: lambda: theirs(*given, **options)},
        tolerance=1e-10,
        rounds=5,
    )


CONTESTS = [
    Contest(
        "NDCG@10, 100,000 lists of 100",
        lambda: lists(100_000, 100),
        lambda given: ndcg_by_numpy(*given, 10),
        one_and_two(lambda given: metrics.ndcg_at_k(*given, 10, gain="linear"))
        | {
            "NumPy, argpartition": lambda given: lambda: ndcg_by_numpy(*given, 10),
            "scikit-learn": lambda given: lambda: sklearn.metrics.ndcg_score(*given, k=10, ignore_ties=True),
        },
        tolerance=1e-10,
        rounds=5,
    ),
    against_scikit_learn(
        "ndcg_score, ties averaged, 10,000 lists of 100",
        "ndcg_score",
        lambda: lists(10_000, 100),
        k=10,
    ),
    against_scikit_learn(
        "label_ranking_average_precision_score, 100,000 rows of 20",
        "label_ranking_average_precision_score",
        lambda: indicator(100_000, 20),
    ),
    against_scikit_learn(
        "label_ranking_loss, 100,000 rows of 20", "label_ranking_loss", lambda: indicator(100_000, 20)
    ),
    against_scikit_learn(
        "coverage_error, 100,000 rows of 20", "coverage_error", lambda: indicator(100_000, 20)
    ),
    against_scikit_learn(
        "top_k_accuracy_score, 100,000 rows of 100",
        "top_k_accuracy_score",
        lambda: probabilities(100_000, 100),
        k=5,
    ),
    against_scikit_learn(
        "roc_auc_score, one-vs-rest, 100,000 rows of 10 classes",
        "roc_auc_score",
        lambda: probabilities(100_000, 10),
        multi_class="ovr",
    ),
    against_scikit_learn(
        "roc_auc_score, one-vs-one, 100,000 rows of 10 classes",
        "roc_auc_score",
        lambda: probabilities(100_000, 10),
        multi_class="ovo",
    ),
]

test_time = benchmark_of(CONTESTS)
