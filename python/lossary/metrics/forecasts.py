"""What scores of forecasts share: their arrays, the weights of points, and blocks of bounded memory."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, contiguous, numeric, to_numpy
from lossary.metrics.bootstrap import of_rows
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.options import check_choice, check_not_negative

Doubles = NDArray[np.float64]

# Numbers of a block: it stays in the cache, and memory does not grow with the number of points.
_BLOCK = 2**17


def forecasts(name: str, given: Any) -> Array:
    """Real numbers of any shape; booleans and integers as doubles.

    Raises:
        InvalidInputError: no real numbers.
        DtypeError: not an array-like.
    """
    array = numeric(name, to_numpy(name, given))
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def ensemble_of(
    ensemble: Any, target: Any, *, vectors: bool = False, least: int = 1
) -> tuple[Array, Array, tuple[int, ...]]:
    """Members, (points, members), with what happened, (points, 1), and the axes of the points.

    With ``vectors`` both have an axis of dimensions more.

    Raises:
        InvalidInputError: no real numbers, no points, or fewer members than ``least``.
        ShapeError: shapes that do not fit.
        DtypeError: not an array-like.
    """
    members, truth = forecasts("ensemble", ensemble), forecasts("target", target)
    axis = -2 if vectors else -1
    axes = "(*points, members, dim)" if vectors else "(*points, members)"
    if members.ndim < -axis:
        raise ShapeError(f"ensemble: got shape {members.shape}; wanted {axes}")
    shape = members.shape[:axis]
    wanted = (*shape, *members.shape[members.ndim + axis + 1 :])
    if truth.shape != wanted:
        raise ShapeError(
            f"target: got shape {truth.shape}; wanted {wanted}, as ensemble of shape {members.shape} without "
            "its axis of members"
        )
    if not members.size or members.shape[axis] < least:
        raise InvalidInputError(
            f"ensemble: got shape {members.shape}; wanted {axes} of at least one point and {least} members"
        )
    inner = members.shape[axis:]
    return members.reshape(-1, *inner), truth.reshape(-1, 1, *inner[1:]), shape


def blocks_of(rows: int, numbers: int) -> Iterator[slice]:
    """Slices that cover the rows, of so many numbers each."""
    step = max(_BLOCK // numbers, 1)
    return (slice(start, start + step) for start in range(0, rows, step))


def as_rows(members: Array, truth: Array) -> tuple[Array, Doubles]:
    """Both in one axis, as the kernels read them: of members float32 stays, what happened becomes doubles."""
    return contiguous(members.reshape(-1)), contiguous(truth.astype(np.float64, copy=False).reshape(-1))


def check_finite_values(values: Doubles, inputs: dict[str, Array]) -> None:
    """Raise InvalidInputError unless all values are finite; it names the input to blame."""
    if np.isfinite(values).all():
        return
    for name, array in inputs.items():
        bad = array.size - int(np.isfinite(array).sum())
        if bad:
            raise InvalidInputError(
                f"{name}: got {bad} values that are NaN or infinite; wanted finite numbers"
            )
    name = next(iter(inputs))
    raise InvalidInputError(f"{name}: got numbers whose differences overflow; wanted smaller ones")


def point_weights(given: Any, shape: tuple[int, ...]) -> Doubles | None:
    """Weights of the points, (points,); None weighs all the same.

    Raises:
        InvalidInputError: a weight below 0, NaN or infinite, or only zeros.
        ShapeError: another shape, which cannot be broadcast either.
        DtypeError: not an array-like.
    """
    if given is None:
        return None
    array = forecasts("weight", given).astype(np.float64, copy=False)
    try:
        weights = np.broadcast_to(array, shape).reshape(-1)
    except ValueError:
        raise ShapeError(
            f"weight: got shape {array.shape}; wanted {shape}, or what can be broadcast to it"
        ) from None
    if not ((weights >= 0) & (weights < np.inf)).all():
        raise InvalidInputError("weight: got a weight that is negative, NaN or infinite; wanted 0 or above")
    if not weights.any():
        raise InvalidInputError("weight: got only zeros; wanted one that is not zero")
    return weights


def score_of_points(
    values: Doubles,
    shape: tuple[int, ...],
    weight: Any,
    reduction: Any,
    confidence: float | Confidence | None,
) -> Value:
    """The mean or the sum of the values of points, (points,), its interval, or the values in their shape."""
    check_choice("reduction", reduction, ("mean", "sum", "none"))
    if confidence is not None and reduction != "mean":
        raise InvalidInputError(f"confidence: got a level with reduction={reduction!r}; wanted 'mean'")
    weights = point_weights(weight, shape)
    weighted = values if weights is None else weights * values
    if reduction == "none":
        return weighted.reshape(shape)
    total = float(weighted.sum())
    if reduction == "sum":
        return total
    mean = total / (len(values) if weights is None else float(weights.sum()))
    return mean if confidence is None else of_rows(values, weights, confidence, value=mean)


def check_fraction(name: str, given: Any) -> None:
    """Raise unless ``given`` is a number from 0 to 1.

    Raises:
        InvalidInputError: another number.
        DtypeError: anything else.
    """
    check_not_negative(name, given)
    if given > 1:
        raise InvalidInputError(f"{name}: got {given!r}; wanted a number from 0 to 1")
