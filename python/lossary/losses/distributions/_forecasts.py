"""What losses of ensemble forecasts share: their checks, the weights of points, and reductions."""

from typing import Any

import torch
from torch import Tensor

from lossary.authoring import Reduction, reduce
from lossary.authoring.validation import (
    check_between,
    check_finite,
    check_floating,
    check_non_negative,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError


def check_forecasts(ensemble: Tensor, target: Tensor, *, axes: str, axis: int) -> None:
    """Raise unless the target has the shape of the ensemble without the axis of members.

    Args:
        ensemble: the forecasts.
        target: what happened.
        axes: what axes the ensemble has, for the error.
        axis: that of the members, from the end.

    Raises:
        ShapeError: shapes that do not fit, no members or no points.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite.
    """
    check_floating("ensemble", ensemble)
    if ensemble.ndim < -axis or ensemble.numel() == 0:
        raise ShapeError(f"ensemble: got shape {tuple(ensemble.shape)}; wanted {axes}, nothing of it empty")
    check_floating("target", target)
    wanted = (*ensemble.shape[:axis], *ensemble.shape[ensemble.ndim + axis + 1 :])
    check_shape("target", target, wanted, like="ensemble without its members")
    check_finite("ensemble", ensemble)
    check_finite("target", target)


def check_alpha(alpha: float) -> None:
    """Raise unless ``alpha`` is a number from 0 to 1."""
    check_non_negative("alpha", alpha)
    if alpha > 1:
        raise InvalidInputError(f"alpha: got {alpha!r}; wanted a number from 0 to 1")


def reduce_points(values: Tensor, weight: Tensor | None, reduction: Reduction) -> Tensor:
    """`reduce`, with weights of the points, by whose sum the mean divides.

    Raises:
        ShapeError: the weights cannot be broadcast to the points.
        DtypeError: they are not floating.
        InvalidInputError: one is negative, NaN or infinite, or all are 0; ``reduction`` is unknown.
    """
    if weight is None:
        return reduce(values, reduction)
    check_floating("weight", weight)
    check_finite("weight", weight)
    fits = weight.ndim <= values.ndim and all(
        ours in (1, theirs) for ours, theirs in zip(weight.shape[::-1], values.shape[::-1], strict=False)
    )
    if not fits:
        raise ShapeError(
            f"weight: got shape {tuple(weight.shape)}; wanted {tuple(values.shape)}, or what can be "
            "broadcast to it"
        )
    if checks_values(weight) and not bool((weight >= 0).all() & (weight > 0).any()):
        raise InvalidInputError(
            "weight: got a negative one, or only zeros; wanted 0 or above, and some above"
        )
    weights = weight.detach().to(values.dtype).expand(values.shape)
    weighted = weights * values
    if reduction == "mean":
        return weighted.sum() / weights.sum()
    return reduce(weighted, reduction)


def check_powers(beta: float, p: float) -> None:
    """Raise unless a power is above 0 and below 2, and the p of a norm at least 1."""
    check_between("beta", beta, 0.0, 2.0)
    check_non_negative("p", min(p, 1e30) if isinstance(p, float) else p)
    if p < 1:
        raise InvalidInputError(f"p: got {p!r}; wanted a number of 1 or above")


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four forecasts of five members."""
    return {
        "ensemble": torch.randn(4, 5, generator=generator),
        "target": torch.randn(4, generator=generator),
    }
