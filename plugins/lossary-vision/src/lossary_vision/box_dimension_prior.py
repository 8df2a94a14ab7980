"""Box dimension prior: a box has the size that is usual for its class, within a standard deviation or so.

Of the supervision of 3-D boxes without 3-D labels: what is known of cars, chairs and beds in general keeps
depth and size from trading places.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_non_negative,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError
from torch import Tensor


@full_precision
def box_dimension_prior(
    dimensions: Float[Tensor, "boxes sides"],
    mean: Float[Tensor, "boxes sides"],
    std: Float[Tensor, "boxes sides"],
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How many standard deviations, beyond the margin, the sides of a box are from what its class has.

    .. math:: L_i = \sum_k \max \Big( \frac{|d_{ik} - \mu_{ik}|}{\sigma_{ik}} - m, 0 \Big)

    Args:
        dimensions: d, the sides of each box: width, height and length, or any number.
        mean: mu, the usual sides of the box's class; it receives no gradient.
        std: sigma, their standard deviations, above 0; likewise.
        margin: m, the deviations that are free; 0 pulls every box to the mean.
        reduction: "mean" or "sum" over the boxes, or "none".

    Returns:
        A scalar, or (boxes,) values under "none".

    Raises:
        ShapeError: the shapes differ or are not (boxes, sides).
        DtypeError: a tensor is not floating; ``margin`` is no number.
        InvalidInputError: a value is NaN or infinite; a standard deviation is not above 0; ``margin`` is
            negative.

    Differs from the official code: a standard deviation that is NaN is an error; there it silently drops the
        whole term.

    Source: Hansen, Wanzeck and Papadopoulos, Weak Cube R-CNN: Weakly Supervised 3D Detection using only 2D
        Bounding Boxes, SCIA 2025.

    Example:
        >>> import torch
        >>> mean, std = torch.tensor([[2.0, 1.0, 4.0]]), torch.tensor([[0.5, 0.5, 1.0]])
        >>> box_dimension_prior(torch.tensor([[3.5, 1.2, 4.0]]), mean, std)  # 1.5 / 0.5 - 1
        tensor(2.)
    """
    check_non_negative("margin", margin)
    check_floating("dimensions", dimensions)
    check_ndim("dimensions", dimensions, "boxes sides")
    check_finite("dimensions", dimensions)
    for name, value in (("mean", mean), ("std", std)):
        check_floating(name, value)
        check_shape(name, value, tuple(dimensions.shape), like="dimensions")
        check_finite(name, value)
    if checks_values(std) and not bool((std > 0).all()):
        raise InvalidInputError(f"std: got {std.min().item():g}; wanted values above 0")
    mean, std = mean.detach().to(dimensions.dtype), std.detach().to(dimensions.dtype)
    deviations = (dimensions - mean).abs() / std
    return reduce((deviations - margin).relu().sum(1), reduction)


BoxDimensionPrior = loss_module(box_dimension_prior)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Sides of five boxes, and what is usual for the class of each."""
    return {
        "dimensions": 4 * torch.rand(5, 3, generator=generator),
        "mean": 1 + torch.rand(5, 3, generator=generator),
        "std": 0.1 + 0.2 * torch.rand(5, 3, generator=generator),
    }


LOSS = LossSpec(
    function=box_dimension_prior,
    module=BoxDimensionPrior,
    paper=Paper(
        title="Weak Cube R-CNN: Weakly Supervised 3D Detection using only 2D Bounding Boxes",
        authors="Hansen, Wanzeck and Papadopoulos",
        venue="SCIA",
        year=2025,
        url="https://arxiv.org/abs/2504.13297",
    ),
    differentiable=("dimensions",),
    example_inputs=example_inputs,
    unpaired_reason="it compares a box with what is usual for its class, which is not the truth of that box",
    properties=frozenset(
        {Property.NON_NEGATIVE, Property.ZERO_AT_TARGET, Property.BATCH_ORDER_FREE, Property.CONVEX}
    ),
)
