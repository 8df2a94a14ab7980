"""Sets of points that losses compare: their checks, and the squares of their distances."""

from torch import Tensor

from lossary.authoring.validation import all_finite, check_finite, check_floating, checks_values
from lossary.errors import InvalidInputError, ShapeError
from lossary.ops.distances import pair_distances


def points_of(name: str, given: Tensor, *, least: int = 1) -> Tensor:
    """Check points, (points, dim) or one number each, (points,), and return them as (points, dim).

    Raises:
        ShapeError: another number of axes, fewer than ``least`` points, or points without a dimension.
        DtypeError: they are not floating.
        InvalidInputError: a value is NaN or infinite.
    """
    check_floating(name, given)
    if given.ndim not in (1, 2) or len(given) < least or given.numel() == 0:
        raise ShapeError(
            f"{name}: got shape {tuple(given.shape)}; wanted (points) or (points, dim), of {least} or more"
        )
    check_finite(name, given)
    return given.unsqueeze(1) if given.ndim == 1 else given


def sets_of(name: str, given: Tensor) -> Tensor:
    """Check sets of points, (sets, points, ...), and return them as (sets, points, dim).

    Raises:
        ShapeError: fewer than three axes, or no set, point or dimension.
        DtypeError: they are not floating.
        InvalidInputError: a value is NaN or infinite.
    """
    check_floating(name, given)
    if given.ndim < 3 or given.numel() == 0:
        raise ShapeError(
            f"{name}: got shape {tuple(given.shape)}; wanted (batch, points, ...), nothing of it empty"
        )
    check_finite(name, given)
    return given.flatten(2)


def check_same_dim(name: str, points: Tensor, dim: int, *, like: str) -> None:
    """Raise ShapeError unless the last axis has this length, which is that of the argument ``like``."""
    if points.shape[-1] != dim:
        raise ShapeError(f"{name}: got points of {points.shape[-1]} dimensions; wanted {dim}, as {like}")


def squared_distances(name: str, points: Tensor, others: Tensor) -> Tensor:
    """Squares of `lossary.ops.distances.pair_distances`, (..., points, others).

    Raises:
        InvalidInputError: they overflow (a check of values); it blames ``name``.
    """
    squares = pair_distances(points, others).square()
    if checks_values(squares) and not all_finite(squares):
        raise InvalidInputError(
            f"{name}: got squared distances that overflow {squares.dtype}; wanted points that are nearer"
        )
    return squares
