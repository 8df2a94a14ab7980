"""Discounted values, rewards and payoffs of trajectories in continuous time, checked in one place."""

from typing import Any, NamedTuple

import torch
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_non_negative,
    check_positive,
    check_shape,
)
from lossary.errors import ShapeError
from torch import Tensor

_MOST = 1e30  # a rate beyond it is the same in float32, and has room for the number of steps


class Discounted(NamedTuple):
    """Everything in units of the start.

    Attributes:
        value: what the model expects from each time on, (batch, times).
        reward: what is earned until the next time, (batch, times); without a graph.
        terminal: the payoff at the end, (batch, 1); without a graph.
    """

    value: Tensor
    reward: Tensor
    terminal: Tensor

    def temporal_difference(self) -> Tensor:
        """What each step earns beyond what was expected, (batch, times)."""
        return torch.cat([self.value[:, 1:], self.terminal], 1) - self.value + self.reward


def discounted(value: Tensor, reward: Tensor, terminal: Tensor, *, dt: float, discount: float) -> Discounted:
    """Check trajectories and discount them.

    Args:
        value: (batch, times), one each at least.
        reward: likewise, per unit of time.
        terminal: (batch,).
        dt: time between two values, above 0.
        discount: rate, 0 or above.

    Raises:
        ShapeError: ``value`` is no matrix or has no entry; another shape does not fit it.
        DtypeError: a tensor is not floating.
        InvalidInputError: a number is NaN or infinite; ``dt`` is not above 0, or ``discount`` negative.
    """
    check_floating("value", value)
    check_ndim("value", value, "batch times")
    if value.numel() == 0:
        raise ShapeError(f"value: got shape {tuple(value.shape)}; wanted a trajectory and a time at least")
    check_floating("reward", reward)
    check_shape("reward", reward, tuple(value.shape), like="value")
    check_floating("terminal", terminal)
    check_shape("terminal", terminal, (value.shape[0],), like="the rows of value")
    for name, tensor in (("value", value), ("reward", reward), ("terminal", terminal)):
        check_finite(name, tensor)
    check_positive("dt", dt)
    check_non_negative("discount", discount)
    steps = torch.arange(value.shape[1] + 1, device=value.device, dtype=value.dtype)
    factor = (-min(discount * dt, _MOST) * steps).exp()
    return Discounted(
        factor[:-1] * value,
        factor[:-1] * (dt * reward.detach().to(value.dtype)),
        factor[-1:] * terminal.detach().to(value.dtype).unsqueeze(1),
    )


def four_trajectories(generator: torch.Generator) -> dict[str, Any]:
    """Four trajectories of five times."""
    value, reward = torch.randn(2, 4, 5, generator=generator)
    return {"value": value, "reward": reward, "terminal": torch.randn(4, generator=generator)}
