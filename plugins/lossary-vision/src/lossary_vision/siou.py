"""SIoU loss: overlap, sides, and the distance of the centres together with its direction.

A box is pulled first to the nearer axis through the centre of its target, and then along it.
"""

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module
from lossary.authoring.validation import check_positive
from lossary.errors import InvalidInputError
from torch import Tensor

from lossary_vision._boxes import BoxPairs, box_pairs, example_boxes, mean_overlap, reduce_boxes


def angular_overlap(pairs: BoxPairs, theta: float = 4.0) -> Tensor:
    """SIoU, (boxes,)."""
    turn = 2 * pairs.offset.abs().prod(-1) / (pairs.squared_distance + pairs.eps)
    steps = (pairs.offset / (pairs.around + pairs.eps)).square()
    distance = -torch.expm1((turn.unsqueeze(-1) - 2) * steps).sum(-1)
    longer = torch.maximum(pairs.sides, pairs.target_sides) + pairs.eps
    apart = (pairs.sides - pairs.target_sides).abs() / longer
    shape = (-torch.expm1(-apart)).pow(theta).sum(-1)
    return pairs.iou - (distance + shape) / 2


@full_precision
def siou(
    prediction: Float[Tensor, "boxes 4"],
    target: Float[Tensor, "boxes 4"],
    *,
    theta: float = 4.0,
    weight: Float[Tensor, "boxes"] | None = None,
    reduction: Reduction = "mean",
    eps: float = 1e-7,
) -> Float[Tensor, "..."]:
    r"""The lack of overlap of two boxes, the distance of their centres by its angle, and their sides.

    .. math:: L = 1 - \frac{I}{U} + \frac{\Delta + \Omega}{2}, \quad
              \Delta = \sum_{t \in \{x, y\}} 1 - e^{(\Lambda - 2) (d_t / c_t)^2}, \quad
              \Omega = \sum_{s \in \{w, h\}} \Big( 1 - e^{-|s - s'| / \max(s, s')} \Big)^{\theta}

    with the offset (d_x, d_y) of the centres, the sides c_x and c_y of the smallest box around both, and
    the sine Lambda = 2 |d_x d_y| / rho^2 of twice the angle of the offset.

    Args:
        prediction: boxes as (x1, y1, x2, y2), (boxes, 4). One with a side below 0, as networks emit them,
            overlaps with nothing.
        target: the box that each should be, in the same shape; no gradient flows into it.
        theta: power of the difference of the sides, 1 or above; the paper has 2 to 6.
        weight: of each box, 0 or above, (boxes,); None weighs all alike.
        reduction: "mean", divided by the sum of the weights, "sum", or "none".
        eps: keeps denominators above 0; boxes should be large beside it.

    Returns:
        A scalar, or under "none" a value per box. No box, or no weight above 0, gives 0.

    Raises:
        ShapeError: ``prediction`` is not (boxes, 4), or another tensor does not fit it.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite, a target has a corner on the wrong side, a weight is
            below 0, or ``theta`` is below 1, or ``eps``
            not above 0.

    Differs from the paper: Lambda is written without an arcsine, whose slope is infinite at the axes; it is
        the same number.

    Source: Gevorgyan, SIoU Loss: More Powerful Learning for Bounding Box Regression, arXiv 2022.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 0.0, 3.0, 2.0]])
        >>> siou(prediction, target)  # 4 / 6 + (1 - exp(-2 / 9)) / 2
        tensor(0.7663)
    """
    check_positive("theta", theta)
    if theta < 1:
        raise InvalidInputError(f"theta: got {theta!r}; wanted a number of 1 or above")
    pairs = box_pairs(prediction, target, weight=weight, eps=eps)
    return reduce_boxes(1 - angular_overlap(pairs, theta), weight, reduction)


Siou = loss_module(siou)


LOSS = LossSpec(
    function=siou,
    module=Siou,
    paper=Paper(
        title="SIoU Loss: More Powerful Learning for Bounding Box Regression",
        authors="Gevorgyan",
        venue="arXiv",
        year=2022,
        url="https://arxiv.org/abs/2205.12740",
    ),
    differentiable=("prediction",),
    example_inputs=example_boxes,
    pairs_with=(mean_overlap("diou"),),
    properties=frozenset({Property.NON_NEGATIVE, Property.ZERO_AT_TARGET, Property.BATCH_ORDER_FREE}),
)
