"""Exact metrics, the losses that train for them, and plugins for both. Start at `lossary.metrics`."""

from typing import TYPE_CHECKING, Any

from lossary import losses, metrics
from lossary._kernels import __version__
from lossary.settings import checks, get_num_threads, set_num_threads

if TYPE_CHECKING:
    from lossary.catalog import create, get, names, problems

__all__ = [
    "__version__",
    "checks",
    "create",
    "get",
    "get_num_threads",
    "losses",
    "metrics",
    "names",
    "problems",
    "set_num_threads",
]


def __getattr__(name: str) -> Any:
    # Metrics do without the catalogue, and importing them is to cost little.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lossary import catalog

    value = globals()[name] = getattr(catalog, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
