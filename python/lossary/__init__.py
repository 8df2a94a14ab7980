"""Exact metrics, the losses that train for them, and plugins for both. Start at `lossary.metrics`."""

from lossary import metrics
from lossary._kernels import __version__
from lossary.settings import checks, get_num_threads, set_num_threads

__all__ = ["__version__", "checks", "get_num_threads", "metrics", "set_num_threads"]
