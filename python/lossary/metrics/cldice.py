"""clDice: how much of the centre lines of a mask and of its target lies in the other one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, UndefinedMetricError
from lossary.metrics.bootstrap import of_rows
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.images import Images, Masks, check_same_shape, mask_pairs, masks_of
from lossary.metrics.options import check_choice
from lossary.metrics.skeleton import check_plane_or_volume, skeletons_of


def cldice(
    prediction: Any,
    target: Any,
    *,
    prediction_skeleton: Any = None,
    target_skeleton: Any = None,
    threshold: float = 0.5,
    space_axes: int | None = None,
    reduction: str = "mean",
    confidence: float | Confidence | None = None,
) -> Value:
    r"""The harmonic mean of topology precision and topology sensitivity; higher is better.

    .. math:: \frac{2 P R}{P + R}, \quad P = \frac{|S(p) \cap t|}{|S(p)|}, \; R = \frac{|S(t) \cap p|}{|S(t)|}

    S is a skeleton, p the predicted mask and t the target: P is the share of the predicted centre lines
    inside of the target, R the share of its centre lines inside of the prediction. For vessels, roads and
    other thin structures whose connections matter more than their volume.

    Args:
        prediction: finite numbers such as probabilities, or masks: one map of two or three axes, or
            (N, C, *space).
        target: of the same shape.
        prediction_skeleton: the skeletons of the prediction, of the same shape: booleans, or numbers that are
            all 0 or 1. None takes `skeletonize`.
        target_skeleton: those of the target.
        threshold: foreground is at or above it.
        space_axes: how many of the last axes are those of a map, 2 or 3; None reads arrays of up to three
            axes as one map.
        reduction: "mean" over all maps, or "none".
        confidence: the level of a bootstrap interval over the images of the mean, or a `Confidence`.

    Returns:
        A float in [0, 1], with confidence an `Interval`; under "none" an array, one value for each map. Two
        empty masks have the value 1, and where one is empty, or no skeleton meets the other mask, it is 0.

    Raises:
        InvalidInputError: NaN or infinity, no real numbers, a skeleton with numbers other than 0 and 1, or an
            option out of range.
        ShapeError: shapes that differ; maps of one axis, too many axes, or one of a map of length 0.
        UndefinedMetricError: the mean of no maps; confidence with one image.
        DtypeError: an argument that is not an array-like, or no number.

    Differs from the paper: it leaves 0 / 0 open. The authors' script takes the skeletons of scikit-image;
        `skeletonize` says where ours differ.

    Source: Shit, Paetzold, Sekuboyina, Ezhov, Unger, Zhylka, Pluim, Bauer and Menze, clDice - a Novel
        Topology-Preserving Loss Function for Tubular Structure Segmentation, CVPR 2021, section 3.

    Example:
        >>> line = [[0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]
        >>> broken = [[0, 0, 0, 0], [1, 1, 0, 1], [0, 0, 0, 0]]
        >>> round(cldice(broken, line), 4)  # P = 3/3 and R = 3/4
        0.8571
    """
    check_choice("reduction", reduction, ("mean", "none"))
    if confidence is not None and reduction != "mean":
        raise InvalidInputError(f"confidence: got a level with reduction={reduction!r}; wanted 'mean'")
    maps = mask_pairs(prediction, target, threshold=threshold, labels=None, space_axes=space_axes)
    check_plane_or_volume("prediction", maps.prediction)
    given = {
        name: None if skeleton is None else _given_lines(name, skeleton, maps.prediction, space_axes)
        for name, skeleton in (
            ("prediction_skeleton", prediction_skeleton),
            ("target_skeleton", target_skeleton),
        )
    }

    def counts(predicted: Masks, wanted: Masks) -> NDArray[np.int64]:
        lines = (given["prediction_skeleton"], given["target_skeleton"])
        ours, theirs = (
            skeletons_of(masks) if skeletons is None else skeletons
            for masks, skeletons in zip((predicted, wanted), lines, strict=True)
        )
        found = (ours & wanted, ours, theirs & predicted, theirs, predicted | wanted)
        axes = tuple(range(1, predicted.ndim))
        return np.stack([np.count_nonzero(masks, axis=axes) for masks in found], axis=-1)

    values = _scores(maps.table(counts))
    if reduction == "none":
        return values
    if not values.size:
        raise UndefinedMetricError(f"prediction: got no maps, shape {maps.shape}; wanted at least one")
    mean = float(values.mean())
    if confidence is None:
        return mean
    return of_rows(values.reshape(maps.images, -1).mean(axis=1), None, confidence, value=mean)


def _scores(table: NDArray[np.int64]) -> NDArray[np.float64]:
    """The score from the sizes of both skeletons, of their shares in the other mask, and of both masks."""
    precise, predicted, sensed, wanted, foreground = np.moveaxis(table.astype(np.float64), -1, 0)
    # 2 P R / (P + R) with one division
    above, below = 2 * precise * sensed, precise * wanted + sensed * predicted
    values = np.divide(above, below, out=np.zeros(above.shape), where=below > 0)
    return np.where(foreground == 0, 1.0, values)


def _given_lines(name: str, given: Any, like: Images, space_axes: int | None) -> Masks:
    """Skeletons that a caller has, in the shape of the maps."""
    skeletons = masks_of(name, given, space_axes)
    check_same_shape(like, skeletons, name)
    return skeletons.voxels
