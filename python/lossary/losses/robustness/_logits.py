"""Logits of inputs as they are and under attack: checks, divergences, what the metrics take, an example."""

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
    check_non_negative,
    check_shape,
)
from lossary.errors import ShapeError


def check_logits(**logits: Tensor) -> None:
    """Raise unless all are floating and finite matrices of one shape, with a class at least.

    Args:
        logits: each under the name of the argument that it came as.

    Raises:
        ShapeError: the first is no matrix or has no class, or another is not in its shape.
        DtypeError: one is not floating.
        InvalidInputError: a logit is NaN or infinite.
    """
    first = next(iter(logits))
    shape = None
    for name, values in logits.items():
        check_floating(name, values)
        if shape is None:
            check_ndim(name, values, "batch classes")
            shape = tuple(values.shape)
            if shape[1] == 0:
                raise ShapeError(f"{name}: got shape {shape}; wanted at least one class")
        check_shape(name, values, shape, like=first)
        check_finite(name, values)


def divergence(logits: Tensor, other: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the softmax of ``other`` from that of ``logits``, (batch,)."""
    return log_divergence(logits.log_softmax(1), other.log_softmax(1))


def log_divergence(log_p: Tensor, log_q: Tensor) -> Tensor:
    """The same of logarithms of probabilities."""
    return (log_p.exp() * (log_p - log_q)).sum(1)


def supervised_divergence(
    natural: Tensor, adversarial: Tensor, target: Tensor, *, beta: float, learn_attacked: bool
) -> Tensor:
    """Cross-entropy of one of the two logits plus beta times the divergence between them, (batch,).

    Args:
        natural: (batch, classes), of the inputs as they are.
        adversarial: likewise, of the inputs under attack.
        target: (batch,), the right classes.
        beta: 0 or above.
        learn_attacked: whether the cross-entropy is that of ``adversarial``.

    Raises:
        ShapeError: logits are no matrix or have no class, or a shape differs.
        DtypeError: logits are not floating, or ``target`` is not integer.
        InvalidInputError: a logit is NaN or infinite; ``target`` is no class; ``beta`` is negative.
    """
    check_logits(natural_logits=natural, adversarial_logits=adversarial)
    check_integer("target", target)
    check_shape("target", target, (natural.shape[0],), like="the rows of natural_logits")
    check_class_index("target", target, natural.shape[1])
    check_non_negative("beta", beta)
    learnt = adversarial if learn_attacked else natural
    own = functional.cross_entropy(learnt, target.long(), reduction="none")
    return own + beta * divergence(natural, adversarial)


def attacked_rows(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of five classes, whose logits an attack has moved."""
    natural = 2 * torch.randn(6, 5, generator=generator)
    return {
        "natural_logits": natural,
        "adversarial_logits": natural + torch.randn(6, 5, generator=generator),
        "target": torch.tensor([3, 0, 4, 1, 1, 2]),
    }


def clean_decisions(natural_logits: np.ndarray, target: np.ndarray, **_: Any) -> tuple[np.ndarray, ...]:
    """The right classes, and the decisions on the inputs as they are."""
    return target, natural_logits.argmax(1)


def attacked_decisions(
    adversarial_logits: np.ndarray, target: np.ndarray, **_: Any
) -> tuple[np.ndarray, ...]:
    """The right classes, and the decisions under attack."""
    return target, adversarial_logits.argmax(1)
