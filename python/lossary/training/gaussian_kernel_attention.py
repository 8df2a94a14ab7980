"""Attention by a Gaussian kernel, without a softmax: what a key counts does not depend on the other keys."""

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import check_finite, check_floating, check_positive
from lossary.errors import ShapeError


@full_precision
def gaussian_kernel_attention(
    query: Float[Tensor, "*batch queries dim"],
    key: Float[Tensor, "*batch keys dim"],
    value: Float[Tensor, "*batch keys channels"],
    *,
    scale: float | None = None,
) -> Float[Tensor, "*batch queries channels"]:
    r"""Values weighted by how near their keys are to a query; the weights do not add up to one.

    .. math:: o_i = \sum_j e^{-\lVert s q_i - s k_j \rVert^2 / 2} \, v_j

    With landmarks l, and K(l, l) inverted by `lossary.training.newton_inverse`,
    K(q, l) K(l, l)^-1 K(l, k) v stands for it at a cost linear in queries and keys: it is this function
    three times, with an identity matrix as the values of K(l, l).

    Args:
        query: q.
        key: k; equal to ``query`` in the paper.
        value: v.
        scale: s; None is dim^(-1/4), so that distances are those of softmax attention.

    Returns:
        One row per query.

    Raises:
        ShapeError: a tensor has fewer than two axes; ``key`` or ``value`` does not fit; there is no key.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``scale`` is not above 0.

    Source: Lu et al., Softmax-free Linear Transformers, IJCV 2024, section 3.

    Example:
        >>> import torch
        >>> query, key = torch.tensor([[0.0]]), torch.tensor([[0.0], [1.0]])
        >>> gaussian_kernel_attention(query, key, torch.eye(2))  # exp(0) and exp(-1 / 2)
        tensor([[1.0000, 0.6065]])
    """
    for name, tensor in (("query", query), ("key", key), ("value", value)):
        check_floating(name, tensor)
        if tensor.ndim < 2:
            raise ShapeError(f"{name}: got shape {tuple(tensor.shape)}; wanted (..., rows, columns)")
        check_finite(name, tensor)
    wanted = (*query.shape[:-2], key.shape[-2], query.shape[-1])
    if key.shape != wanted or key.shape[-2] == 0:
        raise ShapeError(
            f"key: got shape {tuple(key.shape)}; wanted {(*wanted[:-2], 'keys', wanted[-1])} with a key"
        )
    if value.shape[:-1] != key.shape[:-1]:
        raise ShapeError(
            f"value: got shape {tuple(value.shape)}; wanted {(*wanted[:-1], 'channels')}, as key"
        )
    if scale is None:
        scale = max(query.shape[-1], 1) ** -0.25
    check_positive("scale", scale)
    query, key = scale * query, scale * key
    squares = query.square().sum(-1).unsqueeze(-1) + key.square().sum(-1).unsqueeze(-2)
    distance = (squares - 2 * query @ key.mT).clamp(min=0)
    return torch.exp(-distance / 2) @ value
