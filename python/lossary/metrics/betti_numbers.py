"""How many components, loops and cavities masks have.

With construction "V" voxels are points: foreground is joined along axes (4 or 6 neighbours), the background
across corners too (8 or 26). With "T" voxels are closed squares or cubes, and it is the other way round.
`persistence_pairs` and `betti_matching_error` know "V" only.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.metrics.images import Images, Masks, masks_of
from lossary.metrics.options import check_choice

CONSTRUCTIONS = ("V", "T")

Counts = NDArray[np.int64]


class BettiNumbers(NamedTuple):
    """The shape of a mask in a few numbers.

    Attributes:
        betti_numbers: number of components, of loops, and in 3-D of cavities, int64, (*leading, axes).
        euler_characteristic: their alternating sum: an integer, or for several masks int64, (*leading,).
    """

    betti_numbers: Counts
    euler_characteristic: Any


def betti_numbers(mask: Any, *, construction: str = "V", space_axes: int | None = None) -> BettiNumbers:
    """Number of components, loops and cavities of the foreground of a mask.

    Args:
        mask: booleans, or numbers that are all 0 or 1: one mask of one to three axes, or (N, C, *space).
        construction: "V" joins foreground along axes, "T" also across corners.
        space_axes: how many of the last axes are those of a mask, 1 to 3; None reads arrays of up to three
            axes as one mask.

    Returns:
        A BettiNumbers. Without foreground all numbers are 0.

    Raises:
        InvalidInputError: numbers other than 0 and 1, or an unknown construction.
        ShapeError: no axis, too many, or one of a mask of length 0.
        DtypeError: not an array-like.

    Example:
        >>> betti_numbers([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]])  # a ring and a point
        BettiNumbers(betti_numbers=array([2, 1]), euler_characteristic=1)
        >>> betti_numbers([[1, 0], [0, 1]], construction="T").betti_numbers.tolist()  # joined at the corner
        [1, 0]
    """
    check_choice("construction", construction, CONSTRUCTIONS)
    masks = masks_of("mask", mask, space_axes)
    found = numbers_of(masks.voxels, construction)
    return BettiNumbers(
        found[:, :-1].reshape(*masks.leading, len(masks.space)), _in_shape(found[:, -1], masks)
    )


def euler_characteristic(mask: Any, *, construction: str = "V", space_axes: int | None = None) -> Any:
    """Components less loops plus cavities of a mask, without counting any: faster than `betti_numbers`.

    Args:
        mask: as `betti_numbers`.
        construction: "V" joins foreground along axes, "T" also across corners.
        space_axes: how many of the last axes are those of a mask, 1 to 3; None reads arrays of up to three
            axes as one mask.

    Returns:
        An integer; for several masks int64 of the leading axes.

    Raises:
        InvalidInputError: as `betti_numbers`.
        ShapeError: as `betti_numbers`.
        DtypeError: not an array-like.

    Example:
        >>> euler_characteristic([[1, 1, 1], [1, 0, 1], [1, 1, 1]])  # one component less one loop
        0
    """
    check_choice("construction", construction, CONSTRUCTIONS)
    masks = masks_of("mask", mask, space_axes)
    return _in_shape(characteristics_of(masks.voxels, construction), masks)


def numbers_of(masks: Masks, construction: str) -> Counts:
    """The Betti numbers of each mask, and after them its Euler characteristic: (images, axes + 1)."""
    space = [*masks.shape[1:]]
    found = np.empty((len(masks), len(space) + 1), np.int64)
    for row, mask in zip(found, masks, strict=True):
        row[:-1], row[-1] = _kernels.betti_numbers(mask.reshape(-1), space, construction)
    return found


def characteristics_of(masks: Masks, construction: str) -> Counts:
    """The Euler characteristic of each mask, (images,)."""
    space = [*masks.shape[1:]]
    each = (_kernels.euler_characteristic(mask.reshape(-1), space, construction) for mask in masks)
    return np.fromiter(each, np.int64, len(masks))


def _in_shape(found: Counts, masks: Images) -> Any:
    return found.reshape(masks.leading) if masks.leading else int(found[0])
