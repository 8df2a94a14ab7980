"""Errors of segmentations in what is joined and what is enclosed, not in how many voxels are wrong.

Maps of numbers become masks at a threshold; of label maps each class is foreground in its turn (``labels``).
An array of up to three axes is one map, so that (N, H, W) must say ``space_axes=2``; of four or five axes it
is a batch (N, C, *space). Each (n, c), or (n, label), is a map of its own. ``confidence=`` draws the first of
the leading axes: the images of a batch, with all their channels and labels.
"""

from collections.abc import Iterable
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, UndefinedMetricError
from lossary.metrics.betti_numbers import CONSTRUCTIONS, Counts, characteristics_of, numbers_of
from lossary.metrics.bootstrap import of_rows
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.images import MaskPairs, Masks, mask_pairs
from lossary.metrics.options import check_choice, check_flag

REDUCTIONS = ("mean", "sum", "none")


class BettiErrors(NamedTuple):
    """Errors in components, loops and cavities.

    Attributes:
        error: mean or sum over the maps, a float; `per_image` for "none"; an `Interval` with confidence.
        per_dimension: int64, (*leading, dimensions), components first; with labels an axis of them before the
            last.
        per_image: their sums over the dimensions.
    """

    error: Value
    per_dimension: Counts
    per_image: Counts


class EulerErrors(NamedTuple):
    """Errors in the Euler characteristic.

    Attributes:
        error: mean or sum over the maps, a float; `per_image` for "none"; an `Interval` with confidence.
        per_image: int64, (*leading,); with labels (*leading, labels).
    """

    error: Value
    per_image: Counts


def betti_matching_error(
    prediction: Any,
    target: Any,
    *,
    threshold: float = 0.5,
    relative: bool = False,
    include_essential: bool = True,
    dimensions: Iterable[int] | None = None,
    labels: Any = None,
    space_axes: int | None = None,
    reduction: str = "mean",
    confidence: float | Confidence | None = None,
) -> BettiErrors:
    """Number of components, loops and cavities of either mask that the other has not in the same place.

    0 if and only if all features match; lower is better. Where `betti_number_error` lets a missing component
    and a false one elsewhere make up for each other, this one counts two errors.

    Args:
        prediction: finite numbers, (N, C, *space), or one map of one to three axes.
        target: of the same shape.
        threshold: foreground is at or above it, in the dtype of the map: 0.7 of float32 is at 0.7.
        relative: first put a frame around each mask, a voxel of foreground on every side, which closes what
            the border cuts. A mask without foreground stays without.
        include_essential: the oldest component never dies and matches that of the other mask. Where only one
            mask has foreground that costs 2 in dimension 0; False counts nothing.
        dimensions: which to count: 0 components, 1 loops, 2 cavities; None counts all.
        labels: integers; both arrays are then label maps, without channels, and each label in its turn is
            foreground, all others background, those left out included.
        space_axes: how many of the last axes are those of a map, 1 to 3; None reads arrays of up to three
            axes as one map. Of label maps with three axes it must be told.
        reduction: "mean" or "sum" over all maps, or "none".
        confidence: the level of a bootstrap interval over the images of the mean, or a `Confidence`.

    Returns:
        A BettiErrors.

    Raises:
        InvalidInputError: NaN or infinity, no real numbers, or an option out of range.
        ShapeError: shapes that differ; too many axes, or one of a map of length 0.
        UndefinedMetricError: the mean of no maps; confidence with one image.
        DtypeError: an argument that is not an array-like, no number or flag; label maps of floats.

    Source: Stucki, Paetzold, Shit, Menze and Bauer, Topologically faithful image segmentation via induced
        matching of persistence barcodes, ICML 2023.

    Example:
        >>> prediction = [[1, 1, 0, 0, 0], [1, 1, 0, 0, 1]]
        >>> target = [[1, 1, 0, 1, 0], [1, 1, 0, 0, 0]]  # the small component is elsewhere
        >>> betti_matching_error(prediction, target).error
        2.0
    """
    check_choice("reduction", reduction, REDUCTIONS)
    check_flag("relative", relative)
    check_flag("include_essential", include_essential)
    maps = mask_pairs(prediction, target, threshold=threshold, labels=labels, space_axes=space_axes)
    wanted = checked_dimensions(dimensions, maps.dimensions)
    table = maps.differences(lambda first, second: matching_counts(first, second, relative=relative))
    errors = matching_errors(table, include_essential=include_essential)[..., wanted]
    return _betti_errors(maps, errors, reduction, confidence)


