"""WIoU loss (version 1): the lack of overlap, which counts more where the centres are apart."""

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module
from torch import Tensor

from lossary_vision._boxes import box_pairs, example_boxes, mean_overlap, reduce_boxes


@full_precision
def wiou(
    prediction: Float[Tensor, "boxes 4"],
    target: Float[Tensor, "boxes 4"],
    *,
    weight: Float[Tensor, "boxes"] | None = None,
    reduction: Reduction = "mean",
    eps: float = 1e-7,
) -> Float[Tensor, "..."]:
    r"""The lack of overlap of two boxes, times up to e where their centres are apart.

    .. math:: L = e^{\rho^2 / c^2} \Big( 1 - \frac{I}{U} \Big)

    with the distance rho of the centres and the diagonal c of the smallest box around both. The diagonal is a
    constant of the gradient, so that no box grows to lower the exponent.

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

    Source: Tong, Chen, Xu and Yu, Wise-IoU: Bounding Box Regression Loss with Dynamic Focusing Mechanism,
        arXiv 2023.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 0.0, 3.0, 2.0]])
        >>> wiou(prediction, target)  # exp(1 / 13) * 4 / 6
        tensor(0.7200)
    """
    pairs = box_pairs(prediction, target, weight=weight, eps=eps)
    attention = torch.exp(pairs.squared_distance / pairs.squared_diagonal.detach())
    return reduce_boxes(attention * (1 - pairs.iou), weight, reduction)


Wiou = loss_module(wiou)


LOSS = LossSpec(
    function=wiou,
    module=Wiou,
    paper=Paper(
        title="Wise-IoU: Bounding Box Regression Loss with Dynamic Focusing Mechanism",
        authors="Tong et al.",
        venue="arXiv",
        year=2023,
        url="https://arxiv.org/abs/2301.10051",
    ),
    differentiable=("prediction",),
    example_inputs=example_boxes,
    pairs_with=(mean_overlap(),),
    properties=frozenset({Property.NON_NEGATIVE, Property.ZERO_AT_TARGET, Property.BATCH_ORDER_FREE}),
    exceptions={
        "gradcheck": "the diagonal is a constant of the gradient by definition, but not of the value"
    },
)
