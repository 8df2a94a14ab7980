"""Inputs of score matching: scores by sample, and noise of one level per sample or one for all."""

from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from torch import Tensor


def check_scores(name: str, score: Tensor) -> None:
    """Raise unless ``score`` is floating and finite, with the samples along axis 0, one at least."""
    check_floating(name, score)
    if score.ndim == 0 or score.shape[0] == 0:
        raise ShapeError(
            f"{name}: got shape {tuple(score.shape)}; wanted (batch, ...) with at least one sample"
        )
    check_finite(name, score)


def check_like(name: str, tensor: Tensor, shape: tuple[int, ...], *, like: str = "score") -> None:
    """Raise unless ``tensor`` is floating and finite and has the shape, which is that of ``like``."""
    check_floating(name, tensor)
    check_shape(name, tensor, shape, like=like)
    check_finite(name, tensor)


def noise_level(name: str, level: Tensor | float, score: Tensor) -> Tensor | float:
    """Check a level above 0, and shape it to multiply the scores; it has no graph.

    Args:
        name: the argument, for messages.
        level: a number, or a tensor with one for all samples, (), or one for each, (batch,).
        score: the scores.

    Raises:
        ShapeError: the tensor has another shape.
        DtypeError: it is neither a number nor a floating tensor.
        InvalidInputError: a level is not above 0, NaN or infinite.
    """
    if not isinstance(level, Tensor):
        check_positive(name, level)
        return level
    check_floating(name, level)
    if level.ndim and tuple(level.shape) != (score.shape[0],):
        raise ShapeError(
            f"{name}: got shape {tuple(level.shape)}; wanted () or ({score.shape[0]},), one for each sample"
        )
    check_finite(name, level)
    if checks_values(level) and bool((level <= 0).any()):
        raise InvalidInputError(f"{name}: got {level.min().item():g}; wanted values above 0")
    return level.detach().to(score.dtype).reshape(-1, *[1] * (score.ndim - 1))


def by_sample(values: Tensor) -> Tensor:
    """The sum over all entries of each sample: (batch, ...) -> (batch,)."""
    return values.unsqueeze(-1).flatten(1).sum(1)
