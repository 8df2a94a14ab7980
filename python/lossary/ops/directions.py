"""Rows divided by their length, whatever their size."""

from torch import Tensor

from lossary.authoring.validation import checks_values
from lossary.errors import InvalidInputError


def directions(name: str, rows: Tensor, *, optional: bool = True) -> Tensor:
    """Divide each row by its length.

    Args:
        name: the argument that the rows came as, for the error.
        rows: (rows, dim), at least one column.
        optional: whether the caller can do without, by ``normalize=False``, which the error then says.

    Returns:
        The shape of ``rows``; differentiable.

    Raises:
        InvalidInputError: a row is zero and has no direction (a check of values; without it the row stays 0).

    Example:
        >>> import torch
        >>> directions("query", torch.tensor([[3e30, 4e30]]))
        tensor([[0.6000, 0.8000]])
    """
    zero = (rows == 0).all(1)
    if checks_values(rows) and bool(zero.any()):
        row, or_else = int(zero.nonzero()[0]), ", or normalize=False" if optional else ""
        raise InvalidInputError(f"{name}: got zeros only in row {row}; wanted rows with a direction{or_else}")
    return unit_rows(rows)


def unit_rows(rows: Tensor) -> Tensor:
    """Divide each row by its length; a row of zeros stays, with a gradient of zero.

    Args:
        rows: (..., dim), at least one column.

    Returns:
        The shape of ``rows``; differentiable.

    Example:
        >>> import torch
        >>> unit_rows(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
        tensor([[0.6000, 0.8000],
                [0.0000, 0.0000]])
    """
    # The direction does not depend on the scale, so dividing by a constant first is free, and keeps the
    # squares of very large and very small rows in range.
    scale = rows.detach().abs().amax(-1, keepdim=True)
    scaled = rows / scale.where(scale != 0, 1.0)
    square = scaled.square().sum(-1, keepdim=True)
    inverse = square.where(square != 0, 1.0).rsqrt()
    return scaled * inverse.where(square != 0, 0.0)


def row_lengths(rows: Tensor) -> Tensor:
    """Length of each row, with a gradient of zero where it is zero.

    Args:
        rows: (..., dim), at least one column.

    Returns:
        The shape of ``rows`` without its last axis; differentiable.

    Example:
        >>> import torch
        >>> row_lengths(torch.tensor([[3e30, 4e30], [0.0, 0.0]]))
        tensor([5.0000e+30, 0.0000e+00])
    """
    scale = rows.detach().abs().amax(-1)
    scale = scale.where(scale != 0, 1.0)  # keeps squares in range
    square = (rows / scale.unsqueeze(-1)).square().sum(-1)
    return scale * square.where(square != 0, 1.0).sqrt().where(square != 0, 0.0)
