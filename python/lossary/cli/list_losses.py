"""``lossary list``: the installed losses, none of them imported."""

import json
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from lossary.catalog import Catalog
from lossary.cli.output import Format

# Columns of a file or pipe, which has no edge.
UNWRAPPED = 250


def list_losses(
    *,
    task: Annotated[str | None, typer.Option(metavar="TASK", help="Only the losses of this family.")] = None,
    output: Annotated[Format, typer.Option("--format", help="How to print the list.")] = Format.TABLE,
) -> None:
    """List the installed losses."""
    entries = Catalog.installed().entries(task)
    if output is Format.JSON:
        rows = [
            {
                "name": entry.name,
                "family": entry.family,
                "module": entry.module,
                "distribution": entry.distribution,
                "version": entry.version,
            }
            for entry in entries
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("name", no_wrap=True)  # to be copied
    for title in ("family", "distribution"):
        table.add_column(title, overflow="fold")
    for entry in entries:
        table.add_row(entry.name, entry.family, f"{entry.distribution} {entry.version}".strip())
    console = Console()
    if not console.is_terminal:
        console.width = UNWRAPPED
    console.print(table)
