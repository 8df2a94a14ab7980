"""An evaluation as JSON, and as tables for a terminal."""

import json
from typing import TYPE_CHECKING, Any

from lossary import __version__
from lossary.evaluation.scoring import Evaluation, Part, Result
from lossary.extras import require

if TYPE_CHECKING:
    from rich.console import Console


def to_dict(evaluation: Evaluation, *, file: str | None = None) -> dict[str, Any]:
    """The evaluation as plain data; keys are only ever added.

    Args:
        evaluation: what was found.
        file: where the scores came from.

    Returns:
        Plain data without NaN or infinities; None stands for what is undefined.
    """
    overall, plan = evaluation.parts[0], evaluation.plan
    return {
        "lossary": __version__,
        "file": file,
        "rows": overall.rows,
        "positives": overall.positives,
        "prevalence": overall.prevalence,
        "positive": evaluation.positive,
        "weighted": evaluation.weighted,
        "threshold": plan.threshold,
        "resamples": plan.num_resamples,
        "seed": plan.seed,
        "notes": list(evaluation.notes),
        "groups": [
            {
                "group": part.group,
                "rows": part.rows,
                "positives": part.positives,
                "prevalence": part.prevalence,
            }
            for part in evaluation.parts[1:]
        ],
        "results": [
            {
                "metric": result.metric,
                "group": result.group,
                "value": result.value,
                "low": result.low,
                "high": result.high,
                "method": result.method,
                "confidence": result.confidence,
                "reason": result.reason or None,
                "undefined_resamples": result.undefined_resamples,
            }
            for result in evaluation.results
        ],
    }


def to_json(evaluation: Evaluation, *, file: str | None = None) -> str:
    """The evaluation as one strict JSON document (no NaN, only ASCII); see `to_dict`."""
    return json.dumps(to_dict(evaluation, file=file), indent=2, allow_nan=False)


def print_tables(evaluation: Evaluation, console: "Console", *, file: str | None = None) -> None:
    """Print one table for all rows and one for each group.

    Args:
        evaluation: what was found.
        console: rich's console to print on; it is plain where it does not lead to a terminal.
        file: where the scores came from.

    Raises:
        MissingExtraError: rich is not installed.
    """
    plan = evaluation.plan
    lines = [] if file is None else [file]
    lines.append(
        f"positive: {evaluation.positive}; predicted positive: score >= {plan.threshold:g}; "
        f"{100 * plan.confidence:g}% intervals"
    )
    for part in evaluation.parts:
        _print_lines(console, lines)
        lines = ["", _heading(part, evaluation)]
        _print_lines(console, lines)
        console.print(_table(part))
        lines = [f"{result.metric}: {result.reason}" for result in part.results if result.reason]
        lines += [
            f"{result.metric}: {result.undefined_resamples} of {plan.num_resamples} resamples undefined"
            for result in part.results
            if result.undefined_resamples
        ]
    _print_lines(console, [*lines, *evaluation.notes])


def _heading(part: Part, evaluation: Evaluation) -> str:
    name = "all rows" if part.group is None else f"group {part.group}"
    prevalence = "undefined" if part.prevalence is None else f"{part.prevalence:.4f}"
    weighted = "weighted " if evaluation.weighted else ""
    return f"{name}: {part.rows:,} rows, {part.positives:,} positives, {weighted}prevalence {prevalence}"


def _table(part: Part) -> Any:
    rich = require("rich.table", extra="eval", purpose="printing tables")
    boxes = require("rich.box", extra="eval", purpose="printing tables")
    table = rich.Table(box=boxes.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("metric")
    table.add_column("value", justify="right")
    table.add_column("interval")
    table.add_column("method")
    for result in part.results:
        value = "undefined" if result.value is None else f"{result.value:.4f}"
        table.add_row(result.metric, value, _interval(result), result.method or "-")
    return table


def _interval(result: Result) -> str:
    return "-" if result.low is None else f"[{result.low:.4f}, {result.high:.4f}]"


def _print_lines(console: "Console", lines: list[str]) -> None:
    for line in lines:
        console.print(line, soft_wrap=True, markup=False, highlight=False)
