"""Process-wide switches: value checks of losses, and threads of the kernels."""

from numbers import Integral
from types import TracebackType
from typing import Self

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError

_value_checks: bool | None = None


class checks:  # noqa: N801 - reads as a statement: lossary.checks(True)
    """Switch the checks of tensor values (finite, in range) of all losses on or off.

    Such checks wait for the device. By default they run on CPU and are skipped on accelerators; while
    compiling and under ``vmap`` they never run. Shape and dtype checks are always on.

    Args:
        enabled: True or False for every device, None for the default.

    Example:
        >>> import lossary
        >>> lossary.checks(False)  # for the whole process
        checks(False)
        >>> with lossary.checks(True):  # for a block
        ...     pass
        >>> lossary.checks(None)
        checks(None)
    """

    def __init__(self, enabled: bool | None) -> None:  # noqa: FBT001 - the public face of the design
        global _value_checks
        self._enabled = enabled
        self._before = _value_checks
        _value_checks = enabled

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _value_checks
        _value_checks = self._before

    def __repr__(self) -> str:
        return f"checks({self._enabled})"


def value_checks(device_type: str) -> bool:
    """Whether checks of tensor values run for tensors on this type of device ("cpu", "cuda")."""
    return device_type == "cpu" if _value_checks is None else _value_checks


def set_num_threads(num_threads: int | None) -> None:
    """Set how many threads the kernels may use; results are the same bits for any number.

    Args:
        num_threads: at least 1, or None for one per core (the default).

    Raises:
        InvalidInputError: ``num_threads`` is below 1, or beyond 64 bits.
        DtypeError: ``num_threads`` is no integer.
    """
    if num_threads is not None and (isinstance(num_threads, bool) or not isinstance(num_threads, Integral)):
        raise DtypeError(f"num_threads: got {num_threads!r}; wanted an integer, at least 1, or None")
    if num_threads is not None and abs(num_threads) >= 2**63:
        raise InvalidInputError(f"num_threads: got {num_threads}; wanted a number of threads that can exist")
    _kernels.set_num_threads(num_threads)


def get_num_threads() -> int:
    """How many threads the kernels may use."""
    return _kernels.get_num_threads()
