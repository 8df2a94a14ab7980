"""Binary decisions and their margins: y z with y = -1 or 1, checked in one place, and an example."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossary.authoring.validation import check_binary, check_finite, check_floating, check_ndim, check_shape


def margins(logits: Tensor, target: Tensor) -> Tensor:
    """(2 t - 1) z, (batch,): above 0 where the decision is right.

    Args:
        logits: z, (batch,), floating and finite.
        target: t, 0 and 1, or bool, in the shape of ``logits``.

    Raises:
        ShapeError: ``logits`` is not (batch,), or ``target`` differs from it.
        DtypeError: ``logits`` is not floating, or one of the two is no tensor.
        InvalidInputError: a logit is NaN or infinite; a target is neither 0 nor 1.
    """
    check_floating("logits", logits)
    check_ndim("logits", logits, "batch")
    check_shape("target", target, tuple(logits.shape), like="logits")
    check_binary("target", target)
    check_finite("logits", logits)
    return torch.where(target != 0, logits, -logits)


def eight_decisions(generator: torch.Generator) -> dict[str, Any]:
    """Eight logits, three of them of positives, as example inputs."""
    target = torch.tensor([1, 0, 0, 1, 0, 1, 0, 0])
    return {"logits": torch.randn(8, generator=generator), "target": target}


def decisions(logits: np.ndarray, target: np.ndarray, **_: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The labels, and the decisions at 0."""
    return target, (logits > 0).astype(target.dtype)
