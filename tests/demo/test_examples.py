"""Every small example runs as it stands, and shows what it promises."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


def output_of(example: Path) -> str:
    return subprocess.run([sys.executable, str(example)], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_it_prints_results(example: Path) -> None:
    if "import torch" in example.read_text(encoding="utf-8"):
        pytest.importorskip("torch")
    assert len(output_of(example).splitlines()) > 3


def test_training_for_f1_raises_the_exact_f1() -> None:
    pytest.importorskip("torch")
    (example,) = [path for path in EXAMPLES if path.stem == "train_for_f1"]
    values = [float(line.split()[-1]) for line in output_of(example).splitlines()]
    assert values[-1] > values[0] + 0.3
