"""Arrays as images: which axes are those of an image, what kernels read, and pairs of masks to compare."""

from collections.abc import Callable, Iterator, Sequence
from math import inf, isfinite, prod
from numbers import Real
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, contiguous, numeric, one_axis, to_numpy
from lossary.metrics.options import check_whole

T = TypeVar("T")

Masks = NDArray[np.bool_]
"""Foreground, (images, *space)."""

MOST_AXES = 3

# Doubles hold all integers to here.
_EXACT = 2**53


class Images(NamedTuple):
    """Images of one shape, and the axes that count them.

    Attributes:
        voxels: (images, *space), contiguous.
        leading: the axes before those of an image; none for one image.
    """

    voxels: Array
    leading: tuple[int, ...]

    @property
    def space(self) -> tuple[int, ...]:
        """The axes of an image."""
        return self.voxels.shape[1:]

    @property
    def flat(self) -> Array:
        """All voxels, as the kernels read them."""
        return self.voxels.reshape(-1)

    def check_finite(self, name: str) -> None:
        """Raise InvalidInputError where a voxel is NaN or infinite."""
        if self.voxels.dtype.kind != "f":
            return
        finite = np.isfinite(self.flat)
        if not finite.all():
            index = int(np.argmin(finite))
            place = tuple(map(int, np.unravel_index(index, (*self.leading, *self.space))))
            raise InvalidInputError(f"{name}: got {self.flat[index]} at {place}; wanted finite numbers")


def images_of(name: str, given: Any, space_axes: Any, *, has_channels: bool = True) -> Images:
    """Any array-like of real numbers as images.

    Args:
        name: the argument, for messages.
        given: the array-like.
        space_axes: how many of its last axes are those of an image, 1 to 3. None: one image of up to three
            axes, or (N, C, *space) of four or five; without channels one of up to two, or (N, D, H, W).
        has_channels: whether batches have channels.

    Raises:
        ShapeError: too few or too many axes, or an image without voxels.
        InvalidInputError: no real numbers, or ``space_axes`` out of range.
        DtypeError: not an array-like.
    """
    array = numeric(name, to_numpy(name, given))
    axes = _space_axes(name, array.shape, space_axes, has_channels=has_channels)
    leading, space = array.shape[: array.ndim - axes], array.shape[array.ndim - axes :]
    if not all(space):
        raise ShapeError(f"{name}: got shape {array.shape}; wanted images without an axis of length 0")
    return Images(contiguous(array).reshape(prod(leading), *space), leading)


def _space_axes(name: str, shape: tuple[int, ...], given: Any, *, has_channels: bool) -> int:
    axes = len(shape)
    if given is not None:
        check_whole("space_axes", given, 1, MOST_AXES)
        if axes < given:
            raise ShapeError(f"{name}: got shape {shape}; wanted {given} axes or more, as space_axes says")
        return int(given)
    if not has_channels and axes == MOST_AXES:
        raise ShapeError(
            f"{name}: got shape {shape} with labels; wanted space_axes=2 for several maps, or 3 for one"
        )
    if 1 <= axes <= MOST_AXES:
        return axes
    batched = (4, 5) if has_channels else (4,)
    if axes in batched:
        return axes - 2 if has_channels else MOST_AXES
    batch = "4 or 5 of (N, C, *space)" if has_channels else "4 of (N, D, H, W)"
    raise ShapeError(f"{name}: got shape {shape}; wanted 1 to 3 axes of one image, {batch}, or space_axes")


def levels_of(name: str, given: Any, space_axes: Any) -> Images:
    """Images whose voxels are compared: float32, float64 and uint8 stay, booleans are 0 and 1.

    Raises:
        InvalidInputError: as `images_of`, or integers that float64 does not hold. NaN and infinity are the
            kernels' to refuse.
        ShapeError: as `images_of`.
        DtypeError: as `images_of`.
    """
    images = images_of(name, given, space_axes)
    voxels = images.voxels
    if voxels.dtype.kind == "b":
        return Images(voxels.view(np.uint8), images.leading)
    if voxels.dtype.kind == "f" or voxels.dtype == np.uint8:
        return images
    if voxels.dtype.itemsize == 8 and voxels.size:
        extreme = max(int(voxels.max()), -int(voxels.min()))
        if extreme > _EXACT:
            raise InvalidInputError(
                f"{name}: got integers up to {extreme}; wanted at most 2**53, as float64 holds"
            )
    return Images(voxels.astype(np.float64), images.leading)


def masks_of(name: str, given: Any, space_axes: Any) -> Images:
    """Images of booleans, or of numbers that are all 0 or 1.

    Raises:
        InvalidInputError: as `images_of`, or other numbers.
        ShapeError: as `images_of`.
        DtypeError: as `images_of`.
    """
    images = images_of(name, given, space_axes)
    if images.voxels.dtype.kind == "b":
        return images
    is_set = images.voxels == 1
    if not (is_set | (images.voxels == 0)).all():
        raise InvalidInputError(
            f"{name}: got numbers other than 0 and 1; wanted a mask, for example {name} >= 0.5"
        )
    return Images(is_set, images.leading)


