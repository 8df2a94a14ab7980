"""Curves with fewer points, at a known distance from the full one."""

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError


def thin(x: NDArray[np.float64], y: NDArray[np.float64], max_points: Any) -> tuple[NDArray[np.int64], float]:
    """Choose points of a curve such that the straight lines between them stay close to all others.

    Points are chosen greedily for a tolerance, which is found by bisection: the error is about the smallest
    that so few points allow. A vertical step is kept as one, or has its height in the error.

    Args:
        x: coordinates that never fall, or never rise, (n_points,).
        y: the curve at ``x``, (n_points,).
        max_points: how many points to keep at most, at least 2: the ends are always kept.

    Returns:
        ``(indices, max_error)``: positions of the points that are kept, ascending, and the largest vertical
        distance of a point from the straight line between its kept neighbours.

    Raises:
        InvalidInputError: max_points is below 2; a number is NaN or infinite; x rises and falls.
        ShapeError: lengths that differ.
        DtypeError: max_points is no integer.

    Source: Williams, An efficient algorithm for the piecewise linear approximation of planar curves, Computer
        Graphics and Image Processing 8, 1978.

    Example:
        >>> x, y = np.array([0.0, 0.25, 0.5, 0.75, 1.0]), np.array([0.0, 0.5, 0.7, 0.9, 1.0])
        >>> indices, error = thin(x, y, 3)
        >>> indices.tolist(), round(error, 3)
        ([0, 1, 4], 0.067)
    """
    if isinstance(max_points, bool) or not isinstance(max_points, Integral):
        raise DtypeError(f"max_points: got {max_points!r}; wanted an integer of at least 2, or None")
    if max_points < 2:
        raise InvalidInputError(f"max_points: got {max_points}; wanted at least 2, for the ends of the curve")
    falls = len(x) > 1 and x[0] > x[-1]
    x, y = np.ascontiguousarray(-x if falls else x), np.ascontiguousarray(y)
    return _kernels.thin(x, y, min(int(max_points), max(len(x), 2)))


def kept_points(x: NDArray[np.float64], y: NDArray[np.float64], max_points: Any) -> NDArray[np.int64]:
    """Positions of the points that `thin` keeps, where a rate that is undefined counts as 0."""
    kept, _ = thin(np.nan_to_num(x), np.nan_to_num(y), max_points)
    return kept
