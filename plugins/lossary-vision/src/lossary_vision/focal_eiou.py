"""Focal EIoU loss: the efficient loss of boxes, in which those that overlap well count more."""

from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module
from lossary.authoring.validation import check_non_negative
from torch import Tensor

from lossary_vision._boxes import box_pairs, example_boxes, mean_overlap, reduce_boxes
from lossary_vision.eiou import efficient_overlap


@full_precision
def focal_eiou(
    prediction: Float[Tensor, "boxes 4"],
    target: Float[Tensor, "boxes 4"],
    *,
    gamma: float = 0.5,
    weight: Float[Tensor, "boxes"] | None = None,
    reduction: Reduction = "mean",
    eps: float = 1e-7,
) -> Float[Tensor, "..."]:
    r"""`eiou` of each box, times a power of its overlap.

    .. math:: L = \left( \frac{I}{U} \right)^{\gamma} L_{\mathrm{EIoU}}

    The factor is a constant of the gradient. A box without overlap counts nothing.

    Args:
        prediction: boxes as (x1, y1, x2, y2), (boxes, 4). One with a side below 0, as networks emit them,
            overlaps with nothing.
        target: the box that each should be, in the same shape; no gradient flows into it.
        gamma: power of the overlap, 0 or above; 0 gives `eiou`.
        weight: of each box, 0 or above, (boxes,); None weighs all alike.
        reduction: "mean", divided by the sum of the weights, "sum", or "none".
        eps: keeps denominators above 0; boxes should be large beside it.

    Returns:
        A scalar, or under "none" a value per box. No box, or no weight above 0, gives 0.

    Raises:
        ShapeError: ``prediction`` is not (boxes, 4), or another tensor does not fit it.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite, a target has a corner on the wrong side, a weight is
            below 0, or ``gamma`` is negative, or ``eps``
            not above 0.

    Source: Zhang, Ren, Zhang, Jia, Wang and Tan, Focal and Efficient IOU Loss for Accurate Bounding Box
        Regression, Neurocomputing 2022.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 0.0, 3.0, 2.0]])
        >>> focal_eiou(prediction, target, gamma=1.0)  # (4 / 6 + 1 / 13) / 3
        tensor(0.2479)
    """
    check_non_negative("gamma", gamma)
    pairs = box_pairs(prediction, target, weight=weight, eps=eps)
    values = pairs.iou.detach().pow(gamma) * (1 - efficient_overlap(pairs))
    return reduce_boxes(values, weight, reduction)


FocalEiou = loss_module(focal_eiou)


LOSS = LossSpec(
    function=focal_eiou,
    module=FocalEiou,
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
    exceptions={"gradcheck": "the power is a constant of the gradient, by definition, but not of the value"},
)
