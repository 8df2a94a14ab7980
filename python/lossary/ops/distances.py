"""Distances of all pairs of rows, exact for rows that are close together."""

import torch
from torch import Tensor


def pair_distances(rows: Tensor, others: Tensor, *, p: float = 2.0) -> Tensor:
    """The distance of each row of one matrix to each row of the other.

    Differences are taken before they are squared, so equal rows are at a distance of exactly 0, and memory
    is that of the result.

    Args:
        rows: (rows, dim), floating; axes in front are matrices of their own.
        others: (others, dim), likewise.
        p: of the norm of a difference, at least 1; 2 is Euclid's.

    Returns:
        (rows, others), after the axes in front. It has first derivatives, which are 0 between equal rows, and
        second ones since torch 2.15.

    Example:
        >>> import torch
        >>> pair_distances(torch.tensor([[0.0, 0.0], [3e30, 4e30]]), torch.zeros(1, 2))
        tensor([[0.0000e+00],
                [5.0000e+30]])
    """
    dtype = torch.promote_types(rows.dtype, others.dtype)
    rows, others = rows.to(dtype), others.to(dtype)
    # One scale for all keeps the squares in range, and multiplies the distances back.
    values = torch.cat([rows.detach().flatten(), others.detach().flatten(), rows.new_zeros(1)])
    largest = values.abs().amax()
    scale = largest.where(largest != 0, 1.0)
    return scale * torch.cdist(rows / scale, others / scale, p, compute_mode="donot_use_mm_for_euclid_dist")
