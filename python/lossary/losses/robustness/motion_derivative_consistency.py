"""Motion derivative consistency: a changed motion keeps the velocity, acceleration and jerk of the original.

Positions may shift; what the eye notices in a moving skeleton is how it moves.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_positive,
    check_shape,
)
from lossary.errors import ShapeError


@full_precision
def motion_derivative_consistency(
    prediction: Float[Tensor, "batch time dim"],
    target: Float[Tensor, "batch time dim"],
    *,
    order: int = 3,
) -> Float[Tensor, ""]:
    r"""Mean squared errors of the differences in time of a motion, summed over their orders.

    .. math:: L = \sum_{k=1}^{K} \mathrm{mean} \big( (\Delta^k p - \Delta^k t)^2 \big), \quad
              \Delta x_j = x_{j+1} - x_j

    Positions themselves do not count, nor does the time between frames.

    Args:
        prediction: p, the coordinates of all joints in each frame.
        target: t, in the shape of ``prediction``. It receives no gradient.
        order: K, 1 or above: 1 is velocity, 2 adds acceleration, 3 jerk.

    Returns:
        A scalar. An empty batch gives 0.

    Raises:
        ShapeError: ``prediction`` is not (batch, time, dim) or has not more than ``order`` frames; ``target``
            has another shape.
        DtypeError: a tensor is not floating, or ``order`` no int.
        InvalidInputError: a coordinate is NaN or infinite; ``order`` is not above 0.

    Source: Diao, Wu, Zhang, Liu, Hao, Wei, Wang and Wang, TASAR: Transfer-based Attack on Skeletal Action
        Recognition, ICLR 2025, and its official code.

    Example:
        >>> import torch
        >>> still, moved = torch.zeros(1, 3, 1), torch.tensor([[[5.0], [5.0], [7.0]]])
        >>> motion_derivative_consistency(moved, still, order=2)  # (0 + 4) / 2 + 4
        tensor(6.)
    """
    check_int("order", order)
    check_positive("order", order)
    check_floating("prediction", prediction)
    check_ndim("prediction", prediction, "batch time dim")
    if prediction.shape[1] <= order:
        raise ShapeError(
            f"prediction: got shape {tuple(prediction.shape)}; wanted more than {order} frames, the order"
        )
    check_floating("target", target)
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    check_finite("prediction", prediction)
    check_finite("target", target)
    difference = prediction - target.detach()
    total = prediction.new_zeros(())
    for _ in range(order):
        difference = difference.diff(dim=1)
        total = total + reduce(difference.square(), "mean")
    return total


MotionDerivativeConsistency = loss_module(motion_derivative_consistency)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three motions of five frames, and the same a little disturbed."""
    target = torch.randn(3, 5, 2, generator=generator)
    return {"prediction": target + 0.3 * torch.randn(3, 5, 2, generator=generator), "target": target}


LOSS = LossSpec(
    function=motion_derivative_consistency,
    module=MotionDerivativeConsistency,
    paper=Paper(
        title="TASAR: Transfer-based Attack on Skeletal Action Recognition",
        authors="Diao, Wu, Zhang, Liu, Hao, Wei, Wang and Wang",
        venue="ICLR",
        year=2025,
        url="https://arxiv.org/abs/2409.02483",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    unpaired_reason="it is itself the exact squared error of velocities and of what follows from them",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.ZERO_AT_TARGET,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
