"""Moments of the distribution of a layer's weights, which decide how well a quantiser's levels fit it."""

from collections.abc import Sequence
from typing import Any

import torch
from lossary.authoring import full_precision
from lossary.authoring.validation import check_finite, check_floating, check_real, checks_values
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from torch import Tensor


def moment_gap(weight: Tensor | Sequence[Tensor], power: int, target: float) -> Tensor:
    """Squared gap of a standardised moment to the target, the mean over layers if there are several."""
    check_real("target", target)
    if isinstance(weight, Tensor):
        return _of_layer(weight, power, target)
    if not isinstance(weight, Sequence):
        raise DtypeError(f"weight: got {type(weight).__name__}; wanted a torch.Tensor or a sequence of them")
    if not weight:
        raise InvalidInputError("weight: got no tensor; wanted one at least")
    return torch.stack([_of_layer(layer, power, target) for layer in weight]).mean()


@full_precision
def _of_layer(weight: Tensor, power: int, target: float) -> Tensor:
    check_floating("weight", weight)
    if weight.numel() < 2:
        raise ShapeError(f"weight: got shape {tuple(weight.shape)}; wanted two values at least")
    check_finite("weight", weight)
    values = weight.flatten()
    # The moment minds neither shift nor scale, so both are constants for the gradient. They make equal
    # weights exactly 0, and keep the squares of small and large ones from vanishing or overflowing.
    values = values - values[0].detach()
    size = values.detach().abs().amax()
    if checks_values(weight) and not bool(size > 0):
        raise InvalidInputError("weight: got equal values; wanted two different ones at least")
    z = values / size
    z = z - z.mean()
    moment = z.pow(power).mean() / z.var().pow(power / 2)
    return (moment - target).square()


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """The weights of a layer."""
    return {"weight": torch.randn(4, 6, generator=generator)}
