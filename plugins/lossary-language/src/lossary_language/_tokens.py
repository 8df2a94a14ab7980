"""Rows of tokens with their targets: log-probabilities, cross-entropy, what log_loss takes, an example."""

from functools import partial
from typing import Any

import numpy as np
import torch
from lossary.authoring import ExactMetric, reduce
from lossary.authoring.validation import (
    check_class_index,
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_shape,
)
from lossary.errors import ShapeError
from torch import Tensor
from torch.nn import functional


def token_log_prob(
    logits: Tensor, target: Tensor, *, ignore_index: int, side: str = ""
) -> tuple[Tensor, Tensor]:
    """Log-probability of each target, and where there is one.

    Args:
        logits: (batch, steps, vocabulary), aligned with ``target``.
        target: (batch, steps).
        ignore_index: the target of a position that does not count.
        side: what comes before the names of the two arguments, as in forget_logits.

    Returns:
        Two (batch, steps): 0 where ignored, and True where not.

    Raises:
        ShapeError: ``logits`` has not three axes, or no vocabulary; ``target`` is not of its positions.
        DtypeError: ``logits`` is not floating; ``target`` or ``ignore_index`` is not integer.
        InvalidInputError: a logit is NaN or infinite; a target is outside the vocabulary.
    """
    name = f"{side}logits"
    check_floating(name, logits)
    check_ndim(name, logits, "batch steps vocabulary")
    vocabulary = logits.shape[2]
    if vocabulary == 0:
        raise ShapeError(
            f"{name}: got shape {tuple(logits.shape)}; wanted a vocabulary of at least one token"
        )
    check_int("ignore_index", ignore_index)
    check_class_index(f"{side}target", target, vocabulary, ignore_index=ignore_index)
    check_shape(f"{side}target", target, tuple(logits.shape[:2]), like=f"the positions of {name}")
    check_finite(name, logits)
    target = target.long()  # uint8 would read the token 156 as the ignored -100
    counts = target != ignore_index
    loss = functional.cross_entropy(
        logits.flatten(0, 1), target.flatten(), ignore_index=ignore_index, reduction="none"
    )
    return (-loss.view(target.shape)).where(counts, 0.0), counts


def token_cross_entropy(logits: Tensor, target: Tensor, *, ignore_index: int, side: str = "") -> Tensor:
    """Mean cross-entropy of the tokens that count; 0 with a graph without any. As `token_log_prob` else."""
    log_prob, counts = token_log_prob(logits, target, ignore_index=ignore_index, side=side)
    return reduce(-log_prob, "mean", mask=counts)


def check_vocabulary(name: str, logits: Tensor, other: Tensor, *, like: str) -> None:
    """Raise ShapeError unless two sides have the same vocabulary."""
    if logits.shape[-1] != other.shape[-1]:
        raise ShapeError(
            f"{name}: got a vocabulary of {logits.shape[-1]}; wanted {other.shape[-1]}, as {like}"
        )


def log_loss_of(side: str = "") -> ExactMetric:
    """The exact metric of the tokens of a side."""
    return ExactMetric(name="log_loss", adapt=partial(_token_probabilities, side))


def _token_probabilities(side: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
    logits, target = inputs[f"{side}logits"], inputs[f"{side}target"]
    counts = target >= 0
    odds = np.exp(logits[counts].astype(np.float64) - logits[counts].max(1, keepdims=True))
    return {
        "y_true": target[counts],
        "y_proba": odds / odds.sum(1, keepdims=True),
        "labels": np.arange(logits.shape[2]),
    }


def four_rows(generator: torch.Generator, side: str = "", steps: int = 3) -> dict[str, Any]:
    """Four rows of a few steps in a vocabulary of five, some of them ignored, as example inputs."""
    target = torch.randint(5, (4, steps), generator=generator)
    target[1, 0] = target[3, -1] = -100
    return {f"{side}logits": torch.randn(4, steps, 5, generator=generator), f"{side}target": target}
