"""Squared distances of all pairs of rows."""

from torch import Tensor

from lossary.authoring.validation import all_finite, checks_values
from lossary.errors import InvalidInputError


def squared_distances(name: str, left: Tensor, right: Tensor, *, unit: bool) -> Tensor:
    """Squared distance of each row of one set to each of another, (..., rows, others).

    Args:
        name: the argument that the rows came as, for the error.
        left: (..., rows, dim).
        right: (..., others, dim).
        unit: rows have length one, or zero: their products are enough. Else all differences are formed, so
            that near rows far from the origin keep their distance.

    Returns:
        The distances; differentiable.

    Raises:
        InvalidInputError: they overflow (a check of values).
    """
    if unit:
        lengths = left.square().sum(-1).unsqueeze(-1) + right.square().sum(-1).unsqueeze(-2)
        return lengths - 2 * left @ right.mT
    distances = (left.unsqueeze(-2) - right.unsqueeze(-3)).square().sum(-1)
    if checks_values(distances) and not all_finite(distances):
        raise InvalidInputError(
            f"{name}: got squared distances that overflow {distances.dtype}; wanted smaller values, or "
            "normalize=True"
        )
    return distances
