"""Overlap of axis-aligned boxes: IoU and its kin, for every pair of two sets."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
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
        InvalidInputError: NaN, infinity or a number beyond 1e70, a corner on the wrong side, or an unknown
            kind.
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
    first, second = boxes("boxes1", boxes1), boxes("boxes2", boxes2)
    found = _kernels.box_iou(first.reshape(-1), second.reshape(-1), kind)
    return found.reshape(len(first), len(second))


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
    return np.ascontiguousarray(array)
