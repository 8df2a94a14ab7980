"""Boundary distance: smooth functions that vanish on the walls of a box or on a sphere, with slope there."""

import math
from collections.abc import Sequence
from typing import Literal

from jaxtyping import Float
from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_choice,
    check_floating,
    check_ndim,
    check_positive,
    check_real,
)
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from torch import Tensor

NEEDS = {"box": ("lower", "upper"), "sphere": ("center", "radius")}


@full_precision
def boundary_distance(
    coordinates: Float[Tensor, "points dim"],
    *,
    shape: Literal["box", "sphere"],
    lower: Sequence[float] | None = None,
    upper: Sequence[float] | None = None,
    center: Sequence[float] | None = None,
    radius: float | None = None,
) -> Float[Tensor, "points"]:
    r"""How far points are from a boundary, smooth everywhere and 0 on the boundary alone.

    .. math::
        d_{\text{box}} = \prod_i \frac{(x_i - l_i)(u_i - x_i)}{u_i - l_i}, \qquad
        d_{\text{sphere}} = \frac{\lVert x - c \rVert^2 - R^2}{2 R}

    The box is positive inside. The sphere (in two dimensions a cylinder) is positive outside, for flow around
    it, and has slope 1 at the wall. Several boundaries are combined as `hard_boundary` says.

    Args:
        coordinates: x, with a graph where derivatives are wanted.
        shape: "box" or "sphere".
        lower: l, the least coordinate of the box along each axis.
        upper: u, the greatest, above ``lower``.
        center: c, that of the sphere.
        radius: R, that of the sphere, above 0.

    Returns:
        One value per point, with a graph.

    Raises:
        ShapeError: ``coordinates`` is no matrix; a place has not one number for each of its columns.
        DtypeError: ``coordinates`` are not floating; an option is not of numbers.
        InvalidInputError: ``shape`` is unknown; an option that it needs is None, or one of the other shape is
            not; ``upper`` is not above ``lower``; ``radius`` is not above 0.

    Source: Lagaris, Likas and Fotiadis, Artificial neural networks for solving ordinary and partial
        differential equations, IEEE Transactions on Neural Networks 9, 1998, for products; Sukumar and
        Srivastava, Exact imposition of boundary conditions with distance functions in physics-informed deep
        neural networks, Computer Methods in Applied Mechanics and Engineering 389, 2022, for circles.

    Example:
        >>> import torch
        >>> points = torch.tensor([[0.0, 2.0], [3.0, 4.0]])
        >>> boundary_distance(points, shape="sphere", center=[0.0, 0.0], radius=2.0)  # 0 and (25 - 4) / 4
        tensor([0.0000, 5.2500])
    """
    check_choice("shape", shape, tuple(NEEDS))
    given = {"lower": lower, "upper": upper, "center": center, "radius": radius}
    for name, value in given.items():
        if (value is not None) != (name in NEEDS[shape]):
            wanted = " and ".join(NEEDS[shape])
            raise InvalidInputError(f"{name}: got {value!r} with shape={shape!r}; wanted {wanted}, no others")
    check_floating("coordinates", coordinates)
    check_ndim("coordinates", coordinates, "points dim")
    if shape == "box":
        low, high = _place("lower", lower, coordinates), _place("upper", upper, coordinates)
        for least, greatest in zip(low, high, strict=True):
            if not least < greatest:
                raise InvalidInputError(f"upper: got {greatest!r}; wanted a number above lower, {least!r}")
        walls, others = coordinates.new_tensor(low), coordinates.new_tensor(high)
        factors = (coordinates - walls) * (others - coordinates) / (others - walls)
        return math.prod(factors.unbind(1), start=coordinates.new_ones(coordinates.shape[0]))
    size = radius or 0.0
    check_positive("radius", size)
    from_center = coordinates - coordinates.new_tensor(_place("center", center, coordinates))
    return (from_center.square().sum(1) - size**2) / (2 * size)


def _place(name: str, place: Sequence[float] | None, coordinates: Tensor) -> list[float]:
    if not isinstance(place, Sequence) or isinstance(place, str):
        raise DtypeError(f"{name}: got {type(place).__name__}; wanted a sequence of numbers")
    if len(place) != coordinates.shape[1]:
        raise ShapeError(
            f"{name}: got {len(place)} numbers; wanted {coordinates.shape[1]}, one for each axis of space"
        )
    for value in place:
        check_real(name, value)
    return [float(value) for value in place]
