"""Logits of a student and of its teacher: their checks, divergences, what the metrics take, an example."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lossary.authoring.validation import (
    check_class_index,
    check_finite,
    check_floating,
    check_integer,
    check_ndim,
    check_shape,
)
from lossary.errors import ShapeError
from lossary.ops.masked_softmax import masked_log_softmax, masked_log_sum_exp


def check_logits_pair(student: Tensor, teacher: Tensor, *, names: tuple[str, str], least: int = 1) -> None:
    """Raise unless both are floating and finite matrices of one shape.

    Args:
        student: (batch, classes).
        teacher: likewise.
        names: the arguments that the two came as, for the errors.
        least: how many classes there must be.
    """
    check_floating(names[0], student)
    check_ndim(names[0], student, "batch classes")
    if student.shape[1] < least:
        wanted = "a class" if least == 1 else f"{least} classes"
        raise ShapeError(f"{names[0]}: got shape {tuple(student.shape)}; wanted at least {wanted}")
    check_floating(names[1], teacher)
    check_shape(names[1], teacher, tuple(student.shape), like=names[0])
    check_finite(names[0], student)
    check_finite(names[1], teacher)


def teacher_of(
    student: Tensor,
    teacher: Tensor,
    *,
    names: tuple[str, str] = ("student_logits", "teacher_logits"),
    least: int = 1,
) -> Tensor:
    """The teacher's logits without a graph, in the dtype of the student's, after `check_logits_pair`."""
    check_logits_pair(student, teacher, names=names, least=least)
    return teacher.detach().to(student.dtype)


def target_columns(target: Tensor, logits: Tensor, *, like: str = "student_logits") -> Tensor:
    """Check the true class of each row, and return its column, (batch, 1) int64 for ``gather``.

    Raises:
        ShapeError: there is not one for each row.
        DtypeError: it is not an integer.
        InvalidInputError: it is no class.
    """
    check_integer("target", target)
    check_shape("target", target, (logits.shape[0],), like=f"the rows of {like}")
    check_class_index("target", target, logits.shape[1])
    return target.long().unsqueeze(1)


def times_square(values: Tensor, temperature: float) -> Tensor:
    """Values times the square of a temperature, which by itself may be beyond float32."""
    return temperature * (temperature * values)


def divergence(student: Tensor, teacher: Tensor, temperature: float, others: Tensor | None = None) -> Tensor:
    """Kullback-Leibler divergence of the softened student from the teacher, (batch,).

    Args:
        student: (batch, classes) logits.
        teacher: likewise.
        temperature: above 0.
        others: True where a class counts; None counts all.
    """
    log_p = masked_log_softmax(teacher, others, temperature=temperature)
    log_q = masked_log_softmax(student, others, temperature=temperature)
    gap = log_p - log_q if others is None else (log_p - log_q).where(others, 0.0)
    return (log_p.exp() * gap).sum(1)


def other_cross_entropy(logits: Tensor, wanted: Tensor, others: Tensor, temperature: float = 1.0) -> Tensor:
    """Cross-entropy, (batch,), of wanted shares of the other classes with a softmax over these alone."""
    log_q = masked_log_softmax(logits, others, temperature=temperature)
    return -(wanted * log_q.where(others, 0.0)).sum(1)  # 0 times infinity is NaN


def other_classes(logits: Tensor, columns: Tensor) -> Tensor:
    """True where a class is not that of the row, (batch, classes)."""
    return torch.arange(logits.shape[1], device=logits.device) != columns


def log_odds_parts(logits: Tensor, columns: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Logarithm of the probability of the row's class and of all others together, each (batch,)."""
    log_p = logits.log_softmax(1)
    return log_p.gather(1, columns).squeeze(1), masked_log_sum_exp(log_p, others)


def cross_entropy(logits: Tensor, columns: Tensor) -> Tensor:
    """Cross-entropy of each row, (batch,)."""
    return functional.cross_entropy(logits, columns.squeeze(1), reduction="none")


def two_networks(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of five classes, the teacher being surer than the student."""
    return {
        "student_logits": torch.randn(6, 5, generator=generator),
        "teacher_logits": 2 * torch.randn(6, 5, generator=generator),
    }


def taught_rows(generator: torch.Generator) -> dict[str, Any]:
    """`two_networks`, and the true class of each row."""
    return two_networks(generator) | {"target": torch.tensor([3, 0, 4, 1, 1, 2])}


def best_class(student_logits: np.ndarray, target: np.ndarray, **_: Any) -> tuple[np.ndarray, ...]:
    """The class of each row that counts, and the student's."""
    counts = target != -100
    return target[counts], student_logits[counts].argmax(-1)


def class_scores(student_logits: np.ndarray, target: np.ndarray, **_: Any) -> dict[str, np.ndarray]:
    """The class of each row that counts, and the student's score of each class."""
    counts, classes = target != -100, np.arange(student_logits.shape[-1])
    return {"y_true": target[counts], "y_score": student_logits[counts], "labels": classes}


def class_probabilities(student_logits: np.ndarray, target: np.ndarray, **_: Any) -> dict[str, np.ndarray]:
    """The class of each row, and the probability that the student gives each class."""
    odds = np.exp(student_logits.astype(np.float64) - student_logits.max(1, keepdims=True))
    classes = np.arange(student_logits.shape[1])
    return {"y_true": target, "y_prob": odds / odds.sum(1, keepdims=True), "labels": classes}


def agreement(student_logits: np.ndarray, teacher_logits: np.ndarray, **_: Any) -> tuple[np.ndarray, ...]:
    """The teacher's class of each row, and the student's."""
    return teacher_logits.argmax(1), student_logits.argmax(1)


def scores_of_teachers_class(
    student_logits: np.ndarray, teacher_logits: np.ndarray, **_: Any
) -> dict[str, np.ndarray]:
    """The teacher's class of each row, and the student's score of each class."""
    return class_scores(student_logits, teacher_logits.argmax(1))