def refused(images: dict[str, Images], compute: Callable[[], T]) -> T:
    """What a kernel computes of images; where it refuses them, the place of NaN or infinity is told."""
    try:
        return compute()
    except InvalidInputError:
        for name, each in images.items():
            each.check_finite(name)
        raise


def check_same_shape(prediction: Images, target: Images, name: str = "target") -> None:
    """Raise ShapeError unless the images of both have the same axes; ``name`` is the second's."""
    shapes = [(*each.leading, *each.space) for each in (prediction, target)]
    if shapes[0] != shapes[1]:
        raise ShapeError(f"{name}: got shape {shapes[1]}; wanted {shapes[0]}, as prediction")


def nested(values: Iterator[T], leading: Sequence[int]) -> Any:
    """One value after the other, in lists within lists of these lengths; without lengths the first."""
    if not leading:
        return next(values)
    return [nested(values, leading[1:]) for _ in range(leading[0])]


class MaskPairs(NamedTuple):
    """Predicted and true masks of one shape, by threshold or by class.

    Attributes:
        prediction: maps of numbers, or of labels.
        target: the same.
        threshold: foreground is at or above it.
        labels: instead, the classes of label maps: each is foreground in its turn.
    """

    prediction: Images
    target: Images
    threshold: float
    labels: list[int] | None

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes of the results: those that count the maps, and with labels one of classes."""
        classes = () if self.labels is None else (len(self.labels),)
        return (*self.prediction.leading, *classes)

    @property
    def images(self) -> int:
        """How many images there are: a label or channel is none of its own."""
        leading = self.prediction.leading
        return leading[0] if leading else 1

    @property
    def dimensions(self) -> int:
        """In how many dimensions the masks have features."""
        return len(self.prediction.space)

    def table(self, count: Callable[[Masks, Masks], NDArray[np.int64]]) -> NDArray[np.int64]:
        """Numbers of each pair of masks, (*shape, numbers).

        Args:
            count: gives the numbers for masks, (images, numbers). Label maps go class by class, so that the
                masks of one class are in memory at a time.
        """
        if self.labels is None:
            # A threshold beyond float32 becomes infinite there, and nothing is above it.
            with np.errstate(over="ignore"):
                masks = [images.voxels >= self.threshold for images in (self.prediction, self.target)]
            found = count(*masks)
        else:
            each = [
                count(self.prediction.voxels == label, self.target.voxels == label) for label in self.labels
            ]
            found = np.stack(each, axis=1)
        return found.reshape(*self.shape, found.shape[-1])

    def differences(self, count: Callable[[Masks, Masks], NDArray[np.int64]]) -> NDArray[np.int64]:
        """`table` of numbers that are 0 for equal masks, which are spared the count."""
        return self.table(lambda prediction, target: _where_different(count, prediction, target))


def _where_different(
    count: Callable[[Masks, Masks], NDArray[np.int64]], prediction: Masks, target: Masks
) -> NDArray[np.int64]:
    different = (prediction != target).any(axis=tuple(range(1, prediction.ndim)))
    if different.all():
        return count(prediction, target)
    counted = count(prediction[different], target[different])
    found = np.zeros((len(prediction), counted.shape[1]), np.int64)
    found[different] = counted
    return found


def mask_pairs(prediction: Any, target: Any, *, threshold: Any, labels: Any, space_axes: Any) -> MaskPairs:
    """What the errors of topology compare.

    Raises:
        InvalidInputError: NaN or infinity; no real numbers; a threshold that is not finite, or beside labels;
            labels that are not integers, each once.
        ShapeError: shapes that differ, or no shape of images.
        DtypeError: an argument that is not an array-like or no number; label maps of floats.
    """
    limit, classes = checked_threshold(threshold, labels), checked_labels(labels)
    pair = {
        name: images_of(name, given, space_axes, has_channels=classes is None)
        for name, given in (("prediction", prediction), ("target", target))
    }
    for name, images in pair.items():
        if classes is not None and images.voxels.dtype.kind == "f":
            raise DtypeError(f"{name}: got dtype {images.voxels.dtype} with labels; wanted integers")
        images.check_finite(name)
    check_same_shape(pair["prediction"], pair["target"])
    return MaskPairs(**pair, threshold=limit, labels=classes)


def checked_threshold(given: Any, labels: Any) -> float:
    """The threshold; label maps have none, which is to say the default."""
    if isinstance(given, bool) or not isinstance(given, Real):
        raise DtypeError(f"threshold: got {given!r}; wanted a finite number")
    try:
        limit = float(given)
    except OverflowError:
        limit = inf
    if not isfinite(limit):
        raise InvalidInputError(f"threshold: got {given!r:.60}; wanted a finite number")
    if labels is not None and limit != 0.5:
        raise InvalidInputError(f"threshold: got {given!r} with labels; wanted one of the two")
    return limit


def checked_labels(given: Any) -> list[int] | None:
    """The classes of label maps; None for maps that have a threshold."""
    if given is None:
        return None
    array = one_axis("labels", numeric("labels", to_numpy("labels", given)))
    names = array.tolist()
    if array.dtype.kind not in "iub" or not names or len(set(names)) < len(names):
        raise InvalidInputError(f"labels: got {names!r:.60}; wanted integers, each once, such as range(3)")
    return [int(name) for name in names]
