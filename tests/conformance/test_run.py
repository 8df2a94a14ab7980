"""`run` and `conformance_tests`: what becomes of skips, announced failures and slips."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")

import lossary
from lossary.conformance import conformance_tests, run, table
from lossary.errors import BrokenPluginError, InvalidInputError
from lossary.settings import value_checks

PACKAGES = Path(__file__).parent / "packages"
HALF_DEFAULT = ("    weight: float = 1.0,\n", "    weight: float = 0.5,\n")
EXEMPT = ("    differentiable=", '    exceptions={"vmap": "no batching rule"},\n    differentiable=')


@pytest.fixture
def squared_error(load_loss: Callable):
    return load_loss("good", "squared_error")


def test_outcomes_follow_the_table(squared_error) -> None:
    outcomes = run(squared_error, checks=["deterministic", "declaration"])

    assert [outcome.check for outcome in outcomes] == ["declaration", "deterministic"]
    assert {(outcome.loss, outcome.status, outcome.detail) for outcome in outcomes} == {
        ("squared_error", "passed", "")
    }


def test_every_outcome_is_timed(squared_error) -> None:
    (outcome,) = run(squared_error, checks=["deterministic"])

    assert outcome.seconds > 0


def test_without_golden_files_the_check_is_skipped_with_that_reason(squared_error) -> None:
    (outcome,) = run(squared_error, checks=["goldens"])

    assert (outcome.status, outcome.detail) == ("skipped", "no golden files given")


def test_a_directory_without_the_losss_file_is_a_failure(squared_error, tmp_path: Path) -> None:
    (outcome,) = run(squared_error, goldens=tmp_path, checks=["goldens"])

    assert outcome.status == "failed"
    assert "no golden file of squared_error" in outcome.detail


def test_a_declared_exception_is_a_skip_with_its_reason(load_loss: Callable) -> None:
    (outcome,) = run(load_loss("exempt", "squared_error", EXEMPT), checks=["vmap"])

    assert (outcome.status, outcome.detail) == ("skipped", "no batching rule")


def test_a_failure_that_was_announced_is_expected(load_loss: Callable, goldens: Path) -> None:
    spec = load_loss("halved", "squared_error", HALF_DEFAULT)

    (outcome,) = run(spec, goldens=goldens, checks=["goldens"], xfail={"goldens": "default in dispute"})

    assert (outcome.status, outcome.detail) == ("expected", "default in dispute")


def test_an_announced_failure_that_passes_is_a_failure(squared_error) -> None:
    (outcome,) = run(squared_error, checks=["declaration"], xfail={"declaration": "old story"})

    assert (outcome.status, outcome.detail) == ("failed", "passed, but was announced to fail: old story")


@pytest.mark.parametrize("argument", ["checks", "xfail"])
def test_an_unknown_check_is_named(squared_error, argument: str) -> None:
    with pytest.raises(InvalidInputError, match=f"^{argument}: got gradients; wanted some of declaration"):
        run(squared_error, **{argument: {"gradients": "slip"}})


def test_whatever_a_loss_raises_is_the_outcome_of_the_check(load_loss: Callable) -> None:
    spec = load_loss("raising", "squared_error", ("    difference = ", "    {}['key']\n    difference = "))

    (outcome,) = run(spec, checks=["deterministic"])

    assert (outcome.status, outcome.detail) == ("failed", "KeyError: 'key'")


def test_checks_run_under_the_default_switch_and_leave_the_processs_alone(squared_error) -> None:
    with lossary.checks(False):
        (outcome,) = run(squared_error, checks=["bad_input"])

        assert outcome.status == "passed"
        assert not value_checks("cpu")


GOLDEN_SLIPS = {
    "another_gradient": ('"grad": {\n    "prediction": [\n     [\n      0.25', "gradient of prediction"),
    "no_provenance": (
        '"provenance": "by hand: differences 1/4, -1/2, -1/4, -1"',
        "says nothing under provenance",
    ),
    "another_term": ('"largest": 1.0', "largest"),
    "another_loss": ('"loss": "squared_error"', "got loss"),
    "an_unknown_option": ('"weight": 2.0', "TypeError"),
}


@pytest.mark.parametrize("story", GOLDEN_SLIPS)
def test_a_golden_that_the_loss_does_not_meet_says_what_differs(
    squared_error, goldens: Path, tmp_path: Path, story: str
) -> None:
    old, message = GOLDEN_SLIPS[story]
    text = (goldens / "squared_error.json").read_text()
    assert old in text
    changed = {
        "another_loss": '"loss": "square"',
        "an_unknown_option": '"weigth": 2.0',
        "no_provenance": '"provenance": ""',
    }
    new = changed.get(story, old.replace("1.0", "1.5").replace("0.25", "0.75"))
    (tmp_path / "squared_error.json").write_text(text.replace(old, new, 1))

    (outcome,) = run(squared_error, goldens=tmp_path, checks=["goldens"])

    assert outcome.status == "failed"
    assert message in outcome.detail


def test_a_golden_with_terms_needs_the_sibling_function(load_loss: Callable, goldens: Path) -> None:
    spec = load_loss("termless", "squared_error", ("def squared_error_terms", "def other_terms"))

    (outcome,) = run(spec, goldens=goldens, checks=["goldens"])

    assert "squared_error_terms is missing; the golden has largest" in outcome.detail


def parameters(test: Callable) -> dict[str, list]:
    (mark,) = test.pytestmark
    return {parameter.id: list(parameter.marks) for parameter in mark.args[1]}


def test_a_plugins_test_has_one_case_per_loss_and_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PACKAGES)

    cases = parameters(conformance_tests("conformant"))

    losses = ("negative_correlation", "squared_error")
    assert list(cases) == [f"{loss}-{check}" for loss in losses for check in table()]


def test_skips_and_announced_failures_become_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PACKAGES)

    cases = parameters(
        conformance_tests(
            "conformant",
            skip={("squared_error", "vmap"): "too slow here"},
            xfail={("squared_error", "compile"): "a known bug"},
        )
    )

    (skip,), (xfail,) = cases["squared_error-vmap"], cases["squared_error-compile"]
    assert (skip.name, skip.kwargs) == ("skip", {"reason": "too slow here"})
    assert (xfail.name, xfail.kwargs) == ("xfail", {"reason": "a known bug", "strict": True})


@pytest.mark.parametrize("argument", ["skip", "xfail"])
@pytest.mark.parametrize("pair", [("squared_eror", "vmap"), ("squared_error", "map")])
def test_an_unknown_loss_or_check_is_an_error(
    monkeypatch: pytest.MonkeyPatch, argument: str, pair: tuple[str, str]
) -> None:
    monkeypatch.syspath_prepend(PACKAGES)

    with pytest.raises(InvalidInputError, match=f"^{argument}: got .*{pair[0]}"):
        conformance_tests("conformant", **{argument: {pair: "reason"}})


def test_a_skip_needs_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PACKAGES)

    with pytest.raises(InvalidInputError, match=r"skip: got no reason for \('squared_error', 'vmap'\)"):
        conformance_tests("conformant", skip={("squared_error", "vmap"): " "})


def test_a_directory_of_goldens_must_exist(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"goldens: got .*nowhere"):
        conformance_tests("conformant", goldens=tmp_path / "nowhere")


def test_a_package_that_does_not_import_is_an_error() -> None:
    with pytest.raises(BrokenPluginError, match="lossary_nowhere"):
        conformance_tests("lossary_nowhere")


def test_a_package_without_losses_is_an_error(write_package: Callable) -> None:
    with pytest.raises(InvalidInputError, match="packages: got lossless"):
        conformance_tests(write_package("lossless"))


def test_a_whole_test_file_runs_as_the_guide_shows_it(tmp_path: Path, goldens: Path) -> None:
    file = tmp_path / "test_conformance.py"
    file.write_text(
        "from lossary.conformance import conformance_tests\n"
        f"test_conformance = conformance_tests('conformant', goldens={str(goldens)!r},\n"
        "    xfail={('squared_error', 'property_shift_invariant'): 'is not declared, so it is skipped'})\n"
    )
    environment = os.environ | {"PYTHONPATH": str(PACKAGES)}

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-k",
            "declaration or property",
            str(file),
        ],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "11 passed, 5 skipped" in done.stdout


def test_importing_the_kit_imports_neither_torch_nor_pytest() -> None:
    code = "import sys, lossary.conformance; print(sorted({'torch', 'pytest'} & sys.modules.keys()))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
