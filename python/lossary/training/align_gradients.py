"""Two objectives in one step, where the second may not undo the first: what points against it is cut off.

Made for a classifier that is distilled at the same time; unlike in projections of both gradients, that of the
first objective stays as it is.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_shape
from lossary.errors import InvalidInputError


class AlignedGradients(NamedTuple):
    """The gradient of the step, and what remained of the auxiliary one, each (parameters,)."""

    merged: Tensor
    adjusted: Tensor


def align_gradients(
    primary_gradient: Float[Tensor, "parameters"], auxiliary_gradient: Float[Tensor, "parameters"]
) -> AlignedGradients:
    r"""Add two gradients, the second without its part against the first.

    .. math:: g = g_0 + g_1 - \min\left( 0, \frac{g_1 \cdot g_0}{\lVert g_0 \rVert^2} \right) g_0

    Args:
        primary_gradient: g_0, of all trained parameters, flat.
        auxiliary_gradient: g_1, likewise; 0 where its objective does not reach.

    Returns:
        (merged, adjusted): g, and g less g_0. A primary gradient of zero changes nothing.

    Raises:
        ShapeError: ``primary_gradient`` is not flat, or ``auxiliary_gradient`` has another shape.
        DtypeError: one of them is not floating.
        InvalidInputError: a value is NaN or infinite.

    Source: Yang, Zong, Huang, Feng and An, Dual-Head Knowledge Distillation: Enhancing Logits Utilization
        with an Auxiliary Head, arXiv 2411.08937, 2024; products are summed in float64 here.

    Example:
        >>> import torch
        >>> align_gradients(torch.tensor([2.0, 0.0]), torch.tensor([-1.0, 3.0])).merged
        tensor([2., 3.])
    """
    check_floating("primary_gradient", primary_gradient)
    check_ndim("primary_gradient", primary_gradient, "parameters")
    check_floating("auxiliary_gradient", auxiliary_gradient)
    check_shape(
        "auxiliary_gradient", auxiliary_gradient, tuple(primary_gradient.shape), like="primary_gradient"
    )
    check_finite("primary_gradient", primary_gradient)
    check_finite("auxiliary_gradient", auxiliary_gradient)
    wide = primary_gradient.double()
    square = wide.square().sum()
    against = (auxiliary_gradient.double() * wide).sum().clamp(max=0.0)
    share = against / square.where(square != 0, 1.0)
    adjusted = (auxiliary_gradient.double() - share * wide).to(auxiliary_gradient.dtype)
    return AlignedGradients(primary_gradient + adjusted, adjusted)


def backward_aligned(primary_loss: Tensor, auxiliary_loss: Tensor, parameters: Iterable[Tensor]) -> None:
    """Go backward through two losses at once, and add their `align_gradients` to ``grad``.

    Args:
        primary_loss: a scalar with a graph, weighted as it shall be.
        auxiliary_loss: likewise; the two may share their graph.
        parameters: all that is trained, such as ``network.parameters()``. One that neither loss reaches has a
            gradient of zero.

    Raises:
        InvalidInputError: there is no parameter that requires a gradient; a gradient is NaN or infinite.

    Example:
        >>> import torch
        >>> weight = torch.tensor([1.0, 1.0], requires_grad=True)
        >>> backward_aligned(2 * weight[0], 3 * weight[1] - weight[0], [weight])
        >>> weight.grad
        tensor([2., 3.])
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    if not trained:
        raise InvalidInputError("parameters: got none that requires a gradient; wanted one at least")
    flat = [
        torch.cat([gradient.flatten() for gradient in gradients])
        for gradients in (
            torch.autograd.grad(loss, trained, retain_graph=loss is primary_loss, materialize_grads=True)
            for loss in (primary_loss, auxiliary_loss)
        )
    ]
    merged = torch.split(align_gradients(*flat).merged, [parameter.numel() for parameter in trained])
    for parameter, gradient in zip(trained, merged, strict=True):
        own = gradient.view_as(parameter).to(parameter.dtype)
        parameter.grad = own.clone() if parameter.grad is None else parameter.grad + own
