"""Assignment: the cheapest way to give each row of a matrix a column of its own.

Solved exactly by shortest augmenting paths, on the CPU, one matrix after another; an operator, so that
compiled graphs and ``vmap`` can hold it.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.library import custom_op


def assignment(cost: Tensor, sizes: Tensor) -> Tensor:
    """For each square matrix the columns that its rows get at the lowest total cost.

    Args:
        cost: (matrices, size, size), finite; it receives no gradient.
        sizes: (matrices,), integer: how many of the first rows and columns count. The others are paired with
            themselves.

    Returns:
        (matrices, size), int64, a permutation in each row. Of several cheapest ones it is any. Time grows
        with the cube of the size.

    Source: Kuhn, The Hungarian Method for the Assignment Problem, Naval Research Logistics Quarterly 2, 1955;
        by paths: Jonker and Volgenant, A Shortest Augmenting Path Algorithm for Dense and Sparse Linear
        Assignment Problems, Computing 38, 1987.

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
        found[:size] = _cheapest(matrix[:size, :size])
    return torch.from_numpy(columns).to(cost.device)


def _cheapest(cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """The column of each row.

    A row without a column takes the path of lowest reduced cost to a free column, over columns whose rows
    move on; prices of rows and columns keep reduced costs at 0 or above, and those of taken pairs at 0.
    """
    size = len(cost)
    row_price = cost.min(1, initial=np.inf)
    column_price = np.zeros(size)
    row_of = np.full(size, -1)
    unplaced = []
    for row, column in enumerate(cost.argmin(1) if size else ()):
        if row_of[column] < 0:
            row_of[column] = row
        else:
            unplaced.append(row)
    for start in unplaced:
        distance = np.full(size, np.inf)
        came_from = np.full(size, -1)  # the column before on the path; -1 is the start
        reached = np.zeros(size, dtype=bool)
        row, column, length = start, -1, 0.0
        while row >= 0:
            through = length + cost[row] - row_price[row] - column_price
            shorter = ~reached & (through < distance)
            distance[shorter] = through[shorter]
            came_from[shorter] = column
            column = int(np.where(reached, np.inf, distance).argmin())
            length = distance[column]
            reached[column] = True
            row = row_of[column]
        slack = length - distance[reached]
        column_price[reached] -= slack
        row_price[start] += length
        moved = row_of[reached]
        row_price[moved[moved >= 0]] += slack[moved >= 0]
        while column >= 0:
            before = came_from[column]
            row_of[column] = row_of[before] if before >= 0 else start
            column = before
    return row_of.argsort()


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
