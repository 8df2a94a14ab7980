"""Any array-like to a NumPy array that the kernels read in place.

Contiguous float32, float64, integer and boolean arrays pass through untouched. Everything else is converted
once: lists, objects with ``__array__`` (torch on CPU, pandas, polars, pyarrow), DLPack, and the Arrow
PyCapsule interface.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.extras import require

Array = NDArray[Any]

# Sums of sixteen billion weights below the first number stay finite; above the second, no product of a weight
# and a ratio is rounded away.
_HUGE, _TINY = 2.0**960, 2.0**-500

_READABLE = frozenset(np.dtype(code) for code in "?bBhHiIlLqQfd")


def in_place(given: Any) -> bool:
    """Whether the kernels read ``given`` as it is: one contiguous axis of a native number."""
    if type(given) is not np.ndarray or given.ndim != 1 or given.dtype not in _READABLE:
        return False
    flags = given.flags
    return flags.c_contiguous and flags.aligned


def to_numpy(name: str, given: Any) -> Array:
    """Convert any array-like, without a copy where its memory can be shared.

    Args:
        name: the argument, for messages.
        given: the array-like.

    Raises:
        DtypeError: not an array-like, or a dtype that NumPy does not have.
        InvalidInputError: a tensor that requires a gradient or lives on another device, missing values, or
            rows of different lengths.
    """
    if isinstance(given, np.ndarray):
        if isinstance(given, np.ma.MaskedArray) and np.ma.is_masked(given):
            raise InvalidInputError(f"{name}: got masked values; wanted none, for example .compressed()")
        return np.asarray(given)
    if getattr(given, "requires_grad", False):
        raise InvalidInputError(f"{name}: got a tensor that requires a gradient; wanted .detach()")
    device = getattr(given, "device", None)
    if getattr(device, "type", "cpu") not in ("cpu", None):
        raise InvalidInputError(
            f"{name}: got a tensor on {device}; wanted one in main memory, for example .cpu()"
        )
    return _convert(name, given)


def _convert(name: str, given: Any) -> Array:
    wanted = "an array-like: NumPy, a list, torch, pandas, polars, pyarrow, DLPack or Arrow"
    try:
        if hasattr(given, "__array__"):
            return np.asarray(given)
        if hasattr(given, "__dlpack__"):
            return np.from_dlpack(given)
        if hasattr(given, "__arrow_c_array__") or hasattr(given, "__arrow_c_stream__"):
            return _from_arrow(name, given)
        if isinstance(given, Sequence) and not isinstance(given, str | bytes):
            return np.asarray(given)
    except InvalidInputError:
        raise
    except TypeError as error:
        raise DtypeError(f"{name}: got {type(given).__name__} ({error}); wanted {wanted}") from error
    except (ValueError, RuntimeError, BufferError, OverflowError) as error:
        raise InvalidInputError(f"{name}: got {type(given).__name__} ({error}); wanted {wanted}") from error
    raise DtypeError(f"{name}: got {type(given).__name__}; wanted {wanted}")


def _from_arrow(name: str, given: Any) -> Array:
    arrow = require("pyarrow", extra="eval", purpose=f"{name} (an Arrow object without __array__)")
    is_stream = hasattr(given, "__arrow_c_stream__")
    column = arrow.chunked_array(given) if is_stream else arrow.array(given)
    if column.null_count:
        raise InvalidInputError(f"{name}: got {column.null_count} missing values; wanted none")
    return np.asarray(column.to_numpy() if is_stream else column.to_numpy(zero_copy_only=False))


def one_axis(name: str, array: Array) -> Array:
    """Drop the second axis of a column; refuse other shapes with more than one axis, and scalars."""
    if array.ndim == 2 and array.shape[1] == 1:
        return array[:, 0]
    if array.ndim != 1:
        raise ShapeError(f"{name}: got shape {array.shape}; wanted (n_samples,)")
    return array


def numeric(name: str, array: Array) -> Array:
    """Real numbers as a dtype that the kernels read; float16 is widened, which is exact."""
    if array.dtype in _READABLE:
        return array
    kind = array.dtype.kind
    if kind == "O":
        return _numbers(name, array)
    if kind == "f" and array.dtype.itemsize == 2:
        return array.astype(np.float32)
    if kind not in "fiu" or array.dtype.itemsize > 8:
        raise InvalidInputError(f"{name}: got dtype {array.dtype}; wanted real numbers of at most 64 bits")
    return array.astype(array.dtype.newbyteorder("="))


def _numbers(name: str, array: Array) -> Array:
    """Objects as integers where they fit in 64 bits, so that none are rounded, else as doubles."""
    if any(isinstance(each, str | bytes) for each in array.flat):
        raise InvalidInputError(f"{name}: got strings; wanted real numbers")
    if all(isinstance(each, Integral) for each in array.flat):
        for dtype in (np.int64, np.uint64):
            with suppress(OverflowError):
                return array.astype(dtype)
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInputError(f"{name}: got objects ({error}); wanted real numbers") from error


def contiguous(array: Array) -> Array:
    """The array itself if it is contiguous and aligned, else a copy that is."""
    return np.require(array, requirements=("C", "A"))


def scores(name: str, given: Any) -> Array:
    """Numbers to rank, one per sample, in a form that the kernels read."""
    array: Array = given
    if not in_place(given):
        array = numeric(name, to_numpy(name, given))
        if array.ndim == 2 and array.shape[1] == 2:
            raise ShapeError(f"{name}: got shape {array.shape}; wanted (n_samples,), such as {name}[:, 1]")
        array = contiguous(one_axis(name, array))
    return _as_numbers(array)


def score_array(name: str, given: Any) -> Array:
    """`scores`, or a matrix of them with several columns: (n_samples,) or (n_samples, n_columns)."""
    if in_place(given):
        return _as_numbers(given)
    array = numeric(name, to_numpy(name, given))
    return score_matrix(name, array) if array.ndim == 2 and array.shape[1] > 1 else scores(name, array)


def score_matrix(name: str, given: Any) -> Array:
    """Numbers to rank, (n_samples, n_columns), stored by rows or by columns without gaps."""
    array = numeric(name, to_numpy(name, given))
    check_axes(name, array)
    if not (array.flags.forc and array.flags.aligned):
        array = contiguous(array)
    return _as_numbers(array)


def _as_numbers(array: Array) -> Array:
    """Booleans as the numbers 0 and 1."""
    return array.view(np.uint8) if array.dtype.kind == "b" else array


def check_axes(name: str, array: Array) -> None:
    """Raise ShapeError unless the array has two axes."""
    if array.ndim != 2:
        raise ShapeError(
            f"{name}: got shape {array.shape} (Expected 2D array, got {array.ndim}D array instead); wanted "
            "(n_samples, n_columns)"
        )


def flat(matrix: Array) -> tuple[Array, bool]:
    """The values of a matrix without gaps as one axis, and whether they come column by column."""
    by_column = not matrix.flags.c_contiguous
    return (matrix.T if by_column else matrix).reshape(-1), by_column


@dataclass(frozen=True, eq=False)
class Repeats:
    """How often each sample came: weights under which counts stay integers."""

    counts: Array

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        """The counts, for those who know weights only."""
        return np.asarray(self.counts, dtype)

    def __len__(self) -> int:
        return len(self.counts)


def weights(given: Any, count: int, wanted: str = "as y_true") -> NDArray[np.float64] | None:
    """Sample weights as float64, checked as scikit-learn does: finite, as many as samples, not all zero.

    `Repeats` stay integers.
    """
    if given is None:
        return None
    if isinstance(given, Repeats) and len(given) == count and given.counts.any():
        return given.counts
    array = numeric("sample_weight", to_numpy("sample_weight", given))
    if array.ndim > 1 and array.shape[1:] != (1,):
        raise ShapeError(
            f"sample_weight: got shape {array.shape} (Sample weights must be 1D array or scalar); wanted "
            f"({count},)"
        )
    array = one_axis("sample_weight", array)
    if len(array) != count:
        raise ShapeError(
            f"sample_weight: got {len(array)} weights; wanted {count}, {wanted} (inconsistent numbers of "
            f"samples: [{count}, {len(array)}])"
        )
    array = contiguous(array.astype(np.float64, copy=False))
    if not np.isfinite(array).all():
        index = int(np.flatnonzero(~np.isfinite(array))[0])
        raise InvalidInputError(
            f"sample_weight: got {array[index]} at position {index}; wanted finite numbers"
        )
    if not array.any():
        raise InvalidInputError("sample_weight: got only zeros; wanted one that is not zero")
    return array


def relative_weights(given: Any, count: int, wanted: str = "as y_true") -> NDArray[np.float64] | None:
    """`weights` of which only ratios matter: extreme ones times a power of two, so that no sum overflows."""
    array = weights(given, count, wanted)
    if array is None:
        return None
    largest = max(float(array.max()), -float(array.min()))
    if largest >= _HUGE:
        return array * 2.0**-64
    return array * 2.0**500 if largest < _TINY else array
