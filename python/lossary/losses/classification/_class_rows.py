"""Rows of class scores with one right class each: their checks, what the metrics take of them, an example."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossary.authoring.validation import (
    check_class_index,
    check_finite,
    check_floating,
    check_int,
    check_integer,
    check_ndim,
    check_shape,
)
from lossary.errors import ShapeError


def check_class_scores(name: str, scores: Tensor) -> None:
    """Raise unless ``scores`` is a floating, finite matrix with a class at least."""
    check_floating(name, scores)
    check_ndim(name, scores, "batch classes")
    if scores.shape[1] == 0:
        raise ShapeError(f"{name}: got shape {tuple(scores.shape)}; wanted at least one class")
    check_finite(name, scores)


def class_columns(
    logits: Tensor, target: Tensor, *, ignore_index: int | None = None
) -> tuple[Tensor, Tensor | None]:
    """The column of the right class of each row, and the rows that count.

    Args:
        logits: (batch, classes), floating and finite.
        target: (batch,) class indices.
        ignore_index: rows with this target do not count; None lets all count.

    Returns:
        (batch, 1) int64 for ``gather``, 0 where ignored; and a (batch,) mask, None without ``ignore_index``.

    Raises:
        ShapeError: ``logits`` is not a matrix or has no class; ``target`` has another length.
        DtypeError: ``logits`` is not floating, or ``target`` or ``ignore_index`` not integer.
        InvalidInputError: a logit is NaN or infinite; a target is no class.
    """
    check_class_scores("logits", logits)
    check_integer("target", target)
    check_shape("target", target, (logits.shape[0],), like="the rows of logits")
    if ignore_index is not None:
        check_int("ignore_index", ignore_index)
    check_class_index("target", target, logits.shape[1], ignore_index=ignore_index)
    target = target.long()  # uint8 would read the class 156 as the ignored -100
    if ignore_index is None:
        return target.unsqueeze(1), None
    counts = target != ignore_index
    return target.where(counts, 0).unsqueeze(1), counts


def share_surprise(weights: Tensor, columns: Tensor) -> Tensor:
    """-log of the share of one column in the sum of its row, (batch,).

    Args:
        weights: (batch, classes), above 0.
        columns: (batch, 1), the column of each row.
    """
    return weights.sum(1).log() - weights.gather(1, columns).squeeze(1).log()


def six_rows(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of five classes, as example inputs."""
    return {
        "logits": torch.randn(6, 5, generator=generator),
        "target": torch.randint(5, (6,), generator=generator),
    }


def best_class(logits: np.ndarray, target: np.ndarray, **_: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The right class of each row that counts, and the class of its largest logit."""
    counts = target >= 0
    return target[counts], logits[counts].argmax(axis=1)


def class_scores(logits: np.ndarray, target: np.ndarray, **_: np.ndarray) -> dict[str, np.ndarray]:
    """The right class of each row, and the score of every class."""
    return {"y_true": target, "y_score": logits, "labels": np.arange(logits.shape[1])}


def class_probabilities(logits: np.ndarray, target: np.ndarray, **_: np.ndarray) -> dict[str, np.ndarray]:
    """The right class of each row, and what a softmax of the logits gives every class."""
    odds = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    probability = odds / odds.sum(1, keepdims=True)
    return {"y_true": target, "y_prob": probability, "labels": np.arange(logits.shape[1])}


def class_ranking(logits: np.ndarray, target: np.ndarray, **_: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row as a ranking of its classes, of which the right one is relevant."""
    return target[:, None] == np.arange(logits.shape[1]), logits
