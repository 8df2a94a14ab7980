"""Schrodinger residual: how far a wavefunction is from a stationary state, and its energy from the level.

The energy may be a learnable parameter, so that training finds a state and its level together. Zero solves
the equation at every energy: train with `normalization_penalty`, and for excited states with
`orthogonality_penalty` to the states below.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_positive,
    check_shape,
)
from lossary.errors import ShapeError
from torch import Tensor

from lossary_physics.physics_residual import physics_residual


@full_precision
def schrodinger_residual(
    wavefunction: Float[Tensor, "points"],
    second_derivative: Float[Tensor, "points"],
    potential: Float[Tensor, "points"],
    energy: Float[Tensor, ""],
    *,
    kinetic: float = 1.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Squared residual of the stationary Schrodinger equation in one dimension.

    Combine it with `normalization_penalty`: a wavefunction of zeros has a residual of zero.

    .. math:: r = -\kappa \, \psi'' + (V - E) \psi, \qquad L = \frac{1}{N} \sum_i r_i^2

    Args:
        wavefunction: psi at the collocation points.
        second_derivative: psi'' there, with a graph; `derivative` of `physics_residual` gives it.
        potential: V there. It receives no gradient.
        energy: E, a scalar; a parameter learns the level.
        kinetic: hbar^2 / (2 m) in the units at hand: 1 where a well of width 1 has the ground state pi^2, 0.5
            in atomic units.
        reduction: "mean" or "sum" over points, or "none".

    Returns:
        A scalar, or one value per point under "none". Without a point it is 0.

    Raises:
        ShapeError: ``wavefunction`` has not one axis; another shape does not fit it; ``energy`` is no scalar.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``kinetic`` is not above 0.

    Source: Sarkar, Physics-Informed Neural Networks for One-Dimensional Quantum Well Problems, arXiv 2025.

    Example:
        >>> import torch
        >>> wavefunction, bend = torch.tensor([1.0, 0.5]), torch.tensor([-4.0, -1.0])
        >>> schrodinger_residual(wavefunction, bend, torch.zeros(2), torch.tensor(3.0))  # (1^2 + 0.5^2) / 2
        tensor(0.6250)
    """
    check_positive("kinetic", kinetic)
    check_floating("wavefunction", wavefunction)
    check_ndim("wavefunction", wavefunction, "points")
    check_finite("wavefunction", wavefunction)
    for name, value in (("second_derivative", second_derivative), ("potential", potential)):
        check_floating(name, value)
        check_shape(name, value, tuple(wavefunction.shape), like="wavefunction")
        check_finite(name, value)
    check_floating("energy", energy)
    if energy.ndim != 0:
        raise ShapeError(f"energy: got shape {tuple(energy.shape)}; wanted a scalar, ()")
    check_finite("energy", energy)
    dtype = wavefunction.dtype
    height = potential.detach().to(dtype) - energy.to(dtype)
    return physics_residual(
        height * wavefunction - kinetic * second_derivative.to(dtype), reduction=reduction
    )


SchrodingerResidual = loss_module(schrodinger_residual)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """A wavefunction, its bend and the potential at six points, and an energy."""
    return {
        "wavefunction": torch.randn(6, generator=generator),
        "second_derivative": torch.randn(6, generator=generator),
        "potential": torch.rand(6, generator=generator),
        "energy": torch.rand((), generator=generator) + 2.0,
    }


LOSS = LossSpec(
    function=schrodinger_residual,
    module=SchrodingerResidual,
    paper=Paper(
        title="Physics-Informed Neural Networks for One-Dimensional Quantum Well Problems",
        authors="Sarkar",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2504.05367",
    ),
    differentiable=("wavefunction", "second_derivative", "energy"),
    example_inputs=example_inputs,
    unpaired_reason=(
        "the exact metrics are the errors of the energy and, by relative_l2_error, of the wavefunction up to "
        "its sign against the solution, which is no input"
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
)
