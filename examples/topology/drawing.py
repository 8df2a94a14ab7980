"""What the run shows: two tables, two CSV files, restored digits and the features of one of them."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import matplotlib as mpl
import numpy as np
from judging import METRICS, Choice, Findings, Outcome
from lossary.metrics import plot_betti_matching
from matplotlib.figure import Figure
from output import STYLE, markdown, write_csv
from restoring import BASELINE, LOSSES

Table = tuple[Sequence[str], list[list[str]]]

SHOWN = "dice + betti_matching"


def outcomes_table(outcomes: Sequence[Outcome]) -> Table:
    """Losses by metrics: means, and differences to Dice alone."""
    found = {(each.loss, each.metric): each for each in outcomes}
    rows = [[loss, *("\n".join(_lines(found[loss, metric])) for metric in METRICS)] for loss in LOSSES]
    return ["loss", *METRICS.values()], rows


def _lines(found: Outcome) -> list[str]:
    lines = [f"{np.mean(found.values):.4f}"]
    if found.ahead is None:
        return lines
    mark = "" if found.verdict == "unclear" else " *"
    return [
        *lines,
        f"{found.ahead:+.4f}{mark}",
        f"({found.low:+.4f} to {found.high:+.4f})",
        f"{found.seeds_better} of {len(found.values)}",
    ]


def choices_table(choices: Sequence[Choice]) -> Table:
    """The alphas that were tried, on validation images."""
    rows = [
        [
            each.loss,
            f"{each.alpha:g}",
            f"{each.dice:.4f}",
            f"{each.betti_matching_error:.3f}",
            "yes" if each.chosen else "",
        ]
        for each in choices
    ]
    return ["loss", "alpha", "Dice", "Betti matching error", "chosen"], rows


def in_markdown(table: Table) -> str:
    """A table in Markdown."""
    header, rows = table
    return markdown(header, [[cell.replace("\n", "<br>") for cell in row] for row in rows])


def shown_images(errors: dict[str, np.ndarray]) -> list[int]:
    """The first test images where betti_matching has fewer errors than Dice alone, as many, and more.

    As many is one or more. A case that no image shows is left out.
    """
    ours, baseline = errors[SHOWN], errors[BASELINE]
    cases = (ours < baseline, (ours == baseline) & (ours > 0), ours > baseline)
    return [int(np.argmax(case)) for case in cases if case.any()] or [0]


def digits_figure(found: Findings) -> Figure:
    """Rows of digits: what the network saw, what it made of it after each loss, and the truth."""
    places = shown_images(found.errors)
    with mpl.rc_context(STYLE | {"axes.grid": False}):
        drawn = Figure(figsize=(2 * (len(LOSSES) + 2), 0.4 + 2.2 * len(places)))
        panels = drawn.subplots(len(places), len(LOSSES) + 2, squeeze=False)
        for line, place in zip(panels, places, strict=True):
            columns = [("degraded", found.images.degraded[place, 0].numpy())]
            columns += [
                (
                    f"{loss}\nBetti matching error {found.errors[loss][place]:.0f}",
                    found.maps[loss][place, 0] >= 0.5,
                )
                for loss in LOSSES
            ]
            columns.append(("truth", found.images.target[place, 0].numpy()))
            for axes, (title, pixels) in zip(line, columns, strict=True):
                axes.imshow(pixels, cmap="gray", vmin=0, vmax=1)
                axes.set_title(title, fontsize=9)
                axes.set_axis_off()
    return drawn


def matching_figure(found: Findings) -> Figure:
    """The features that the map of the first shown digit shares with the truth."""
    place = shown_images(found.errors)[0]
    return plot_betti_matching(found.maps[SHOWN][place, 0], found.images.target[place, 0].numpy())


def write(folder: Path, found: Findings) -> None:
    """Write choices.csv, outcomes.csv, digits.png and matching.png."""
    write_csv(folder / "choices.csv", [asdict(each) for each in found.choices])
    outcomes = [
        {name: value for name, value in asdict(each).items() if name != "values"}
        | {f"seed_{seed}": value for seed, value in enumerate(each.values)}
        for each in found.outcomes
    ]
    write_csv(folder / "outcomes.csv", outcomes)
    digits_figure(found).savefig(folder / "digits.png", dpi=150)
    matching_figure(found).savefig(folder / "matching.png", dpi=150)
