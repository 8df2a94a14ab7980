"""`full_precision`: a loss computes in at least float32, whatever dtype or autocast region calls it."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeGuard, TypeVar

import torch
from torch import Tensor

P = ParamSpec("P")
R = TypeVar("R")


def full_precision(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a loss so that float16 and bfloat16 inputs are computed in float32.

    The result has the dtype of the first floating input, in the order of the signature. Inside
    ``torch.autocast`` the loss runs with autocast switched off, so that a matrix product in it is not
    narrowed again.
    """
    wide: Callable[..., R] = function
    names = tuple(inspect.signature(function).parameters)

    @wraps(function)
    def widened(*args: P.args, **kwargs: P.kwargs) -> R:
        named = [kwargs[name] for name in names if name in kwargs]
        given = [value for value in (*args, *named) if _is_floating(value)]
        if not given:
            return function(*args, **kwargs)
        inputs = [_widen(value) for value in args]
        options = {name: _widen(value) for name, value in kwargs.items()}
        if _is_autocast(given[0].device.type):
            with torch.autocast(given[0].device.type, enabled=False):
                result = wide(*inputs, **options)
        else:
            result = wide(*inputs, **options)
        return _narrow(result, given[0].dtype)  # type: ignore[no-any-return]

    return widened


def _is_autocast(device_type: str) -> bool:
    """Whether autocast is on; devices such as "meta" have none, and torch raises when asked."""
    return torch.amp.is_autocast_available(device_type) and torch.is_autocast_enabled(device_type)


def _is_floating(value: Any) -> TypeGuard[Tensor]:
    return isinstance(value, Tensor) and value.is_floating_point()


def _is_half(dtype: torch.dtype) -> bool:
    return dtype.is_floating_point and dtype.itemsize < 4


def _widen(value: Any) -> Any:
    return value.float() if _is_floating(value) and _is_half(value.dtype) else value


def _narrow(result: Any, dtype: torch.dtype) -> Any:
    if not _is_half(dtype):
        return result
    if isinstance(result, tuple):
        values = [_narrow(value, dtype) for value in result]
        return type(result)(*values) if hasattr(result, "_fields") else tuple(values)
    return result.to(dtype) if _is_floating(result) else result
