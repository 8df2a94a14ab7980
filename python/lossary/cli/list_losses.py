"""``lossary list``: the installed losses; they are imported only to search their papers."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lossary.catalog import Catalog
from lossary.cli.output import UNWRAPPED, Format


def list_losses(
    *,
    task: Annotated[str | None, typer.Option(metavar="TASK", help="Only the losses of this family.")] = None,
    paper: Annotated[
        str | None, typer.Option(metavar="WORDS", help="Only those whose paper, name or alias has the words.")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How to print the list.")] = Format.TABLE,
) -> None:
    """List the installed losses."""
    catalog = Catalog.installed()
    if paper is None:
        entries, papers = catalog.entries(task), {}
    else:
        papers = {entry: spec.paper for entry, spec in catalog.find(paper, task)}
        entries = tuple(papers)
    if output is Format.JSON:
        rows = [
            {
                "name": entry.name,
                "family": entry.family,
                "module": entry.module,
                "distribution": entry.distribution,
                "version": entry.version,
            }
            | ({"paper": asdict(papers[entry])} if papers else {})
            for entry in entries
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("name", no_wrap=True)  # to be copied
    for title in ("family", "distribution", *(["paper"] if papers else [])):
        table.add_column(title, overflow="fold")
    for entry in entries:
        cells = [entry.name, entry.family, f"{entry.distribution} {entry.version}".strip()]
        if papers:
            cells.append(escape(f"{papers[entry].title} ({papers[entry].short})"))
        table.add_row(*cells)
    console = Console()
    if not console.is_terminal:
        console.width = UNWRAPPED
    console.print(table)
