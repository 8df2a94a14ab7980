"""All-pairs surrogates as an operator: means over every pair of a positive and a negative, never the pairs.

On the CPU a Rust kernel takes them in linear time, or n log n for the hinges; elsewhere the same sums are
taken in torch operations. The gradient comes with the value, because most of the work is common to both.
Inside an operator the split by class may have any size, which plain torch code under
``torch.compile(fullgraph=True)`` could not have.

Derivatives are given twice, with the same rules: to the operators, so that an exported graph can be trained,
and to autograd functions around them, because ``torch.func`` refuses derivatives registered on operators.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.library import custom_op

from lossary import _kernels
from lossary.errors import InvalidInputError
from lossary.ops import all_pairs_torch
from lossary.ops.batching import per_example

Arguments = tuple[Tensor, Tensor, Tensor | None, str, float, float, float]


def all_pairs(
    score: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    surrogate: str = "logistic",
    margin: float = 1.0,
    scale: float = 1.0,
    temperature: float = 1.0,
) -> Tensor:
    r"""Mean of a surrogate of (s_i - s_j) / T over all positives i and negatives j.

    Args:
        score: (N,), float32 or float64; or (rows, N): the pairs of a row are averaged, then the rows that
            have one.
        target: bool, True for a positive, in the shape of ``score``.
        weight: not negative, in the shape of ``score``; the pair of i and j counts w_i w_j. It receives no
            gradient.
        surrogate: what a pair costs, a name of `lossary.ops.surrogates`.
        margin: m, from 0.
        scale: s, above 0.
        temperature: T, above 0.

    Returns:
        A scalar of the dtype of ``score``, summed in float64; 0 when there is no pair, NaN when a score is
        NaN or infinite. It has first and second derivatives with respect to ``score``.

    Raises:
        InvalidInputError: a score is beyond 1e150, a weight is negative, an option is out of its range, the
            loss overflows, or third derivatives are asked for.

    Source: the surrogates of Yuan, Yan, Sonka and Yang, Large-scale Robust Deep AUC Maximization, ICCV 2021.

    Example:
        >>> import torch
        >>> score = torch.tensor([0.5, 0.5, 0.5])
        >>> all_pairs(score, torch.tensor([True, False, False]))  # log 2: all pairs are tied
        tensor(0.6931)
    """
    value: Tensor = _AllPairs.apply(score, target, weight, surrogate, margin, scale, temperature)[0]
    return value


@custom_op("lossary::all_pairs", mutates_args=())
def _all_pairs(
    score: Tensor,
    target: Tensor,
    weight: Tensor | None,
    surrogate: str,
    margin: float,
    scale: float,
    temperature: float,
) -> tuple[Tensor, Tensor]:
    """The value, and its gradient in the shape of ``score``."""
    if score.device.type != "cpu":
        rows = (_rows(score), _rows(target), _rows(weight))
        value, gradient = all_pairs_torch.sums(*rows, surrogate, margin, scale, temperature)
        return value.to(score.dtype), gradient.to(score.dtype).reshape(score.shape)
    arrays, parameters = _arrays(score, target, weight), (margin, scale, temperature)
    try:
        result = _kernels.all_pairs(*arrays, score.shape[-1], surrogate, *parameters)
    except InvalidInputError:
        if score.isfinite().all():
            raise
        return score.new_full((), math.nan), _zeros_like(score) * math.nan
    if result is None:
        return score.new_zeros(()), _zeros_like(score)
    return score.new_tensor(result[0]), torch.from_numpy(result[1]).to(score.dtype).reshape(score.shape)


@custom_op("lossary::all_pairs_curvature_product", mutates_args=())
def _curvature_product(
    score: Tensor,
    target: Tensor,
    weight: Tensor | None,
    surrogate: str,
    margin: float,
    scale: float,
    temperature: float,
    direction: Tensor,
) -> Tensor:
    """The matrix of second derivatives times ``direction``, which has the shape of ``score``."""
    parameters = (margin, scale, temperature)
    if score.device.type != "cpu":
        rows = (_rows(score), _rows(target), _rows(weight), _rows(direction))
        change = all_pairs_torch.curvature_product(*rows, surrogate, *parameters)
        return change.to(score.dtype).reshape(score.shape)
    arrays = (*_arrays(score, target, weight), _array(direction.double()))
    product = _kernels.all_pairs_curvature_product(*arrays, score.shape[-1], surrogate, *parameters)
    if product is None:
        return _zeros_like(score)
    return torch.from_numpy(product).to(score.dtype).reshape(score.shape)


def _arrays(score: Tensor, target: Tensor, weight: Tensor | None) -> tuple[Any, Any, Any]:
    return _array(score), _array(target), None if weight is None else _array(weight.double())


def _array(tensor: Tensor) -> Any:
    return tensor.detach().contiguous().reshape(-1).numpy()


def _rows(tensor: Tensor | None) -> Any:
    return None if tensor is None else tensor.detach().reshape(-1, tensor.shape[-1])


def _zeros_like(score: Tensor) -> Tensor:
    return torch.zeros_like(score, memory_format=torch.contiguous_format)


@_all_pairs.register_fake
def _(score: Tensor, *_options: Any) -> tuple[Tensor, Tensor]:
    return score.new_empty(()), torch.empty_like(score, memory_format=torch.contiguous_format)


@_curvature_product.register_fake
def _(score: Tensor, *_options: Any) -> Tensor:
    return torch.empty_like(score, memory_format=torch.contiguous_format)


def _save(ctx: Any, inputs: Arguments, output: tuple[Tensor, Tensor]) -> None:
    score, target, weight, *ctx.options = inputs
    ctx.save_for_backward(score, target, weight, output[1])
    ctx.set_materialize_grads(False)


def _backward(ctx: Any, of_value: Tensor | None, of_gradient: Tensor | None) -> tuple[Tensor | None, ...]:
    score, target, weight, gradient = ctx.saved_tensors
    total = None if of_value is None else of_value * gradient
    if of_gradient is not None:
        change = _CurvatureProduct.apply(score, target, weight, *ctx.options, of_gradient)
        total = change if total is None else total + change
    return (total, *[None] * 6)


def _refuse(ctx: Any, gradient: Tensor) -> tuple[None, ...]:  # noqa: ARG001
    raise InvalidInputError("score: got a request for third derivatives; wanted first or second ones")


def _save_nothing(ctx: Any, inputs: Arguments, output: Tensor) -> None:
    pass


class _AllPairs(Function):
    @staticmethod
    def forward(*inputs: Any) -> tuple[Tensor, Tensor]:
        result: tuple[Tensor, Tensor] = _all_pairs(*inputs)
        return result

    setup_context = staticmethod(_save)
    backward = staticmethod(_backward)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *inputs: Any) -> tuple[Any, Any]:
        return per_example(_AllPairs.apply)(info, in_dims, *inputs)


class _CurvatureProduct(Function):
    @staticmethod
    def forward(*inputs: Any) -> Tensor:
        result: Tensor = _curvature_product(*inputs)
        return result

    setup_context = staticmethod(_save_nothing)
    backward = staticmethod(_refuse)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *inputs: Any) -> tuple[Any, Any]:
        return per_example(_CurvatureProduct.apply)(info, in_dims, *inputs)


_all_pairs.register_autograd(_backward, setup_context=_save)
_curvature_product.register_autograd(_refuse)
