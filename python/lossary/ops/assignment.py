"""Assignment: the cheapest way to give each row of a matrix a column of its own.

`lossary.numerics.linear_assignment` of one matrix after another, on the CPU; an operator, so that compiled
graphs and ``vmap`` can hold it.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.library import custom_op

from lossary.numerics.assignment import cheapest_columns


def assignment(cost: Tensor, sizes: Tensor) -> Tensor:
    """For each square matrix the columns that its rows get at the lowest total cost.

    Args:
        cost: (matrices, size, size), finite; it receives no gradient.
        sizes: (matrices,), integer: how many of the first rows and columns count. The others are paired with
            themselves.

    Returns:
        (matrices, size), int64, a permutation in each row. Of several cheapest ones it is any. Time grows
        with the cube of the size.

    Example:
        >>> import torch
        >>> assignment(torch.tensor([[[1.0, 2.0], [1.0, 9.0]]]), torch.tensor([2]))
        tensor([[1, 0]])
    """
    columns: Tensor = _assignment(cost.detach(), sizes)
    return columns


@custom_op("lossary::assignment", mutates_args=())
def _assignment(cost: Tensor, sizes: Tensor) -> Tensor:
    # NaN, which only reaches this place where checks of values are off, has no order and would never end
    matrices = np.nan_to_num(cost.cpu().double().numpy())
    columns = np.tile(np.arange(cost.shape[1]), (cost.shape[0], 1))
    for matrix, size, found in zip(matrices, sizes.tolist(), columns, strict=True):
        found[:size] = cheapest_columns(matrix[:size, :size])
    return torch.from_numpy(columns).to(cost.device)


@_assignment.register_fake
def _(cost: Tensor, sizes: Tensor) -> Tensor:  # noqa: ARG001
    return torch.empty(cost.shape[:2], dtype=torch.int64, device=cost.device)


@_assignment.register_vmap
def _(info: Any, in_dims: tuple[int | None, ...], *inputs: Tensor) -> tuple[Tensor, int]:
    batches = [
        value.expand(info.batch_size, *value.shape) if axis is None else value.movedim(axis, 0)
        for value, axis in zip(inputs, in_dims, strict=True)
    ]
    columns = _assignment(*(value.flatten(0, 1) for value in batches))
    return columns.unflatten(0, batches[0].shape[:2]), 0
