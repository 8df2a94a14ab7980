"""What the run shows: tables on the terminal or in Markdown, two CSV files and a figure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import matplotlib as mpl
from contestants import BASELINE, LOSSES, TRAINED_FOR, WEIGHTED
from criteria import METRICS, RULES
from matplotlib.figure import Figure
from output import STYLE, markdown, write_csv
from summary import PLAIN, REFERENCES, RULE_PAIRS, Difference, Outcome, Outcomes, contenders

# Okabe and Ito's palette, told apart by colour-blind readers; the marks tell them apart without colour.
COLOURS = dict(zip((*PLAIN[1:], "anyloss"), ("#009E73", "#CC79A7", "#0072B2", "#D55E00"), strict=True))
MARKS = dict(zip(COLOURS, ("^", "D", "o", "s"), strict=True))
TITLES = {"half": "at a probability of one half", "best": "at the best threshold of the validation rows"}

AT = {"half": "at one half", "best": "at its best threshold"}

Table = tuple[list[str], list[list[str]]]


def overview(found: Outcomes, rule: str) -> Table:
    """Metrics by losses: means over the sets, and on how many a loss is clear of cross-entropy."""
    header = ["metric", *PLAIN, "anyloss"]
    rows = []
    for metric, title in METRICS.items():
        differences = found.to_baseline(metric, rule)
        row = [title, f"{found.mean_over_sets(BASELINE, metric, rule):.3f}"]
        for loss in contenders(metric)[1:]:
            verdicts = [each for (_, name), each in differences.items() if name == loss]
            row.append(f"{found.mean_over_sets(loss, metric, rule):.3f} ({_verdicts(verdicts)})")
        rows.append(row)
    return header, rows


def _verdicts(differences: Iterable[Difference]) -> str:
    verdicts = [each.verdict for each in differences]
    return f"{verdicts.count('higher')} up, {verdicts.count('lower')} down"


def counts(found: Outcomes) -> Table:
    """What `anyloss` gains over the references: clear differences over all scores and sets, and means."""
    header = ["anyloss", "minus", "clearly above", "clearly below", *METRICS.values()]
    rows = []
    for rule, reference_rule in RULE_PAIRS:
        for reference in REFERENCES:
            families = [
                found.of_anyloss(metric, rule, reference=reference, reference_rule=reference_rule)
                for metric in METRICS
            ]
            verdicts = [each.verdict for family in families for each in family]
            means = [sum(each.ahead for each in family) / len(family) for family in families]
            rows.append(
                [
                    AT[rule],
                    f"{reference} {AT[reference_rule]}",
                    *(f"{verdicts.count(verdict)} of {len(verdicts)}" for verdict in ("higher", "lower")),
                    *(f"{mean:+.3f}" for mean in means),
                ]
            )
    return header, rows


def by_set(found: Outcomes, metric: str, rule: str) -> Table:
    """Sets by losses in one metric: means, and differences to both references."""
    to_baseline = found.to_baseline(metric, rule)
    to_weighted = found.of_anyloss(metric, rule, reference=WEIGHTED, reference_rule=rule)
    header = ["data", *PLAIN, f"anyloss for {METRICS[metric]}", f"that minus {WEIGHTED}"]
    rows = []
    for dataset, weighted in zip(found.datasets, to_weighted, strict=True):
        row = [dataset, f"{found.mean(dataset, BASELINE, metric, rule):.3f}"]
        for loss in contenders(metric)[1:]:
            mean = f"{found.mean(dataset, loss, metric, rule):.3f}"
            row.append("\n".join([mean, *_lines(to_baseline[dataset, loss])]))
        row.append("\n".join(_lines(weighted)))
        rows.append(row)
    return header, rows


def searched(found: Outcomes, reference: str) -> Table:
    """Sets by metrics: `anyloss` at one half minus the reference at its best threshold."""
    columns = [
        found.of_anyloss(metric, "half", reference=reference, reference_rule="best") for metric in METRICS
    ]
    rows = [
        [dataset, *("\n".join(_lines(each)) for each in line)]
        for dataset, line in zip(found.datasets, zip(*columns, strict=True), strict=True)
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


def summaries(found: Outcomes) -> dict[str, Table]:
    """The tables over all sets, by title."""
    tables = {f"Mean over the sets, {title}": overview(found, rule) for rule, title in TITLES.items()}
    tables["anyloss minus a reference: clear differences, and means over the sets"] = counts(found)
    for loss in (BASELINE, WEIGHTED):
        tables[f"anyloss at one half minus {loss} at its best threshold"] = searched(found, loss)
    for rule, title in TITLES.items():
        tables[f"What anyloss is trained for, {title}"] = aims(found, rule)
    tables["Median chosen epoch, and processor time of a step beside cross_entropy's"] = speed(found)
    return tables


def details(found: Outcomes) -> dict[str, Table]:
    """The tables of single sets, by title."""
    return {
        f"{name}, {title}": by_set(found, metric, rule)
        for rule, title in TITLES.items()
        for metric, name in METRICS.items()
    }


def page(found: Outcomes) -> str:
    """All tables in Markdown."""
    tables = summaries(found) | details(found)
    return "\n".join(f"{title}\n\n{in_markdown(table)}" for title, table in tables.items())


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
    (folder / "tables.md").write_text(page(found), encoding="utf-8")
    figure(found).savefig(folder / "differences.png", dpi=150)
