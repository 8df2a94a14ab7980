"""A picture of a loss: its value and its derivative along the line of `loss_profile`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lossary.authoring.profile import LossProfile, loss_profile
from lossary.authoring.spec import LossSpec
from lossary.errors import DtypeError, InvalidInputError
from lossary.extras import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What a file is to say beside the picture: the date would make two of the same loss differ.
_METADATA: dict[str, dict[str, Any]] = {".pdf": {"CreationDate": None}, ".png": {}, ".svg": {"Date": None}}


def plot_loss(spec: LossSpec, *, figure: "Figure | None" = None) -> "Figure":
    """Draw a loss: its value above its derivative, along the line of `loss_profile`; a dot is the example.

    Args:
        spec: the loss, for example from ``lossary.get``.
        figure: a figure to draw in, whose layout is set; None makes one.

    Returns:
        The Matplotlib figure, neither shown nor saved.

    Raises:
        InvalidInputError: at the example inputs there is no gradient to follow.
        DtypeError: ``figure`` is no figure.
        MissingExtraError: Matplotlib is not installed; the extra ``report`` brings it.

    Example:
        >>> import lossary
        >>> figure = plot_loss(lossary.get("binary_hinge"))
        >>> [axes.get_ylabel() for axes in figure.axes]
        ['value', 'derivative']
    """
    library = require("matplotlib.figure", extra="report", purpose="plot_loss")
    if figure is not None and not isinstance(figure, library.Figure):
        raise DtypeError(f"figure: got {figure!r:.60}; wanted a matplotlib.figure.Figure, or None")
    profile = loss_profile(spec)
    if figure is None:
        figure = library.Figure(figsize=(5.0, 3.4))
    figure.set_layout_engine("constrained")
    # A loss may hold fixed all that its picture moves.
    heights = (3, 2) if profile.derivative.any() else (1,)
    panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    curves = (("value", profile.value, "tab:blue"), ("derivative", profile.derivative, "tab:red"))
    for axes, curve in zip(panels, curves, strict=False):
        _draw(axes, profile, *curve)
    panels[0].set_title(spec.name, fontsize=10.5, fontweight="bold", pad=17)
    panels[0].annotate(
        spec.paper.short,
        (0.5, 1.0),
        xycoords="axes fraction",
        xytext=(0, 5),
        textcoords="offset points",
        ha="center",
        fontsize=9,
    )
    for axes in panels[:-1]:
        axes.tick_params(bottom=False)
    panels[-1].locator_params(axis="x", nbins=8)
    panels[-1].set_xlabel(profile.words, fontsize=9)
    figure.align_ylabels()
    return figure


def save_plot(spec: LossSpec, path: str | Path) -> None:
    """Write the picture of a loss to a file, the same bytes each time.

    Args:
        spec: the loss, for example from ``lossary.get``.
        path: ends in .png, .svg or .pdf. Text in an SVG stays text.

    Raises:
        InvalidInputError: another suffix, or no gradient to follow at the example inputs.
        MissingExtraError: Matplotlib is not installed; the extra ``report`` brings it.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _METADATA:
        raise InvalidInputError(f"path: got {path}; wanted a file that ends in .png, .svg or .pdf")
    matplotlib = require("matplotlib", extra="report", purpose="a picture of a loss")
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "lossary"}):
        plot_loss(spec).savefig(path, dpi=150, metadata=_METADATA[suffix])


def _draw(axes: "Axes", profile: LossProfile, name: str, heights: np.ndarray, colour: str) -> None:
    axes.plot(profile.parameter, heights, color=colour)
    if profile.example is not None:
        axes.axvline(profile.example, color="0.85", linewidth=0.8, zorder=0)
        at = profile.parameter == profile.example
        axes.plot(profile.parameter[at], heights[at], color=colour, marker="o", markersize=5)
    axes.set_ylabel(name, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0)
    axes.locator_params(axis="y", nbins=5)
