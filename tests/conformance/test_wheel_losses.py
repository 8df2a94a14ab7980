"""Every loss of the wheel passes the conformance suite."""

from pathlib import Path
from pkgutil import iter_modules

import pytest

pytest.importorskip("torch")

from lossary import losses
from lossary.conformance import conformance_tests

FAMILIES = [f"lossary.losses.{info.name}" for info in iter_modules(losses.__path__) if info.ispkg]

test_conformance = conformance_tests(*FAMILIES, goldens=Path(__file__).parents[1] / "goldens")
