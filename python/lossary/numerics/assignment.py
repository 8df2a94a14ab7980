"""Linear assignment: the pairs of rows and columns of a matrix, each in one pair at most, that cost least."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import numeric, to_numpy

Integers = NDArray[np.int64]


class Assignment(NamedTuple):
    """Which columns rows get.

    Attributes:
        rows: the rows that get a column, ascending.
        columns: the column of each of them.
    """

    rows: Integers
    columns: Integers


def linear_assignment(cost: Any, *, maximize: bool = False) -> Assignment:
    r"""The cheapest way to pair rows with columns: exact, of any shape, all of the shorter side paired.

    .. math:: \min_\pi \sum_i c_{i \pi(i)}

    over all ways to give rows columns of their own; with fewer columns than rows, columns rows. Time grows
    with the square of the shorter side times the longer one.

    Args:
        cost: (n_rows, n_columns), finite numbers; integers beyond 2^53 are rounded.
        maximize: the dearest way instead, for a matrix of gains.

    Returns:
        An `Assignment` of min(n_rows, n_columns) pairs, as ``scipy.optimize.linear_sum_assignment`` returns
        it. Of several cheapest ones it is any.

    Raises:
        InvalidInputError: a cost is NaN or infinite.
        ShapeError: not two axes.
        DtypeError: not an array-like; ``maximize`` is no flag.

    Source: Kuhn, The Hungarian Method for the Assignment Problem, Naval Research Logistics Quarterly 2, 1955;
        by paths: Jonker and Volgenant, A Shortest Augmenting Path Algorithm for Dense and Sparse Linear
        Assignment Problems, Computing 38, 1987.

    Example:
        >>> rows, columns = linear_assignment([[1, 2, 9], [1, 9, 9]])
        >>> rows.tolist(), columns.tolist()  # 2 + 1, and not 1 + 9
        ([0, 1], [1, 0])
    """
    if not isinstance(maximize, bool | np.bool_):
        raise DtypeError(f"maximize: got {maximize!r}; wanted True or False")
    matrix = numeric("cost", to_numpy("cost", cost))
    if matrix.ndim != 2:
        raise ShapeError(f"cost: got shape {matrix.shape}; wanted (n_rows, n_columns)")
    matrix = matrix.astype(np.float64)
    if not np.isfinite(matrix).all():
        raise InvalidInputError("cost: got NaN or infinity; wanted finite numbers")
    if maximize:
        matrix = -matrix
    if matrix.shape[0] <= matrix.shape[1]:
        return Assignment(np.arange(len(matrix)), cheapest_columns(matrix))
    rows = cheapest_columns(matrix.T)
    order = rows.argsort()
    return Assignment(rows[order], order)


def cheapest_columns(cost: NDArray[np.float64]) -> Integers:
    """The column of each row of a matrix of finite costs that has no more rows than columns."""
    return _kernels.cheapest_columns(cost.reshape(-1), *cost.shape).astype(np.int64)
