"""What the pack offers beside losses: the examples in the docstrings run."""

import doctest
from importlib import import_module
from pkgutil import iter_modules

import lossary_language
import pytest

FUNCTIONS = [module.name for module in iter_modules(lossary_language.__path__) if module.ispkg]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_examples_run(name):
    module = import_module(f"lossary_language.{name}")
    result = doctest.testmod(module)
    assert callable(getattr(module, name))
    assert result.attempted > 0
    assert result.failed == 0
