"""Soft non-maximum suppression: which of many overlapping detections to keep, with which scores."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import contiguous, numeric, to_numpy
from lossary.metrics.boxes import boxes as box_rows
from lossary.metrics.options import check_choice, check_flag, check_not_negative, check_whole


class SoftNms(NamedTuple):
    """The detections that stay."""

    indices: NDArray[np.int64]
    """Their positions in the input."""
    scores: NDArray[np.float64]
    """Their scores, lowered."""


def soft_nms(
    boxes: Any,
    scores: Any,
    *,
    labels: Any = None,
    images: Any = None,
    method: str = "gaussian",
    sigma: float = 0.5,
    iou_threshold: float = 0.3,
    score_threshold: float = 0.001,
    max_output: int | None = None,
    legacy_pixels: bool = False,
) -> SoftNms:
    r"""Keeps detections by falling score; each lowers the scores of those that it overlaps.

    .. math:: s_i \leftarrow s_i \, e^{-o_i^2 / \sigma}

    for the overlap o (intersection over union) with each kept box, best first. Equal bit for bit to the plain
    algorithm, and faster: a kept box is compared with those in its neighbourhood alone.

    Args:
        boxes: (n, 4): left, top, right, bottom.
        scores: (n,), at least 0.
        labels: classes, integer, (n,): only boxes of the same class lower each other. None is one class.
        images: integer, (n,), for detections of several images at once: only boxes of the same image lower
            each other.
        method: ``"gaussian"``; ``"linear"`` multiplies by 1 - o where o is above the threshold; ``"hard"``
            drops those, which is plain non-maximum suppression.
        sigma: of the Gaussian, above 0; less suppresses more.
        iou_threshold: of the other methods, from 0 to 1.
        score_threshold: detections below it go, at the start as well.
        max_output: at most so many of an image; None keeps all.
        legacy_pixels: count sides as whole pixels, one more than the difference, as older code does.

    Returns:
        `SoftNms`: positions and lowered scores, by falling score (equal ones by position), image by image in
        the order of their numbers.

    Raises:
        ShapeError: other than four sides, or lengths that differ.
        InvalidInputError: a box with NaN, a coordinate beyond 1e70, right < left or bottom < top; a score
            that is NaN, infinite or below 0; labels or images that are no integers; an option out of range.
        DtypeError: an argument that is not an array-like.

    Differs from the paper: its code compares scores with the threshold only after an overlap; here also
        before.

    Source: Bodla et al., Soft-NMS - Improving Object Detection With One Line of Code, ICCV 2017, arXiv
        1704.04503.

    Example:
        >>> kept = soft_nms([[0, 0, 2, 1], [0, 0, 1, 1]], [0.9, 0.8], method="linear")  # they share half
        >>> kept.indices.tolist(), kept.scores.tolist()
        ([0, 1], [0.9, 0.4])
    """
    check_choice("method", method, ("gaussian", "linear", "hard"))
    for name, given, most in (
        ("sigma", sigma, math.inf),
        ("iou_threshold", iou_threshold, 1.0),
        ("score_threshold", score_threshold, math.inf),
    ):
        check_not_negative(name, given)
        if given > most or math.isinf(given) or (name == "sigma" and given == 0):
            wanted = "from 0 to 1" if most == 1 else "that is finite" if given else "above 0"
            raise InvalidInputError(f"{name}: got {given}; wanted a number {wanted}")
    if max_output is not None:
        check_whole("max_output", max_output, 0, 2**63 - 1)
    check_flag("legacy_pixels", legacy_pixels)
    rows = box_rows("boxes", boxes)
    found = _kernels.soft_nms(
        rows.reshape(-1),
        _of_boxes("scores", scores, len(rows)).astype(np.float64),
        _groups(images, labels, len(rows)),
        method=method,
        sigma=float(sigma),
        iou_threshold=float(iou_threshold),
        score_threshold=float(score_threshold),
        most=len(rows) if max_output is None else min(int(max_output), len(rows)),
        whole_pixels=bool(legacy_pixels),
    )
    return SoftNms(*found)


def _groups(images: Any, labels: Any, count: int) -> NDArray[np.int64] | None:
    """Image and class of each box, one after the other."""
    if images is None and labels is None:
        return None
    groups = np.zeros((count, 2), np.int64)
    for column, (name, given) in enumerate((("images", images), ("labels", labels))):
        if given is not None:
            numbers = _of_boxes(name, given, count)
            if numbers.dtype.kind not in "iub" and count:
                raise InvalidInputError(f"{name}: got dtype {numbers.dtype}; wanted integers")
            if numbers.dtype == np.uint64 and count and int(numbers.max()) >= 2**63:
                raise InvalidInputError(f"{name}: got {numbers.max()}; wanted integers below 2^63")
            groups[:, column] = numbers
    return groups.reshape(-1)


def _of_boxes(name: str, given: Any, count: int) -> NDArray[Any]:
    array = numeric(name, to_numpy(name, given))
    if array.shape != (count,):
        raise ShapeError(f"{name}: got shape {array.shape}; wanted ({count},), one for each box")
    return contiguous(array)
