"""Rank-one edit: a linear layer gives another value for one key, and changes as little as it can elsewhere.

It redirects what a language model knows without training: the key is the layer's input for the concept to
forget, and the value what the layer gives for a harmless one, ``weight @ harmless_key``.
"""

import torch
from jaxtyping import Float
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError
from torch import Tensor


def rank_one_edit(
    weight: Float[Tensor, "outputs inputs"],
    key: Float[Tensor, "inputs"],
    value: Float[Tensor, "outputs"],
    covariance: Float[Tensor, "inputs inputs"] | None = None,
) -> Float[Tensor, "outputs inputs"]:
    r"""The weight nearest to the given one that maps the key to the value.

    .. math:: W' = W + \frac{(v - W k) \, u^\top}{u^\top k}, \quad u = C^{-1} k

    It is the least of tr((W' - W) C (W' - W)^T), how much the output changes on ordinary inputs. Which layer
    to edit, and by which keys, is for the caller to say.

    Args:
        weight: W, as that of ``torch.nn.Linear``.
        key: k, not all zeros.
        value: v.
        covariance: C, the mean of k k^T over inputs of ordinary text, symmetric and positive definite; None
            is the identity.

    Returns:
        W', in the dtype of ``weight``, computed in float64.

    Raises:
        ShapeError: ``weight`` is not a matrix, or a shape does not fit it.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``key`` is 0; ``covariance`` is not symmetric, or not
            positive definite.

    Differs from the paper: this is the step that the papers share. How ROCR picks its layers and keys is not
        part of it.

    Source: Meng, Bau, Andonian and Belinkov, Locating and Editing Factual Associations in GPT, NeurIPS 2022,
        equation 2; for unlearning Ye, Zhang and Wu, LLM Unlearning Should Be Form-Independent, arXiv
        2506.07795, 2025.

    Example:
        >>> import torch
        >>> edited = rank_one_edit(torch.eye(2), torch.tensor([2.0, 0.0]), torch.tensor([0.0, 6.0]))
        >>> edited  # of (2, 0) the layer now gives (0, 6), and of (0, 1) what it gave
        tensor([[0., 0.],
                [3., 1.]])
    """
    check_floating("weight", weight)
    check_ndim("weight", weight, "outputs inputs")
    outputs, inputs = weight.shape
    check_floating("key", key)
    check_shape("key", key, (inputs,), like="the columns of weight")
    check_floating("value", value)
    check_shape("value", value, (outputs,), like="the rows of weight")
    for name, tensor in (("weight", weight), ("key", key), ("value", value)):
        check_finite(name, tensor)
    if checks_values(key) and not bool(key.any()):
        raise InvalidInputError("key: got zeros only; wanted a key that a weight can act on")
    wide = weight.double()
    scale = key.detach().abs().amax().double()
    unit = key.double() / scale  # only its direction counts, and its squares stay in range
    dual = unit if covariance is None else _solve(covariance, unit)
    gap = value.double() / scale - wide @ unit
    return (wide + torch.outer(gap, dual / (dual @ unit))).to(weight.dtype)


def _solve(covariance: Tensor, key: Tensor) -> Tensor:
    check_floating("covariance", covariance)
    check_shape("covariance", covariance, (key.shape[0], key.shape[0]), like="the columns of weight")
    check_finite("covariance", covariance)
    wide = covariance.double()
    if checks_values(covariance):
        apart, size = (wide - wide.T).abs().max(), wide.abs().max()
        if bool(apart > torch.finfo(covariance.dtype).eps ** 0.5 * size):
            raise InvalidInputError(
                f"covariance: got entries that differ by {apart.item():g} across the diagonal; wanted a "
                "symmetric matrix"
            )
    factor, failed = torch.linalg.cholesky_ex((wide + wide.T) / 2)
    if checks_values(covariance) and bool(failed):
        raise InvalidInputError(
            "covariance: got a matrix that is not positive definite; wanted one, for example with a little "
            "added to its diagonal"
        )
    return torch.cholesky_solve(key.unsqueeze(1), factor).squeeze(1)
