"""GIoU loss: the overlap of boxes, and a pull on those that do not touch."""

from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module
from torch import Tensor

from lossary_vision._boxes import BoxPairs, box_pairs, example_boxes, mean_overlap, reduce_boxes


def generalized_overlap(pairs: BoxPairs) -> Tensor:
    """GIoU, (boxes,)."""
    around = pairs.around.prod(-1)
    return pairs.iou - (around - pairs.union) / (around + pairs.eps)


@full_precision
def giou(
    prediction: Float[Tensor, "boxes 4"],
    target: Float[Tensor, "boxes 4"],
    *,
    weight: Float[Tensor, "boxes"] | None = None,
    reduction: Reduction = "mean",
    eps: float = 1e-7,
) -> Float[Tensor, "..."]:
    r"""The lack of overlap of two boxes, and the share of the box around both that neither covers.

    .. math:: L = 1 - \frac{I}{U} + \frac{|C| - U}{|C|}

    with the areas I of the intersection, U of the union and |C| of the smallest box around both.

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

    Source: Rezatofighi, Tsoi, Gwak, Sadeghian, Reid and Savarese, Generalized Intersection over Union: A
        Metric and a Loss for Bounding Box Regression, CVPR 2019, algorithms 1 and 2.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 0.0, 3.0, 2.0]])
        >>> giou(prediction, target)  # 2 of 6 are of both, and the box around both is full
        tensor(0.6667)
    """
    pairs = box_pairs(prediction, target, weight=weight, eps=eps)
    return reduce_boxes(1 - generalized_overlap(pairs), weight, reduction)


Giou = loss_module(giou)


LOSS = LossSpec(
    function=giou,
    module=Giou,
    paper=Paper(
        title="Generalized Intersection over Union: A Metric and a Loss for Bounding Box Regression",
        authors="Rezatofighi et al.",
        venue="CVPR",
        year=2019,
        url="https://arxiv.org/abs/1902.09630",
        equation="algorithms 1 and 2",
    ),
    differentiable=("prediction",),
    example_inputs=example_boxes,
    pairs_with=(mean_overlap("giou"),),
    properties=frozenset({Property.NON_NEGATIVE, Property.ZERO_AT_TARGET, Property.BATCH_ORDER_FREE}),
)
