"""Perpendicular gradients: no step is spent on the length of a weight, and so on the scale of the logits.

Once all training rows are right, the steepest way down is to scale the weights up, until the loss underflows
and learning ends. Without that component learning goes on.
"""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_non_negative,
    check_shape,
    check_tensor,
)


@full_precision
def perpendicular_gradient(
    parameter: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    *,
    preserve_norm: bool = True,
    eps: float = 1e-30,
) -> Float[Tensor, "*shape"]:
    r"""The gradient less its component along the parameter, as long as it was.

    .. math:: o = g - \frac{\langle w, g \rangle}{\langle w, w \rangle + \varepsilon} w, \qquad
              g' = \frac{\lVert g \rVert}{\lVert o \rVert + \varepsilon} o

    Args:
        parameter: w, one weight matrix or bias; its entries together are one vector.
        gradient: g, of the same shape.
        preserve_norm: False leaves o as short as it is.
        eps: keeps the divisions apart from 0.

    Returns:
        g', or o; g itself where w is 0. A gradient that is parallel to the parameter up to rounding gives 0,
        as that of a single number always is: the paper's code blows rounding up to full length there.

    Raises:
        ShapeError: the shapes differ.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``eps`` is negative.

    Differs from the paper: its formula is o; its code restores the length, and its results are with that.

    Source: Prieto, Barsbey, Mediano and Birdal, Grokking at the Edge of Numerical Stability, ICLR 2025.

    Example:
        >>> import torch
        >>> perpendicular_gradient(torch.tensor([2.0, 0.0]), torch.tensor([3.0, 4.0]))  # of length 5
        tensor([0., 5.])
    """
    check_floating("parameter", parameter)
    check_floating("gradient", gradient)
    check_shape("gradient", gradient, tuple(parameter.shape), like="parameter")
    check_finite("parameter", parameter)
    check_finite("gradient", gradient)
    check_non_negative("eps", eps)
    if parameter.numel() == 0:
        return gradient.clone()
    # Scaled to a largest entry of 1, squares stay in range.
    size, length = parameter.abs().amax(), gradient.abs().amax()
    weight = parameter / size.where(size > 0, 1.0)
    slope = gradient / length.where(length > 0, 1.0)
    share = (weight * slope).sum() / (weight.square().sum() + eps / size / size)
    across = slope - share.where(size > 0, 0.0) * weight
    whole, left = slope.square().sum().sqrt(), across.square().sum().sqrt()
    if preserve_norm:
        across = across * (whole / left.where(left > 0, 1.0))
    least = 1e-12 if gradient.dtype == torch.float64 else 1e-6
    return (length * across).where(left > least * whole, 0.0)


@torch.no_grad()
def apply_perpendicular_gradient_(
    parameters: Iterable[Tensor], *, preserve_norm: bool = True, eps: float = 1e-30
) -> None:
    """Replace the gradient of each parameter by its `perpendicular_gradient`.

    Call it between ``backward()`` and the step of any optimiser, without weight decay, which would act along
    the parameter. Parameters without a gradient, or with a sparse one, are passed over.

    Args:
        parameters: as of ``model.parameters()``.
        preserve_norm: as in `perpendicular_gradient`.
        eps: as in `perpendicular_gradient`.

    Raises:
        DtypeError: a parameter is no tensor.
        InvalidInputError: a value is NaN or infinite; ``eps`` is negative.

    Example:
        >>> import torch
        >>> weight = torch.tensor([2.0, 0.0], requires_grad=True)
        >>> optimizer = torch.optim.SGD([weight], lr=0.1)
        >>> (weight * torch.tensor([3.0, 4.0])).sum().backward()
        >>> apply_perpendicular_gradient_([weight])
        >>> optimizer.step()
        >>> weight
        tensor([ 2.0000, -0.5000], requires_grad=True)
    """
    for parameter in parameters:
        check_tensor("parameters", parameter)
        gradient = parameter.grad
        if gradient is not None and gradient.layout == torch.strided:
            gradient.copy_(perpendicular_gradient(parameter, gradient, preserve_norm=preserve_norm, eps=eps))
