"""What a reader is shown runs."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import lossary_compression
import pytest

PACK = Path(__file__).parents[1]
FOLDERS = [info.name for info in pkgutil.iter_modules(lossary_compression.__path__) if info.ispkg]


def test_readme_runs():
    result = doctest.testfile(str(PACK / "README.md"), module_relative=False)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("name", FOLDERS)
def test_examples_of_what_is_no_loss_run(name):
    module = importlib.import_module(f"lossary_compression.{name}")
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
