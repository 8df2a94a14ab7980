"""Squared distances of samples from their targets, for robust functions of them; checks and an example."""

from typing import Any

import torch
from lossary.authoring import Reduction, reduce
from lossary.authoring.validation import (
    check_between,
    check_finite,
    check_floating,
    check_no_negative,
    check_shape,
)
from lossary.errors import ShapeError
from torch import Tensor

NOT_PAIRED = "the exact metrics judge sets of finished samples, and this one intermediate states one by one"


def squared_distances(prediction: Tensor, target: Tensor, scale: float) -> Tensor:
    """Sum of squared differences of each sample, (batch,).

    Args:
        prediction: (batch, ...), with a sample at least.
        target: in its shape.
        scale: only checked.

    Raises:
        ShapeError: ``prediction`` has no axis or no sample, or ``target`` another shape.
        DtypeError: one is not floating.
        InvalidInputError: a value is NaN or infinite; ``scale`` is not above 0, or its square has no room in
            float32.
    """
    check_floating("prediction", prediction)
    if prediction.ndim == 0 or prediction.shape[0] == 0:
        raise ShapeError(
            f"prediction: got shape {tuple(prediction.shape)}; wanted (batch, ...), with a sample"
        )
    check_floating("target", target)
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    check_finite("prediction", prediction)
    check_finite("target", target)
    check_between("scale", scale, 1e-15, 1e15)
    return (prediction - target).square().unsqueeze(-1).flatten(1).sum(1)


def weighted(values: Tensor, weight: Tensor | None, reduction: Reduction) -> Tensor:
    """Values times constant weights of 0 or above, reduced; the mean is over the number of samples.

    Raises:
        ShapeError: ``weight`` is not one per sample.
        DtypeError: it is not floating.
        InvalidInputError: it is negative, NaN or infinite.
    """
    if weight is not None:
        check_floating("weight", weight)
        check_shape("weight", weight, tuple(values.shape), like="the samples of prediction")
        check_finite("weight", weight)
        check_no_negative("weight", weight, "weights")
        values = values * weight.detach().to(values.dtype)
    return reduce(values, reduction)


def four_latents(generator: torch.Generator) -> dict[str, Any]:
    """Four predictions of three numbers, their targets and weights."""
    target = torch.randn(4, 3, generator=generator)
    return {
        "prediction": target + 0.1 * torch.randn(4, 3, generator=generator),
        "target": target,
        "weight": torch.rand(4, generator=generator) + 0.5,
    }
