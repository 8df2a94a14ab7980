"""Checks of a loss's arguments: each names the argument, what came and what is wanted.

Checks of type, dtype and shape are free and always run. Checks of values wait for the device, so they run
where `lossary.checks` says, and never while compiling or under ``vmap``.
"""

import math
from collections.abc import Collection
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.settings import value_checks

# Options stay well inside the range of float32, in which losses compute: one that rounds to zero or infinity
# there turns into NaN.
_LEAST, _MOST = 1e-30, 1e30


def check_floating(name: str, tensor: Tensor) -> None:
    """Raise DtypeError unless ``tensor`` is a tensor of a floating dtype."""
    check_tensor(name, tensor)
    if not tensor.is_floating_point():
        raise DtypeError(f"{name}: got dtype {tensor.dtype}; wanted a floating dtype")


def check_integer(name: str, tensor: Tensor) -> None:
    """Raise DtypeError unless ``tensor`` is a tensor of an integer dtype."""
    check_tensor(name, tensor)
    if tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool:
        raise DtypeError(f"{name}: got dtype {tensor.dtype}; wanted an integer dtype")


def check_mask(name: str, tensor: Tensor) -> None:
    """Raise DtypeError unless ``tensor`` is a tensor of bool."""
    check_tensor(name, tensor)
    if tensor.dtype != torch.bool:
        raise DtypeError(f"{name}: got dtype {tensor.dtype}; wanted bool")


def check_ndim(name: str, tensor: Tensor, axes: str) -> None:
    """Raise ShapeError unless ``tensor`` has the axes, for example ``"batch classes"``."""
    check_tensor(name, tensor)
    wanted = axes.split()
    if tensor.ndim != len(wanted):
        raise ShapeError(f"{name}: got shape {tuple(tensor.shape)}; wanted ({', '.join(wanted)})")


def check_shape(name: str, tensor: Tensor, shape: tuple[int, ...], *, like: str) -> None:
    """Raise ShapeError unless ``tensor`` has this shape, which is that of the argument ``like``."""
    check_tensor(name, tensor)
    if tuple(tensor.shape) != tuple(shape):
        raise ShapeError(f"{name}: got shape {tuple(tensor.shape)}; wanted {tuple(shape)}, as {like}")


def check_positive(name: str, value: float) -> None:
    """Raise InvalidInputError unless ``value`` is above 0: from 1e-30 to 1e30, which float32 has room for."""
    _check_number(name, value)
    if not _LEAST <= value <= _MOST:
        raise InvalidInputError(
            f"{name}: got {value!r}; wanted a number above 0, from {_LEAST:g} to {_MOST:g}"
        )


def check_non_negative(name: str, value: float) -> None:
    """Raise InvalidInputError unless ``value`` is 0 or above, and at most 1e30."""
    _check_number(name, value)
    if not 0.0 <= value <= _MOST:
        raise InvalidInputError(f"{name}: got {value!r}; wanted a number of 0 or above, up to {_MOST:g}")


def check_real(name: str, value: float) -> None:
    """Raise InvalidInputError unless ``value`` is a number from -1e30 to 1e30."""
    _check_number(name, value)
    if not -_MOST <= value <= _MOST:
        raise InvalidInputError(f"{name}: got {value!r}; wanted a number from {-_MOST:g} to {_MOST:g}")


def check_between(name: str, value: float, low: float, high: float) -> None:
    """Raise InvalidInputError unless ``low < value < high``."""
    _check_number(name, value)
    if not low < value < high:
        raise InvalidInputError(f"{name}: got {value!r}; wanted a number above {low:g} and below {high:g}")


