"""Overlap of axis-aligned boxes: IoU and its kin, for every pair of two sets."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import numeric, to_numpy
from lossary.metrics.options import check_choice

Doubles = NDArray[np.float64]


def box_iou(boxes1: Any, boxes2: Any, *, kind: str = "iou") -> Doubles:
    r"""How well each box of one set covers each of another; higher is better, 1 is the same box.

    .. math:: \mathrm{IoU} = \frac{|A \cap B|}{|A \cup B|}, \quad
              \mathrm{GIoU} = \mathrm{IoU} - \frac{|C| - |A \cup B|}{|C|}, \quad
              \mathrm{DIoU} = \mathrm{IoU} - \frac{\rho^2}{c^2}, \quad
              \mathrm{CIoU} = \mathrm{DIoU} - \frac{v^2}{1 - \mathrm{IoU} + v}

    with C the smallest box around both, c its diagonal, rho the distance of the centres and v = 4 / pi^2
    times the squared difference of the angles arctan(width / height). A quotient 0 / 0 counts as 0.

    Args:
        boxes1: (n, 4), each x1, y1, x2, y2 with x1 <= x2 and y1 <= y2.
        boxes2: (m, 4), likewise.
        kind: "iou", in [0, 1]; "giou" and "diou", in [-1, 1]; or "ciou", in [-2, 1].

    Returns:
        (n, m) doubles.

    Raises:
        InvalidInputError: NaN or infinity, a corner on the wrong side, or an unknown kind.
        ShapeError: not (n, 4).
        DtypeError: an argument that is not an array-like.

    Source: Rezatofighi et al., Generalized Intersection over Union, CVPR 2019; Zheng et al., Distance-IoU
        Loss, AAAI 2020, equations 6 to 11.

    Example:
        >>> box_iou([[0, 0, 2, 2]], [[1, 0, 3, 2], [4, 0, 6, 2]])  # 2 of 6; nothing
        array([[0.33333333, 0.        ]])
        >>> box_iou([[0, 0, 2, 2]], [[4, 0, 6, 2]], kind="giou")  # 4 of the 12 around both are of neither
        array([[-0.33333333]])
    """
    check_choice("kind", kind, ("iou", "giou", "diou", "ciou"))
    first, second = boxes("boxes1", boxes1)[:, None], boxes("boxes2", boxes2)[None]
    low, high = np.maximum(first[..., :2], second[..., :2]), np.minimum(first[..., 2:], second[..., 2:])
    sides, others = first[..., 2:] - first[..., :2], second[..., 2:] - second[..., :2]
    both: Doubles = (high - low).clip(min=0.0).prod(axis=-1)
    union = sides.prod(axis=-1) + others.prod(axis=-1) - both
    overlap = _ratio(both, union)
    if kind == "iou":
        return overlap
    around = np.maximum(first[..., 2:], second[..., 2:]) - np.minimum(first[..., :2], second[..., :2])
    if kind == "giou":
        whole = around.prod(axis=-1)
        return overlap - _ratio(whole - union, whole)
    centres = (first[..., :2] + first[..., 2:] - second[..., :2] - second[..., 2:]) / 2
    overlap_there = overlap - _ratio(np.square(centres).sum(axis=-1), np.square(around).sum(axis=-1))
    if kind == "diou":
        return overlap_there
    angles = np.arctan2(sides[..., 0], sides[..., 1]) - np.arctan2(others[..., 0], others[..., 1])
    shape: Doubles = 4 / np.pi**2 * np.square(angles)
    different: Doubles = shape * _ratio(shape, 1 - overlap + shape)
    return overlap_there - different


def boxes(name: str, given: Any) -> Doubles:
    """Boxes as doubles, (n, 4).

    Raises:
        InvalidInputError: no finite numbers, or a corner on the wrong side.
        ShapeError: not (n, 4).
        DtypeError: not an array-like.
    """
    array = numeric(name, to_numpy(name, given)).astype(np.float64)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ShapeError(f"{name}: got shape {array.shape}; wanted (n, 4), each x1, y1, x2, y2")
    if not np.isfinite(array).all():
        raise InvalidInputError(f"{name}: got NaN or infinity; wanted finite numbers")
    wrong = (array[:, 2:] < array[:, :2]).any(axis=1)
    if wrong.any():
        raise InvalidInputError(
            f"{name}: got the box {array[wrong][0].tolist()}; wanted x1 <= x2 and y1 <= y2"
        )
    return array


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    found: Doubles = np.divide(above, below, out=np.zeros_like(above), where=below != 0)
    return found
