"""``lossary verify``: run the conformance checks of the installed losses and show what came of them."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from lossary.catalog import Catalog
from lossary.cli.output import Format
from lossary.conformance import Outcome, run, table
from lossary.conformance.runner import Status
from lossary.errors import BrokenPluginError


def verify(
    name: Annotated[str | None, typer.Argument(help="A loss; all installed ones without it.")] = None,
    *,
    goldens: Annotated[Path | None, typer.Option(help="Directory of golden files.")] = None,
    output: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.TABLE,
) -> None:
    """Run the conformance checks of one loss, or of every installed one.

    The exit status is 1 when a check failed.
    """
    table()  # says what to install when torch is missing, before a loss is looked up
    catalog = Catalog.installed()
    names = catalog.names() if name is None else (name,)
    watched: Iterable[str] = names
    progress = Console(stderr=True)
    if progress.is_terminal and len(names) > 1:
        watched = track(names, description="verifying", console=progress, transient=True)
    outcomes = [outcome for wanted in watched for outcome in _outcomes(catalog, wanted, goldens)]
    if output is Format.JSON:
        typer.echo(json.dumps([asdict(outcome) for outcome in outcomes], indent=2))
    else:
        _print(outcomes, Console())
    if any(outcome.status == "failed" for outcome in outcomes):
        raise typer.Exit(code=1)


def _outcomes(catalog: Catalog, name: str, goldens: Path | None) -> Iterator[Outcome]:
    try:
        spec = catalog.get(name)
    except BrokenPluginError as error:
        yield Outcome(name, "declaration", "failed", str(error), 0.0)
        return
    yield from run(spec, goldens=goldens)


def _print(outcomes: list[Outcome], console: Console) -> None:
    counts: dict[str, Counter[Status]] = {}
    for outcome in outcomes:
        counts.setdefault(outcome.loss, Counter())[outcome.status] += 1
    summary = Table("loss")
    for status in get_args(Status):
        summary.add_column(status, justify="right")
    for loss, count in counts.items():
        style = "red" if count["failed"] else None
        summary.add_row(loss, *(str(count[status]) for status in get_args(Status)), style=style)
    console.print(summary)
    reasons = Table("loss", "check", "status", "reason")
    for outcome in outcomes:
        if outcome.detail:
            reasons.add_row(outcome.loss, outcome.check, outcome.status, escape(outcome.detail))
    if reasons.row_count:
        console.print(reasons)
