"""`lossary new-plugin`: what it writes is a plugin whose tests pass, and what it refuses is left alone."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("typer")

from lossary.cli.new_plugin import new_plugin
from lossary.errors import InvalidInputError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def astronomy(tmp_path: Path) -> Path:
    new_plugin("astronomy", directory=tmp_path, loss="star_margin")
    return tmp_path / "lossary-astronomy"


def files_of(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_every_name_of_the_template_is_replaced(astronomy: Path) -> None:
    assert files_of(astronomy) == {
        "README.md",
        "pyproject.toml",
        "src/lossary_astronomy/__init__.py",
        "src/lossary_astronomy/py.typed",
        "src/lossary_astronomy/star_margin.py",
        "tests/goldens/star_margin.json",
        "tests/test_conformance.py",
    }
    for path in files_of(astronomy):
        text = (astronomy / path).read_text(encoding="utf-8")
        assert re.search("lossary.example|modified_huber|ModifiedHuber", text) is None
    project = tomllib.loads((astronomy / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "lossary-astronomy"
    assert project["entry-points"]["lossary"] == {"astronomy": "lossary_astronomy"}
    assert "StarMargin = loss_module(star_margin)" in (
        astronomy / "src/lossary_astronomy/star_margin.py"
    ).read_text(encoding="utf-8")


def test_its_tests_pass_as_they_are(astronomy: Path) -> None:
    pytest.importorskip("torch")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=astronomy,
        env=os.environ | {"PYTHONPATH": str(astronomy / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout


def test_the_prefix_lossary_is_not_doubled_and_hyphens_become_underscores(tmp_path: Path) -> None:
    new_plugin("lossary-time-series", directory=tmp_path)
    package = tmp_path / "lossary-time-series" / "src" / "lossary_time_series"
    assert (package / "time_series_example.py").is_file()


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "lossary-astronomy").mkdir()
    new_plugin("astronomy", directory=tmp_path)
    assert (tmp_path / "lossary-astronomy" / "pyproject.toml").is_file()


def test_the_next_commands_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new_plugin("astronomy", directory=tmp_path / "my plugins")
    commands = [line.strip() for line in capsys.readouterr().out.splitlines()[-3:]]
    assert commands == [
        f"cd '{tmp_path / 'my plugins' / 'lossary-astronomy'}'",
        "pip install -e . pytest",
        "pytest",
    ]


@pytest.mark.parametrize("occupied", ["folder", "file"])
def test_what_is_there_is_refused_and_left_alone(tmp_path: Path, occupied: str) -> None:
    target = tmp_path / "lossary-astronomy"
    if occupied == "folder":
        target.mkdir()
        (target / "mine.txt").write_text("mine")
    else:
        target.write_text("mine")
    before = files_of(tmp_path)
    with pytest.raises(InvalidInputError, match=r"exists already; wanted a new or an empty folder"):
        new_plugin("astronomy", directory=tmp_path)
    assert files_of(tmp_path) == before


@pytest.mark.parametrize(
    "name", ["", "1st", "a b", "../up", "Astro", "a--b", "class", "match", "lossary-", "é"]
)
def test_a_name_that_cannot_be_a_package_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^NAME: got "):
        new_plugin(name, directory=tmp_path)
    assert files_of(tmp_path) == set()


@pytest.mark.parametrize("loss", ["reduce", "paper", "margin", "torch", "lambda", "a/b"])
def test_a_loss_name_that_would_break_the_file_is_refused(tmp_path: Path, loss: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^--loss: got "):
        new_plugin("astronomy", directory=tmp_path, loss=loss)
    assert files_of(tmp_path) == set()


def test_names_that_are_taken_are_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new_plugin("segmentation", directory=tmp_path, loss="dice")
    warnings = capsys.readouterr().err.splitlines()
    assert len(warnings) == 2
    assert "family 'segmentation' already" in warnings[0]
    assert "loss 'dice' already" in warnings[1]


def test_there_is_one_template_and_the_wheel_carries_all_of_it() -> None:
    source = ROOT / "plugins" / "template"
    package = ROOT / "python" / "lossary" / "cli" / "template"
    assert package.is_symlink()
    assert package.resolve() == source
    maturin = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["maturin"]
    carried = {path.resolve() for pattern in maturin["include"] for path in ROOT.glob(pattern)}
    wanted = {source / path for path in files_of(source) if not path.startswith(".")}
    assert {path for path in carried if path.is_file()} == wanted
