"""What the losses of this family take, checked in one place, and an example of it."""

import torch
from torch import Tensor

from lossary.authoring.validation import (
    check_binary,
    check_choice,
    check_finite,
    check_floating,
    check_ndim,
    check_positive,
    check_shape,
    check_tensor,
)
from lossary.errors import InvalidInputError
from lossary.ops.surrogates import SURROGATES


def ranked_samples(score: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The scores as a vector, and a mask of the positives.

    Args:
        score: (batch,) or a column (batch, 1), floating and finite.
        target: 0 and 1, or bool, in the shape of ``score``; a vector goes with a column too.

    Returns:
        (batch,) scores and (batch,) bool.

    Raises:
        ShapeError: ``score`` is neither a vector nor a column, or ``target`` differs from it.
        DtypeError: ``score`` is not floating, or one of the two is no tensor.
        InvalidInputError: ``score`` has NaN or infinite values, or ``target`` values besides 0 and 1.
    """
    check_floating("score", score)
    check_tensor("target", target)
    if score.ndim == 2 and score.shape[1] == 1:
        column = tuple(score.shape)
        check_shape("target", target, column if target.ndim == 2 else column[:1], like="score")
        score, target = score.squeeze(1), target.reshape(-1)
    check_ndim("score", score, "batch")
    check_shape("target", target, tuple(score.shape), like="score")
    check_binary("target", target)
    check_finite("score", score)
    return score, target != 0


def check_surrogate(surrogate: str, margin: float, scale: float) -> None:
    """Raise InvalidInputError unless the surrogate exists, and its margin and scale are above 0."""
    check_choice("surrogate", surrogate, SURROGATES)
    check_positive("margin", margin)
    check_positive("scale", scale)


def check_share(name: str, value: float) -> None:
    """Raise InvalidInputError unless ``value`` is above 0 and at most 1."""
    check_positive(name, value)
    if value > 1:
        raise InvalidInputError(f"{name}: got {value!r}; wanted a number above 0, up to 1")


def ten_scores(generator: torch.Generator) -> dict[str, Tensor]:
    """Ten scores, four of them of positives, as example inputs."""
    target = torch.tensor([1, 0, 0, 1, 0, 1, 0, 0, 1, 0])
    return {"score": torch.randn(10, generator=generator), "target": target}
