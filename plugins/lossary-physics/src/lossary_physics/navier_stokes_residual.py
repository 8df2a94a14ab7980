"""Navier-Stokes residual: how far a flow is from conserving mass and momentum, without any data.

The flow is incompressible and dimensionless. With `hard_boundary` it has the wanted values at the walls
exactly, and this loss is all that training needs.
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
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


class NavierStokesResidualTerms(NamedTuple):
    """The loss and its two parts, before their weights.

    Attributes:
        loss: the scalar to minimise.
        continuity: mean squared divergence of the velocity.
        momentum: mean squared residual of the momentum equations, summed over the axes.
    """

    loss: Float[Tensor, ""]
    continuity: Float[Tensor, ""]
    momentum: Float[Tensor, ""]


def navier_stokes_residual(
    velocity: Float[Tensor, "points dim"],
    velocity_gradient: Float[Tensor, "points dim dim"],
    velocity_laplacian: Float[Tensor, "points dim"],
    pressure_gradient: Float[Tensor, "points dim"],
    velocity_time_derivative: Float[Tensor, "points dim"] | None = None,
    *,
    reynolds: float = 1.0,
    continuity_weight: float = 1.0,
    momentum_weight: float = 1.0,
) -> Float[Tensor, ""]:
    r"""Squared residuals of the incompressible Navier-Stokes equations.

    .. math::
        L = \lambda_c \operatorname{mean} (\nabla \cdot u)^2 + \lambda_m \operatorname{mean} \Big\lVert
        \partial_t u + (u \cdot \nabla) u + \nabla p - \frac{1}{\mathrm{Re}} \Delta u \Big\rVert^2

    Args:
        velocity: u at the collocation points, in two or three dimensions.
        velocity_gradient: the derivative of component i along axis j at [:, i, j].
        velocity_laplacian: of each component.
        pressure_gradient: of p.
        velocity_time_derivative: of u; None for a steady flow.
        reynolds: Re, the Reynolds number, above 0.
        continuity_weight: lambda_c, 0 or above.
        momentum_weight: lambda_m, 0 or above.

    Returns:
        A scalar. `navier_stokes_residual_terms` returns its parts as well.

    Raises:
        ShapeError: there is no point; there are not two or three dimensions; shapes do not fit.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``reynolds`` is not above 0; a weight is negative.

    Source: Pal, Mukherjee, Dutta and Choudhury, Solving Navier-Stokes Equations Using Data-free
        Physics-Informed Neural Networks With Hard Boundary Conditions, arXiv 2025.

    Example:
        >>> import torch
        >>> velocity, zero = torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2)
        >>> gradient = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])  # divergence 2, and u itself is carried along
        >>> navier_stokes_residual(velocity, gradient, zero, zero)  # 2^2 + (1^2 + 2^2)
        tensor(9.)
    """
    return navier_stokes_residual_terms(
        velocity,
        velocity_gradient,
        velocity_laplacian,
        pressure_gradient,
        velocity_time_derivative,
        reynolds=reynolds,
        continuity_weight=continuity_weight,
        momentum_weight=momentum_weight,
    ).loss


@full_precision
def navier_stokes_residual_terms(
    velocity: Float[Tensor, "points dim"],
    velocity_gradient: Float[Tensor, "points dim dim"],
    velocity_laplacian: Float[Tensor, "points dim"],
    pressure_gradient: Float[Tensor, "points dim"],
    velocity_time_derivative: Float[Tensor, "points dim"] | None = None,
    *,
    reynolds: float = 1.0,
    continuity_weight: float = 1.0,
    momentum_weight: float = 1.0,
) -> NavierStokesResidualTerms:
    """Give the loss of `navier_stokes_residual`, whose arguments and errors it shares, with its parts."""
    check_positive("reynolds", reynolds)
    check_non_negative("continuity_weight", continuity_weight)
    check_non_negative("momentum_weight", momentum_weight)
    check_floating("velocity", velocity)
    check_ndim("velocity", velocity, "points dim")
    points, dim = velocity.shape
    if points == 0 or dim not in (2, 3):
        raise ShapeError(
            f"velocity: got shape {tuple(velocity.shape)}; wanted (points, 2) or (points, 3), one at least"
        )
    check_finite("velocity", velocity)
    check_floating("velocity_gradient", velocity_gradient)
    check_shape("velocity_gradient", velocity_gradient, (points, dim, dim), like="velocity by axes")
    check_finite("velocity_gradient", velocity_gradient)
    for name, value in (
        ("velocity_laplacian", velocity_laplacian),
        ("pressure_gradient", pressure_gradient),
        ("velocity_time_derivative", velocity_time_derivative),
    ):
        if value is not None:
            check_floating(name, value)
            check_shape(name, value, (points, dim), like="velocity")
            check_finite(name, value)

    advection = (velocity_gradient * velocity.unsqueeze(1)).sum(2)  # sum over j of u_j du_i / dx_j
    residual = advection + pressure_gradient - velocity_laplacian / reynolds
    if velocity_time_derivative is not None:
        residual = residual + velocity_time_derivative
    continuity = velocity_gradient.diagonal(dim1=1, dim2=2).sum(1).square().mean()
    momentum = residual.square().sum(1).mean()
    loss = continuity_weight * continuity + momentum_weight * momentum
    return NavierStokesResidualTerms(loss, continuity, momentum)


NavierStokesResidual = loss_module(navier_stokes_residual)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """A plane flow and its derivatives at four points."""
    return {
        "velocity": torch.randn(4, 2, generator=generator),
        "velocity_gradient": torch.randn(4, 2, 2, generator=generator),
        "velocity_laplacian": torch.randn(4, 2, generator=generator),
        "pressure_gradient": torch.randn(4, 2, generator=generator),
        "velocity_time_derivative": torch.randn(4, 2, generator=generator),
    }


LOSS = LossSpec(
    function=navier_stokes_residual,
    module=NavierStokesResidual,
    paper=Paper(
        title=(
            "Solving Navier-Stokes Equations Using Data-free Physics-Informed Neural Networks With Hard "
            "Boundary Conditions"
        ),
        authors="Pal, Mukherjee, Dutta and Choudhury",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2511.14497",
    ),
    differentiable=(
        "velocity",
        "velocity_gradient",
        "velocity_laplacian",
        "pressure_gradient",
        "velocity_time_derivative",
    ),
    example_inputs=example_inputs,
    unpaired_reason=(
        "the exact metric is relative_l2_error against the solution of the equations, which is no input"
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
