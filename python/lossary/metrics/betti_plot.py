"""A picture of two segmentations: which features they share, where each lies, and both barcodes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lossary.errors import DtypeError, ShapeError
from lossary.extras import require
from lossary.metrics.arrays import Array
from lossary.metrics.images import check_same_shape, levels_of
from lossary.metrics.options import check_choice, check_not_negative, check_whole
from lossary.metrics.persistence import BettiMatchingPairs, betti_matching_pairs
from lossary.metrics.topology_errors import checked_dimensions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FILTRATIONS = ("superlevel", "sublevel")
MOST_FEATURES = 200

_NAMES = ("components", "loops", "cavities")
_MARKERS = ("o", "s", "^")
_ALONE = "0.55"


class _Bar(NamedTuple):
    """A feature of one image: its voxel, and its levels of birth and death, if it ever dies."""

    place: Array
    birth: float
    death: float | None


class _Feature(NamedTuple):
    """A feature of the prediction, of the target, or of both."""

    dimension: int
    bars: tuple[_Bar | None, _Bar | None]

    @property
    def is_matched(self) -> bool:
        return None not in self.bars

    @property
    def length(self) -> float:
        """The longer of its bars."""
        bars = [bar for bar in self.bars if bar is not None]
        return max(np.inf if bar.death is None else abs(bar.birth - bar.death) for bar in bars)


def plot_betti_matching(
    prediction: Any,
    target: Any,
    *,
    filtration: str = "superlevel",
    dimensions: Iterable[int] | None = None,
    max_features: int = 20,
    min_length: float | None = None,
    projection_axis: int = 0,
    figure: "Figure | None" = None,
) -> "Figure":
    """Draw two images with their features, and both barcodes: what is the same has the same colour.

    Matched features also share a row of the barcodes; unmatched ones are grey and crossed out. A circle marks
    a component, at the voxel where it is born; a square marks a loop and a triangle a cavity, at the voxel
    where it is filled. The component that never dies is a bar without an end.

    Args:
        prediction: finite numbers, one image of two or three axes.
        target: of the same shape.
        filtration: "superlevel": features of high values, as of probabilities of a foreground; "sublevel": of
            low values.
        dimensions: which to draw: 0 components, 1 loops, 2 cavities; None draws all.
        max_features: how many at most, the longest first.
        min_length: a difference of levels; features that are shorter in both images are not drawn. None is a
            hundredth of the range of both.
        projection_axis: of images with three axes the one that is looked along; the highest value is seen, or
            the lowest of sublevel sets.
        figure: a figure to draw in, whose layout is set; None makes one.

    Returns:
        The Matplotlib figure, neither shown nor saved.

    Raises:
        InvalidInputError: NaN, infinity, or an option out of range.
        ShapeError: shapes that differ, or images of other than two or three axes.
        DtypeError: an argument that is not an array-like, or an option of the wrong type.
        MissingExtraError: Matplotlib is not installed; the extra ``report`` brings it.

    Source: Stucki, Paetzold, Shit, Menze and Bauer, Topologically faithful image segmentation via induced
        matching of persistence barcodes, ICML 2023, figure 1.

    Example:
        >>> ring = [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
        >>> figure = plot_betti_matching([[0.9, 0.8, 0.9], [0.7, 0.1, 0.9], [0.9, 0.9, 0.9]], ring)
        >>> [axes.get_title() for axes in figure.axes[:2]]
        ['prediction: 2 of 3 features matched', 'target: 2 of 2 features matched']
    """
    check_choice("filtration", filtration, FILTRATIONS)
    check_whole("max_features", max_features, 1, MOST_FEATURES)
    if min_length is not None:
        check_not_negative("min_length", min_length)
    first, second = levels_of("prediction", prediction, None), levels_of("target", target, None)
    check_same_shape(first, second)
    axes = len(first.space)
    if first.leading or axes < 2:
        shape = (*first.leading, *first.space)
        raise ShapeError(f"prediction: got shape {shape}; wanted one image, of two or three axes")
    check_whole("projection_axis", projection_axis, 0, axes - 1)
    wanted = checked_dimensions(dimensions, axes)
    library = require("matplotlib.figure", extra="report", purpose="plot_betti_matching")
    if figure is not None and not isinstance(figure, library.Figure):
        raise DtypeError(f"figure: got {figure!r:.60}; wanted a matplotlib.figure.Figure, or None")
    falling = filtration == "superlevel"
    images = [each.voxels[0].astype(np.float64) for each in (first, second)]
    # A zero with a sign ties with zero, so that negation is exact.
    pairs = betti_matching_pairs(*(-image if falling else image for image in images))
    features = _features(pairs, images, wanted)
    if min_length is None:
        min_length = 0.01 * (max(map(np.max, images)) - min(map(np.min, images)))
    shown = _longest(features, max_features, float(min_length))
    picture = _Picture(images, features, shown, projection_axis, falling)
    return picture.drawn(figure)


def _features(pairs: BettiMatchingPairs, images: list[Array], dimensions: list[int]) -> list[_Feature]:
    """All features in the dimensions, with levels of the images as they were given."""

    def bars(record: Any, name: str, image: Array, dimension: int) -> list[_Bar | None]:
        birth, death = (getattr(record, f"{name}_{end}") for end in ("birth", "death"))
        levels = [image[tuple(ends.T)].tolist() for ends in (birth, death)]
        return list(map(_Bar, death if dimension else birth, *levels))

    features = []
    if 0 in dimensions:
        places = (pairs.essential_birth_prediction, pairs.essential_birth_target)
        first, second = (
            _Bar(place, float(image[tuple(place)]), None) for place, image in zip(places, images, strict=True)
        )
        features.append(_Feature(0, (first, second)))
    for dimension in dimensions:
        record = pairs[dimension]
        sides = [
            [bars(record, f"{kind}_{side}", image, dimension) for kind in ("matched", "unmatched")]
            for side, image in zip(("prediction", "target"), images, strict=True)
        ]
        (both, own), (of_target, other) = sides
        features += [_Feature(dimension, pair) for pair in zip(both, of_target, strict=True)]
        features += [_Feature(dimension, (bar, None)) for bar in own]
        features += [_Feature(dimension, (None, bar)) for bar in other]
    return features


def _longest(features: list[_Feature], count: int, least: float) -> list[_Feature]:
    """The longest features, by dimension, the matched ones first."""
    long = [feature for feature in features if feature.length >= least]
    longest = sorted(long, key=lambda feature: -feature.length)[:count]
    return sorted(longest, key=lambda feature: (feature.dimension, not feature.is_matched))


class _Picture(NamedTuple):
    """What is drawn.

    Attributes:
        images: prediction and target.
        features: all of them.
        shown: those that are drawn, from the top of the barcodes to the bottom.
        projection_axis: the axis that images of three axes are looked along.
        falling: whether features are those of falling levels.
    """

    images: list[Array]
    features: list[_Feature]
    shown: list[_Feature]
    projection_axis: int
    falling: bool

    def drawn(self, figure: "Figure | None") -> "Figure":
        from matplotlib.figure import Figure

        if figure is None:
            figure = Figure(figsize=(9.0, 4.6 + 0.16 * len(self.shown)))
        figure.set_layout_engine("constrained")
        bars = 0.9 + 0.16 * len(self.shown)
        grid = figure.subplots(2, 2, height_ratios=(3.7, bars), squeeze=False)
        for side, name in enumerate(("prediction", "target")):
            self._draw_image(grid[0, side], side, name)
            self._draw_barcode(grid[1, side], side)
        grid[1, 1].sharex(grid[1, 0])
        if self.falling:
            grid[1, 0].invert_xaxis()
        figure.legend(handles=self._legend(), loc="outside lower center", ncols=4, frameon=False)
        return figure

    def _bars(self, side: int, features: list[_Feature] | None = None) -> list[tuple[int, _Feature, _Bar]]:
        """The features of one image, those shown unless told otherwise, each with its row."""
        numbered = enumerate(self.shown if features is None else features)
        return [(row, feature, bar) for row, feature in numbered if (bar := feature.bars[side]) is not None]

    def _colour(self, row: int) -> Any:
        from matplotlib import colormaps

        matched = [place for place, feature in enumerate(self.shown) if feature.is_matched]
        return colormaps["turbo"]((matched.index(row) + 0.5) / len(matched)) if row in matched else _ALONE

    def _draw_image(self, axes: "Axes", side: int, name: str) -> None:
        image = self.images[side]
        low, high = min(each.min() for each in self.images), max(each.max() for each in self.images)
        if image.ndim == 3:
            image = image.max(self.projection_axis) if self.falling else image.min(self.projection_axis)
        axes.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
        for row, feature, bar in self._bars(side):
            y, x = np.delete(bar.place, self.projection_axis) if len(bar.place) == 3 else bar.place
            over = 3 if feature.is_matched else 2
            colour, marker = self._colour(row), _MARKERS[feature.dimension]
            axes.plot(x, y, color=colour, marker=marker, markeredgecolor="white", markersize=8, zorder=over)
            if not feature.is_matched:
                axes.plot(x, y, color="black", marker="x", markersize=9, markeredgewidth=1.6, zorder=over)
        own = [feature for _, feature, _ in self._bars(side, self.features)]
        matched = sum(feature.is_matched for feature in own)
        axes.set_title(f"{name}: {matched} of {len(own)} features matched")
        axes.set_xticks([])
        axes.set_yticks([])

    def _draw_barcode(self, axes: "Axes", side: int) -> None:
        image = self.images[side]
        end = float(image.min() if self.falling else image.max())
        for row, feature, bar in self._bars(side):
            colour, death = self._colour(row), end if bar.death is None else bar.death
            axes.plot([bar.birth, death], [row, row], color=colour, linewidth=3, solid_capstyle="butt")
            marker = _MARKERS[feature.dimension]
            axes.plot(bar.birth, row, color=colour, marker=marker, markersize=5)
            if bar.death is None:
                axes.plot(death, row, color=colour, marker=">", markersize=6)
            if not feature.is_matched:
                axes.plot((bar.birth + death) / 2, row, color="black", marker="x", markersize=6)
        axes.set_ylim(len(self.shown) - 0.4, -0.6)
        axes.set_yticks([])
        axes.spines[["left", "top", "right"]].set_visible(False)
        left_out = len(self._bars(side, self.features)) - len(self._bars(side))
        shorter = f"; {left_out:,} shorter features not shown" if left_out else ""
        axes.set_xlabel("level" + shorter)

    def _legend(self) -> list[Any]:
        from matplotlib.lines import Line2D

        kinds = sorted({feature.dimension for feature in self.shown})
        handles = [
            Line2D([], [], color="0.25", marker=_MARKERS[kind], linestyle="none", label=_NAMES[kind])
            for kind in kinds
        ]
        if not all(feature.is_matched for feature in self.shown):
            handles.append(Line2D([], [], color="black", marker="x", linestyle="none", label="not matched"))
        return handles
