"""Normalization penalty: keeps a learned wavefunction at its norm, away from the solution zero."""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_positive
from torch import Tensor

from lossary_physics._grid import checked_grid, integral


@full_precision
def normalization_penalty(
    wavefunction: Float[Tensor, "points"],
    coordinates: Float[Tensor, "points"],
    *,
    target_norm: float = 1.0,
) -> Float[Tensor, ""]:
    r"""Squared distance of a wavefunction's squared norm from the wanted one.

    .. math:: L = \Big( \int \psi^2 \, dx - c \Big)^2

    The integral is that of the trapezoid rule on the given grid.

    Args:
        wavefunction: psi at the points of the grid.
        coordinates: the points in increasing order, in any spacing. They receive no gradient.
        target_norm: c, the wanted integral, above 0.

    Returns:
        A scalar.

    Raises:
        ShapeError: there are fewer than two points, or not one value per point.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``coordinates`` do not increase strictly;
            ``target_norm`` is not above 0.

    Source: Sarkar, Physics-Informed Neural Networks for One-Dimensional Quantum Well Problems, arXiv 2025.

    Example:
        >>> import torch
        >>> wavefunction, coordinates = torch.ones(3), torch.tensor([0.0, 1.0, 3.0])
        >>> normalization_penalty(wavefunction, coordinates)  # (3 - 1)^2
        tensor(4.)
    """
    check_positive("target_norm", target_norm)
    grid = checked_grid(wavefunction, coordinates)
    return (integral(wavefunction.square(), grid) - target_norm).square()


NormalizationPenalty = loss_module(normalization_penalty)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """A wavefunction on an uneven grid of six points."""
    return {
        "wavefunction": torch.randn(6, generator=generator),
        "coordinates": torch.arange(6) + 0.5 * torch.rand(6, generator=generator),
    }


LOSS = LossSpec(
    function=normalization_penalty,
    module=NormalizationPenalty,
    paper=Paper(
        title="Physics-Informed Neural Networks for One-Dimensional Quantum Well Problems",
        authors="Sarkar",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2504.05367",
    ),
    differentiable=("wavefunction",),
    example_inputs=example_inputs,
    unpaired_reason="it is a constraint, and measures its own violation on the grid exactly",
    properties=frozenset(
        {Property.NON_NEGATIVE, Property.TWICE_DIFFERENTIABLE, Property.REJECTS_EMPTY_BATCH}
    ),
)
