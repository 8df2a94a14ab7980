"""Self-adaptive residual: each point learns a weight of its own, and stubborn points become heavy.

One optimizer takes the network down and the weights up, since the gradient of the weights is reversed. At
singular points multiply the equation by the leading power of the distance to them before squaring it.
"""

from typing import Any, Literal, get_args

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_choice, check_finite, check_floating, check_ndim, check_shape
from lossary.errors import ShapeError
from torch import Tensor

Mask = Literal["square", "sigmoid", "identity"]


@full_precision
def self_adaptive_residual(
    residual: Float[Tensor, "points"],
    point_weight: Float[Tensor, "points"],
    *,
    mask: Mask = "square",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Squared residual of an equation, weighted by what each point has learnt to count.

    .. math:: L = \frac{1}{N} \sum_i m(w_i) r_i^2, \qquad m(w) = w^2, \quad \frac{1}{1 + e^{-w}}
              \quad \text{or} \quad w

    Args:
        residual: r, left side minus right side of the equation at each point.
        point_weight: w, a parameter; descent raises it, for its gradient comes with the other sign.
        mask: m: "square", "sigmoid" or "identity".
        reduction: "mean" over points, "sum", or "none".

    Returns:
        A scalar, or one value per point under "none".

    Raises:
        ShapeError: ``residual`` is not (points,) with a point at least, or ``point_weight`` differs from it.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``mask`` is none of the three.

    Source: McClenny and Braga-Neto, Self-Adaptive Physics-Informed Neural Networks, Journal of Computational
        Physics 474, 2023; used for singular equations in: Deep Learning solutions to singular ordinary
        differential equations: from special functions to spherical accretion, 2024.

    Example:
        >>> import torch
        >>> weight = torch.tensor([1.0, 2.0], requires_grad=True)
        >>> loss = self_adaptive_residual(torch.tensor([3.0, 0.5]), weight, reduction="sum")  # 9 + 4 / 4
        >>> loss.backward()
        >>> loss.item(), weight.grad  # -2 w r^2
        (10.0, tensor([-18.,  -1.]))
    """
    check_floating("residual", residual)
    check_ndim("residual", residual, "points")
    if residual.shape[0] == 0:
        raise ShapeError("residual: got shape (0,); wanted a point at least")
    check_floating("point_weight", point_weight)
    check_shape("point_weight", point_weight, tuple(residual.shape), like="residual")
    check_finite("residual", residual)
    check_finite("point_weight", point_weight)
    check_choice("mask", mask, get_args(Mask))
    weight = point_weight.to(residual.dtype)
    weight = 2 * weight.detach() - weight  # the same number, the other slope
    match mask:
        case "square":
            weight = weight.square()
        case "sigmoid":
            weight = weight.sigmoid()
        case "identity":
            pass
    return reduce(weight * residual.square(), reduction)


SelfAdaptiveResidual = loss_module(self_adaptive_residual)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Seven residuals, and weights around 1."""
    return {
        "residual": torch.randn(7, generator=generator),
        "point_weight": 0.5 + 2 * torch.rand(7, generator=generator),
    }


LOSS = LossSpec(
    function=self_adaptive_residual,
    module=SelfAdaptiveResidual,
    paper=Paper(
        title="Self-Adaptive Physics-Informed Neural Networks",
        authors="McClenny and Braga-Neto",
        venue="Journal of Computational Physics",
        year=2023,
        url="https://arxiv.org/abs/2009.04544",
    ),
    differentiable=("residual", "point_weight"),
    example_inputs=example_inputs,
    unpaired_reason="the exact metric is relative_l2_error against the solution, which is no input",
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.REJECTS_EMPTY_BATCH}),
    exceptions={
        "gradcheck": "the gradient of the weights is reversed by definition, that of the value is not"
    },
)
