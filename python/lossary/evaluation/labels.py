"""Labels of any kind as groups, and as a binary target with one positive value."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import to_numpy


@dataclass(frozen=True)
class Categories:
    """A column of labels, stored once each.

    Attributes:
        codes: for each row the index of its label, shape (rows,).
        names: the labels, shape (labels,); one that no row has is allowed.
    """

    codes: NDArray[np.integer[Any]]
    names: NDArray[Any]

    def __len__(self) -> int:
        return len(self.codes)

    def occurring(self) -> NDArray[np.intp]:
        """Codes of the labels that at least one row has, ascending."""
        return np.flatnonzero(np.bincount(self.codes, minlength=len(self.names)))


@dataclass(frozen=True)
class BinaryTarget:
    """A target as true and false, and the label that counts as true."""

    is_positive: NDArray[np.bool_]
    positive: str


def binary_target(values: ArrayLike | Categories, *, pos_label: Any = None) -> BinaryTarget:
    """Tell positive rows from negative ones.

    Numbers written as text are numbers ("1" and "1.0" are 1), and true and false are 1 and 0.

    Args:
        values: at most two different labels, shape (rows,).
        pos_label: the positive one; None takes 1 where the labels are 0 and 1, or -1 and 1.

    Returns:
        The target.

    Raises:
        InvalidInputError: more than two labels, no such label, a missing label, or ``pos_label`` is
            needed and None.
        ShapeError: not one axis.
        DtypeError: labels that cannot be compared.

    Example:
        >>> binary_target(["no", "yes", "no"], pos_label="yes").is_positive.tolist()
        [False, True, False]
    """
    labels = categorize("y_true", values)
    present = labels.occurring()
    meanings = {code: _meaning(labels.names[code]) for code in present}
    distinct = sorted(set(meanings.values()), key=lambda value: (isinstance(value, str), value))
    shown = ", ".join(map(_show, distinct[:5])) + (", ..." if len(distinct) > 5 else "")
    if len(distinct) > 2:
        raise InvalidInputError(f"y_true: got {len(distinct)} different labels ({shown}); wanted at most two")
    if pos_label is None:
        if not (set(distinct) <= {0, 1} or set(distinct) <= {-1, 1}):
            raise InvalidInputError(
                f"y_true: got the labels {shown}; wanted 0 and 1, or -1 and 1, "
                "or the positive label by name (pos_label)"
            )
        positive: float | str = 1
    else:
        positive = _meaning(pos_label)
        if len(distinct) == 2 and positive not in distinct:
            raise InvalidInputError(f"pos_label: got {pos_label!r}; wanted one of the labels {shown}")
    is_positive = np.array([meanings.get(code) == positive for code in range(len(labels.names))], dtype=bool)
    return BinaryTarget(is_positive[labels.codes], _show(positive))


def categorize(name: str, values: ArrayLike | Categories) -> Categories:
    """Labels as codes and names.

    Args:
        name: the argument, for messages.
        values: labels of one kind, shape (rows,).

    Returns:
        The labels; names are sorted unless ``values`` are categories already.

    Raises:
        InvalidInputError: a label is NaN.
        ShapeError: not one axis.
        DtypeError: labels of kinds that cannot be compared.
    """
    if isinstance(values, Categories):
        return values
    array = to_numpy(name, values)
    if array.ndim != 1:
        raise ShapeError(f"{name}: got shape {array.shape}; wanted one axis")
    if array.dtype.kind == "f" and (missing := np.isnan(array)).any():
        raise InvalidInputError(f"{name}: got NaN at index {int(missing.argmax())}; wanted a label")
    if array.dtype.kind == "b":  # a sort of bytes for what needs none
        return Categories(array.view(np.uint8), np.array([False, True]))
    try:
        names, codes = np.unique(array, return_inverse=True)
    except TypeError:
        kinds = ", ".join(sorted({type(value).__name__ for value in array}))
        raise DtypeError(f"{name}: got labels of the types {kinds}; wanted labels of one type") from None
    return Categories(codes, names)


def _meaning(label: Any) -> float | str:
    text = str(label)
    if text.lower() in ("true", "false"):
        return int(text.lower() == "true")
    try:
        return int(text)  # before float, which merges large neighbours
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(number) if number.is_integer() else number


def _show(meaning: float | str) -> str:
    return str(meaning)
