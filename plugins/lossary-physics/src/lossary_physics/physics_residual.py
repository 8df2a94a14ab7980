"""Physics residual: how far a network is from solving an equation, and the derivatives for writing it.

The caller writes the equation in torch operations and passes its residual, with a graph; `derivative` gives
the partial derivatives of a network's output.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_no_negative,
)
from lossary.errors import InvalidInputError, ShapeError
from torch import Tensor
from torch.nn import functional


@full_precision
def physics_residual(
    residual: Float[Tensor, "..."],
    weight: Float[Tensor, "..."] | None = None,
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Mean squared residual of a differential equation over collocation points.

    .. math:: L = \frac{\sum_i w_i r_i^2}{\sum_i w_i}

    Args:
        residual: left side minus right side of the equation at each point, any shape.
        weight: w, 0 or above, broadcast to the shape of ``residual``; None is 1 everywhere. A weight with a
            graph receives a gradient.
        reduction: "mean" divides by the sum of the weights; "sum"; "none" gives w r^2.

    Returns:
        A scalar, or values with the shape of ``residual`` under "none". Without a point, or where all weights
        are 0, the mean is 0.

    Raises:
        ShapeError: ``weight`` does not broadcast to the shape of ``residual``.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite, or a weight is negative.

    Source: Wang, Sankaran and Perdikaris, Respecting causality is all you need for training physics-informed
        neural networks, arXiv 2022, section 2.

    Example:
        >>> import torch
        >>> residual = torch.tensor([1.0, 2.0])
        >>> physics_residual(residual, torch.tensor([3.0, 1.0]))  # (3 * 1 + 1 * 4) / (3 + 1)
        tensor(1.7500)
    """
    check_floating("residual", residual)
    check_finite("residual", residual)
    if weight is None:
        return reduce(residual.square(), reduction)
    check_floating("weight", weight)
    check_finite("weight", weight)
    check_no_negative("weight", weight, "weights")
    try:
        weight = weight.expand(residual.shape)
    except RuntimeError:
        raise ShapeError(
            f"weight: got shape {tuple(weight.shape)}; wanted one that broadcasts to that of residual, "
            f"{tuple(residual.shape)}"
        ) from None
    weight = weight.to(residual.dtype)
    if reduction != "mean":
        return reduce(weight * residual.square(), reduction)
    # Only the ratios of the weights count; relative to the largest, their sum neither overflows nor vanishes.
    largest = functional.pad(weight.detach().flatten(), (0, 1)).amax()  # padded, for there may be no point
    weight = weight / largest.where(largest != 0, 1.0)
    total = weight.sum()
    return (weight * residual.square()).sum() / total.where(total != 0, 1.0)


PhysicsResidual = loss_module(physics_residual)


def derivative(
    output: Float[Tensor, "points"] | Float[Tensor, "points 1"],
    coordinates: Float[Tensor, "points dim"],
    order: int = 1,
) -> Float[Tensor, "points dim"]:
    """Partial derivatives of a network's output with respect to each coordinate of the same point.

    Args:
        output: one value per point; it must depend on its own point only, as that of a plain network does.
        coordinates: the points, with ``requires_grad``, from which ``output`` was computed.
        order: how often to differentiate: 2 gives the unmixed second derivatives, whose sum is the Laplacian.

    Returns:
        The derivative of this order with respect to each coordinate, with a graph, so that a loss of it
        trains the network.

    Raises:
        ShapeError: ``coordinates`` is no matrix or ``output`` has not one value per point.
        DtypeError: an argument is not floating.
        InvalidInputError: ``output`` was not computed from ``coordinates``; ``order`` is below 1.

    Example:
        >>> import torch
        >>> x = torch.tensor([[2.0, 5.0]], requires_grad=True)
        >>> derivative(x[:, 0] ** 3 * x[:, 1], x).detach()  # 3 x^2 y and x^3
        tensor([[60.,  8.]])
        >>> derivative(x[:, 0] ** 3 * x[:, 1], x, order=2).detach()  # 6 x y and 0
        tensor([[60.,  0.]])
    """
    check_floating("output", output)
    check_floating("coordinates", coordinates)
    check_ndim("coordinates", coordinates, "points dim")
    points = coordinates.shape[0]
    if output.shape not in ((points,), (points, 1)):
        raise ShapeError(
            f"output: got shape {tuple(output.shape)}; wanted ({points},) or ({points}, 1), a value per point"
        )
    check_int("order", order)
    if order < 1:
        raise InvalidInputError(f"order: got {order}; wanted 1 or above")
    if not coordinates.requires_grad:
        raise InvalidInputError(
            "coordinates: got a tensor without a graph; wanted coordinates.requires_grad_()"
        )
    first = _gradient(output, coordinates)
    if first is None:
        raise InvalidInputError(
            "output: got a tensor that does not depend on coordinates; wanted one computed from them"
        )
    if order == 1:
        return first
    columns = []
    for axis in range(coordinates.shape[1]):
        column = first[:, axis]
        for _ in range(order - 1):
            gradient = _gradient(column, coordinates)
            # A polynomial runs out of derivatives: what no longer depends on the coordinates has slope 0.
            column = torch.zeros_like(column) if gradient is None else gradient[:, axis]
        columns.append(column)
    return torch.stack(columns, 1)


def _gradient(output: Tensor, coordinates: Tensor) -> Tensor | None:
    if not output.requires_grad:
        return None
    (gradient,) = torch.autograd.grad(output.sum(), coordinates, create_graph=True, allow_unused=True)
    return gradient


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Two residuals at each of seven points, and a weight per point."""
    return {
        "residual": torch.randn(7, 2, generator=generator),
        "weight": torch.rand(7, 1, generator=generator) + 0.5,
    }


LOSS = LossSpec(
    function=physics_residual,
    module=PhysicsResidual,
    paper=Paper(
        title="Respecting causality is all you need for training physics-informed neural networks",
        authors="Wang, Sankaran and Perdikaris",
        venue="arXiv",
        year=2022,
        url="https://arxiv.org/abs/2203.07404",
        equation="section 2",
    ),
    differentiable=("residual", "weight"),
    example_inputs=example_inputs,
    unpaired_reason="the exact metric is the error against the solution of the equation, which is no input",
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
    exceptions={"reductions_agree": "the mean divides by the sum of the weights, not by their number"},
)
