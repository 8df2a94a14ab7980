"""The example of compression: it runs small, and the README shows what is recorded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

FOLDER = Path(__file__).parents[3] / "examples" / "compression"


def recorded():
    return json.loads((FOLDER / "result.json").read_text(encoding="utf-8"))


def test_the_table_of_the_readme_is_that_of_the_record(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import ways

    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = ways.rows(recorded())
    assert len(rows) == 9
    for row in rows:
        assert f"| {' | '.join(row)} |\n".replace("|  |", "| |") in readme


def test_a_small_run_finds_the_same_order(tmp_path):
    command = [sys.executable, str(FOLDER / "run.py"), "--output", str(tmp_path)]
    small = ["--seeds", "1", "--epochs", "60", "--steps", "20"]
    process = subprocess.run([*command, *small], capture_output=True, text=True, check=True)
    assert len(process.stdout.splitlines()) == 9
    values = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["values"]
    assert values["whole"]["divergence"] == [0.0]
    for average in (2, 3):
        same, fitted = (
            values[f"{average} bits: {way}"]["divergence"][0]
            for way in ("the same bits", "allocated, weighted fit")
        )
        assert fitted < same
