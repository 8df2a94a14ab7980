"""Sets of masks: whether many predictions of one image vary as its annotations do."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import numeric, to_numpy
from lossary.metrics.bootstrap import of_rows
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.options import check_whole

# Overlaps are counted so many voxels at a time, which float32 does exactly.
_BLOCK = 2**18


def generalized_energy_distance(
    prediction: Any,
    target: Any,
    *,
    space_axes: int | None = None,
    confidence: float | Confidence | None = None,
) -> Value:
    r"""How far a set of predicted masks is from a set of true ones, squared; lower is better.

    .. math:: 2 E\, d(S, Y) - E\, d(S, S') - E\, d(Y, Y'), \quad d(a, b) = 1 - \frac{|a \cap b|}{|a \cup b|}

    over all pairs, also of a mask with itself. It is 0 where both sets hold the same masks as often: masks
    that are all like the mean annotation are not enough.

    Args:
        prediction: masks S of one image, (masks, *space): booleans, or numbers that are all 0 or 1.
        target: masks Y of the same image; there may be another number of them.
        space_axes: how many of the last axes are those of a mask; None takes all but the first. With more
            axes than one in front, all but the last of these count images, whose values are averaged.
        confidence: the level of a bootstrap interval over images, or a `Confidence`.

    Returns:
        A float, with confidence an `Interval`. Two empty masks are at a distance of 0.

    Raises:
        InvalidInputError: numbers other than 0 and 1, or ``space_axes`` out of range.
        ShapeError: shapes that do not fit, or a set or a mask with nothing in it.
        UndefinedMetricError: no images.
        DtypeError: an argument that is not an array-like.

    Differs from the code of Kohl et al.: there a distance of two empty masks is left out.

    Source: Kohl, Romera-Paredes, Meyer, De Fauw, Ledsam, Maier-Hein, Eslami, Rezende and Ronneberger, A
        Probabilistic U-Net for Segmentation of Ambiguous Images, NeurIPS 2018, section 3.

    Example:
        >>> annotations = [[True, False], [False, True]]
        >>> generalized_energy_distance(annotations, annotations)
        0.0
        >>> generalized_energy_distance([[True, True]], annotations)  # 2 / 2 - 0 - 1 / 2
        0.5
    """
    ours, space = _mask_sets("prediction", prediction, space_axes)
    theirs, other_space = _mask_sets("target", target, space_axes)
    if (len(ours), space) != (len(theirs), other_space):
        raise ShapeError(
            f"target: got {len(theirs)} images of shape {other_space}; wanted {len(ours)} of shape {space}, "
            "as prediction"
        )
    if not len(ours):
        raise UndefinedMetricError("prediction: got no images; wanted at least one")
    values = np.array([_distance(*each) for each in zip(ours, theirs, strict=True)])
    mean = float(values.mean())
    return mean if confidence is None else of_rows(values, None, confidence, value=mean)


def _mask_sets(name: str, given: Any, space_axes: int | None) -> tuple[NDArray[np.bool_], tuple[int, ...]]:
    """The masks, (images, masks, voxels), and the shape of a mask."""
    array = numeric(name, to_numpy(name, given))
    if array.ndim < 2:
        raise ShapeError(f"{name}: got shape {array.shape}; wanted (masks, *space)")
    if space_axes is None:
        space_axes = array.ndim - 1
    check_whole("space_axes", space_axes, 1, array.ndim - 1)
    sets, space = array.shape[:-space_axes], array.shape[-space_axes:]
    if not (sets[-1] and prod(space)):
        raise ShapeError(f"{name}: got shape {array.shape}; wanted at least one mask, with a voxel")
    if array.dtype.kind != "b":
        is_set = array == 1
        if not (is_set | (array == 0)).all():
            raise InvalidInputError(
                f"{name}: got numbers other than 0 and 1; wanted masks, for example {name} >= 0.5"
            )
        array = is_set
    return array.reshape(prod(sets[:-1]), sets[-1], prod(space)), space


def _distance(ours: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> float:
    masks = np.concatenate([ours, theirs])
    overlaps = np.zeros((len(masks), len(masks)))
    for start in range(0, masks.shape[1], _BLOCK):
        block = masks[:, start : start + _BLOCK].astype(np.float32)
        overlaps += block @ block.T
    sizes = np.diagonal(overlaps)
    unions = sizes[:, None] + sizes - overlaps
    distances = np.divide(unions - overlaps, unions, out=np.zeros_like(unions), where=unions > 0)
    own = len(ours)
    between, within = distances[:own, own:].mean(), distances[:own, :own].mean()
    return float(2 * between - within - distances[own:, own:].mean())