def betti_number_error(
    prediction: Any,
    target: Any,
    *,
    threshold: float = 0.5,
    dimensions: Iterable[int] | None = None,
    construction: str = "V",
    labels: Any = None,
    space_axes: int | None = None,
    reduction: str = "mean",
    confidence: float | Confidence | None = None,
) -> BettiErrors:
    """Difference in the number of components, of loops and of cavities; lower is better.

    Also called Betti error. Numbers can agree where nothing matches: see `betti_matching_error`.

    Args:
        prediction: finite numbers, (N, C, *space), or one map of one to three axes.
        target: of the same shape.
        threshold: foreground is at or above it.
        dimensions: which to count: 0 components, 1 loops, 2 cavities; None counts all.
        construction: "V" joins foreground along axes, "T" also across corners.
        labels: integers; both arrays are then label maps, as in `betti_matching_error`.
        space_axes: how many of the last axes are those of a map, as in `betti_matching_error`.
        reduction: "mean" or "sum" over all maps, or "none".
        confidence: the level of a bootstrap interval over the images of the mean, or a `Confidence`.

    Returns:
        A BettiErrors.

    Raises:
        InvalidInputError: as `betti_matching_error`.
        ShapeError: as `betti_matching_error`.
        UndefinedMetricError: the mean of no maps; confidence with one image.
        DtypeError: as `betti_matching_error`.

    Example:
        >>> found = betti_number_error([[1, 1, 1], [1, 0, 1], [1, 1, 0]], [[1, 1, 1], [1, 0, 1], [1, 1, 1]])
        >>> found.error, found.per_dimension.tolist()  # the ring is open
        (1.0, [0, 1])
    """
    check_choice("reduction", reduction, REDUCTIONS)
    check_choice("construction", construction, CONSTRUCTIONS)
    maps = mask_pairs(prediction, target, threshold=threshold, labels=labels, space_axes=space_axes)
    wanted = checked_dimensions(dimensions, maps.dimensions)
    table = maps.differences(lambda first, second: number_differences(first, second, construction))
    return _betti_errors(maps, table[..., wanted], reduction, confidence)


def euler_characteristic_error(
    prediction: Any,
    target: Any,
    *,
    threshold: float = 0.5,
    construction: str = "V",
    labels: Any = None,
    space_axes: int | None = None,
    reduction: str = "mean",
    confidence: float | Confidence | None = None,
) -> EulerErrors:
    """Difference in components less loops plus cavities; lower is better.

    The cheapest of these errors and the least strict: a false component makes up for a false loop.

    Args:
        prediction: finite numbers, (N, C, *space), or one map of one to three axes.
        target: of the same shape.
        threshold: foreground is at or above it.
        construction: "V" joins foreground along axes, "T" also across corners.
        labels: integers; both arrays are then label maps, as in `betti_matching_error`.
        space_axes: how many of the last axes are those of a map, as in `betti_matching_error`.
        reduction: "mean" or "sum" over all maps, or "none".
        confidence: the level of a bootstrap interval over the images of the mean, or a `Confidence`.

    Returns:
        An EulerErrors.

    Raises:
        InvalidInputError: as `betti_matching_error`.
        ShapeError: as `betti_matching_error`.
        UndefinedMetricError: the mean of no maps; confidence with one image.
        DtypeError: as `betti_matching_error`.

    Example:
        >>> ring, disc = [[1, 1, 1], [1, 0, 1], [1, 1, 1]], [[1, 1, 1], [1, 1, 1], [1, 1, 1]]
        >>> euler_characteristic_error(ring, disc).error
        1.0
    """
    check_choice("reduction", reduction, REDUCTIONS)
    check_choice("construction", construction, CONSTRUCTIONS)
    maps = mask_pairs(prediction, target, threshold=threshold, labels=labels, space_axes=space_axes)

    def differences(first: Masks, second: Masks) -> Counts:
        ours, theirs = (characteristics_of(masks, construction) for masks in (first, second))
        return _distance(ours, theirs)[:, None]

    each = maps.differences(differences)[..., 0]
    return EulerErrors(_reduced(maps, each, reduction, confidence), each)


