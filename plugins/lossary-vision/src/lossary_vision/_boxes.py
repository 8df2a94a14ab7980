"""What losses of boxes share: their checks, the quantities they are made of, and weighted reduction."""

from typing import Any, NamedTuple

import torch
from lossary.authoring import ExactMetric, Reduction, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_no_negative,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from torch import Tensor


class BoxPairs(NamedTuple):
    """Boxes beside their targets.

    Attributes:
        iou: intersection over union, (boxes,).
        union: its area.
        sides: width and height of the predictions, (boxes, 2).
        target_sides: those of the targets.
        around: those of the smallest box around both.
        offset: from the target's centre to the prediction's.
        eps: keeps denominators above 0.
    """

    iou: Tensor
    union: Tensor
    sides: Tensor
    target_sides: Tensor
    around: Tensor
    offset: Tensor
    eps: float

    @property
    def squared_distance(self) -> Tensor:
        """Of the centres."""
        return self.offset.square().sum(-1)

    @property
    def squared_diagonal(self) -> Tensor:
        """Of the box around both, with eps."""
        return self.around.square().sum(-1) + self.eps


def box_pairs(prediction: Tensor, target: Tensor, *, weight: Tensor | None, eps: float) -> BoxPairs:
    """Check boxes beside their targets, and measure them.

    Raises:
        ShapeError: shapes that are not (boxes, 4) and the same, or weights that are not (boxes,).
        DtypeError: a tensor is not floating.
        InvalidInputError: NaN or infinity, a target with a corner on the wrong side, a weight below 0, or an
            eps that is not above 0.
    """
    check_floating("prediction", prediction)
    if prediction.ndim != 2 or prediction.shape[1] != 4:
        raise ShapeError(f"prediction: got shape {tuple(prediction.shape)}; wanted (boxes, 4)")
    check_floating("target", target)
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    check_positive("eps", eps)
    check_finite("prediction", prediction)
    check_finite("target", target)
    if checks_values(target) and bool((target[:, 2:] < target[:, :2]).any()):
        raise InvalidInputError(
            "target: got a box with its second corner left of or above its first; wanted x1 <= x2, y1 <= y2"
        )
    _check_weight(weight, prediction.shape[0])
    target = target.detach()
    first, second = prediction[:, :2], prediction[:, 2:]
    target_first, target_second = target[:, :2], target[:, 2:]
    sides, target_sides = second - first, target_second - target_first
    overlap = torch.minimum(second, target_second) - torch.maximum(first, target_first)
    both = overlap.clamp(min=0).prod(-1)
    union = sides.prod(-1) + target_sides.prod(-1) - both
    # Only boxes with positive sides intersect, so that a union of any sign or 0 is never divided by.
    iou = both / (union + eps).where(both > 0, 1.0)
    # Around all corners, in whatever order a network puts them: no distance exceeds its diagonal.
    highest = torch.maximum(torch.maximum(first, second), target_second)
    lowest = torch.minimum(torch.minimum(first, second), target_first)
    offset = (first + second - target_first - target_second) / 2
    return BoxPairs(iou, union, sides, target_sides, highest - lowest, offset, eps)


def _check_weight(weight: Tensor | None, boxes: int) -> None:
    if weight is None:
        return
    check_floating("weight", weight)
    check_shape("weight", weight, (boxes,), like="the boxes of prediction")
    check_finite("weight", weight)
    check_no_negative("weight", weight, "weights")


def reduce_boxes(values: Tensor, weight: Tensor | None, reduction: Reduction) -> Tensor:
    """`reduce`, with weights by whose sum the mean divides; without any weight above 0 it is 0."""
    if weight is None:
        return reduce(values, reduction)
    weight = weight.detach().to(values.dtype)
    if reduction != "mean":
        return reduce(weight * values, reduction)
    total = weight.sum()
    return (weight * values).sum() / total.where(total > 0, 1.0)


def mean_overlap(kind: str = "iou") -> ExactMetric:
    """The mean `lossary.metrics.box_iou` of the predictions with their targets."""
    return ExactMetric(
        name="box_iou",
        adapt=lambda prediction, target, **_: (prediction, target),
        options={"kind": kind},
        number=lambda overlaps: overlaps.diagonal().mean(),
    )


def example_boxes(generator: torch.Generator) -> dict[str, Any]:
    """Six boxes near their targets, in pixels."""
    corner = 20 + 40 * torch.rand(6, 2, generator=generator)
    target = torch.cat([corner, corner + 10 + 10 * torch.rand(6, 2, generator=generator)], 1)
    return {"prediction": target + 4 * torch.rand(6, 4, generator=generator) - 2, "target": target}