def check_int(name: str, value: int) -> None:
    """Raise DtypeError unless ``value`` is a Python int."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise DtypeError(f"{name}: got {type(value).__name__}; wanted an int")


def check_choice(name: str, value: Any, choices: Collection[str]) -> None:
    """Raise InvalidInputError unless ``value`` is one of ``choices``."""
    if value not in choices:
        raise InvalidInputError(f"{name}: got {value!r}; wanted one of {', '.join(map(repr, choices))}")


def checks_values(*tensors: Tensor) -> bool:
    """Whether checks of the values of these tensors run now."""
    if torch.compiler.is_compiling():
        return False
    return all(value_checks(tensor.device.type) and not _is_batched(tensor) for tensor in tensors)


def all_finite(tensor: Tensor) -> bool:
    """Whether no value is NaN or infinite, in a twentieth of the time of looking at each.

    It waits for the device: ask `checks_values` before.
    """
    # A sum is finite only where all is. One that is not may have overflown, the first in half precision.
    total = tensor.detach().sum(dtype=torch.float32 if tensor.dtype == torch.float16 else None)
    return bool(total.isfinite()) or bool(tensor.isfinite().all())


def check_finite(name: str, tensor: Tensor) -> None:
    """Raise InvalidInputError if a value is NaN or infinite (a check of values)."""
    if checks_values(tensor) and not all_finite(tensor):
        bad = int((~tensor.isfinite()).sum())
        raise InvalidInputError(f"{name}: got {bad} values that are NaN or infinite; wanted finite values")


def check_no_negative(name: str, tensor: Tensor, what: str = "values") -> None:
    """Raise InvalidInputError if a value is below 0 (a check of values); the error calls them ``what``."""
    if not checks_values(tensor) or _within(tensor, 0.0):
        return
    negative = tensor[tensor < 0]  # NaN, of which the least is NaN, is no matter of this check
    if negative.numel():
        raise InvalidInputError(f"{name}: got {negative.min().item():g}; wanted {what} of 0 or above")


def check_binary(name: str, tensor: Tensor) -> None:
    """Raise InvalidInputError if a value is neither 0 nor 1 (a check of values)."""
    check_tensor(name, tensor)
    if tensor.is_complex():
        raise DtypeError(f"{name}: got dtype {tensor.dtype}; wanted 0 and 1 in a real dtype, or bool")
    if tensor.dtype == torch.bool or not checks_values(tensor):
        return
    if tensor.is_floating_point():
        still = tensor.detach()
        if _within(still.addcmul(still, still, value=-1), 0.0, 0.0):  # x - x^2 is 0 for 0 and 1 alone
            return
    wrong = (tensor != 0) & (tensor != 1)
    if bool(wrong.any()):
        raise InvalidInputError(f"{name}: got {tensor[wrong][0].item()}; wanted only 0 and 1")


def check_unit_interval(name: str, tensor: Tensor) -> None:
    """Raise InvalidInputError if a value is outside [0, 1] or NaN (a check of values)."""
    if checks_values(tensor) and not _within(tensor, 0.0, 1.0):
        raise InvalidInputError(
            f"{name}: got values from {tensor.min().item():g} to {tensor.max().item():g}; "
            "wanted probabilities in [0, 1]"
        )


def check_class_index(
    name: str, tensor: Tensor, num_classes: int, *, ignore_index: int | None = None
) -> None:
    """Raise unless ``tensor`` holds class indices in [0, num_classes), or ``ignore_index``."""
    check_integer(name, tensor)
    if not checks_values(tensor):
        return
    if _within(tensor, 0, num_classes - 1):
        return
    tensor = tensor.long()  # in a narrow dtype the bounds themselves would wrap
    wrong = (tensor < 0) | (tensor >= num_classes)
    if ignore_index is not None:
        wrong &= tensor != ignore_index
    if bool(wrong.any()):
        raise InvalidInputError(
            f"{name}: got class {tensor[wrong][0].item()}; wanted classes 0 to {num_classes - 1}"
        )


def _within(tensor: Tensor, low: float, high: float = math.inf) -> bool:
    """Whether all values are, and none is NaN; by two extremes, which are quicker than comparisons."""
    if tensor.numel() == 0:
        return True
    least, most = (extreme.item() for extreme in tensor.detach().aminmax())
    return bool(least >= low and most <= high)


def _is_batched(tensor: Tensor) -> bool:
    """Whether a ``vmap`` is among the transforms around ``tensor``, as in ``vmap(grad(loss))``."""
    while torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        if torch._C._functorch.is_batchedtensor(tensor):
            return True
        tensor = torch._C._functorch.get_unwrapped(tensor)
    return False


def check_tensor(name: str, tensor: Any) -> None:
    """Raise DtypeError unless ``tensor`` is a dense tensor; the other checks of tensors include this one."""
    if not isinstance(tensor, Tensor):
        raise DtypeError(f"{name}: got {type(tensor).__name__}; wanted a torch.Tensor")
    if tensor.layout != torch.strided:
        raise DtypeError(f"{name}: got layout {tensor.layout}; wanted a dense tensor, as of .to_dense()")


def _check_number(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise DtypeError(f"{name}: got {type(value).__name__}; wanted a number")