def matching_counts(prediction: Masks, target: Masks, *, relative: bool) -> Counts:
    """Unmatched features by dimension, then whether one mask alone is empty: (images, axes + 1)."""
    pair = [_framed(masks) if relative else masks for masks in (prediction, target)]
    space = [*pair[0].shape[1:]]
    # The superlevel sets of a mask are the sublevel sets of its complement.
    first, second = ((~masks).view(np.uint8).reshape(-1) for masks in pair)
    found = _kernels.betti_matching(first, second, space)
    table = np.empty((len(found), len(space) + 1), np.int64)
    for row, (dimensions, _) in zip(table, found, strict=True):
        row[:-1] = [len(ours) + len(theirs) for _, ours, theirs in dimensions]
    axes = tuple(range(1, prediction.ndim))
    table[:, -1] = prediction.any(axes) != target.any(axes)
    return table


def _framed(masks: Masks) -> Masks:
    """The masks with a voxel on every side: foreground, where the mask has any."""
    framed = np.pad(masks, [(0, 0), *[(1, 1)] * (masks.ndim - 1)], constant_values=True)
    framed[~masks.any(tuple(range(1, masks.ndim)))] = False
    return framed


def matching_errors(table: Counts, *, include_essential: bool) -> Counts:
    """The errors of each dimension from `matching_counts`, or from sums of them."""
    errors: Counts = table[..., :-1].copy()
    if include_essential:
        errors[..., 0] += 2 * table[..., -1]
    return errors


def number_differences(prediction: Masks, target: Masks, construction: str) -> Counts:
    """Differences in each Betti number, and after them in the Euler characteristic: (images, axes + 1)."""
    return _distance(numbers_of(prediction, construction), numbers_of(target, construction))


def _distance(first: Counts, second: Counts) -> Counts:
    distance: Counts = np.abs(first - second)
    return distance


def checked_dimensions(given: Any, dimensions: int) -> list[int]:
    """The dimensions to count, ascending.

    Raises:
        InvalidInputError: none, or one that the maps have not.
        DtypeError: no integers.
    """
    if given is None:
        return list(range(dimensions))
    wanted = f"some of {', '.join(map(str, range(dimensions)))}"
    try:
        chosen = [*given]
    except TypeError as error:
        raise DtypeError(f"dimensions: got {given!r:.60}; wanted {wanted}, or None") from error
    if not all(isinstance(each, Integral) and not isinstance(each, bool) for each in chosen):
        raise DtypeError(f"dimensions: got {chosen!r:.60}; wanted {wanted}, or None")
    found = sorted({int(each) for each in chosen})
    if not found or found[0] < 0 or found[-1] >= dimensions:
        raise InvalidInputError(f"dimensions: got {chosen!r:.60}; wanted {wanted}, or None")
    return found


def _betti_errors(
    maps: MaskPairs, per_dimension: Counts, reduction: str, confidence: float | Confidence | None
) -> BettiErrors:
    per_image = per_dimension.sum(axis=-1, dtype=np.int64)
    return BettiErrors(_reduced(maps, per_image, reduction, confidence), per_dimension, per_image)


def _reduced(
    maps: MaskPairs, per_image: Counts, reduction: str, confidence: float | Confidence | None
) -> Value:
    if confidence is not None and reduction != "mean":
        raise InvalidInputError(f"confidence: got a level with reduction={reduction!r}; wanted 'mean'")
    if reduction == "none":
        return per_image
    total = int(per_image.sum())
    if reduction == "sum":
        return float(total)
    if not per_image.size:
        raise UndefinedMetricError(f"prediction: got no maps, shape {maps.shape}; wanted at least one")
    error = total / per_image.size
    if confidence is None:
        return error
    rows = per_image.reshape(maps.images, -1).mean(axis=1)
    return of_rows(rows, None, confidence, value=error)
