"""CIoU loss: overlap, distance of the centres, and the ratio of the sides."""

import math

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module
from torch import Tensor

from lossary_vision._boxes import BoxPairs, box_pairs, example_boxes, mean_overlap, reduce_boxes
from lossary_vision.diou import distance_overlap


def complete_overlap(pairs: BoxPairs) -> Tensor:
    """CIoU, (boxes,)."""
    angle, target_angle = (
        torch.atan(sides[:, 0] / (sides[:, 1] + pairs.eps)) for sides in (pairs.sides, pairs.target_sides)
    )
    shape = 4 / math.pi**2 * (target_angle - angle).square()
    alpha = (shape / (1 - pairs.iou + shape + pairs.eps)).detach()
    return distance_overlap(pairs) - alpha * shape


@full_precision
def ciou(
    prediction: Float[Tensor, "boxes 4"],
    target: Float[Tensor, "boxes 4"],
    *,
    weight: Float[Tensor, "boxes"] | None = None,
    reduction: Reduction = "mean",
    eps: float = 1e-7,
) -> Float[Tensor, "..."]:
    r"""The lack of overlap of two boxes, the distance of their centres, and how their shapes differ.

    .. math:: L = 1 - \frac{I}{U} + \frac{\rho^2}{c^2} + \alpha v, \quad
              v = \frac{4}{\pi^2} \Big( \arctan \frac{w'}{h'} - \arctan \frac{w}{h} \Big)^2, \quad
              \alpha = \frac{v}{1 - I / U + v}

    with the distance rho of the centres and the diagonal c of the smallest box around both. The factor alpha
    is a constant of the gradient.

    Args:
        prediction: boxes as (x1, y1, x2, y2), (boxes, 4). One with a side below 0, as networks emit them,
            overlaps with nothing.
        target: the box that each should be, in the same shape; no gradient flows into it.
        weight: of each box, 0 or above, (boxes,); None weighs all alike.
        reduction: "mean", divided by the sum of the weights, "sum", or "none".
        eps: keeps denominators above 0; boxes should be large beside it.

    Returns:
        A scalar, or under "none" a value per box. No box, or no weight above 0, gives 0.

    Raises:
        ShapeError: ``prediction`` is not (boxes, 4), or another tensor does not fit it.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite, a target has a corner on the wrong side, a weight is
            below 0, or ``eps`` is not above 0.

    Source: Zheng, Wang, Liu, Li, Ye and Ren, Distance-IoU Loss: Faster and Better Learning for Bounding Box
        Regression, AAAI 2020, equations 8 to 11.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 0.0, 3.0, 2.0]])
        >>> ciou(prediction, target)  # as diou: both are squares
        tensor(0.7436)
    """
    pairs = box_pairs(prediction, target, weight=weight, eps=eps)
    return reduce_boxes(1 - complete_overlap(pairs), weight, reduction)


Ciou = loss_module(ciou)


LOSS = LossSpec(
    function=ciou,
    module=Ciou,
    paper=Paper(
        title="Distance-IoU Loss: Faster and Better Learning for Bounding Box Regression",
        authors="Zheng et al.",
        venue="AAAI",
        year=2020,
        url="https://arxiv.org/abs/1911.08287",
        equation="equations 8 to 11",
    ),
    differentiable=("prediction",),
    example_inputs=example_boxes,
    pairs_with=(mean_overlap("ciou"),),
    properties=frozenset({Property.NON_NEGATIVE, Property.ZERO_AT_TARGET, Property.BATCH_ORDER_FREE}),
    exceptions={"gradcheck": "alpha is a constant of the gradient, by definition, but not of the value"},
)
