"""Strings as codes, without a sort of them all."""

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.metrics.arrays import Array, contiguous

Codes = NDArray[np.uint32]


def string_codes(first: Array, second: Array) -> tuple[Array, Codes, Codes]:
    """The distinct strings of two arrays, in any order, and where each string of each array stands there.

    Example:
        >>> classes, codes, more = string_codes(np.array(["b", "a"]), np.array(["cc", "a"]))
        >>> classes[codes].tolist(), classes[more].tolist()
        (['b', 'a'], ['cc', 'a'])
    """
    widths = [max(1, each.dtype.itemsize // 4) for each in (first, second)]
    words, codes, more = _kernels.string_codes(
        _characters(first, widths[0]), widths[0], _characters(second, widths[1]), widths[1]
    )
    return words.view(f"U{max(widths)}"), codes, more


def _characters(strings: Array, width: int) -> NDArray[np.uint32]:
    """The code points of all strings, zeros behind the end of each."""
    return contiguous(strings.astype(f"=U{width}", copy=False)).view(np.uint32)


def strings_of(objects: Array) -> Array | None:
    """Python's strings as an array of strings of the same shape; None where an object is no string."""
    coded = _kernels.object_codes(contiguous(objects.reshape(-1)))
    if coded is None:
        return None
    names, codes = coded
    return np.array(names, np.str_)[codes].reshape(objects.shape)
