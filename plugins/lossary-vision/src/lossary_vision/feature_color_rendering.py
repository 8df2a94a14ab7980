"""Colours of rays from rendered features, so that what is dark still teaches where surfaces are.

Colours weighted along a ray have no gradient to the weights where they are black; features have.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_non_negative,
    check_shape,
)
from lossary.errors import DtypeError, ShapeError
from torch import Tensor


@full_precision
def feature_color_rendering(
    weights: Float[Tensor, "rays samples"],
    features: Float[Tensor, "rays samples dim"],
    target: Float[Tensor, "rays 3"],
    decoder: Callable[[Tensor], Tensor],
    *,
    direct_weight: float = 1.0,
) -> Float[Tensor, ""]:
    r"""Error of the colour decoded from rendered features, and of the rendering of decoded colours.

    .. math:: L = \mathrm{mean} \Big| D \Big( \sum_s w_s f_s \Big) - c \Big|
              + \lambda\, \mathrm{mean} \Big| \sum_s w_s D(f_s) - c \Big|

    Args:
        weights: w, of the samples of each ray, (rays, samples).
        features: f, (rays, samples, dim).
        target: c, the true colour of each ray, (rays, 3); no gradient flows into it.
        decoder: D, from features (n, dim) to colours (n, 3), such as a network.
        direct_weight: lambda, 0 or above; its part keeps the decoder meaningful for each sample.

    Returns:
        A scalar. No rays give 0.

    Raises:
        ShapeError: a tensor does not fit ``weights``, or the decoder does not return (n, 3).
        DtypeError: a tensor is not floating, or the decoder cannot be called.
        InvalidInputError: a value is NaN or infinite, or ``direct_weight`` is negative.

    Source: Lyu et al., Learning a Room with the Occ-SDF Hybrid: Signed Distance Function Mingled with
        Occupancy Aids Scene Representation, ICCV 2023.

    Example:
        >>> import torch
        >>> weights, features = torch.tensor([[0.5, 0.5]]), torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
        >>> feature_color_rendering(weights, features, torch.zeros(1, 3), torch.square)  # (0.5 + 1) / 3
        tensor(0.5000)
    """
    check_floating("weights", weights)
    check_ndim("weights", weights, "rays samples")
    check_floating("features", features)
    check_ndim("features", features, "rays samples dim")
    check_shape("features", features, (*weights.shape, features.shape[2]), like="weights")
    check_floating("target", target)
    check_shape("target", target, (weights.shape[0], 3), like="the rays of weights")
    check_non_negative("direct_weight", direct_weight)
    if not callable(decoder):
        raise DtypeError(f"decoder: got {type(decoder).__name__}; wanted a function of features")
    for name, tensor in (("weights", weights), ("features", features), ("target", target)):
        check_finite(name, tensor)
    target = target.detach()
    rendered = _decoded(decoder, (weights.unsqueeze(-1) * features).sum(1))
    colors = _decoded(decoder, features.flatten(0, 1)).reshape(*weights.shape, 3)
    direct = (weights.unsqueeze(-1) * colors).sum(1)
    total = (rendered - target).abs().sum() + direct_weight * (direct - target).abs().sum()
    return total / max(target.numel(), 1)


def _decoded(decoder: Callable[[Tensor], Tensor], features: Tensor) -> Tensor:
    colors: Tensor = decoder(features)
    if tuple(colors.shape) != (features.shape[0], 3):
        raise ShapeError(
            f"decoder: got colours of shape {tuple(colors.shape)}; wanted {(features.shape[0], 3)}"
        )
    return colors


FeatureColorRendering = loss_module(feature_color_rendering)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four rays of five samples, with colours of three features each."""
    return {
        "weights": torch.rand(4, 5, generator=generator).softmax(1),
        "features": torch.randn(4, 5, 3, generator=generator),
        "target": torch.rand(4, 3, generator=generator),
        "decoder": torch.sigmoid,
    }


LOSS = LossSpec(
    function=feature_color_rendering,
    module=FeatureColorRendering,
    paper=Paper(
        title=(
            "Learning a Room with the Occ-SDF Hybrid: Signed Distance Function Mingled with Occupancy Aids "
            "Scene Representation"
        ),
        authors="Lyu et al.",
        venue="ICCV",
        year=2023,
        url="https://arxiv.org/abs/2303.09152",
    ),
    differentiable=("weights", "features"),
    example_inputs=example_inputs,
    unpaired_reason="errors of colours are means of differences, for which there is no exact metric here",
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE}),
    exceptions={"goldens": "its decoder is a function, which no file holds; tests render by loops"},
)
