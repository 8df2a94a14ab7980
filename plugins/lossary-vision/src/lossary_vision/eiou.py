"""EIoU loss: overlap, distance of the centres, and each side by itself.

Where `ciou` compares ratios of sides, and may widen a box to make up for its height, it compares sides.
"""

from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module
from torch import Tensor

from lossary_vision._boxes import BoxPairs, box_pairs, example_boxes, mean_overlap, reduce_boxes
from lossary_vision.diou import distance_overlap


def efficient_overlap(pairs: BoxPairs) -> Tensor:
    """EIoU, (boxes,)."""
    apart = (pairs.sides - pairs.target_sides).square()
    return distance_overlap(pairs) - (apart / (pairs.around.square() + pairs.eps)).sum(-1)


@full_precision
def eiou(
    prediction: Float[Tensor, "boxes 4"],
    target: Float[Tensor, "boxes 4"],
    *,
    weight: Float[Tensor, "boxes"] | None = None,
    reduction: Reduction = "mean",
    eps: float = 1e-7,
) -> Float[Tensor, "..."]:
    r"""The lack of overlap of two boxes, the distance of their centres, and how each side differs.

    .. math:: L = 1 - \frac{I}{U} + \frac{\rho^2}{c^2} + \frac{(w - w')^2}{c_w^2} + \frac{(h - h')^2}{c_h^2}

    with the distance rho of the centres and the smallest box around both, of the sides c_w and c_h and the
    diagonal c.

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

    Source: Zhang, Ren, Zhang, Jia, Wang and Tan, Focal and Efficient IOU Loss for Accurate Bounding Box
        Regression, Neurocomputing 2022.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 0.0, 3.0, 2.0]])
        >>> eiou(prediction, target)  # as diou: the sides are right
        tensor(0.7436)
    """
    pairs = box_pairs(prediction, target, weight=weight, eps=eps)
    return reduce_boxes(1 - efficient_overlap(pairs), weight, reduction)


Eiou = loss_module(eiou)


LOSS = LossSpec(
    function=eiou,
    module=Eiou,
    paper=Paper(
        title="Focal and Efficient IOU Loss for Accurate Bounding Box Regression",
        authors="Zhang et al.",
        venue="Neurocomputing",
        year=2022,
        url="https://arxiv.org/abs/2101.08158",
    ),
    differentiable=("prediction",),
    example_inputs=example_boxes,
    pairs_with=(mean_overlap("diou"),),
    properties=frozenset({Property.NON_NEGATIVE, Property.ZERO_AT_TARGET, Property.BATCH_ORDER_FREE}),
)
