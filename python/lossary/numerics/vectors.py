"""What the routines share: vectors of finite numbers, distributions, and numbers within bounds."""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import numeric, one_axis, to_numpy

Doubles = NDArray[np.float64]

# How far the sum of a distribution may be off.
_SUM_TOLERANCE = 1e-9


def finite_array(name: str, given: Any) -> Doubles:
    """Any shape, as float64; refuse NaN and infinity."""
    array = numeric(name, to_numpy(name, given)).astype(np.float64)
    if not np.isfinite(array).all():
        raise InvalidInputError(f"{name}: got NaN or infinity; wanted finite numbers")
    return array


def finite_vector(name: str, given: Any, *, length: int | None = None, like: str = "") -> Doubles:
    """One axis of finite numbers, as many as those of ``like`` where a length is given."""
    array: Doubles = one_axis(name, finite_array(name, given))
    if length is not None and len(array) != length:
        raise ShapeError(f"{name}: got {len(array)} numbers; wanted {length}, as {like}")
    return array


def distribution(name: str, given: Any) -> Doubles:
    """Probabilities on one axis, divided by their sum, which may be off by 1e-9."""
    array = finite_vector(name, given)
    if len(array) == 0 or array.min() < 0:
        came = "none" if len(array) == 0 else f"{array.min():g}"
        raise InvalidInputError(f"{name}: got {came}; wanted probabilities of 0 or above, at least one")
    total = float(array.sum())
    if abs(total - 1) > _SUM_TOLERANCE:
        raise InvalidInputError(f"{name}: got a sum of {total!r}; wanted 1")
    return array / total


def check_bounds(
    name: str, given: Any, *, least: float = -np.inf, above: float = -np.inf, most: float = np.inf
) -> None:
    """Raise unless ``given`` is a finite number within the bounds.

    Raises:
        InvalidInputError: another number, or NaN.
        DtypeError: anything else.
    """
    wanted = ["a finite number"]
    wanted += [f"of {least:g} or above"] if least > -np.inf else []
    wanted += [f"above {above:g}"] if above > -np.inf else []
    wanted += [f"up to {most:g}"] if most < np.inf else []
    if isinstance(given, bool) or not isinstance(given, Real):
        raise DtypeError(f"{name}: got {given!r}; wanted {' '.join(wanted)}")
    number = float(given)
    if not (np.isfinite(number) and number > above and least <= number <= most):
        raise InvalidInputError(f"{name}: got {given!r}; wanted {' '.join(wanted)}")
