"""Confusion matrices and what is read from them: integers, strings, batches."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import sklearn.metrics
import torch
from contest import Contest, benchmark_of, one_and_two
from lossary import metrics
from lossary.streaming import ConfusionState
from torchmetrics.functional.classification import multiclass_confusion_matrix

LARGE = 10_000_000


def labels(count: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Uniform classes, half of which are predicted rightly, the others at random; int64."""
    generator = np.random.default_rng(count + classes)
    y_true = generator.integers(0, classes, count)
    return y_true, np.where(generator.random(count) < 0.5, y_true, generator.integers(0, classes, count))


def named(count: int, kind: str) -> tuple[np.ndarray, ...]:
    """Labels of ten classes as strings of up to ten letters, and the integers that they stand for."""
    names = np.array([f"animal {number:03d}" for number in range(10)])
    given = labels(count, len(names))
    if kind == "objects":
        return *(names.astype(object)[each] for each in given), *given
    return *(names[each] for each in given), *given


def by_bincount(y_true: np.ndarray, y_pred: np.ndarray, classes: int) -> np.ndarray:
    """One line, for those who know that labels are 0 to classes - 1."""
    return np.bincount(y_true * classes + y_pred, minlength=classes**2).reshape(classes, classes)


@numba.njit
def by_numba(y_true: np.ndarray, y_pred: np.ndarray, classes: int) -> np.ndarray:
    """The loop, with the check without which it writes anywhere."""
    table = np.zeros((classes, classes), np.int64)
    for truth, guess in zip(y_true, y_pred):  # noqa: B905 - numba has no strict
        if not (0 <= truth < classes and 0 <= guess < classes):
            raise ValueError("a label outside the range")
        table[truth, guess] += 1
    return table


def by_torchmetrics(given: Any, classes: int) -> Callable[[], np.ndarray]:
    y_true, y_pred = map(torch.from_numpy, given)
    return lambda: multiclass_confusion_matrix(y_pred, y_true, classes, validate_args=False).numpy()


def matrix(classes: int) -> Contest:
    """One contest for the matrix of many labels."""
    return Contest(
        f"confusion matrix, {LARGE:,}, int64, {classes:,} classes",
        lambda: labels(LARGE, classes),
        lambda given: by_bincount(*given, classes),
        one_and_two(lambda given: metrics.confusion_matrix(*given))
        | {
            "NumPy, bincount": lambda given: lambda: by_bincount(*given, classes),
            "numba, loop": lambda given: lambda: by_numba(*given, classes),
            "scikit-learn": lambda given: lambda: sklearn.metrics.confusion_matrix(*given),
            "torchmetrics": lambda given: by_torchmetrics(given, classes),
        },
        samples=LARGE,
    )


def numbers(report: dict[str, Any]) -> np.ndarray:
    """All that a report tells, in its order."""
    return np.hstack([[*row.values()] if isinstance(row, dict) else row for row in report.values()])


def report(classes: int) -> Contest:
    """One contest for the report."""
    return Contest(
        f"classification report, 1,000,000, int64, {classes:,} classes",
        lambda: labels(1_000_000, classes),
        lambda given: numbers(sklearn.metrics.classification_report(*given, output_dict=True)),
        one_and_two(lambda given: metrics.classification_report(*given, output_dict=True))
        | {
            "scikit-learn": lambda given: (
                lambda: sklearn.metrics.classification_report(*given, output_dict=True)
            )
        },
        read=numbers,
        rounds=5,
        samples=1_000_000,
    )


def strings(name: str, metric: Callable[..., Any], kind: str) -> Contest:
    """One contest for labels that are strings; the same labels as integers are the yardstick."""
    theirs = getattr(sklearn.metrics, metric.__name__)
    options = {"average": "macro"} if metric is metrics.f1_score else {}
    return Contest(
        f"{name}, 1,000,000, {kind}, 10 classes",
        lambda: named(1_000_000, kind),
        lambda given: theirs(*given[2:], **options),
        one_and_two(lambda given: metric(*given[:2], **options))
        | {"scikit-learn": lambda given: lambda: theirs(*given[:2], **options)},
        {
            f"integers: {contender}": call
            for contender, call in one_and_two(lambda given: metric(*given[2:], **options)).items()
        },
        rounds=7,
        samples=1_000_000,
    )


def in_batches(given: Any) -> np.ndarray:
    """The matrix of a state that takes 100 batches."""
    state = ConfusionState()
    for y_true, y_pred in zip(*(np.array_split(each, 100) for each in given), strict=True):
        state.update(y_true, y_pred)
    return state.evaluate(metrics.confusion_matrix)


CONTESTS = [
    matrix(10),
    matrix(1000),
    report(10),
    report(1000),
    strings("confusion matrix", metrics.confusion_matrix, "strings"),
    strings("F1", metrics.f1_score, "strings"),
    strings("confusion matrix", metrics.confusion_matrix, "objects"),
    Contest(
        f"confusion matrix in 100 batches, {LARGE:,}, int64, 10 classes",
        lambda: labels(LARGE, 10),
        lambda given: by_bincount(*given, 10),
        one_and_two(in_batches),
        {
            f"in one batch: {contender}": call
            for contender, call in one_and_two(lambda given: metrics.confusion_matrix(*given)).items()
        },
        samples=LARGE,
    ),
]

test_time = benchmark_of(CONTESTS)
