"""Binary decisions and their margins: y z with y = -1 or 1, checked in one place, and an example."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossary.authoring.validation import check_binary, check_finite, check_floating, check_ndim, check_shape


def positives(scores: Tensor, target: Tensor, *, name: str = "logits") -> Tensor:
    """The (batch,) mask of the samples of class 1.

    Args:
        scores: (batch,), floating and finite.
        target: 0 and 1, or bool, in the shape of ``scores``.
        name: the argument that the scores came as, for the error.

    Raises:
        ShapeError: ``scores`` is not (batch,), or ``target`` differs from it.
        DtypeError: ``scores`` is not floating, or one of the two is no tensor.
        InvalidInputError: a score is NaN or infinite; a target is neither 0 nor 1.
    """
    check_floating(name, scores)
    check_ndim(name, scores, "batch")
    check_shape("target", target, tuple(scores.shape), like=name)
    check_binary("target", target)
    check_finite(name, scores)
    return target != 0


def margins(scores: Tensor, target: Tensor, *, name: str = "logits") -> Tensor:
    """(2 t - 1) z, (batch,): above 0 where the decision is right; arguments and errors of `positives`."""
    return torch.where(positives(scores, target, name=name), scores, -scores)


def shortfall(margins: Tensor, wanted: float, *, squared: bool) -> Tensor:
    """What each margin, in any shape, lacks of the wanted one, or its square; no slope at the wanted one."""
    short = (wanted - margins).relu()
    return short.square() if squared else short


def eight_decisions(generator: torch.Generator) -> dict[str, Any]:
    """Eight logits, three of them of positives, as example inputs."""
    target = torch.tensor([1, 0, 0, 1, 0, 1, 0, 0])
    return {"logits": torch.randn(8, generator=generator), "target": target}


def decisions(logits: np.ndarray, target: np.ndarray, **_: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The labels, and the decisions at 0."""
    return target, (logits > 0).astype(target.dtype)
