"""Integrals of a wavefunction over the grid on which it is known."""

import torch
from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_shape, checks_values
from lossary.errors import InvalidInputError, ShapeError
from torch import Tensor


def checked_grid(wavefunction: Tensor, coordinates: Tensor) -> Tensor:
    """Check a wavefunction and its grid.

    Args:
        wavefunction: (points,), floating.
        coordinates: where it is known, in increasing order.

    Returns:
        The coordinates without a graph, in the dtype of the wavefunction.

    Raises:
        ShapeError: there are fewer than two points, or not one value per point.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; the coordinates do not increase.
    """
    check_floating("wavefunction", wavefunction)
    check_ndim("wavefunction", wavefunction, "points")
    if wavefunction.shape[0] < 2:
        raise ShapeError(
            f"wavefunction: got shape {tuple(wavefunction.shape)}; wanted two points or more to integrate"
        )
    check_finite("wavefunction", wavefunction)
    check_floating("coordinates", coordinates)
    check_shape("coordinates", coordinates, tuple(wavefunction.shape), like="wavefunction")
    check_finite("coordinates", coordinates)
    if checks_values(coordinates) and bool((coordinates.diff() <= 0).any()):
        raise InvalidInputError(
            "coordinates: got points out of order or twice; wanted strictly increasing ones"
        )
    return coordinates.detach().to(wavefunction.dtype)


def integral(values: Tensor, coordinates: Tensor) -> Tensor:
    """The trapezoid rule along the last axis, on a grid of any spacing."""
    return torch.trapezoid(values, coordinates)
