"""Lagrangian residual: an equation of transport learnt along its characteristics.

In the moving frame a wave that travels far is a state that hardly changes, which a network finds where it
fails at the wave itself. One branch of the network gives positions along a characteristic, one the state.
"""

from typing import Any, Literal, NamedTuple, get_args

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_ndim,
    check_non_negative,
    check_shape,
)
from lossary.errors import ShapeError
from torch import Tensor

Norm = Literal["mean_square", "l2"]


class LagrangianResidualTerms(NamedTuple):
    """The loss and the two norms that it is the sum of.

    Attributes:
        loss: the scalar to minimise.
        characteristic: of how far positions are from moving at the velocity.
        state: of how far the state is from changing by diffusion alone.
    """

    loss: Float[Tensor, ""]
    characteristic: Float[Tensor, ""]
    state: Float[Tensor, ""]


def lagrangian_residual(
    position_t: Float[Tensor, "points"],
    velocity: Float[Tensor, "points"],
    state_t: Float[Tensor, "points"],
    state_xx: Float[Tensor, "points"],
    *,
    viscosity: float = 0.0,
    norm: Norm = "mean_square",
) -> Float[Tensor, ""]:
    r"""Residuals of a transport equation u_t + f'(u) u_x = nu u_xx in its moving frame.

    .. math:: L = \lVert x_t - f'(u) \rVert + \lVert u_t - \nu u_{xx} \rVert

    where x_t and u_t follow one characteristic, and the norm is the mean square, or the Euclidean one.

    Args:
        position_t: x_t, derivative in time of the position of each characteristic.
        velocity: f'(u), with its graph: a constant for convection, u itself for Burgers' equation.
        state_t: u_t, derivative in time of the state along the characteristic.
        state_xx: u_xx, second derivative of the state in space.
        viscosity: nu, 0 or above.
        norm: "mean_square" as in the paper's formulas; "l2" as in its code, neither squared nor divided by
            the number of points, with a gradient of 0 where all residuals are 0.

    Returns:
        A scalar. `lagrangian_residual_terms` returns both norms as well. Add the misfit of the initial
        positions and states in the same norm.

    Raises:
        ShapeError: ``position_t`` is not (points,) with a point at least; another shape differs.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``viscosity`` is negative; ``norm`` is none of the two.

    Source: Mojgani, Balajewicz and Hassanzadeh, Lagrangian PINNs: A causality-conforming solution to failure
        modes of physics-informed neural networks, arXiv 2205.02902, 2022.

    Example:
        >>> import torch
        >>> one, half = torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.5])
        >>> lagrangian_residual(one, half, half, one, viscosity=0.25)  # 0.5^2 + 0.25^2
        tensor(0.3125)
    """
    return lagrangian_residual_terms(
        position_t, velocity, state_t, state_xx, viscosity=viscosity, norm=norm
    ).loss


@full_precision
def lagrangian_residual_terms(
    position_t: Float[Tensor, "points"],
    velocity: Float[Tensor, "points"],
    state_t: Float[Tensor, "points"],
    state_xx: Float[Tensor, "points"],
    *,
    viscosity: float = 0.0,
    norm: Norm = "mean_square",
) -> LagrangianResidualTerms:
    """Give the loss of `lagrangian_residual`, whose arguments and errors it shares, with its two norms."""
    check_ndim("position_t", position_t, "points")
    if position_t.shape[0] == 0:
        raise ShapeError("position_t: got shape (0,); wanted a point at least")
    for name, values in (
        ("position_t", position_t),
        ("velocity", velocity),
        ("state_t", state_t),
        ("state_xx", state_xx),
    ):
        check_floating(name, values)
        check_shape(name, values, tuple(position_t.shape), like="position_t")
        check_finite(name, values)
    check_non_negative("viscosity", viscosity)
    check_choice("norm", norm, get_args(Norm))
    characteristic = _length(position_t - velocity, norm)
    state = _length(state_t - viscosity * state_xx, norm)
    return LagrangianResidualTerms(characteristic + state, characteristic, state)


def _length(residual: Tensor, norm: Norm) -> Tensor:
    if norm == "mean_square":
        return residual.square().mean()
    length: Tensor = torch.linalg.vector_norm(residual)
    return length


LagrangianResidual = loss_module(lagrangian_residual)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Seven points of a viscous flow, without which the second derivative does not count."""
    names = ("position_t", "velocity", "state_t", "state_xx")
    derivatives = zip(names, torch.randn(4, 7, generator=generator), strict=True)
    return {"viscosity": 0.5, **dict(derivatives)}


LOSS = LossSpec(
    function=lagrangian_residual,
    module=LagrangianResidual,
    paper=Paper(
        title="Lagrangian PINNs: A causality-conforming solution to failure modes of physics-informed neural "
        "networks",
        authors="Mojgani, Balajewicz and Hassanzadeh",
        venue="arXiv",
        year=2022,
        url="https://arxiv.org/abs/2205.02902",
    ),
    differentiable=("position_t", "velocity", "state_t", "state_xx"),
    example_inputs=example_inputs,
    unpaired_reason="the exact metric is relative_l2_error against the solution, which is no input",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("lpinn",),
)
