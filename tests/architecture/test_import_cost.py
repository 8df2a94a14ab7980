"""`import lossary.metrics` needs NumPy and brings nothing heavy; measured in processes of their own."""

import math
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

HEAVY = {
    "torch",
    "jaxtyping",
    "sklearn",
    "scipy",
    "pandas",
    "polars",
    "pyarrow",
    "rich",
    "typer",
    "matplotlib",
}
BUDGET = 0.060


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def imported(statement: str, names: set[str]) -> set[str]:
    """Which of these modules a statement imports."""
    return set(run(f"{statement}\nimport sys\nprint(*({names!r} & set(sys.modules)))").split())


@pytest.fixture(scope="module")
def seconds(tmp_path_factory) -> Callable[[str], float]:
    """Processor time of a statement beyond NumPy, in fresh processes: the least, until within the budget.

    Other work on the machine makes all of five slow at times, of 25 hardly. Bytecode is kept between them,
    as it is for users, whatever this process does with it.
    """
    bytecode = {
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("bytecode")),
    }

    def measure(statement: str) -> float:
        clock = "time.process_time()"
        code = f"import time, numpy\nstart = {clock}\n{statement}\nprint({clock} - start)"
        best = math.inf
        for _ in range(25):
            best = min(best, float(run(code, **bytecode)))
            if best < BUDGET:
                break
        return best

    return measure


@pytest.mark.parametrize(
    "module",
    [
        "lossary",
        "lossary.metrics",
        "lossary.numerics",
        "lossary.streaming",
        "lossary.losses",
        "lossary.catalog",
    ],
)
def test_nothing_heavy_is_imported(module):
    assert imported(f"import {module}", HEAVY) == set()


def test_listing_losses_imports_nothing_heavy():
    statement = "from lossary.catalog import Catalog\nfrom lossary.discovery import discover\n"
    assert imported(statement + "Catalog(*discover({'lossary'})).names()", HEAVY) == set()


def test_metrics_import_no_plugin_machinery():
    assert imported("import lossary.metrics", {"pluggy", "importlib.metadata"}) == set()


def test_an_import_would_be_seen():
    assert imported("import json, colorsys", {"colorsys", "torch"}) == {"colorsys"}


@pytest.mark.parametrize("module", ["lossary.metrics", "lossary.numerics"])
def test_importing_costs_little_beyond_numpy(seconds, module):
    assert seconds(f"import {module}") <= BUDGET


def test_a_costly_import_would_be_seen(seconds):
    assert seconds("while time.process_time() < start + 0.2: pass") > BUDGET
