"""`full_precision`: a loss computes in at least float32, whatever dtype or autocast region it is called in."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor

P = ParamSpec("P")
R = TypeVar("R")


def full_precision(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a loss so that float16 and bfloat16 inputs are computed in float32.

    The result has the dtype of the first floating input. Inside ``torch.autocast`` the loss runs with
    autocast switched off, so that a matrix product in it is not narrowed again.
    """

    @wraps(function)
    def widened(*args: P.args, **kwargs: P.kwargs) -> R:
        given = [value for value in (*args, *kwargs.values()) if _is_floating(value)]
        if not given:
            return function(*args, **kwargs)
        wide = [_widen(value) for value in args]
        wide_options = {name: _widen(value) for name, value in kwargs.items()}
        device = given[0].device.type
        if torch.is_autocast_enabled(device):
            with torch.autocast(device, enabled=False):
                result = function(*wide, **wide_options)  # type: ignore[arg-type]
        else:
            result = function(*wide, **wide_options)  # type: ignore[arg-type]
        return _cast(result, given[0].dtype)  # type: ignore[no-any-return]

    return widened


def _is_floating(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


def _is_half(dtype: torch.dtype) -> bool:
    return dtype.is_floating_point and dtype.itemsize < 4


def _widen(value: Any) -> Any:
    return value.float() if _is_floating(value) and _is_half(value.dtype) else value


def _cast(result: Any, dtype: torch.dtype) -> Any:
    if not _is_half(dtype):
        return result
    if isinstance(result, tuple):
        cast = [_cast(value, dtype) for value in result]
        return type(result)(*cast) if hasattr(result, "_fields") else tuple(cast)
    return result.to(dtype) if _is_floating(result) else result
