"""Focaler IoU loss: another loss of boxes, led to those of some difficulty."""

from collections.abc import Callable
from typing import Literal, get_args

from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module
from lossary.authoring.validation import check_choice, check_real
from lossary.errors import InvalidInputError
from torch import Tensor

from lossary_vision._boxes import BoxPairs, box_pairs, example_boxes, mean_overlap, reduce_boxes
from lossary_vision.ciou import complete_overlap
from lossary_vision.diou import distance_overlap
from lossary_vision.eiou import efficient_overlap
from lossary_vision.giou import generalized_overlap
from lossary_vision.siou import angular_overlap

Base = Literal["iou", "giou", "diou", "ciou", "eiou", "siou"]
_SIMILARITY: dict[str, Callable[[BoxPairs], Tensor]] = {
    "iou": lambda pairs: pairs.iou,
    "giou": generalized_overlap,
    "diou": distance_overlap,
    "ciou": complete_overlap,
    "eiou": efficient_overlap,
    "siou": angular_overlap,
}


@full_precision
def focaler_iou(
    prediction: Float[Tensor, "boxes 4"],
    target: Float[Tensor, "boxes 4"],
    *,
    base: Base = "ciou",
    low: float = 0.0,
    high: float = 0.95,
    weight: Float[Tensor, "boxes"] | None = None,
    reduction: Reduction = "mean",
    eps: float = 1e-7,
) -> Float[Tensor, "..."]:
    r"""Another loss of boxes, in which overlaps from ``low`` to ``high`` count more, or alone.

    .. math:: L = L_{\mathrm{base}} + \mathrm{IoU} - \mathrm{IoU}', \quad
              \mathrm{IoU}' = \min \Big( \max \Big( \frac{\mathrm{IoU} - l}{u - l}, 0 \Big), 1 \Big)

    with the overlap IoU = I / U. With the base "iou" the loss is 1 - IoU': boxes below the band are left out
    as too hard, or above it as good enough.

    Args:
        prediction: boxes as (x1, y1, x2, y2), (boxes, 4). One with a side below 0, as networks emit them,
            overlaps with nothing.
        target: the box that each should be, in the same shape; no gradient flows into it.
        base: the loss that is focused: "iou", "giou", "diou", "ciou", "eiou" or "siou".
        low: l, the overlap from which a box counts.
        high: u, that from which it is good enough, above ``low``.
        weight: of each box, 0 or above, (boxes,); None weighs all alike.
        reduction: "mean", divided by the sum of the weights, "sum", or "none".
        eps: keeps denominators above 0; boxes should be large beside it.

    Returns:
        A scalar, or under "none" a value per box. No box, or no weight above 0, gives 0.

    Raises:
        ShapeError: ``prediction`` is not (boxes, 4), or another tensor does not fit it.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite, a target has a corner on the wrong side, a weight is
            below 0, or ``base`` is unknown, ``high`` is
            not above ``low``, or ``eps`` not above 0.

    Differs from the official code of PK-YOLO: the weights hold for both parts; there they weigh the base
        alone.

    Source: Zhang and Zhang, Focaler-IoU: More Focused Intersection over Union Loss, arXiv 2024; the defaults
        are those of PK-YOLO, WACV 2025.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 0.0, 3.0, 2.0]])
        >>> focaler_iou(prediction, target, base="iou", high=1.0)  # the whole band: 4 / 6
        tensor(0.6667)
    """
    check_choice("base", base, get_args(Base))
    check_real("low", low)
    check_real("high", high)
    if high <= low:
        raise InvalidInputError(f"high: got {high!r}; wanted a number above low, {low!r}")
    pairs = box_pairs(prediction, target, weight=weight, eps=eps)
    focused = ((pairs.iou - low) / (high - low)).clamp(0, 1)
    return reduce_boxes(1 - _SIMILARITY[base](pairs) + pairs.iou - focused, weight, reduction)


FocalerIou = loss_module(focaler_iou)


LOSS = LossSpec(
    function=focaler_iou,
    module=FocalerIou,
    paper=Paper(
        title="Focaler-IoU: More Focused Intersection over Union Loss",
        authors="Zhang and Zhang",
        venue="arXiv",
        year=2024,
        url="https://arxiv.org/abs/2401.10525",
    ),
    differentiable=("prediction",),
    example_inputs=example_boxes,
    pairs_with=(mean_overlap("ciou"),),
    properties=frozenset({Property.NON_NEGATIVE, Property.ZERO_AT_TARGET, Property.BATCH_ORDER_FREE}),
    exceptions={"gradcheck": "alpha of the base ciou is a constant of the gradient, but not of the value"},
)
