"""Orthogonality penalty: an excited state is learned beside the states that are known."""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_shape
from torch import Tensor

from lossary_physics._grid import checked_grid, integral


@full_precision
def orthogonality_penalty(
    wavefunction: Float[Tensor, "points"],
    previous: Float[Tensor, "states points"],
    coordinates: Float[Tensor, "points"],
) -> Float[Tensor, ""]:
    r"""Squared overlaps of a wavefunction with the states found before it.

    .. math:: L = \sum_k \Big( \int \psi \, \psi_k \, dx \Big)^2

    The integrals are those of the trapezoid rule on the given grid.

    Args:
        wavefunction: psi at the points of the grid.
        previous: the states psi_k on the same grid, one a row; there may be none. They receive no gradient.
        coordinates: the points in increasing order, in any spacing. They receive no gradient.

    Returns:
        A scalar; 0 without a previous state.

    Raises:
        ShapeError: there are fewer than two points, or a tensor has not one value per point.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``coordinates`` do not increase strictly.

    Differs from the paper: each overlap is squared by itself; the paper squares their sum, in which overlaps
        of opposite signs cancel.

    Source: Jin, Mattheakis and Protopapas, Physics-Informed Neural Networks for Quantum Eigenvalue Problems,
        IJCNN 2022.

    Example:
        >>> import torch
        >>> coordinates = torch.tensor([0.0, 1.0, 3.0])
        >>> wavefunction, previous = torch.tensor([1.0, 1.0, 0.0]), torch.ones(1, 3)
        >>> orthogonality_penalty(wavefunction, previous, coordinates)  # (1 + 2 * 0.5)^2
        tensor(4.)
    """
    grid = checked_grid(wavefunction, coordinates)
    check_floating("previous", previous)
    check_ndim("previous", previous, "states points")
    check_shape("previous", previous, (previous.shape[0], *wavefunction.shape), like="wavefunction")
    check_finite("previous", previous)
    return integral(wavefunction * previous.detach().to(wavefunction.dtype), grid).square().sum()


OrthogonalityPenalty = loss_module(orthogonality_penalty)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """A wavefunction and two states before it, on an uneven grid of six points."""
    return {
        "wavefunction": torch.randn(6, generator=generator),
        "previous": torch.randn(2, 6, generator=generator),
        "coordinates": torch.arange(6) + 0.5 * torch.rand(6, generator=generator),
    }


LOSS = LossSpec(
    function=orthogonality_penalty,
    module=OrthogonalityPenalty,
    paper=Paper(
        title="Physics-Informed Neural Networks for Quantum Eigenvalue Problems",
        authors="Jin, Mattheakis and Protopapas",
        venue="IJCNN",
        year=2022,
        url="https://arxiv.org/abs/2203.00451",
    ),
    differentiable=("wavefunction",),
    example_inputs=example_inputs,
    unpaired_reason="it is a constraint, and measures its own violation on the grid exactly",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
