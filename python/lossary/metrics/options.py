"""Checks of the options of metrics: one of a few names, a flag, a label, a number."""

from numbers import Integral, Real
from typing import Any

import numpy as np

from lossary.errors import DtypeError, InvalidInputError

_FLAGS = (bool, np.bool_)
_NAMES = (str, type(None), *_FLAGS)


def check_choice(name: str, given: Any, choices: tuple[str | bool | None, ...]) -> None:
    """Raise InvalidInputError unless ``given`` is one of ``choices``: names, None, or flags."""
    # By type first: the comparison of an array has no truth value.
    if not (isinstance(given, _NAMES) and given in choices):
        raise InvalidInputError(f"{name}: got {given!r}; wanted one of {', '.join(map(repr, choices))}")


def check_flag(name: str, given: Any) -> None:
    """Raise DtypeError unless ``given`` is True or False."""
    if not isinstance(given, _FLAGS):
        raise DtypeError(f"{name}: got {given!r}; wanted True or False")


def check_label(name: str, given: Any, *, optional: bool) -> None:
    """Raise unless ``given`` is one label (a string, number or flag), or None where that is allowed.

    Raises:
        InvalidInputError: None, unless ``optional``.
        DtypeError: anything else, such as a list of labels.
    """
    wanted = "one label: a string, a number or a boolean"
    if given is None:
        if not optional:
            raise InvalidInputError(f"{name}: got None; wanted {wanted}")
    elif not isinstance(given, (str, Real, *_FLAGS)):
        raise DtypeError(f"{name}: got {given!r}; wanted {wanted}")


def check_whole(name: str, given: Any, least: int, most: int) -> None:
    """Raise unless ``given`` is an integer from ``least`` to ``most``.

    Raises:
        InvalidInputError: another integer.
        DtypeError: anything else.
    """
    wanted = f"an integer from {least} to {most}"
    if isinstance(given, bool) or not isinstance(given, Integral):
        raise DtypeError(f"{name}: got {given!r}; wanted {wanted}")
    if not least <= int(given) <= most:
        raise InvalidInputError(f"{name}: got {given}; wanted {wanted}")


def check_not_negative(name: str, given: Any) -> None:
    """Raise unless ``given`` is a number of 0 or above; infinity is one.

    Raises:
        InvalidInputError: a number below 0, or NaN.
        DtypeError: anything else.
    """
    wanted = "a number, 0 or above"
    if isinstance(given, bool) or not isinstance(given, Real):
        raise DtypeError(f"{name}: got {given!r}; wanted {wanted}")
    if not given >= 0:  # type: ignore[operator] # Real declares no order
        raise InvalidInputError(f"{name}: got {given!r}; wanted {wanted}")
