"""What "verified" means: every loss, of the wheel or of a stranger's plugin, passes the same checks.

A plugin's whole test file::

    from pathlib import Path

    from lossary.conformance import conformance_tests

    test_conformance = conformance_tests("lossary_physics", goldens=Path(__file__).parent / "goldens")

Importing this package imports neither torch nor pytest.
"""

from lossary.conformance.goldens import GoldenCase, Goldens, find_goldens, load_goldens
from lossary.conformance.parametrize import conformance_tests
from lossary.conformance.runner import Outcome, run, table

__all__ = [
    "GoldenCase",
    "Goldens",
    "Outcome",
    "conformance_tests",
    "find_goldens",
    "load_goldens",
    "run",
    "table",
]
