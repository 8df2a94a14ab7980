"""Boundary ansatz: a network's output on an interval, made to have the wanted values at both ends."""

from typing import Literal

import torch
from jaxtyping import Float
from lossary.authoring import full_precision
from lossary.authoring.validation import check_choice, check_floating, check_ndim, check_real, check_shape
from lossary.errors import InvalidInputError
from torch import Tensor

KINDS = ("polynomial", "exponential")


@full_precision
def boundary_ansatz(
    prediction: Float[Tensor, "points"],
    coordinates: Float[Tensor, "points"],
    *,
    lower: float,
    upper: float,
    lower_value: float = 0.0,
    upper_value: float = 0.0,
    kind: Literal["polynomial", "exponential"] = "polynomial",
) -> Float[Tensor, "points"]:
    r"""A trial function that has the wanted values at both walls, whatever the network says.

    .. math:: \psi(x) = a (1 - s) + b s + g(x) \, N(x), \qquad s = \frac{x - l}{u - l}

    g is 0 at both walls: 4 s (1 - s), or (1 - exp(l - x)) (1 - exp(x - u)).

    Args:
        prediction: N, the network's output at the points.
        coordinates: x, with a graph where derivatives of the trial function are wanted. Points outside the
            walls are allowed.
        lower: l, the place of the lower wall.
        upper: u, that of the upper one, above ``lower``.
        lower_value: a, the value at the lower wall.
        upper_value: b, that at the upper one.
        kind: g, "polynomial", which is 1 in the middle, or "exponential".

    Returns:
        The trial function at the points, with the graphs of both tensors.

    Raises:
        ShapeError: ``prediction`` has not one axis, or ``coordinates`` not its shape.
        DtypeError: a tensor is not floating, or an option no number.
        InvalidInputError: ``upper`` is not above ``lower``; ``kind`` is unknown.

    Source: Lagaris, Likas and Fotiadis, Artificial neural networks for solving ordinary and partial
        differential equations, IEEE Transactions on Neural Networks 9, 1998, for the polynomial; Jin,
        Mattheakis and Protopapas, Physics-Informed Neural Networks for Quantum Eigenvalue Problems, IJCNN
        2022, for the exponential.

    Example:
        >>> import torch
        >>> coordinates = torch.tensor([0.0, 0.5, 1.0])
        >>> boundary_ansatz(torch.tensor([7.0, 7.0, 7.0]), coordinates, lower=0.0, upper=1.0)
        tensor([0., 7., 0.])
    """
    check_choice("kind", kind, KINDS)
    for name, value in (("lower", lower), ("upper", upper)):
        check_real(name, value)
    check_real("lower_value", lower_value)
    check_real("upper_value", upper_value)
    if not lower < upper:
        raise InvalidInputError(f"upper: got {upper!r}; wanted a number above lower, {lower!r}")
    check_floating("prediction", prediction)
    check_ndim("prediction", prediction, "points")
    check_floating("coordinates", coordinates)
    check_shape("coordinates", coordinates, tuple(prediction.shape), like="prediction")
    # As tensors the walls are rounded like the coordinates, so that at a wall the differences are exactly 0.
    left, right = coordinates.new_full((), lower), coordinates.new_full((), upper)
    from_left, to_right, width = coordinates - left, right - coordinates, right - left
    if kind == "polynomial":
        vanishing = 4 * (from_left / width) * (to_right / width)
    else:
        vanishing = torch.expm1(-from_left) * torch.expm1(-to_right)
    line = lower_value * (to_right / width) + upper_value * (from_left / width)
    return (line + vanishing * prediction).to(prediction.dtype)
