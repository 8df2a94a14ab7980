"""The figures of the report, as SVG that goes into the page."""

import io
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from lossary.metrics import roc_curve
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from training import RECIPES, Run

# Okabe and Ito's palette, told apart by colour-blind readers; dashes tell them apart without colour.
COLOURS = dict(zip((recipe.name for recipe in RECIPES), ("#595959", "#0072B2", "#D55E00"), strict=True))
DASHES = dict(zip(COLOURS, ("-", (0, (5, 1.5)), (0, (1.5, 1.2))), strict=True))
DECIDES = [recipe.name for recipe in RECIPES if recipe.fixes_threshold]
CONTOURS = (0.1, 0.2, 0.3)
GRID = np.linspace(0, 1, 401)
STYLE = {
    "svg.fonttype": "none",  # text stays text: it can be selected, searched and read aloud
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#767676",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}
Runs = Mapping[str, Sequence[Run]]


def curves(runs: Runs, target: np.ndarray) -> Figure:
    """ROC and precision-recall curves: mean over seeds, with a band from the least to the greatest."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 4.2))
        roc, precision = figure.subplots(1, 2)
        roc.plot([0, 1], [0, 1], color="#b0b0b0", linewidth=0.8)
        precision.axhline(target.mean(), color="#b0b0b0", linewidth=0.8)
        for name, models in runs.items():
            points = [_points(target, run.test_logits) for run in models]
            _band(roc, name, GRID, np.array([np.interp(GRID, fpr, tpr) for fpr, tpr, _ in points]))
            # At each recall, the precision of the first threshold that reaches it.
            rows = [values[np.searchsorted(tpr, GRID[1:])] for _, tpr, values in points]
            _band(precision, name, GRID[1:], np.array(rows))
        for name in DECIDES:
            _mark_decision(precision, name, runs[name], target)
        for f1 in CONTOURS:
            _f1_contour(precision, f1)
        roc.set(title="ROC", xlabel="false positive rate", ylabel="true positive rate (recall)")
        precision.set(title="Precision and recall", xlabel="recall", ylabel="precision")
        for axes in (roc, precision):
            axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        roc.legend(loc="lower right")
        (point,) = precision.plot([], [], "o", color="#404040", markersize=7)
        precision.legend([point], ["decisions at 0.5"], loc="upper right")
    return figure


def training(runs: Runs) -> Figure:
    """Training loss, and exact metrics on the held-out rows, by epoch."""
    panels = (
        ("Training loss", "loss"),
        ("Held-out ROC AUC", "roc_auc_score"),
        ("Held-out F1 at 0.5", "f1_score"),
    )
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.2))
        for axes, (title, field) in zip(figure.subplots(1, 3), panels, strict=True):
            for name, models in runs.items():
                if field == "f1_score" and name not in DECIDES:
                    continue
                rows = np.array([[getattr(epoch, field) for epoch in run.epochs] for run in models])
                if field == "loss":
                    rows /= rows[:, :1]
                    axes.set_ylabel("share of the first epoch's")
                _band(axes, name, np.arange(1, rows.shape[1] + 1), rows)
            axes.set(title=title, xlabel="epoch")
        figure.axes[0].legend(loc="upper right")
    return figure


def svg(figure: Figure, description: str) -> str:
    """A figure as an SVG element that says what it shows; the same bytes each time."""
    text = io.StringIO()
    with mpl.rc_context(STYLE | {"svg.hashsalt": description}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    markup = text.getvalue()
    return markup[markup.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{description}"', 1)


def _points(target: np.ndarray, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False positive rate, recall and precision at every threshold that predicts something."""
    fpr, tpr, _ = (np.asarray(part) for part in roc_curve(target, logits, drop_intermediate=False))
    hits, alarms = tpr * target.sum(), fpr * (~target).sum()
    precision = np.divide(hits, hits + alarms, out=np.ones_like(hits), where=hits + alarms > 0)
    return fpr, tpr, precision


def _band(axes: Axes, name: str, x: np.ndarray, rows: np.ndarray) -> None:
    axes.fill_between(x, rows.min(axis=0), rows.max(axis=0), color=COLOURS[name], alpha=0.18, linewidth=0)
    axes.plot(x, rows.mean(axis=0), color=COLOURS[name], linestyle=DASHES[name], linewidth=1.8, label=name)


def _mark_decision(axes: Axes, name: str, models: Sequence[Run], target: np.ndarray) -> None:
    decisions = np.array([run.test_logits >= 0 for run in models])
    hits = (decisions & target).sum(axis=1)
    predicted = decisions.sum(axis=1)
    if predicted.all():
        recall, precision = (hits / target.sum()).mean(), (hits / predicted).mean()
        axes.plot(recall, precision, "o", color=COLOURS[name], markersize=7, markeredgecolor="white")


def _f1_contour(axes: Axes, f1: float) -> None:
    """Where precision and recall give this F1."""
    recall = np.linspace(f1 / (2 - f1), 1, 200)
    precision = f1 * recall / (2 * recall - f1)
    axes.plot(recall, precision, color="#b0b0b0", linewidth=0.8, zorder=1)
    label = f"F1 {f1}" if f1 == CONTOURS[-1] else f"{f1}"
    axes.text(0.985, f1 / (2 - f1) + 0.008, label, ha="right", fontsize=8, color="#6b6b6b")
