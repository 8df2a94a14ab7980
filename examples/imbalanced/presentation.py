"""What the run shows: tables on the terminal or in Markdown, findings, two CSV files and a figure."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import matplotlib as mpl
from comparison import METRICS, Result, Summary
from matplotlib.figure import Figure
from models import BASELINE, LOSSES
from output import STYLE, markdown, write_csv
from rich.table import Table

# Okabe and Ito's palette, told apart by colour-blind readers; the marks tell them apart without colour.
COLOURS = dict(zip((loss for loss in LOSSES if loss != BASELINE), ("#0072B2", "#D55E00"), strict=True))
MARKS = dict(zip(COLOURS, ("o", "s"), strict=True))


def terminal_table(found: Sequence[Summary], metric: str) -> Table:
    """Sets by losses in one metric."""
    table = Table(
        title=f"Test {METRICS[metric]}, mean over {found[0].seeds} seed(s)",
        caption=f"Beneath: minus {BASELINE}, 95 % interval, seeds ahead\n* the interval is off zero",
        caption_justify="left",
        show_lines=True,
    )
    table.add_column("data", no_wrap=True)
    for loss in LOSSES:
        table.add_column(loss, justify="right", no_wrap=True)
    for dataset, rows in _by_dataset(found, metric):
        table.add_row(dataset, *("\n".join(_lines(row)) for row in rows))
    return table


def markdown_table(found: Sequence[Summary], metric: str) -> str:
    """The same table in Markdown."""
    rows = (
        (dataset, *("<br>".join(_lines(row)) for row in losses))
        for dataset, losses in _by_dataset(found, metric)
    )
    return markdown(("data", *LOSSES), rows)


def _by_dataset(found: Sequence[Summary], metric: str) -> list[tuple[str, list[Summary]]]:
    rows = [each for each in found if each.metric == metric]
    names = dict.fromkeys(each.dataset for each in rows)
    return [(name, [each for each in rows if each.dataset == name]) for name in names]


def _lines(row: Summary) -> list[str]:
    lines = [f"{row.value:.4f}"]
    if row.loss == BASELINE:
        # An interval of one model on other test rows is wide; that of a difference is what compares losses.
        return lines if row.value_low is None else [*lines, f"({row.value_low:.3f} to {row.value_high:.3f})"]
    lines.append(f"{row.ahead:+.4f}{'' if row.verdict == 'unclear' else ' *'}")
    if row.low is not None:
        lines.append(f"({row.low:+.4f} to {row.high:+.4f})")
    return [*lines, f"{row.seeds_ahead} of {row.seeds}"]


def findings(found: Sequence[Summary]) -> list[str]:
    """One line for each metric and loss: on how many sets it is clearly higher, clearly lower, or neither."""
    lines = []
    for metric, title in METRICS.items():
        for loss in COLOURS:
            rows = [each for each in found if (each.metric, each.loss) == (metric, loss)]
            higher, lower = (
                [each.dataset for each in rows if each.verdict == verdict] for verdict in ("higher", "lower")
            )
            line = (
                f"{title}, {loss} minus {BASELINE}: clearly higher on {_listed(higher)}; clearly lower on "
                f"{_listed(lower)}; not clearly different on {len(rows) - len(higher) - len(lower)} of "
                f"{len(rows)} sets; mean over the sets {sum(each.ahead for each in rows) / len(rows):+.4f}."
            )
            if metric == "roc_auc_score":
                above, below = sum(row.clear_above for row in rows), sum(row.clear_below for row in rows)
                line += (
                    f" DeLong's paired interval of a single seed is above zero for {above} and below for "
                    f"{below} of {sum(row.seeds for row in rows)}."
                )
            lines.append(line)
    return lines


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def figure(found: Sequence[Summary]) -> Figure:
    """The differences with their intervals, one panel for each metric."""
    datasets = list(dict.fromkeys(each.dataset for each in found))
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(9, 1.6 + 0.5 * len(datasets)))
        panels = drawn.subplots(1, len(METRICS), sharey=True)
        for axes, (metric, title) in zip(panels, METRICS.items(), strict=True):
            axes.axvline(0, color="#767676", linewidth=0.8)
            for loss, shift in zip(COLOURS, (-0.13, 0.13), strict=True):
                rows = [each for each in found if (each.metric, each.loss) == (metric, loss)]
                places = [datasets.index(each.dataset) + shift for each in rows]
                for row, place in zip(rows, places, strict=True):
                    if row.low is not None:
                        axes.plot([row.low, row.high], [place, place], color=COLOURS[loss], linewidth=1.6)
                marks = [each.ahead for each in rows]
                axes.plot(marks, places, MARKS[loss], color=COLOURS[loss], markersize=6, label=loss)
            axes.set(title=f"Test {title}", xlabel="minus cross-entropy, mean and 95 % interval")
            axes.tick_params(left=False)
            axes.locator_params(axis="x", nbins=6)
        panels[0].set_yticks(range(len(datasets)), datasets)
        panels[0].set_ylim(len(datasets) - 0.5, -0.5)
        drawn.legend(
            *panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False
        )
    return drawn


def write(folder: Path, results: Sequence[Result], found: Sequence[Summary]) -> None:
    """Write models.csv, summary.csv and differences.png."""
    for name, rows in (("models.csv", results), ("summary.csv", found)):
        write_csv(folder / name, [asdict(row) for row in rows])
    figure(found).savefig(folder / "differences.png", dpi=150)
