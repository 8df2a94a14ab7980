"""Flow super-resolution: a velocity field with the right values, the right gradients and no sources.

For networks that restore turbulent fields from coarse ones; add the loss of a discriminator of your own.
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_non_negative,
    check_positive,
    check_shape,
    check_tensor,
)
from lossary.errors import InvalidInputError, ShapeError
from torch import Tensor


class FlowSuperResolutionTerms(NamedTuple):
    """The loss, and its terms before they are weighted.

    Attributes:
        loss: the scalar to minimise.
        pixel: mean squared error of the velocities.
        gradient: mean squared error of their derivatives.
        continuity: mean squared divergence of the prediction.
    """

    loss: Float[Tensor, ""]
    pixel: Float[Tensor, ""]
    gradient: Float[Tensor, ""]
    continuity: Float[Tensor, ""]


def flow_super_resolution(
    prediction: Float[Tensor, "batch dim *space"],
    target: Float[Tensor, "batch dim *space"],
    *,
    spacing: float | tuple[float, ...] = 1.0,
    pixel_weight: float = 1.0,
    gradient_weight: float = 0.1,
    continuity_weight: float = 0.1,
) -> Float[Tensor, ""]:
    r"""Squared errors of a periodic velocity field and of its gradient, and its squared divergence.

    .. math::
        L = \alpha \overline{(p - t)^2} + \beta \overline{(\partial_a p_c - \partial_a t_c)^2}
            + \gamma \overline{\Big( \sum_a \partial_a p_a \Big)^2}, \qquad
        \partial_a f = \frac{f_{i+1} - f_{i-1}}{2 h_a}

    with means over samples, points, components c and axes a.

    Args:
        prediction: p, one component per axis of space, component a along axis a.
        target: t, in the shape of ``prediction``. It receives no gradient.
        spacing: h, the distance of grid points, or one for each axis.
        pixel_weight: alpha, 0 or above.
        gradient_weight: beta, 0 or above.
        continuity_weight: gamma, 0 or above.

    Returns:
        A scalar. `flow_super_resolution_terms` returns the three terms as well. An empty batch gives 0.

    Raises:
        ShapeError: there is not one component per axis of space, or an axis has less than three points;
            ``target`` has another shape.
        DtypeError: a tensor is not floating.
        InvalidInputError: a velocity is NaN or infinite; ``spacing`` is not above 0, or not one for each
            axis; a weight is negative.

    Differs from the paper: the terms usual in this line of work; the weights are not the paper's.

    Source: Nista, Schumann, Fröde, Gowely, Grenga, MacArt, Attili and Pitsch, ZipGAN: Super-Resolution-based
        Generative Adversarial Network Framework for Data Compression of Direct Numerical Simulations, arXiv
        2412.14150, 2024.

    Example:
        >>> import torch
        >>> still = torch.zeros(1, 2, 4, 4)
        >>> flow_super_resolution(still + 2.0, still)  # a uniform wind: 2^2, no gradient, no source
        tensor(4.)
    """
    return flow_super_resolution_terms(
        prediction,
        target,
        spacing=spacing,
        pixel_weight=pixel_weight,
        gradient_weight=gradient_weight,
        continuity_weight=continuity_weight,
    ).loss


@full_precision
def flow_super_resolution_terms(
    prediction: Float[Tensor, "batch dim *space"],
    target: Float[Tensor, "batch dim *space"],
    *,
    spacing: float | tuple[float, ...] = 1.0,
    pixel_weight: float = 1.0,
    gradient_weight: float = 0.1,
    continuity_weight: float = 0.1,
) -> FlowSuperResolutionTerms:
    """Give the loss of `flow_super_resolution`, whose arguments and errors it shares, with its terms."""
    steps = _checked_spacing(prediction, spacing)
    check_floating("target", target)
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    check_finite("prediction", prediction)
    check_finite("target", target)
    check_non_negative("pixel_weight", pixel_weight)
    check_non_negative("gradient_weight", gradient_weight)
    check_non_negative("continuity_weight", continuity_weight)
    error = prediction - target.detach()
    pixel = reduce(error.square(), "mean")
    gradient, divergence = pixel.new_zeros(()), prediction.new_zeros(())
    for axis, step in enumerate(steps):
        gradient = gradient + reduce(_slope(error, axis + 2, step).square(), "mean")
        divergence = divergence + _slope(prediction[:, axis], axis + 1, step)
    gradient = gradient / len(steps)
    continuity = reduce(divergence.square(), "mean")
    loss = pixel_weight * pixel + gradient_weight * gradient + continuity_weight * continuity
    return FlowSuperResolutionTerms(loss, pixel, gradient, continuity)


def _slope(field: Tensor, axis: int, step: float) -> Tensor:
    """Central difference along a periodic axis."""
    return (field.roll(-1, axis) - field.roll(1, axis)) / (2 * step)


def _checked_spacing(prediction: Tensor, spacing: float | tuple[float, ...]) -> tuple[float, ...]:
    """One distance of grid points for each axis of space, after the checks of ``prediction``."""
    check_tensor("prediction", prediction)
    check_floating("prediction", prediction)
    shape = tuple(prediction.shape)
    axes = len(shape) - 2
    if axes < 1 or shape[1] != axes or min(shape[2:]) < 3:
        raise ShapeError(
            f"prediction: got shape {shape}; wanted (batch, components, *space), with a component for each "
            "axis of space and three points at least along each"
        )
    steps = spacing if isinstance(spacing, tuple) else (spacing,) * axes
    if len(steps) != axes:
        raise InvalidInputError(f"spacing: got {spacing!r}; wanted a number, or {axes}, one for each axis")
    for step in steps:
        check_positive("spacing", step)
    return steps


FlowSuperResolution = loss_module(flow_super_resolution)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Two plane fields on four by three points, and what they should be."""
    prediction, target = torch.randn(2, 2, 2, 4, 3, generator=generator)
    return {"prediction": prediction, "target": target}


LOSS = LossSpec(
    function=flow_super_resolution,
    module=FlowSuperResolution,
    paper=Paper(
        title="ZipGAN: Super-Resolution-based Generative Adversarial Network Framework for Data Compression "
        "of Direct Numerical Simulations",
        authors="Nista, Schumann, Fröde, Gowely, Grenga, MacArt, Attili and Pitsch",
        venue="arXiv",
        year=2024,
        url="https://arxiv.org/abs/2412.14150",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="relative_l2_error"),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
