"""Persistent homology of images: where components, loops and cavities are born and die.

As the level rises from the lowest voxel to the highest, the sublevel set {image <= level} grows. Components
(dimension 0) are born at their lowest voxel and die where they meet an older one; loops (1) are born where
they close and die where they are filled; cavities (2) likewise. Voxels of a sublevel set are neighbours along
axes, those around it also across corners. Superlevel sets are the sublevel sets of ``-image``.

An array of up to three axes is one image, (N, C, *space) of four or five a batch; ``space_axes`` says it for
all others, as ``space_axes=2`` for (N, H, W).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.metrics.images import MOST_AXES, Images, check_same_shape, levels_of, nested, refused

Places = NDArray[np.int64]
"""Coordinates of voxels, (M, axes)."""

Doubles = NDArray[np.float64]


class PairRecord(NamedTuple):
    """The pairs of one dimension, in ascending order of the coordinates of birth, then of death.

    Attributes:
        birth: coordinates of the voxel at which each feature is born, int64, (M, axes).
        death: coordinates of the voxel at which it dies.
        birth_value: the image at birth, float64, (M,).
        death_value: the image at death, which is higher.
    """

    birth: Places
    death: Places
    birth_value: Doubles
    death_value: Doubles


class PersistencePairs(NamedTuple):
    """The features of an image that are born and die.

    Attributes:
        dimension_0: components.
        dimension_1: loops; None for an image of one axis.
        dimension_2: cavities; None for an image of fewer than three axes.
        essential_birth: coordinates of the first lowest voxel, (axes,): its component never dies.
    """

    dimension_0: PairRecord
    dimension_1: PairRecord | None
    dimension_2: PairRecord | None
    essential_birth: Places


class MatchRecord(NamedTuple):
    """The features of two images in one dimension: row i of one matched array is the same feature in all.

    Coordinates are int64, (M, axes), values float64, (M,). Matched rows are in ascending order of the
    prediction's pair, others of their own.
    """

    matched_prediction_birth: Places
    matched_prediction_death: Places
    matched_prediction_birth_value: Doubles
    matched_prediction_death_value: Doubles
    matched_target_birth: Places
    matched_target_death: Places
    matched_target_birth_value: Doubles
    matched_target_death_value: Doubles
    unmatched_prediction_birth: Places
    unmatched_prediction_death: Places
    unmatched_prediction_birth_value: Doubles
    unmatched_prediction_death_value: Doubles
    unmatched_target_birth: Places
    unmatched_target_death: Places
    unmatched_target_birth_value: Doubles
    unmatched_target_death_value: Doubles


class BettiMatchingPairs(NamedTuple):
    """Which features of two images are the same.

    Attributes:
        dimension_0: components.
        dimension_1: loops; None for images of one axis.
        dimension_2: cavities; None for images of fewer than three axes.
        num_matched: features of both, for each dimension, int64, (axes,).
        num_unmatched_prediction: features of the prediction alone.
        num_unmatched_target: features of the target alone.
        essential_birth_prediction: coordinates of the prediction's first lowest voxel, (axes,).
        essential_birth_target: of the target's. The components that never die are the same feature.
    """

    dimension_0: MatchRecord
    dimension_1: MatchRecord | None
    dimension_2: MatchRecord | None
    num_matched: Places
    num_unmatched_prediction: Places
    num_unmatched_target: Places
    essential_birth_prediction: Places
    essential_birth_target: Places


def persistence_pairs(image: Any, *, space_axes: int | None = None) -> Any:
    """Births and deaths of the components, loops and cavities of the sublevel sets of an image.

    Exact: values are compared, never added, and of those that tie the first in memory order is the oldest.
    Features of length zero are left out, so a constant image has none.

    Args:
        image: finite numbers: one image of one to three axes, or (N, C, *space). float32, float64, uint8 and
            booleans are read in place, other integers to 2**53 as float64.
        space_axes: how many of the last axes are those of an image, 1 to 3; all others count images. None
            reads arrays of up to three axes as one image.

    Returns:
        A PersistencePairs; for several images lists of them, ``pairs[n][c]``.

    Raises:
        InvalidInputError: NaN, infinity, integers beyond 2**53, no real numbers, or 2**29 voxels or more.
        ShapeError: no axis, too many, or one of an image of length 0.
        DtypeError: not an array-like.

    Source: Wagner, Chen and Vucini, Efficient computation of persistent homology for cubical data, 2012.

    Example:
        >>> pairs = persistence_pairs([1.0, 3.0, 0.0, 2.0])  # the component of the 1 meets that of the 0 at 3
        >>> pairs.dimension_0.birth_value.tolist(), pairs.dimension_0.death_value.tolist()
        ([1.0], [3.0])
        >>> pairs.dimension_0.death.tolist(), pairs.essential_birth.tolist()
        ([[1]], [2])
    """
    images = levels_of("image", image, space_axes)
    space = images.space
    found = refused({"image": images}, lambda: _kernels.persistence_pairs(images.flat, [*space]))
    records = []
    for dimension in range(len(space)):
        rows = [dimensions[dimension] for dimensions, _ in found]
        ends = zip(_looked_up(images, rows, 0), _looked_up(images, rows, 1), strict=True)
        records.append([PairRecord(birth, death, low, high) for (birth, low), (death, high) in ends])
    essential = _coordinates([place for _, place in found], space)
    return nested(map(PersistencePairs, *_by_dimension(records, len(found)), essential), images.leading)


def betti_matching_pairs(prediction: Any, target: Any, *, space_axes: int | None = None) -> Any:
    """Which components, loops and cavities of two images are the same, in place.

    A feature of each is matched if both become the same feature in the unions of the sublevel sets, which are
    the sublevel sets of the smaller image at each voxel.

    Args:
        prediction: as the image of `persistence_pairs`.
        target: of the same shape.
        space_axes: how many of the last axes are those of an image, 1 to 3; None reads arrays of up to three
            axes as one image.

    Returns:
        A BettiMatchingPairs; for several images lists of them, ``pairs[n][c]``. Together, matched and
        unmatched pairs are those of `persistence_pairs`.

    Raises:
        InvalidInputError: as `persistence_pairs`.
        ShapeError: as `persistence_pairs`, or shapes that differ.
        DtypeError: an argument that is not an array-like.

    Source: Stucki, Paetzold, Shit, Menze and Bauer, Topologically faithful image segmentation via induced
        matching of persistence barcodes, ICML 2023; the order of cells that tie is that of Stucki, Bürgin,
        Paetzold and Bauer, Efficient Betti matching enables topology-aware 3D segmentation, 2024.

    Example:
        >>> pairs = betti_matching_pairs([1.0, 3.0, 0.0, 2.0], [1.0, 4.0, 0.0, 0.0])
        >>> pairs.num_matched.tolist(), pairs.dimension_0.matched_target_death_value.tolist()
        ([1], [4.0])
    """
    first, second = (
        levels_of(name, given, space_axes) for name, given in (("prediction", prediction), ("target", target))
    )
    check_same_shape(first, second)
    dtype = np.result_type(first.voxels, second.voxels)  # float32 holds all that uint8 does
    space = first.space
    found = refused(
        {"prediction": first, "target": second},
        lambda: _kernels.betti_matching(
            first.flat.astype(dtype, copy=False), second.flat.astype(dtype, copy=False), [*space]
        ),
    )
    sides = ((first, 0, 0), (second, 0, 2), (first, 1, 0), (second, 2, 0))
    records = []
    for dimension in range(len(space)):
        columns: list[Iterable[Any]] = []
        for images, kind, column in sides:
            rows = [dimensions[dimension][kind] for dimensions, _ in found]
            (birth, low), (death, high) = (_columns(_looked_up(images, rows, column + end)) for end in (0, 1))
            columns += [birth, death, low, high]
        records.append([MatchRecord(*fields) for fields in zip(*columns, strict=True)])
    counts = np.array(
        [[[len(rows) for rows in kinds] for kinds in dimensions] for dimensions, _ in found], np.int64
    ).reshape(len(found), len(space), 3)
    essential = (_coordinates([places[side] for _, places in found], space) for side in (0, 1))
    fields = (*_by_dimension(records, len(found)), *np.moveaxis(counts, 2, 0), *essential)
    return nested(map(BettiMatchingPairs, *fields), first.leading)


def _looked_up(images: Images, rows: list[Places], column: int) -> list[tuple[Places, Doubles]]:
    """Coordinates and values at the positions in a column, for each image: all images in one go."""
    counts = [len(each) for each in rows]
    positions = np.concatenate([each[:, column] for each in rows]) if rows else np.empty(0, np.int64)
    starts = np.repeat(np.arange(len(rows)) * images.voxels[0].size if rows else [], counts).astype(np.int64)
    values = images.flat[starts + positions].astype(np.float64)
    places = _coordinates(positions, images.space)
    ends = np.cumsum(counts, dtype=np.int64).tolist()
    spans = [slice(end - count, end) for count, end in zip(counts, ends, strict=True)]
    return [(places[span], values[span]) for span in spans]


def _columns(pairs: list[tuple[Places, Doubles]]) -> tuple[list[Places], list[Doubles]]:
    return [place for place, _ in pairs], [value for _, value in pairs]


def _coordinates(positions: Any, space: tuple[int, ...]) -> Places:
    left = np.asarray(positions).astype(
        np.uint32
    )  # images are smaller, and NumPy divides 32 bits 10 times as fast
    places = np.empty((len(left), len(space)), np.int64)
    for axis in range(len(space) - 1, 0, -1):
        length = np.uint32(space[axis])
        above = left // length
        places[:, axis] = left - above * length
        left = above
    places[:, 0] = left
    return places


def _by_dimension(records: list[list[Any]], images: int) -> list[list[Any]]:
    """The records of each image, and None for the dimensions that it has not."""
    return [*records, *([[None] * images] * (MOST_AXES - len(records)))]
