"""What a reader is shown runs: the README, the examples of what is no loss, and the example."""

import doctest
import importlib.util
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import lossary_physics
import pytest
import torch

PACK = Path(__file__).parents[1]
BESIDE_LOSSES = [info.name for info in iter_modules(lossary_physics.__path__) if info.ispkg]


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_readme_runs():
    result = doctest.testfile(str(PACK / "README.md"), module_relative=False)
    assert result.attempted > 0
    assert result.failed == 0


def test_readme_names_every_loss_and_what_goes_with_them():
    readme = (PACK / "README.md").read_text(encoding="utf-8")
    names = [info.name for info in iter_modules(lossary_physics.__path__) if not info.name.startswith("_")]
    assert [name for name in names if f"`{name}" not in readme] == []


@pytest.mark.parametrize("name", BESIDE_LOSSES)
def test_examples_beside_the_losses_run(name):
    result = doctest.testmod(import_module(f"lossary_physics.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.usefixtures("one_thread")
def test_example_learns_the_solution_and_sharpens_its_weights():
    path = PACK / "examples" / "causal_pinn.py"
    spec = importlib.util.spec_from_file_location("causal_pinn", path)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    start, _ = example.train(steps=1)
    error, moves = example.train(steps=150)
    assert start > 0.8
    assert error < 0.3
    assert [epsilon for _, epsilon in moves] == [1.0]
