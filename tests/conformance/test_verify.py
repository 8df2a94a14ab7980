"""``lossary verify``."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("typer")
pytest.importorskip("rich")

from lossary.catalog import Catalog
from lossary.cli import main

GOOD = (Path(__file__).parent / "packages" / "conformant" / "squared_error.py").read_text()
EMPTY_VENUE = GOOD.replace('venue="Monthly Weather Review"', 'venue=""')


@pytest.fixture
def install(write_package: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``install(package, squared_error=text)``: what `Catalog.installed` finds."""

    def install_package(package: str, **losses: str) -> None:
        catalog = Catalog.from_packages([write_package(package, **losses)])
        monkeypatch.setattr(Catalog, "installed", lambda: catalog)
        monkeypatch.setenv("COLUMNS", "200")

    return install_package


def test_a_good_loss_prints_its_counts_and_the_reasons_of_skips(
    install: Callable, capsys: pytest.CaptureFixture
) -> None:
    install("fine", squared_error=GOOD)

    status = main(["verify", "squared_error"])

    printed = capsys.readouterr().out
    assert status == 0
    assert "squared_error" in printed
    assert "no golden files given" in printed
    assert "SHIFT_INVARIANT is not declared" in printed


def test_golden_files_are_checked_when_given(
    install: Callable, goldens: Path, capsys: pytest.CaptureFixture
) -> None:
    install("golden", squared_error=GOOD)

    status = main(["verify", "--goldens", str(goldens)])

    assert status == 0
    assert "no golden files given" not in capsys.readouterr().out


def test_a_failure_is_told_and_sets_the_exit_status(install: Callable, capsys: pytest.CaptureFixture) -> None:
    install("faulty", squared_error=EMPTY_VENUE)

    status = main(["verify"])

    assert status == 1
    assert "paper: venue is empty" in capsys.readouterr().out


def test_json_holds_every_outcome(install: Callable, capsys: pytest.CaptureFixture) -> None:
    install("printed", squared_error=EMPTY_VENUE)

    main(["verify", "squared_error", "--format", "json"])

    outcomes = {outcome["check"]: outcome for outcome in json.loads(capsys.readouterr().out)}
    assert outcomes["declaration"]["status"] == "failed"
    assert outcomes["vmap"]["status"] == "passed"
    assert outcomes["vmap"]["loss"] == "squared_error"


def test_a_loss_file_that_does_not_load_is_a_failure_beside_the_others(
    install: Callable, capsys: pytest.CaptureFixture
) -> None:
    install("mixed", squared_error=GOOD, torn="import no_such_module\n")

    status = main(["verify", "--format", "json"])

    outcomes = json.loads(capsys.readouterr().out)
    assert status == 1
    assert [outcome["loss"] for outcome in outcomes if outcome["status"] == "failed"] == ["torn"]
    assert "no_such_module" in next(outcome["detail"] for outcome in outcomes if outcome["loss"] == "torn")


def test_an_unknown_loss_is_one_line_and_status_2(install: Callable, capsys: pytest.CaptureFixture) -> None:
    install("small", squared_error=GOOD)

    status = main(["verify", "squared_eror"])

    assert status == 2
    assert "squared_error" in capsys.readouterr().err


def test_a_missing_directory_of_goldens_is_one_line_and_status_2(
    install: Callable, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    install("lost", squared_error=GOOD)

    status = main(["verify", "--goldens", str(tmp_path / "nowhere")])

    assert status == 2
    assert "nowhere" in capsys.readouterr().err
