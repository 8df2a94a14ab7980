"""Axis alignment: a box stands upright where its axis lies along the ground's normal, either way.

Of the supervision of 3-D boxes without 3-D labels: the normal comes from an estimated depth map, and counts
less where there is no ground to see.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_no_negative,
    check_shape,
)
from lossary.errors import ShapeError
from lossary.ops.directions import unit_rows
from torch import Tensor


@full_precision
def axis_alignment(
    direction: Float[Tensor, "boxes axes"],
    reference: Float[Tensor, "boxes axes"],
    confidence: Float[Tensor, "boxes"] | None = None,
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""One minus the absolute cosine between two directions, times the confidence in the reference.

    .. math:: L_i = c_i \Big( 1 - \Big| \frac{d_i \cdot r_i}{\|d_i\| \|r_i\|} \Big| \Big)

    Args:
        direction: d, the axis of each box, in three or any number of coordinates; of any length above 0.
        reference: r, what it is to lie along, such as the normal of the ground; it receives no gradient.
        confidence: c, 0 or above; the official code takes 0.1 where it found no ground. None is 1.
        reduction: "mean" or "sum" over the boxes, or "none".

    Returns:
        A scalar, or (boxes,) values under "none". A direction of zeros costs c, without a gradient.

    Raises:
        ShapeError: the shapes differ, are not (boxes, axes), or there is no axis.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite, or a confidence negative.

    Source: Hansen, Wanzeck and Papadopoulos, Weak Cube R-CNN: Weakly Supervised 3D Detection using only 2D
        Bounding Boxes, SCIA 2025.

    Example:
        >>> import torch
        >>> up = torch.tensor([[0.0, 1.0, 0.0]])
        >>> axis_alignment(torch.tensor([[3.0, -4.0, 0.0]]), up)  # 1 - 4 / 5
        tensor(0.2000)
    """
    check_floating("direction", direction)
    check_ndim("direction", direction, "boxes axes")
    if direction.shape[1] == 0:
        raise ShapeError(f"direction: got shape {tuple(direction.shape)}; wanted at least one axis")
    check_finite("direction", direction)
    check_floating("reference", reference)
    check_shape("reference", reference, tuple(direction.shape), like="direction")
    check_finite("reference", reference)
    cosine = (unit_rows(direction) * unit_rows(reference.detach().to(direction.dtype))).sum(1)
    values = 1 - cosine.abs()
    if confidence is None:
        return reduce(values, reduction)
    check_floating("confidence", confidence)
    check_shape("confidence", confidence, (direction.shape[0],), like="the boxes of direction")
    check_finite("confidence", confidence)
    check_no_negative("confidence", confidence)
    return reduce(confidence.detach().to(values.dtype) * values, reduction)


AxisAlignment = loss_module(axis_alignment)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Axes of five boxes, the normals below them, and how sure these are."""
    return {
        "direction": torch.randn(5, 3, generator=generator),
        "reference": torch.randn(5, 3, generator=generator),
        "confidence": torch.rand(5, generator=generator),
    }


LOSS = LossSpec(
    function=axis_alignment,
    module=AxisAlignment,
    paper=Paper(
        title="Weak Cube R-CNN: Weakly Supervised 3D Detection using only 2D Bounding Boxes",
        authors="Hansen, Wanzeck and Papadopoulos",
        venue="SCIA",
        year=2025,
        url="https://arxiv.org/abs/2504.13297",
    ),
    differentiable=("direction",),
    example_inputs=example_inputs,
    unpaired_reason="the references are estimates and no truth; the angle itself is read off the boxes",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.ZERO_AT_TARGET,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
