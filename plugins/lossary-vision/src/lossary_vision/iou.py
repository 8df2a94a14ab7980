"""IoU loss: boxes are learned by the overlap by which they will be judged.

Its gradient ends where boxes no longer touch; `giou`, `diou` and the others pull on from there.
"""

from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module
from torch import Tensor

from lossary_vision._boxes import box_pairs, example_boxes, mean_overlap, reduce_boxes


@full_precision
def iou(
    prediction: Float[Tensor, "boxes 4"],
    target: Float[Tensor, "boxes 4"],
    *,
    weight: Float[Tensor, "boxes"] | None = None,
    reduction: Reduction = "mean",
    eps: float = 1e-7,
) -> Float[Tensor, "..."]:
    r"""How much of what two boxes cover is not covered by both.

    .. math:: L = 1 - \frac{I}{U}

    with the areas I of the intersection and U of the union.

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

    Differs from the paper: 1 - IoU in place of its -log IoU, as all that came after it.

    Source: Yu, Jiang, Wang, Cao and Huang, UnitBox: An Advanced Object Detection Network, ACM Multimedia
        2016; as 1 - IoU in Rezatofighi et al., Generalized Intersection over Union, CVPR 2019.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 0.0, 3.0, 2.0]])
        >>> iou(prediction, target)  # 2 of 6 are of both
        tensor(0.6667)
    """
    pairs = box_pairs(prediction, target, weight=weight, eps=eps)
    return reduce_boxes(1 - pairs.iou, weight, reduction)


Iou = loss_module(iou)


LOSS = LossSpec(
    function=iou,
    module=Iou,
    paper=Paper(
        title="UnitBox: An Advanced Object Detection Network",
        authors="Yu, Jiang, Wang, Cao and Huang",
        venue="ACM Multimedia",
        year=2016,
        url="https://arxiv.org/abs/1608.01471",
    ),
    differentiable=("prediction",),
    example_inputs=example_boxes,
    pairs_with=(mean_overlap(),),
    properties=frozenset(
        {Property.NON_NEGATIVE, Property.AT_MOST_ONE, Property.ZERO_AT_TARGET, Property.BATCH_ORDER_FREE}
    ),
)
