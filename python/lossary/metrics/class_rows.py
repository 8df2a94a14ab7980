"""Rows with a class each: which index it has, and the mean of its rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import numeric, one_axis, to_numpy

Doubles = NDArray[np.float64]
Indices = NDArray[np.int64]


def class_indices(name: str, given: Any, count: int) -> Indices:
    """Class indices, one for each of so many rows, 0 or above.

    Raises:
        InvalidInputError: a negative index.
        ShapeError: another number of them, or more than one axis.
        DtypeError: not integers.
    """
    array = one_axis(name, numeric(name, to_numpy(name, given)))
    if array.dtype.kind not in "iu":
        raise DtypeError(f"{name}: got dtype {array.dtype}; wanted integers, the index of each class")
    if len(array) != count:
        raise ShapeError(f"{name}: got {len(array)} labels; wanted {count}, one per row")
    if array.size and array.min() < 0:
        raise InvalidInputError(f"{name}: got {array.min()}; wanted classes from 0 on")
    return array.astype(np.int64)


def class_means(name: str, rows: Doubles, codes: Indices, classes: int | None = None) -> Doubles:
    """Mean of the rows of each class; ``name`` is the argument with the classes, for errors."""
    counts = np.bincount(codes, minlength=classes or 0)
    if not counts.all():
        raise InvalidInputError(f"{name}: got no sample of class {counts.argmin()}; wanted one of each")
    sums = np.zeros((len(counts), rows.shape[1]))
    np.add.at(sums, codes, rows)
    return sums / counts[:, None]
