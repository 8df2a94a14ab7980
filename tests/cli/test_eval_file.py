import json
import os
import subprocess
import sys

import lossary
import numpy as np
import pytest
from lossary.cli import main
from lossary.evaluation import evaluate
from lossary.evaluation.plan import MEASURES

for module in ("pyarrow", "rich", "typer"):
    pytest.importorskip(module, reason="lossary eval needs lossary[eval]")

N = 300


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(0)
    in_empty = np.arange(N) < 5
    died = ((rng.random(N) < 0.3) & ~in_empty).astype(np.int8)
    risk = 1 / (1 + np.exp(-(rng.normal(size=N) + 1.5 * died - 1)))
    return {
        "died": died,
        "outcome": np.where(died, "dead", "alive"),
        "risk": risk.astype(np.float32),
        "logit": np.log(risk / (1 - risk)),
        "region": np.where(in_empty, "empty", np.array(["north", "south"])[rng.integers(0, 2, N)]),
        "weight": rng.random(N),
    }


@pytest.fixture(scope="module")
def file(columns, tmp_path_factory):
    path = tmp_path_factory.mktemp("scores") / "scores.npz"
    np.savez(path, **columns)
    return str(path)


def run(capsys, words):
    assert main(["eval", *words.split()]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


def test_the_table_fits_80_columns_and_is_plain_when_piped(capsys, file, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = run(capsys, f"{file} --target died --score risk --bootstrap 100 --group region")
    assert "\x1b" not in shown
    tables = [
        line for line in shown.splitlines() if line.startswith(("metric ", *MEASURES)) and ":" not in line
    ]
    assert len(tables) == 4 * (1 + sum(measure.default for measure in MEASURES.values()))
    assert max(map(len, tables)) <= 80
    for name, measure in MEASURES.items():
        assert (name in shown) == measure.default


def test_the_table_says_what_the_numbers_are(capsys, file, columns):
    shown = run(capsys, f"{file} --target died --score risk --bootstrap 100 --threshold 0.25")
    positives = int(columns["died"].sum())
    assert "predicted positive: score >= 0.25; 95% intervals" in shown
    assert f"all rows: {N} rows, {positives} positives, prevalence {positives / N:.4f}" in shown
    found = evaluate(columns["died"], columns["risk"], threshold=0.25, num_resamples=100)
    for result in found.results:
        row = next(line.split() for line in shown.splitlines() if line.split()[:1] == [result.metric])
        assert row[1:] == [f"{result.value:.4f}", f"[{result.low:.4f},", f"{result.high:.4f}]", result.method]


def test_a_group_where_a_metric_is_undefined_shows_it_with_the_reason(capsys, file):
    shown = run(capsys, f"{file} --target died --score risk --metric roc_auc_score --group region")
    empty = shown[shown.index("group empty: 5 rows, 0 positives") : shown.index("group north")]
    assert "undefined" in empty
    assert "roc_auc_score: no positive row" in empty
    assert "nan" not in shown.lower()


def test_json_equals_the_library(capsys, file, columns):
    options = "--group region --weight weight --confidence 0.9 --bootstrap 150 --seed 3 --format json"
    shown = run(capsys, f"{file} --target outcome --positive dead --score risk {options}")
    document = json.loads(shown, parse_constant=pytest.fail)
    found = evaluate(
        columns["outcome"],
        columns["risk"],
        sample_weight=columns["weight"],
        group=columns["region"],
        confidence=0.9,
        num_resamples=150,
        seed=3,
        pos_label="dead",
    )
    assert document["lossary"] == lossary.__version__
    assert document["file"] == file
    assert document["positive"] == "dead"
    assert len(document["results"]) == len(found.results)
    for shown_result, result in zip(document["results"], found.results, strict=True):
        for key in ("metric", "group", "value", "low", "high", "method", "confidence"):
            assert shown_result[key] == getattr(result, key)


def test_metrics_are_shown_in_the_order_asked_for(capsys, file):
    options = "--metric f1_score --metric roc_auc_score --metric f1_score --format json"
    results = json.loads(run(capsys, f"{file} --target died --score logit {options}"))["results"]
    assert [result["metric"] for result in results] == ["f1_score", "roc_auc_score"]


def test_scores_that_are_no_probabilities_leave_out_the_brier_score_and_say_so(capsys, file):
    shown = run(capsys, f"{file} --target died --score logit --bootstrap 0")
    assert "brier_score_loss is left out: scores outside [0, 1]" in shown


def test_every_format_gives_the_same_numbers(capsys, tmp_path, columns, file):
    import pyarrow as pa
    from pyarrow import csv, feather, parquet

    table = pa.table(columns)
    csv.write_csv(table, tmp_path / "scores.csv")
    parquet.write_table(table, tmp_path / "scores.parquet")
    feather.write_feather(table, tmp_path / "scores.arrow")
    options = "--target died --score risk --group region --bootstrap 100 --format json"
    expected = json.loads(run(capsys, f"{file} {options}"))["results"]
    for name in ("scores.csv", "scores.parquet", "scores.arrow"):
        results = json.loads(run(capsys, f"{tmp_path / name} {options}"))["results"]
        if name == "scores.csv":  # text of a float32 is read as a float64
            for result, wanted in zip(results, expected, strict=True):
                assert (result["metric"], result["reason"]) == (wanted["metric"], wanted["reason"])
                if wanted["value"] is not None:
                    assert result["value"] == pytest.approx(wanted["value"], rel=1e-6)
        else:
            assert results == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--score", "rsk"], "column: got 'rsk'"),
        (["--score", "risk", "--confidence", "95"], "--confidence: got 95.0; wanted"),
        (["--score", "risk", "--bootstrap", "7"], "--bootstrap: got 7; wanted 0"),
        (["--score", "risk", "--metric", "auc"], "--metric: got 'auc'; wanted one such as roc_auc_score"),
        (["--score", "logit", "--metric", "brier_score_loss"], "--score: got scores outside [0, 1]"),
        (["--score", "region"], "column region: got type <U5; wanted numbers"),
        (["--score", "risk", "--weight", "logit"], "--weight: got -"),
        (["--score", "risk", "--target", "outcome"], "the positive label by name (--positive)"),
        (["--score", "risk", "--positive", "dead"], "--positive: got 'dead'; wanted one of the labels 0, 1"),
        (["--score", "risk", "--target", "weight"], "--target: got 300 different labels"),
        (["--score", "died"], "column: got 'died' for two purposes"),
    ],
)
def test_a_mistake_is_one_line_in_the_words_of_the_command_line(capsys, file, words, message):
    assert main(["eval", file, "--target", "died", *words]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("lossary: ")
    assert shown.err.count("\n") == 1
    assert message in shown.err


def test_a_column_with_the_name_of_an_argument_keeps_it(capsys, tmp_path):
    (tmp_path / "y_score.csv").write_text("y_true,y_score\n0,0.1\n1,\n")
    words = ["eval", str(tmp_path / "y_score.csv"), "--target", "y_true", "--score"]
    for score, message in (
        ("y_score", "lossary: column y_score: got no value in row 2; wanted one in every row\n"),
        ("risk", "y_score.csv does not have; wanted one such as 'y_true', 'y_score'\n"),
    ):
        assert main([*words, score]) == 2
        assert capsys.readouterr().err.endswith(message)


def test_the_names_of_metrics_are_shown_as_they_are(capsys, file):
    assert main(["eval", file, "--target", "died", "--score", "risk", "--metric", "accuracy"]) == 2
    assert capsys.readouterr().err.startswith("lossary: --metric: got 'accuracy'; wanted one such as acc")
    assert main(["eval", file, "--target", "died", "--score", "risk", "--metric", "auc"]) == 2
    assert " accuracy_score, balanced_accuracy_score," in capsys.readouterr().err


@pytest.mark.parametrize("output", ["table", "json"])
def test_what_the_encoding_of_stdout_lacks_is_escaped(tmp_path, output):
    (tmp_path / "a.csv").write_text("y,s,g\n0,0.1,süd\n1,0.2,süd\n", encoding="utf-8")
    words = f"eval {tmp_path}/a.csv --target y --score s --group g --bootstrap 0 --format {output}"
    process = subprocess.run(
        [sys.executable, "-m", "lossary", *words.split()],
        capture_output=True,
        encoding="ascii",
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        timeout=120,
        check=True,
    )
    assert ("s\\xfcd" if output == "table" else "s\\u00fcd") in process.stdout


def test_in_a_process_of_its_own(file):
    command = [sys.executable, "-m", "lossary", "eval", file, "--target", "died", "--score", "risk"]
    process = subprocess.run(
        [*command, "--metric", "roc_auc_score"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env=os.environ | {"PYTHONWARNINGS": "error"},
    )
    assert "roc_auc_score" in process.stdout
    assert process.stderr == ""
    missing = subprocess.run(
        [*command[:4], "nothing.csv", *command[5:]], capture_output=True, text=True, timeout=120, check=False
    )
    assert missing.returncode == 2
    assert missing.stderr == "lossary: FILE: got 'nothing.csv', which does not exist; wanted a file\n"
