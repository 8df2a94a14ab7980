"""Exact metrics, the losses that train for them, and plugins for both. Start at `lossary.metrics`."""

from lossary import losses, metrics
from lossary._kernels import __version__
from lossary.catalog import create, get, names, problems
from lossary.settings import checks, get_num_threads, set_num_threads

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
