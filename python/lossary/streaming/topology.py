"""Errors of segmentations in topology, summed over any number of images."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple, Self, final

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.betti_numbers import CONSTRUCTIONS
from lossary.metrics.images import MOST_AXES, Masks, checked_labels, checked_threshold, mask_pairs
from lossary.metrics.options import check_choice, check_flag, check_whole
from lossary.metrics.topology_errors import (
    checked_dimensions,
    matching_counts,
    matching_errors,
    number_differences,
)
from lossary.streaming.state import State
from lossary.streaming.topology_sums import LONGEST_TAG, TopologySums

Counts = NDArray[np.int64]

_MOST_CHANNELS = 2**12


class TopologySummary(NamedTuple):
    """The mean errors of all maps.

    Attributes:
        betti_matching_error: features of either mask that the other has not in the same place.
        betti_number_error: difference in the numbers of components, loops and cavities.
        euler_characteristic_error: difference in components less loops plus cavities.
        images: how many.
    """

    betti_matching_error: float
    betti_number_error: float
    euler_characteristic_error: float
    images: int


class TopologyTotals(NamedTuple):
    """The sums over all images, exactly: divided by ``images`` they are the errors of each class.

    Attributes:
        images: how many.
        betti_matching: unmatched features, without essential ones, int64, (classes, dimensions).
        essential: how often only one of the masks had foreground, (classes,); each costs 2 in dimension 0.
        betti_numbers: differences in number, (classes, dimensions).
        euler_characteristic: differences in it, (classes,).
    """

    images: int
    betti_matching: Counts
    essential: Counts
    betti_numbers: Counts
    euler_characteristic: Counts


@final
class TopologyState(State[TopologySums]):
    """Errors in topology of any number of batches, exactly as of all images at once.

    All errors are integers, so batches may come in any order and be merged in any way. Images of a batch have
    one shape, those of others may have another. A state takes some 50 bytes for each class.

    Args:
        space_axes: how many axes an image has, 1 to 3: the last of each batch.
        channels: how many maps an image has, which batches (N, C, *space) then count.
        labels: instead, the classes of label maps (N, *space): each is foreground in its turn.
        threshold: foreground is at or above it.
        relative: put a frame of foreground around each mask for `betti_matching_error`.
        construction: "V" or "T", how `betti_number_error` and `euler_characteristic_error` join voxels.

    Raises:
        InvalidInputError: an option out of range, or labels beside channels or a threshold.
        DtypeError: an option of another type.

    Example:
        >>> ring, disc = [[1, 1, 1], [1, 0, 1], [1, 1, 1]], [[1, 1, 1], [1, 1, 1], [1, 1, 1]]
        >>> state = TopologyState().update(ring, disc)
        >>> state.merge(TopologyState().update([[1, 0, 1]], [[1, 0, 0]])).betti_matching_error()
        1.0
        >>> state.betti_number_error(dimensions=[1])  # one loop in two images
        0.5
    """

    __slots__ = ("_options",)

    _kernel = TopologySums
    _options: dict[str, Any]

    def __init__(
        self,
        *,
        space_axes: int = 2,
        channels: int = 1,
        labels: Any = None,
        threshold: float = 0.5,
        relative: bool = False,
        construction: str = "V",
    ) -> None:
        """A state without images."""
        check_whole("space_axes", space_axes, 1, MOST_AXES)
        check_whole("channels", channels, 1, _MOST_CHANNELS)
        check_flag("relative", relative)
        check_choice("construction", construction, CONSTRUCTIONS)
        limit, classes = checked_threshold(threshold, labels), checked_labels(labels)
        if classes is not None and channels != 1:
            raise InvalidInputError(f"channels: got {channels} with labels; wanted one of the two")
        self._options = {
            "channels": int(channels),
            "construction": construction,
            "labels": classes,
            "relative": bool(relative),
            "space_axes": int(space_axes),
            "threshold": limit,
        }
        tag = json.dumps(self._options)
        if len(tag) > LONGEST_TAG:
            raise InvalidInputError(f"labels: got {len(tag)} bytes of options; wanted at most {LONGEST_TAG}")
        columns = int(channels) if classes is None else len(classes)
        self._state = TopologySums(tag, columns, 2 * int(space_axes) + 2)

    @classmethod
    def _of(cls, kernel: TopologySums) -> Self:
        try:
            state = cls(**json.loads(kernel.tag))
        except (ValueError, TypeError, RecursionError) as error:
            raise _other_options(kernel.tag) from error
        shapes = [each.content[1].shape for each in (state._state, kernel)]
        if state._state.tag != kernel.tag or shapes[0] != shapes[1]:
            raise _other_options(kernel.tag)
        state._state = kernel
        return state

    def update(self, prediction: Any, target: Any) -> Self:
        """Add a batch, which may be empty.

        Args:
            prediction: maps, (N, C, *space); with one channel also (N, *space), or one map. Label maps,
                (N, *space), or one.
            target: of the same shape.

        Returns:
            The state itself.

        Raises:
            InvalidInputError: NaN or infinity, or no real numbers. The state is unchanged.
            ShapeError: shapes that differ, another number of axes or channels, or no voxels.
            DtypeError: an argument that is not an array-like; label maps of floats.
        """
        maps = mask_pairs(
            prediction,
            target,
            threshold=self._options["threshold"],
            labels=self._options["labels"],
            space_axes=self._options["space_axes"],
        )
        images = self._images(maps.prediction.leading)
        relative, construction = self._options["relative"], self._options["construction"]

        def count(first: Masks, second: Masks) -> Counts:
            matching = matching_counts(first, second, relative=relative)
            return np.hstack([matching, number_differences(first, second, construction)])

        table = maps.differences(count)
        columns, measures = self._state.content[1].shape
        self._state.add(images, table.reshape(images, columns, measures).sum(axis=0, dtype=np.int64))
        return self

    def betti_matching_error(
        self, *, include_essential: bool = True, dimensions: Iterable[int] | None = None
    ) -> float:
        """The mean of `lossary.metrics.betti_matching_error` over all maps.

        Args:
            include_essential: count 2 where only one of the masks has foreground.
            dimensions: which to count; None counts all.

        Raises:
            UndefinedMetricError: the state has no images.
            InvalidInputError: a dimension that the maps have not.
            DtypeError: no flag, or no integers.
        """
        check_flag("include_essential", include_essential)
        wanted = checked_dimensions(dimensions, self.space_axes)
        images, sums = self._content()
        table = sums[:, : self.space_axes + 1]
        return _mean(matching_errors(table, include_essential=include_essential)[:, wanted], images)

    def betti_number_error(self, *, dimensions: Iterable[int] | None = None) -> float:
        """The mean of `lossary.metrics.betti_number_error` over all maps.

        Args:
            dimensions: which to count; None counts all.

        Raises:
            UndefinedMetricError: the state has no images.
            InvalidInputError: a dimension that the maps have not.
            DtypeError: no integers.
        """
        wanted = checked_dimensions(dimensions, self.space_axes)
        images, sums = self._content()
        return _mean(sums[:, self.space_axes + 1 : -1][:, wanted], images)

    def euler_characteristic_error(self) -> float:
        """The mean of `lossary.metrics.euler_characteristic_error` over all maps.

        Raises:
            UndefinedMetricError: the state has no images.
        """
        images, sums = self._content()
        return _mean(sums[:, -1:], images)

    def compute(self) -> TopologySummary:
        """The mean errors of all maps.

        Raises:
            UndefinedMetricError: the state has no images.
        """
        errors = (self.betti_matching_error(), self.betti_number_error(), self.euler_characteristic_error())
        return TopologySummary(*errors, self.images)

    def totals(self) -> TopologyTotals:
        """The sums over all images, for each class: of a state without images zeros."""
        images, sums = self._state.content
        axes = self.space_axes
        parts = (sums[:, :axes], sums[:, axes], sums[:, axes + 1 : -1], sums[:, -1])
        return TopologyTotals(images, *(part.copy() for part in parts))

    @property
    def images(self) -> int:
        """Number of images."""
        return self._state.content[0]

    @property
    def space_axes(self) -> int:
        """How many axes an image has."""
        axes: int = self._options["space_axes"]
        return axes

    def _images(self, leading: tuple[int, ...]) -> int:
        """The number of images of a batch; refuses other axes than this state counts."""
        channels = self._options["channels"]
        is_labels = self._options["labels"] is not None
        if len(leading) == 2 and not is_labels and leading[1] == channels:
            return leading[0]
        if len(leading) <= 1 and channels == 1:
            return leading[0] if leading else 1
        wanted = "(N, *space)" if is_labels else f"(N, {channels}, *space)"
        raise ShapeError(f"prediction: got leading axes {leading}; wanted {wanted}")

    def _content(self) -> tuple[int, Counts]:
        images, sums = self._state.content
        if not images:
            raise UndefinedMetricError("state: got no images; wanted at least one")
        return images, sums

    def __repr__(self) -> str:
        defaults = TopologyState()._options
        changed = {name: value for name, value in self._options.items() if value != defaults[name]}
        options = "".join(f"{name}={value!r}, " for name, value in changed.items())
        return f"TopologyState({options}images={self.images})"


def _mean(sums: Counts, images: int) -> float:
    # Python's integers do not overflow, whatever the sums of the columns.
    return sum(sums.ravel().tolist()) / (images * len(sums))


def _other_options(tag: str) -> InvalidInputError:
    return InvalidInputError(f"data: got the options {tag!r:.80}; wanted what to_bytes returned")
