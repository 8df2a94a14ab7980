"""A picture of a leaderboard: each item's worth with its interval, and the ranks that are left open."""

import math
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lossary.errors import DtypeError, InvalidInputError
from lossary.evaluation.leaderboard import Leaderboard, Standing
from lossary.evaluation.leaderboard_report import HEADER, cells, heading, rank_range
from lossary.extras import require
from lossary.metrics.options import check_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ITEMS = 500

_POINT, _LINE, _FAINT, _BAND = "#1f4e79", "#7fa8d1", "#8a8a8a", "#f4f6f8"
_ROW = 0.235  # inches
_CHANCES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)

_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 62rem }
body { margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem; margin: 0 } p { color: #555; margin: .3rem 0 1.2rem }
svg { width: 100%; height: auto }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin-top: 1.5rem; width: 100% }
th, td { padding: .25rem .7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #e6e6e6 }
th { border-bottom: 2px solid #999 }
th:nth-child(3), td:nth-child(3) { text-align: left; white-space: normal }
tbody tr:nth-child(odd) { background: #f4f6f8 }
</style>
<h1>{{ title }}</h1>
<p>{{ heading }}</p>
{{ picture|safe }}
<div class="wide">
<table>
<thead><tr>{% for name in header %}<th>{{ name }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody>
</table>
</div>
</html>
"""


def plot_leaderboard(
    board: Leaderboard, *, title: str = "", max_items: int = 100, figure: "Figure | None" = None
) -> "Figure":
    """Draw the worths with their intervals, best on top, and beside them the range of ranks of each item.

    The scale on top is the probability to win against an item of average worth.

    Args:
        board: what to draw.
        title: to stand above.
        max_items: how many at most, the best ones.
        figure: a figure to draw in, whose layout is set; None makes one with room for each row.

    Returns:
        The Matplotlib figure, neither shown nor saved.

    Raises:
        InvalidInputError: an option out of range.
        DtypeError: an argument of another type.
        MissingExtraError: Matplotlib is not installed; the extra ``report`` brings it.

    Example:
        >>> from lossary.evaluation import leaderboard_of_pairs
        >>> board = leaderboard_of_pairs(["a", "b", "c", "a"], ["b", "c", "a", "c"])
        >>> [label.get_text() for label in plot_leaderboard(board).axes[0].get_yticklabels()]
        ['a', 'b', 'c']
    """
    if not isinstance(board, Leaderboard):
        raise DtypeError(f"board: got {board!r:.60}; wanted a Leaderboard")
    check_whole("max_items", max_items, 1, MOST_ITEMS)
    library = require("matplotlib.figure", extra="report", purpose="plot_leaderboard")
    if figure is not None and not isinstance(figure, library.Figure):
        raise DtypeError(f"figure: got {figure!r:.60}; wanted a matplotlib.figure.Figure, or None")
    shown = board.standings[:max_items]
    if figure is None:
        figure = library.Figure(figsize=(9.0, 1.45 + _ROW * len(shown)))
    figure.set_layout_engine("constrained")
    worths, ranks = figure.subplots(1, 2, width_ratios=(2.4, 1.0), sharey=True, squeeze=False)[0]
    _draw_worths(worths, shown, board.confidence)
    _draw_ranks(ranks, shown, len(board))
    for axes in (worths, ranks):
        axes.set_ylim(len(shown) - 0.5, -0.5)
        for row in range(0, len(shown), 2):
            axes.axhspan(row - 0.5, row + 0.5, color=_BAND, linewidth=0, zorder=-1)
        axes.spines[["left", "right", "top"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color="#e2e6ea", linewidth=0.7)
        axes.set_axisbelow(True)
    left_out = len(board) - len(shown)
    note = f"the best {len(shown)} of {len(board)} items" if left_out else ""
    if title or note:
        # A dollar sign is one, not the start of a formula.
        figure.suptitle(_plain("; ".join(filter(None, (title, note)))), x=0.01, ha="left", fontsize=12)
    return figure


def write_plot(board: Leaderboard, path: Path, *, title: str = "") -> None:
    """Write the picture to a file: .png, .svg or .pdf, or .html with the table, in one file without links.

    Args:
        board: what to draw.
        path: where to.
        title: to stand above.

    Raises:
        InvalidInputError: a name that ends otherwise.
        MissingExtraError: Matplotlib or Jinja2 is not installed; the extra ``report`` brings them.
    """
    check_plot_path(path)
    figure = plot_leaderboard(board, title="" if path.suffix.lower() == ".html" else title)
    if path.suffix.lower() == ".html":
        path.write_text(_page(board, figure, title or "Leaderboard"), encoding="utf-8")
    else:
        image = BytesIO()  # so that an error leaves no half of a file
        figure.savefig(image, format=path.suffix[1:].lower(), dpi=150)
        path.write_bytes(image.getvalue())


PLOT_ENDINGS = (".png", ".svg", ".pdf", ".html")


def check_plot_path(path: Path) -> None:
    """Raise InvalidInputError unless the name says one of the formats."""
    if path.suffix.lower() not in PLOT_ENDINGS:
        raise InvalidInputError(
            f"plot: got {path.name!r}; wanted a name that ends in {', '.join(PLOT_ENDINGS)}"
        )


def _page(board: Leaderboard, figure: "Figure", title: str) -> str:
    jinja = require("jinja2", extra="report", purpose="a page of a leaderboard")
    matplotlib = require("matplotlib", extra="report", purpose="a page of a leaderboard")
    picture = StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "lossary"}):  # the same file every time
        figure.savefig(picture, format="svg", metadata={"Date": None})
    svg = picture.getvalue()
    page: str = (
        jinja.Environment(autoescape=True, undefined=jinja.StrictUndefined, trim_blocks=False)
        .from_string(_PAGE)
        .render(
            title=title,
            heading=heading(board),
            picture=svg[svg.index("<svg") :],
            header=HEADER,
            rows=list(cells(board)),
        )
    )
    return page


def _draw_worths(axes: "Axes", shown: tuple[Standing, ...], confidence: float) -> None:
    rows = np.arange(len(shown))
    axes.axvline(0, color=_FAINT, linewidth=0.8, linestyle=(0, (3, 3)), zorder=1)
    axes.hlines(rows, [each.low for each in shown], [each.high for each in shown], color=_LINE, linewidth=3.2)
    axes.plot([each.worth for each in shown], rows, "o", color=_POINT, markersize=4.5, zorder=3)
    axes.set_yticks(rows, [_plain(_short(each.item)) for each in shown])
    axes.set_xlabel(f"log-worth, {100 * confidence:g}% interval")
    axes.margins(x=0.03)
    ends = axes.get_xlim()
    chances = [chance for chance in _CHANCES if ends[0] <= math.log(chance / (1 - chance)) <= ends[1]]
    above = axes.secondary_xaxis("top")
    above.set_xticks(
        [math.log(chance / (1 - chance)) for chance in chances], [f"{chance:.0%}" for chance in chances]
    )
    above.set_xlabel("wins against the average item", labelpad=6)
    above.spines["top"].set_visible(False)
    axes.set_xlim(ends)


def _draw_ranks(axes: "Axes", shown: tuple[Standing, ...], count: int) -> None:
    rows = np.arange(len(shown))
    low, high = ([getattr(each, name) for each in shown] for name in ("rank_low", "rank_high"))
    axes.hlines(rows, low, high, color=_LINE, linewidth=3.2)
    axes.plot([each.rank for each in shown], rows, "o", color=_POINT, markersize=4.5, zorder=3)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, count) if count <= 6 * step)
    between = [rank for rank in range(step, count, step) if rank > 1 and count - rank > step / 2]
    axes.set_xticks(sorted({1, count, *between}))
    axes.set_xlim(1 - max(0.5, 0.03 * count), count + max(0.5, 0.03 * count))
    axes.set_xlabel("rank, and those not ruled out")
    for row, each in enumerate(shown):
        text = rank_range(each).replace("-", "\N{EN DASH}")
        axes.annotate(
            text,
            (1.0, row),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color="0.25",
            annotation_clip=False,
        )


def _short(name: str) -> str:
    return name if len(name) <= 36 else f"{name[:35]}\N{HORIZONTAL ELLIPSIS}"


def _plain(text: str) -> Any:
    return text.replace("$", r"\$")
