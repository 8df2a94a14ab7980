"""Rows divided by their length."""

from torch import Tensor


def unit_rows(rows: Tensor) -> Tensor:
    """Divide each row by its length, whatever its size; a row of zeros stays, with a gradient of zero."""
    # The direction does not depend on the scale, so dividing by a constant first is free, and keeps squares
    # in range.
    scale = rows.detach().abs().amax(-1, keepdim=True)
    scaled = rows / scale.where(scale != 0, 1.0)
    square = scaled.square().sum(-1, keepdim=True)
    inverse = square.where(square != 0, 1.0).rsqrt()
    return scaled * inverse.where(square != 0, 0.0)
