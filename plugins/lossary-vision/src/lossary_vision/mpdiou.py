"""MPDIoU loss: overlap, and the distances of the corners."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module
from lossary.authoring.validation import check_positive
from lossary.errors import InvalidInputError
from torch import Tensor

from lossary_vision._boxes import box_pairs, example_boxes, mean_overlap, reduce_boxes


@full_precision
def mpdiou(
    prediction: Float[Tensor, "boxes 4"],
    target: Float[Tensor, "boxes 4"],
    *,
    image_size: Sequence[int],
    weight: Float[Tensor, "boxes"] | None = None,
    reduction: Reduction = "mean",
    eps: float = 1e-7,
) -> Float[Tensor, "..."]:
    r"""The lack of overlap of two boxes, and how far apart their corners are beside the image.

    .. math:: L = 1 - \frac{I}{U} + \frac{d_1^2 + d_2^2}{H^2 + W^2}

    with the distances d_1 of the first corners and d_2 of the second ones.

    Args:
        prediction: boxes as (x1, y1, x2, y2), (boxes, 4). One with a side below 0, as networks emit them,
            overlaps with nothing.
        target: the box that each should be, in the same shape; no gradient flows into it.
        image_size: height H and width W, in the units of the boxes.
        weight: of each box, 0 or above, (boxes,); None weighs all alike.
        reduction: "mean", divided by the sum of the weights, "sum", or "none".
        eps: keeps denominators above 0; boxes should be large beside it.

    Returns:
        A scalar, or under "none" a value per box. No box, or no weight above 0, gives 0.

    Raises:
        ShapeError: ``prediction`` is not (boxes, 4), or another tensor does not fit it.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite, a target has a corner on the wrong side, a weight is
            below 0, or ``image_size`` is not two numbers
            above 0, or ``eps`` not above 0.

    Source: Ma and Xu, MPDIoU: A Loss for Efficient and Accurate Bounding Box Regression, arXiv 2023.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 0.0, 3.0, 2.0]])
        >>> mpdiou(prediction, target, image_size=(3, 4))  # 4 / 6 + 2 / 25
        tensor(0.7467)
    """
    height, width = _checked_size(image_size)
    pairs = box_pairs(prediction, target, weight=weight, eps=eps)
    corners = (prediction - target.detach()).square().sum(-1) / (height**2 + width**2)
    return reduce_boxes(1 - pairs.iou + corners, weight, reduction)


def _checked_size(image_size: Sequence[int]) -> tuple[int, int]:
    if not isinstance(image_size, Sequence) or len(image_size) != 2:
        raise InvalidInputError(f"image_size: got {image_size!r}; wanted (height, width)")
    for side in image_size:
        check_positive("image_size", side)
    return image_size[0], image_size[1]


Mpdiou = loss_module(mpdiou)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six boxes near their targets, and the size of their image."""
    return {**example_boxes(generator), "image_size": (96, 96)}


LOSS = LossSpec(
    function=mpdiou,
    module=Mpdiou,
    paper=Paper(
        title="MPDIoU: A Loss for Efficient and Accurate Bounding Box Regression",
        authors="Ma and Xu",
        venue="arXiv",
        year=2023,
        url="https://arxiv.org/abs/2307.07662",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    pairs_with=(mean_overlap(),),
    properties=frozenset({Property.NON_NEGATIVE, Property.ZERO_AT_TARGET, Property.BATCH_ORDER_FREE}),
)
