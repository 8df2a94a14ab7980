"""What losses of sampled trajectories share: their checks, and the error of each sample of each agent."""

from typing import Any, Literal, get_args

import torch
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_mask,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from torch import Tensor

Distance = Literal["squared", "euclidean"]


def check_samples(prediction: Tensor, *, least: int = 1) -> None:
    """Raise unless there are samples of trajectories, (agents, samples, steps, dim)."""
    check_floating("prediction", prediction)
    if prediction.ndim != 4 or prediction.shape[1] < least or 0 in prediction.shape[2:]:
        raise ShapeError(
            f"prediction: got shape {tuple(prediction.shape)}; wanted (agents, samples, steps, dim), with at "
            f"least {least} samples, a step and a dimension"
        )


def sample_errors(prediction: Tensor, target: Tensor, mask: Tensor | None, distance: Distance) -> Tensor:
    """The error of each sample, (agents, samples).

    Raises:
        ShapeError: shapes that do not fit, or no samples, steps or dimensions.
        DtypeError: a tensor of another kind.
        InvalidInputError: a value that counts is NaN or infinite, ``distance`` is unknown, or "euclidean"
            meets an agent without a step that counts.
    """
    check_samples(prediction)
    check_floating("target", target)
    agents, _, steps, dim = prediction.shape
    check_shape("target", target, (agents, steps, dim), like="prediction without its samples")
    check_choice("distance", distance, get_args(Distance))
    target = target.detach()
    if mask is not None:
        check_mask("mask", mask)
        check_shape("mask", mask, (agents, steps), like="the agents and steps of prediction")
        # Before they meet: what does not count may be NaN.
        prediction = prediction.where(mask[:, None, :, None], 0.0)
        target = target.where(mask[..., None], 0.0)
    check_finite("prediction", prediction)
    check_finite("target", target)
    apart = prediction - target.unsqueeze(1)
    if distance == "squared":
        squared: Tensor = apart.square().sum((-2, -1))
        return squared
    lengths: Tensor = torch.linalg.vector_norm(apart, dim=-1)
    if mask is None:
        return lengths.mean(-1)
    count = mask.sum(-1, keepdim=True)
    if checks_values(mask) and not bool((count > 0).all()):
        raise InvalidInputError("mask: got an agent without a step that counts; wanted one at least")
    return lengths.sum(-1) / count.clamp(min=1)


def example_trajectories(generator: torch.Generator) -> dict[str, Any]:
    """Four agents of three samples, of five steps in the plane."""
    return {
        "prediction": torch.randn(4, 3, 5, 2, generator=generator),
        "target": torch.randn(4, 5, 2, generator=generator),
    }
