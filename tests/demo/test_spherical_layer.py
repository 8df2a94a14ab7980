"""The example on many classes: its two lines, its text, and heads that learn."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

torch = pytest.importorskip("torch")

FOLDER = Path(__file__).parents[2] / "examples" / "spherical_layer"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    import run

    monkeypatch.delitem(sys.modules, "run")  # other examples have a file of this name
    return run


def test_it_prints_a_line_for_each_output_layer() -> None:
    command = [sys.executable, str(FOLDER / "run.py"), "--files", "8", "--steps", "20"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line[:10] for line in lines[1:]] == ["output lay", "dense, log", "SphericalO"]
    for line in lines[2:]:
        milliseconds, reciprocal_rank, top_10 = map(float, line.split()[-3:])
        assert milliseconds > 0
        assert 0 < reciprocal_rank <= 1
        assert 0 < top_10 <= 1


def test_tokens_are_names_operators_and_kinds(example: ModuleType) -> None:
    found = set(example.tokens(6))
    assert {"def", "return", "=", "<string>", "<number>", "<line>"} <= found
    assert not any(token.startswith(("#", '"', "'")) for token in found)


def test_no_place_of_the_text_is_trained_on_and_tested_on(example: ModuleType) -> None:
    train, test, num_classes = example.load(6)
    assert len(test.following) == example.TEST
    assert len(train.following) + example.TEST == len(list(example.tokens(6))) - example.CONTEXT
    assert int(train.following.max()) < num_classes


@pytest.mark.parametrize("head", ["Dense", "Spherical"])
def test_both_heads_learn(example: ModuleType, head: str) -> None:
    train, test, num_classes = example.load(6)
    chance = example.judge(getattr(example, head)(num_classes), train, test, num_classes, steps=1)
    learnt = example.judge(getattr(example, head)(num_classes), train, test, num_classes, steps=60)
    assert learnt.reciprocal_rank > chance.reciprocal_rank + 0.05
