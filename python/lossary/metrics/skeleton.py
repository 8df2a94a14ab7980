"""Skeletons of masks: centre lines with the topology of the mask."""

from typing import Any

from lossary import _kernels
from lossary.errors import ShapeError
from lossary.metrics.images import Images, Masks, masks_of


def skeletonize(mask: Any, *, space_axes: int | None = None) -> Masks:
    """The centre lines of a mask, one pixel or voxel wide.

    A part of the mask stays one part and a hole stays a hole; foreground is joined across corners, background
    along axes. Images are thinned after Zhang and Suen, volumes after Lee, Kashyap and Chu; a volume with one
    plane as Lee and others thin images.

    Args:
        mask: booleans, or numbers that are all 0 or 1: one mask of two or three axes, or (N, C, *space).
        space_axes: how many of the last axes are those of a mask, 2 or 3; None reads arrays of up to three
            axes as one mask.

    Returns:
        Booleans in the shape of the mask.

    Raises:
        InvalidInputError: numbers other than 0 and 1, or a mask of about 2^32 voxels or more.
        ShapeError: masks of one axis, too many axes, or one of a mask of length 0.
        DtypeError: not an array-like.

    Differs from scikit-image: in volumes its `skeletonize` loses a part of the mask that shrinks to three
        voxels around a corner; here one of them stays. All else is what it returns, voxel for voxel, with its
        default method. It takes any number that is not 0 as foreground.

    Source: Zhang and Suen, A fast parallel algorithm for thinning digital patterns, Communications of the
        ACM 27, 1984; Lee, Kashyap and Chu, Building skeleton models via 3-D medial surface/axis thinning
        algorithms, CVGIP: Graphical Models and Image Processing 56, 1994.

    Example:
        >>> bar = [[0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]]
        >>> skeletonize(bar).astype(int).tolist()
        [[0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    """
    masks = masks_of("mask", mask, space_axes)
    check_plane_or_volume("mask", masks)
    return skeletons_of(masks.voxels).reshape(*masks.leading, *masks.space)


def check_plane_or_volume(name: str, images: Images) -> None:
    """Raise ShapeError where images have one axis: nothing has a skeleton there."""
    if len(images.space) == 1:
        shape = (*images.leading, *images.space)
        raise ShapeError(f"{name}: got shape {shape}, one axis of space; wanted two or three")


def skeletons_of(masks: Masks) -> Masks:
    """The skeletons of masks, (images, *space)."""
    return _kernels.skeletonize(masks.reshape(-1), [*masks.shape[1:]]).reshape(masks.shape)
