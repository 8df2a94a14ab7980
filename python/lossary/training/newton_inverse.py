"""The inverse of symmetric matrices by products alone, as kernels of landmarks in attention want it."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_int,
    check_non_negative,
    check_positive,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError


@full_precision
def newton_inverse(
    matrix: Float[Tensor, "*batch dim dim"], *, iterations: int = 20, ridge: float = 0.01
) -> Float[Tensor, "*batch dim dim"]:
    r"""Inverse of P = matrix + ridge I by Newton's iteration, with its gradient in one go.

    .. math::
        V_0 = \frac{1.8}{\lVert P \rVert_\infty^2} P^\top, \qquad V \leftarrow 2 V - V P V, \qquad
        \frac{\partial L}{\partial P} = -V^\top \frac{\partial L}{\partial V} V^\top

    An eigenvalue w of P becomes (1 - (1 - a w^2)^(2^iterations)) / w, a the first factor: each time the error
    is squared, from close to 1 where w is small beside the norm. The gradient is that of the inverse, from
    the last V, and not that of the iterations.

    Args:
        matrix: symmetric.
        iterations: how many, at least 1.
        ridge: added to the diagonal.

    Returns:
        V, of the shape of ``matrix``.

    Raises:
        ShapeError: ``matrix`` is not square.
        DtypeError: ``matrix`` is not floating, or ``iterations`` no int.
        InvalidInputError: a value is NaN or infinite; ``iterations`` is below 1; ``ridge`` is negative; P is
            0.

    Differs from the official code: its first factor leaves the ridge out of the norm, and diverges with a
        larger ridge.

    Source: Lu et al., Softmax-free Linear Transformers, IJCV 2024, section 3.

    Example:
        >>> import torch
        >>> newton_inverse(torch.tensor([[2.0, 0.0], [0.0, 4.0]]), ridge=0.0)
        tensor([[0.5000, 0.0000],
                [0.0000, 0.2500]])
    """
    check_floating("matrix", matrix)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise ShapeError(f"matrix: got shape {tuple(matrix.shape)}; wanted (..., dim, dim)")
    check_finite("matrix", matrix)
    check_int("iterations", iterations)
    check_positive("iterations", iterations)
    check_non_negative("ridge", ridge)
    shifted = matrix + ridge * torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    if checks_values(matrix) and bool((shifted == 0).flatten(-2).all(-1).any()) and shifted.numel():
        raise InvalidInputError("matrix: got 0 with its ridge; wanted one that has an inverse")
    inverse: Tensor = _Inverse.apply(shifted, iterations)
    return inverse


class _Inverse(torch.autograd.Function):
    """Newton's iteration forward, the derivative of the inverse backward."""

    generate_vmap_rule = True

    @staticmethod
    def forward(matrix: Tensor, iterations: int) -> Tensor:
        norm = matrix.abs().sum(-1).amax(-1)[..., None, None]
        # Divided twice, since the square may leave the range.
        inverse = 1.8 * (matrix.mT / norm) / norm
        for _ in range(iterations):
            inverse = 2 * inverse - inverse @ matrix @ inverse
        return inverse

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (inverse,) = ctx.saved_tensors
        return -inverse.mT @ gradient @ inverse.mT, None
