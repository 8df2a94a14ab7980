"""Log-probabilities of whole answers, one per row: their checks, and the price of not having forgotten."""

from typing import Any

import torch
from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_shape
from torch import Tensor
from torch.nn import functional


def check_log_probs(**log_probs: Tensor) -> None:
    """Check log-probabilities by name, the first of which gives the shape.

    Raises:
        ShapeError: the first has not one axis, or another has another shape.
        DtypeError: one is not floating.
        InvalidInputError: a value is NaN or infinite.
    """
    like, first = next(iter(log_probs.items()))
    for name, log_prob in log_probs.items():
        check_floating(name, log_prob)
        if log_prob is first:
            check_ndim(name, log_prob, "batch")
        else:
            check_shape(name, log_prob, tuple(first.shape), like=like)
        check_finite(name, log_prob)


def softplus(value: Tensor) -> Tensor:
    """log(1 + exp(x)), exact on both sides; that of torch turns into x at 20."""
    return -functional.logsigmoid(-value)


def remembrance(log_ratio: Tensor, beta: float) -> Tensor:
    """2 / beta times the softplus of beta times a log-ratio: its slope falls from 2 to 0 with the ratio."""
    return softplus(beta * log_ratio) * (2 / beta)


def four_answers(*names: str, generator: torch.Generator) -> dict[str, Any]:
    """Log-probabilities of four answers under each name, from -4 to 0, as example inputs."""
    return {name: -4 * torch.rand(4, generator=generator) for name in names}
