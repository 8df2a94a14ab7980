"""A leaderboard as JSON, as CSV, and as a table for a terminal."""

import csv
import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from io import StringIO
from typing import TYPE_CHECKING, Any

from lossary import __version__
from lossary.evaluation.leaderboard import Leaderboard, Standing
from lossary.extras import require

if TYPE_CHECKING:
    from rich.console import Console


def to_dict(board: Leaderboard, *, file: str | None = None) -> dict[str, Any]:
    """The leaderboard as plain data; keys are only ever added.

    Args:
        board: what was found.
        file: where the matches or rankings came from.
    """
    return {
        "lossary": __version__,
        "file": file,
        "comparisons": board.total,
        "ties": board.ties,
        "prior": board.prior,
        "errors": board.errors,
        "confidence": board.confidence,
        "log_likelihood": board.log_likelihood,
        "standings": [asdict(standing) for standing in board.standings],
    }


def to_json(board: Leaderboard, *, file: str | None = None) -> str:
    """The leaderboard as one strict JSON document; see `to_dict`."""
    return json.dumps(to_dict(board, file=file), indent=2, allow_nan=False)


def to_csv(board: Leaderboard) -> str:
    """The standings, best first, under a header of the names of their fields."""
    text = StringIO()
    table = csv.DictWriter(text, [field.name for field in fields(Standing)], lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(standing) for standing in board.standings)
    return text.getvalue()


_NAME = 24  # of a name as many columns are kept free, if it has as many

HEADER = ("rank", "range", "item", "worth", "error", "interval", "vs average", "compared")


def cells(board: Leaderboard) -> Iterable[tuple[str, ...]]:
    """The table's rows, best first, under `HEADER`."""
    for each in board.standings:
        yield (
            str(each.rank),
            rank_range(each),
            each.item,
            f"{each.worth:.3f}",
            f"{each.standard_error:.3f}",
            f"[{each.low:.3f}, {each.high:.3f}]",
            f"{100 * each.win_probability:.1f}%",
            f"{each.comparisons:,}",
        )


def rank_range(standing: Standing) -> str:
    """The ranks that are not ruled out, as "2-5", or "2"."""
    low, high = standing.rank_low, standing.rank_high
    return str(low) if low == high else f"{low}-{high}"


def heading(board: Leaderboard) -> str:
    """What was compared, and what the numbers are."""
    ties = f", {board.ties:,} with a tie" if board.ties else ""
    prior = f"; prior {board.prior:g}" if board.prior else ""
    return (
        f"{len(board)} items, {board.total:,} comparisons{ties}; {100 * board.confidence:g}% intervals, "
        f"{board.errors} errors{prior}"
    )


def print_leaderboard(board: Leaderboard, console: "Console", *, file: str | None = None) -> None:
    """Print the standings as a table.

    Args:
        board: what was found.
        console: rich's console to print on; it is plain where it does not lead to a terminal.
        file: where the matches or rankings came from.

    Raises:
        MissingExtraError: rich is not installed.
    """
    rich = require("rich.table", extra="eval", purpose="printing tables")
    boxes = require("rich.box", extra="eval", purpose="printing tables")
    text = require("rich.text", extra="eval", purpose="printing tables")
    for line in ([] if file is None else [file]) + [heading(board), ""]:
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    columns = _fitting(dict(zip(HEADER, zip(*cells(board), strict=True), strict=True)), console.width)
    table = rich.Table(box=boxes.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for title in columns:
        if title == "item":
            table.add_column(title, overflow="fold")
        else:
            table.add_column(title, justify="right", no_wrap=True)
    for row in zip(*columns.values(), strict=True):
        table.add_row(*map(text.Text, row))  # as it is: a name may look like markup
    console.print(table)


def _fitting(columns: dict[str, tuple[str, ...]], width: int) -> dict[str, tuple[str, ...]]:
    """The columns without those that leave too little room for the names, the least needed first."""
    for dropped in ("vs average", "error", "compared"):
        widths = {title: max(map(len, (title, *column))) for title, column in columns.items()}
        widths["item"] = min(widths["item"], _NAME)
        if sum(widths.values()) + 2 * (len(widths) - 1) <= width:
            break
        columns = {title: column for title, column in columns.items() if title != dropped}
    return columns
