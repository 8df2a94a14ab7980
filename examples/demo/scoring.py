"""From models to numbers: predictions as Parquet, and the command ``lossary eval`` on each file."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from crashes import Rows
from lossary import metrics
from lossary.errors import LossaryError
from training import Run


@dataclass(frozen=True)
class Column:
    """One column of the result table: a metric, and the column of the file that it reads."""

    title: str
    metric: str
    score: str = "score"
    at_half: bool = False


COLUMNS = (
    Column("ROC AUC", "roc_auc_score"),
    Column("average precision", "average_precision_score"),
    Column("F1 at 0.5", "f1_score", at_half=True),
    Column("balanced acc. at 0.5", "balanced_accuracy_score", at_half=True),
    Column("F1 at tuned threshold", "f1_score", score="tuned_score"),
)


@dataclass(frozen=True)
class Cell:
    """A metric of one loss: means over seeds of value and 95 % interval, and the range over seeds.

    There is no interval when a seed has none, for example a model that predicts one class only.
    """

    value: float
    interval: tuple[float, float] | None
    least: float
    greatest: float


@dataclass(frozen=True)
class Difference:
    """How far one loss is ahead of another in a metric, with a paired 95 % bootstrap interval."""

    value: float
    low: float
    high: float
    seeds_ahead: int


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Logits to scores in [0, 1]."""
    return 1 / (1 + np.exp(-logits))


def best_f1_threshold(target: np.ndarray, logits: np.ndarray) -> float:
    """The logit from which on predicting death has the highest F1."""
    fpr, tpr, thresholds = metrics.roc_curve(target, logits, drop_intermediate=False)
    hits, alarms = tpr * target.sum(), fpr * (~target).sum()
    return float(thresholds[np.argmax(2 * hits / (hits + alarms + target.sum()))])


def write_predictions(path: Path, runs: Sequence[Run], train: Rows, test: Rows) -> None:
    """Write the held-out predictions of one loss, all seeds in one file.

    Columns: target, score, tuned_score (the score, moved so that the threshold with the best F1 on the
    training rows sits at 0.5), weight, seed.
    """
    tables = [
        pa.table(
            {
                "target": test.target,
                "score": sigmoid(run.test_logits),
                "tuned_score": sigmoid(run.test_logits - best_f1_threshold(train.target, run.train_logits)),
                "weight": test.weight,
                "seed": np.full(len(test.target), run.seed),
            }
        )
        for run in runs
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.concat_tables(tables), path)


def _arguments(file: Path, score: str, names: Sequence[str], resamples: int, *, weighted: bool) -> list[str]:
    """The arguments of ``lossary eval`` for some metrics of one score, for each seed."""
    options = ["--target", "target", "--score", score, "--group", "seed", "--format", "json"]
    options += ["--bootstrap", str(resamples)]
    options += ["--weight", "weight"] if weighted else []
    return ["eval", str(file), *options, *(part for name in names for part in ("--metric", name))]


def evaluate(file: Path, *, resamples: int, weighted: bool = False) -> dict[Column, Cell]:
    """Run ``lossary eval`` on the predictions of one loss and average over seeds.

    Raises:
        LossaryError: the command failed; the message is its own.
    """
    cells = {}
    for score in dict.fromkeys(column.score for column in COLUMNS):
        columns = [column for column in COLUMNS if column.score == score]
        arguments = _arguments(
            file, score, [column.metric for column in columns], resamples, weighted=weighted
        )
        done = subprocess.run(
            [sys.executable, "-m", "lossary", *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise LossaryError(f"lossary eval {file}: {done.stderr.strip().removeprefix('lossary: ')}")
        results = json.loads(done.stdout)["results"]
        for column in columns:
            cells[column] = _cell(
                [
                    result
                    for result in results
                    if result["metric"] == column.metric and result["group"] is not None
                ]
            )
    return {column: cells[column] for column in COLUMNS}


def _cell(results: list[dict[str, float | None]]) -> Cell:
    values = [result["value"] for result in results]
    limits = [[result["low"], result["high"]] for result in results if result["low"] is not None]
    interval = None
    if len(limits) == len(results):
        low, high = np.mean(limits, axis=0)
        interval = float(low), float(high)
    return Cell(float(np.mean(values)), interval, min(values), max(values))


def difference(
    metric: str, ahead: Sequence[Run], behind: Sequence[Run], target: np.ndarray, *, resamples: int
) -> Difference:
    """The difference of two losses in a metric, mean over seeds.

    A resample draws the held-out rows once for all models, so that what is hard for both cancels.
    """
    function = getattr(metrics, metric)

    def values(runs: Sequence[Run], weight: np.ndarray | None) -> np.ndarray:
        return np.array([function(target, _input(metric, run), sample_weight=weight) for run in runs])

    found = values(ahead, None) - values(behind, None)
    size = len(target)
    draws = np.random.default_rng(0).multinomial(size, np.full(size, 1 / size), resamples).astype(float)
    resampled = [(values(ahead, draw) - values(behind, draw)).mean() for draw in draws]
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Difference(float(found.mean()), float(low), float(high), int((found > 0).sum()))


def _input(metric: str, run: Run) -> np.ndarray:
    return run.test_logits >= 0 if metric == "f1_score" else run.test_logits


def best(table: Mapping[str, Mapping[Column, Cell]], column: Column, contenders: Sequence[str]) -> str:
    """The contender with the highest value in a column."""
    return max(contenders, key=lambda name: table[name][column].value)
