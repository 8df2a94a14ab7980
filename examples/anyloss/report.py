"""What the run shows: tables on the terminal or in Markdown, two CSV files and a figure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import matplotlib as mpl
from contestants import BASELINE, LOSSES, TRAINED_FOR, WEIGHTED
from criteria import METRICS, RULES
from matplotlib.figure import Figure
from output import STYLE, markdown, write_csv
from summary import PLAIN, Difference, Outcome, Outcomes, contenders

# Okabe and Ito's palette, told apart by colour-blind readers; the marks tell them apart without colour.
COLOURS = dict(zip((*PLAIN[1:], "anyloss"), ("#009E73", "#CC79A7", "#0072B2", "#D55E00"), strict=True))
MARKS = dict(zip(COLOURS, ("^", "D", "o", "s"), strict=True))
TITLES = {"half": "at a probability of one half", "best": "at the best threshold of the validation rows"}

Table = tuple[list[str], list[list[str]]]


def overview(found: Outcomes, rule: str) -> Table:
    """Metrics by losses: the mean over the sets, and on how many of them it is clearly higher or lower."""
    header = ["metric", *PLAIN, "anyloss", f"anyloss to {WEIGHTED}"]
    rows = []
    for metric, title in METRICS.items():
        differences = found.to_baseline(metric, rule)
        row = [title, f"{found.mean_over_sets(BASELINE, metric, rule):.3f}"]
        for loss in contenders(metric)[1:]:
            verdicts = [each for (_, name), each in differences.items() if name == loss]
            row.append(f"{found.mean_over_sets(loss, metric, rule):.3f} ({_verdicts(verdicts)})")
        rows.append([*row, _verdicts(found.to_weighted(metric, rule).values())])
    return header, rows


def _verdicts(differences: Iterable[Difference]) -> str:
    verdicts = [each.verdict for each in differences]
    return f"{verdicts.count('higher')} up, {verdicts.count('lower')} down"


def by_set(found: Outcomes, metric: str, rule: str) -> Table:
    """Sets by losses in one metric: means, and differences to both references."""
    to_baseline, to_weighted = found.to_baseline(metric, rule), found.to_weighted(metric, rule)
    header = ["data", *PLAIN, f"anyloss for {METRICS[metric]}", f"that minus {WEIGHTED}"]
    rows = []
    for dataset in found.datasets:
        row = [dataset, f"{found.mean(dataset, BASELINE, metric, rule):.3f}"]
        for loss in contenders(metric)[1:]:
            mean = f"{found.mean(dataset, loss, metric, rule):.3f}"
            row.append("\n".join([mean, *_lines(to_baseline[dataset, loss])]))
        row.append("\n".join(_lines(to_weighted[dataset, f"anyloss_{metric}"])))
        rows.append(row)
    return header, rows


def searched(found: Outcomes, reference: str) -> Table:
    """Sets by metrics: `anyloss` at one half minus the reference at its best threshold."""
    differences = {metric: found.to_searched(metric, reference) for metric in METRICS}
    rows = [
        [
            dataset,
            *("\n".join(_lines(differences[metric][dataset, f"anyloss_{metric}"])) for metric in METRICS),
        ]
        for dataset in found.datasets
    ]
    return ["data", *METRICS.values()], rows


def _lines(found: Difference) -> list[str]:
    lines = [f"{found.ahead:+.3f}{'' if found.verdict == 'unclear' else ' *'}"]
    if found.low is not None:
        lines.append(f"({found.low:+.3f} to {found.high:+.3f})")
    return [*lines, f"{found.seeds_ahead} of {found.seeds}"]


def aims(found: Outcomes, rule: str) -> Table:
    """What `anyloss` is trained for by what it is measured in: means over the sets."""
    rows = [
        [METRICS[aim], *(f"{found.mean_over_sets(loss, metric, rule):.3f}" for metric in METRICS)]
        for loss, aim in TRAINED_FOR.items()
    ]
    best = [f"{len(found.aimed_best(metric, rule))} of {len(found.datasets)}" for metric in METRICS]
    return ["trained for", *METRICS.values()], [*rows, ["sets on which the own aim is best", *best]]


def speed(found: Outcomes) -> Table:
    """Losses by the epochs and the time they take."""
    rows = [
        [loss, *(f"{found.typical_epoch(loss, rule):.0f}" for rule in RULES), f"{found.step_ratio(loss):.2f}"]
        for loss in LOSSES
    ]
    return ["loss", "epoch, for one half", "epoch, for the best threshold", "time of a step"], rows


def in_markdown(table: Table) -> str:
    """A table in Markdown."""
    header, rows = table
    return markdown(header, [[cell.replace("\n", "<br>") for cell in row] for row in rows])


def page(outcomes: Sequence[Outcome]) -> str:
    """All tables in Markdown."""
    found = Outcomes(outcomes)
    parts = []
    for rule, title in TITLES.items():
        parts += [f"Overview {title}", in_markdown(overview(found, rule))]
    for reference in (BASELINE, WEIGHTED):
        parts += [
            f"anyloss at one half minus {reference} at its best",
            in_markdown(searched(found, reference)),
        ]
    for rule, title in TITLES.items():
        parts += [f"What anyloss is trained for, {title}", in_markdown(aims(found, rule))]
    parts += ["Speed", in_markdown(speed(found))]
    for rule, title in TITLES.items():
        for metric, name in METRICS.items():
            parts += [f"{name} {title}", in_markdown(by_set(found, metric, rule))]
    return "\n".join(parts)


def figure(found: Outcomes) -> Figure:
    """The differences to cross-entropy with their intervals: a row of panels for each rule."""
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(13, 2 + 0.9 * len(found.datasets)))
        panels = drawn.subplots(len(RULES), len(METRICS), sharey=True, squeeze=False)
        for line, rule in zip(panels, RULES, strict=True):
            for axes, (metric, title) in zip(line, METRICS.items(), strict=True):
                differences = found.to_baseline(metric, rule)
                axes.axvline(0, color="#767676", linewidth=0.8)
                for index, (label, loss) in enumerate(zip(COLOURS, contenders(metric)[1:], strict=True)):
                    for place, dataset in enumerate(found.datasets):
                        each, height = differences[dataset, loss], place + 0.2 * (index - 1.5)
                        if each.low is not None:
                            ends = [each.low, each.high]
                            axes.plot(ends, [height, height], color=COLOURS[label], linewidth=1.4)
                        mark = {"label": label} if place == 0 else {}
                        axes.plot(
                            each.ahead, height, MARKS[label], color=COLOURS[label], markersize=5, **mark
                        )
                axes.set_title(f"{title}, {'at 0.5' if rule == 'half' else 'best threshold'}")
                axes.tick_params(left=False)
                axes.locator_params(axis="x", nbins=5)
        for axes in panels[-1]:
            axes.set_xlabel("minus cross-entropy")
        panels[0, 0].set_yticks(range(len(found.datasets)), found.datasets)
        panels[0, 0].set_ylim(len(found.datasets) - 0.5, -0.5)
        drawn.legend(
            *panels[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=4, frameon=False
        )
    return drawn


def write(folder: Path, outcomes: Sequence[Outcome]) -> None:
    """Write models.csv, differences.csv, tables.md and differences.png."""
    found = Outcomes(outcomes)
    models = [
        {
            "dataset": each.dataset,
            "loss": each.loss,
            "metric": each.metric,
            "rule": each.rule,
            "seed": seed,
            "learning_rate": each.learning_rate,
            "epoch": epoch,
            "value": value,
        }
        for each in outcomes
        for seed, (epoch, value) in enumerate(zip(each.epochs, each.values, strict=True))
    ]
    write_csv(folder / "models.csv", models)
    write_csv(folder / "differences.csv", [asdict(each) for each in found.all_differences()])
    (folder / "tables.md").write_text(page(outcomes), encoding="utf-8")
    figure(found).savefig(folder / "differences.png", dpi=150)
