"""A classification loss that is quadratic near the margin and linear beyond it.

It trains like the squared hinge, but a label that is plainly wrong pulls with a bounded force. Its exact
metric is the accuracy of the decisions ``logits > 0``.
"""

from typing import Any

import torch
from jaxtyping import Float, Shaped
from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import (
    check_binary,
    check_finite,
    check_floating,
    check_ndim,
    check_positive,
    check_shape,
)
from torch import Tensor


@full_precision
def modified_huber(
    logits: Float[Tensor, "batch"],
    target: Shaped[Tensor, "batch"],
    *,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Penalises decisions inside the margin quadratically, and wrong ones far beyond it linearly.

    .. math:: L = \begin{cases} \max(0, m - y z)^2 & y z \ge -m \\ -4 m y z & y z < -m \end{cases},
        \qquad y = 2t - 1

    Args:
        logits: scores z; above 0 means class 1.
        target: class t of each row, 0 or 1, of any dtype.
        margin: m, how far on its own side a score must be to cost nothing; above 0.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per row under "none".

    Raises:
        ShapeError: ``logits`` has not one axis, or ``target`` has another length.
        DtypeError: ``logits`` is not floating.
        InvalidInputError: ``logits`` is not finite, ``target`` is not 0 or 1, or ``margin`` is not above 0.

    Differs from the paper: the margin is an option; at 1 the formula is the paper's.

    Source: Zhang, Solving Large Scale Linear Prediction Problems Using Stochastic Gradient Descent
        Algorithms, ICML 2004.

    Example:
        >>> import torch
        >>> logits = torch.tensor([2.0, 0.5, -3.0])
        >>> modified_huber(logits, torch.tensor([1, 1, 1]), reduction="none")  # 0, (1 - 0.5)^2, 4 * 3
        tensor([ 0.0000,  0.2500, 12.0000])
    """
    check_floating("logits", logits)
    check_ndim("logits", logits, "batch")
    check_binary("target", target)
    check_shape("target", target, tuple(logits.shape), like="logits")
    check_positive("margin", margin)
    check_finite("logits", logits)

    agreement = logits * (2 * target.to(logits.dtype) - 1)
    hinge = (margin - agreement).relu()
    # Without a case distinction: no overflow on the side that is not taken, one gradient where they meet.
    capped = hinge.clamp(max=2 * margin)
    return reduce(capped * (2 * hinge - capped), reduction)


ModifiedHuber = loss_module(modified_huber)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six rows of both classes, with scores on both sides of the margin."""
    return {"logits": 2 * torch.randn(6, generator=generator), "target": torch.tensor([0, 1, 0, 1, 0, 1])}


LOSS = LossSpec(
    function=modified_huber,
    module=ModifiedHuber,
    paper=Paper(
        title="Solving Large Scale Linear Prediction Problems Using Stochastic Gradient Descent Algorithms",
        authors="Zhang",
        venue="ICML",
        year=2004,
        url="https://doi.org/10.1145/1015330.1015332",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="accuracy_score", adapt=lambda logits, target: (target, logits > 0)),),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.CONVEX}),
)
