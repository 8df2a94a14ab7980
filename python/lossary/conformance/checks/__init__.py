"""The checks, one function ``check_<name>(case)`` each. No check knows the name of a loss.

Importing this package fills the table in the order below: first what a loss declares, then its values, then
what surrounds it.
"""

from lossary.conformance.checks import (  # noqa: I001 - the order in which the checks run
    declaration,
    documentation,
    goldens,
    module,
    precision,
    gradients,
    inputs,
    properties,
    transforms,
)
from lossary.conformance.table import CHECKS

__all__ = [
    "CHECKS",
    "declaration",
    "documentation",
    "goldens",
    "gradients",
    "inputs",
    "module",
    "precision",
    "properties",
    "transforms",
]
