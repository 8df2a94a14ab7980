"""``lossary eval``: metrics of the scores in a file."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from lossary.cli.output import Format, in_words_of_the_command_line, progress
from lossary.errors import LossaryError
from lossary.evaluation import Plan, evaluate
from lossary.evaluation.readers import Columns, read_columns
from lossary.evaluation.report import print_tables, to_json
from lossary.extras import require

OPTIONS = {
    "y_true": "--target",
    "y_score": "--score",
    "sample_weight": "--weight",
    "num_resamples": "--bootstrap",
    "pos_label": "--positive",
    "metrics": "--metric",
    "group": "--group",
    "threshold": "--threshold",
    "confidence": "--confidence",
    "seed": "--seed",
    "file": "FILE",
}
"""Arguments of the library, and what they are called on the command line."""


def eval_file(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help=".csv, .csv.gz, .jsonl, .ndjson, .parquet, .arrow, .arrows, .feather or .npz"
        ),
    ],
    *,
    target: Annotated[str, typer.Option(metavar="COL", help="Column of the labels, at most two values.")],
    score: Annotated[str, typer.Option(metavar="COL", help="Column of the scores, higher for positive.")],
    weight: Annotated[str | None, typer.Option(metavar="COL", help="Column of row weights.")] = None,
    group: Annotated[str | None, typer.Option(metavar="COL", help="Also score each value of it.")] = None,
    metric: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A metric by name; may be repeated.")
    ] = None,
    positive: Annotated[
        str | None,
        typer.Option(metavar="VALUE", help="The positive label; needed unless it is 1 or true."),
    ] = None,
    threshold: Annotated[
        float, typer.Option(metavar="X", help="A score >= X predicts the positive class.")
    ] = 0.5,
    confidence: Annotated[float, typer.Option(metavar="C", help="Coverage of the intervals.")] = 0.95,
    bootstrap: Annotated[
        int, typer.Option(metavar="N", help="Resamples of the bootstrap; 0 leaves out its intervals.")
    ] = 1000,
    seed: Annotated[int, typer.Option(metavar="N", help="Fixes the resamples.")] = 0,
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.TABLE,
) -> None:
    """Score the predictions in a file, with intervals.

    Without --metric: roc_auc_score, average_precision_score, brier_score_loss (only if all scores are in
    [0, 1]), and at the threshold accuracy_score, balanced_accuracy_score, precision_score, recall_score,
    f1_score and matthews_corrcoef. With --metric brier_score_loss, scores outside [0, 1] are an error.

    Intervals are those of lossary.metrics: of roc_auc_score DeLong's on the logit scale, steadied where a
    class is small; of all others the percentile bootstrap over rows. A metric that is undefined is shown
    as such, with the reason; so is an interval, for example where no row is misjudged and all resamples
    agree.

    Only the named columns are read. A missing value, NaN or infinity is an error that names the row.
    """
    try:
        plan = Plan(
            metrics=tuple(metric or ()),
            threshold=threshold,
            confidence=confidence,
            num_resamples=bootstrap,
            seed=seed,
        )
        columns = Columns(
            numbers=tuple(name for name in (score, weight) if name is not None),
            labels=tuple(name for name in (target, group) if name is not None),
        )
        with progress() as task:
            data: dict[str, Any] = read_columns(file, columns, advance=task("reading"))
            evaluation = evaluate(
                data[target],
                data[score],
                sample_weight=None if weight is None else data[weight],
                group=None if group is None else data[group],
                pos_label=positive,
                advance=task("resampling"),
                **asdict(plan),
            )
    except LossaryError as error:
        raise in_words_of_the_command_line(error, OPTIONS) from error
    if output is Format.JSON:
        typer.echo(to_json(evaluation, file=str(file)))
    else:
        console = require("rich.console", extra="eval", purpose="printing tables").Console()
        print_tables(evaluation, console, file=str(file))
