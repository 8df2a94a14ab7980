"""`discover` on what is installed: the wheel's own families go through the door of every plugin."""

import tomllib
from pathlib import Path

import pytest
from lossary.discovery import Origin, PluginProblem, discover, loss_package
from lossary.errors import BrokenPluginError, InvalidInputError

ROOT = Path(__file__).resolve().parents[2]


def test_every_family_of_the_wheel_is_declared_and_found():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["lossary"]
    folders = {path.parent.name for path in (ROOT / "python/lossary/losses").glob("*/__init__.py")}
    assert declared == {family: f"lossary.losses.{family}" for family in folders}
    assert {package.family for package in discover({"lossary"}).packages} == folders


def test_the_wheel_has_no_problems():
    assert discover({"lossary"}).problems == ()


def test_packages_are_sorted_by_family():
    families = [package.family for package in discover({"lossary"}).packages]
    assert families == sorted(families)


def test_nothing_is_selected_by_an_empty_selection():
    assert discover([]) == ((), ())


def test_strict_raises_the_first_problem():
    with pytest.raises(BrokenPluginError, match="LOSSARY_STRICT: got plugin absent: entry point") as raised:
        discover(["absent"], strict=True)
    assert isinstance(raised.value.__cause__, InvalidInputError)


def test_a_package_is_timed_and_listed():
    (package,) = discover({"segmentation"}).packages
    assert package.seconds > 0
    assert (package.import_name, package.distribution) == ("lossary.losses.segmentation", "lossary")
    assert "dice" in package.losses


def test_a_module_is_no_loss_package():
    with pytest.raises(InvalidInputError, match=r"lossary\.errors: got a module; wanted a package"):
        loss_package("lossary.errors", Origin(plugin="x"), [])


def test_a_problem_is_told_in_one_line():
    problem = PluginProblem(plugin="x", stage="hook", error=ValueError("two\nlines"))
    assert str(problem) == "x: hook: ValueError: two lines"
