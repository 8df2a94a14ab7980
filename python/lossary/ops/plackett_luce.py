"""The Plackett-Luce log-likelihood: how likely the items of a list are chosen in the order they stand in.

Time and memory are linear in the length of a list, and scores thousands apart neither overflow nor vanish. On
the CPU a Rust kernel takes the sums; elsewhere, and for scores that are NaN, infinite or beyond 1e150, the
same sums are taken in torch operations. The gradient comes with the value, because most of the work is common
to both; second derivatives are torch operations everywhere.

Derivatives are given twice, with the same rules: to the operator, so that an exported graph can be trained,
and to an autograd function around it, because ``torch.func`` refuses derivatives registered on operators.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.library import custom_op
from torch.nn import functional

from lossary import _kernels
from lossary.errors import InvalidInputError
from lossary.ops.pair_rows import accumulator

# Weights of 2^(n-k) - 1 leave the range of float32 at 129 places, and dwarf all but the first long before.
MAX_EXPONENTIAL_PLACES = 100


def plackett_luce_log_likelihood(
    scores: Tensor, mask: Tensor | None = None, *, weights: Tensor | None = None
) -> Tensor:
    r"""For each list the log-probability that its items are chosen in the order given.

    .. math:: \ell = \sum_k w_k \left[ s_k - \log \sum_{l \ge k} e^{s_l} \right]

    Args:
        scores: s, (..., items), in the order of choice; float32 or float64.
        mask: bool, in the shape of ``scores``; False for padding, which is in no list and may stand anywhere.
            None keeps all.
        weights: w, of 0 or above, of a shape that broadcasts to that of ``scores``; an item of weight 0 is
            never chosen, yet competes with those before it. They receive no gradient. None is 1 throughout.

    Returns:
        (...,), 0 or below; 0 for a list without items. It has first and second derivatives by ``scores``.

    Example:
        >>> import torch
        >>> plackett_luce_log_likelihood(torch.zeros(3))  # one of the 3! orders
        tensor(-1.7918)
    """
    if weights is not None:
        weights = weights.detach().expand_as(scores)
    log_likelihood: Tensor = _LogLikelihood.apply(scores, mask, weights)[0]
    return log_likelihood


@custom_op("lossary::plackett_luce", mutates_args=())
def _plackett_luce(scores: Tensor, mask: Tensor | None, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """The log-likelihoods, and their gradient in the shape of ``scores``."""
    mask = None if mask is None or bool(mask.all()) else mask.expand_as(scores)
    weights = None if weights is None else weights.expand_as(scores)
    if scores.device.type == "cpu" and scores.dtype in (torch.float32, torch.float64):
        try:
            return _by_kernel(scores, mask, weights)
        except InvalidInputError:  # scores without a likelihood, or beyond the range of the kernel
            pass
    return _by_torch(scores, mask, weights)


def _by_kernel(scores: Tensor, mask: Tensor | None, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    lists, width = math.prod(scores.shape[:-1]), scores.shape[-1]
    scores = scores.detach()
    if mask is None:
        counts = torch.full((lists,), width)
        flat, steps = scores.reshape(-1), None if weights is None else weights.reshape(-1)
    else:
        counts = mask.sum(-1).reshape(-1)
        flat, steps = scores[mask], None if weights is None else weights[mask]
    offsets = functional.pad(counts.cumsum(0), (1, 0)).numpy().astype(np.uintp)
    values, slopes = _kernels.plackett_luce(
        flat.contiguous().numpy(),
        offsets,
        None,
        None if steps is None else steps.double().contiguous().numpy(),
    )
    value = torch.from_numpy(values).to(scores.dtype).reshape(scores.shape[:-1])
    slope = torch.from_numpy(slopes)
    if mask is not None:
        slope = scores.new_zeros(scores.shape).masked_scatter_(mask, slope)
    return value, slope.reshape(scores.shape)


def _by_torch(scores: Tensor, mask: Tensor | None, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """One running log-sum each for the value and the gradient."""
    kept, weights = _wide(scores, mask, weights)
    pools = _pools(kept)
    # s - log(e^s + e^later) without its cancellation
    steps = functional.logsigmoid(kept - _following(pools))
    chosen = weights * (_following(pools) - kept).sigmoid()
    # An item loses to each choice before it: sum over l < k of w_l e^(s_k - pool_l).
    slope = chosen - (kept + _before(_choices(weights, pools))).exp()
    return (weights * steps).sum(-1).to(scores.dtype), slope.to(scores.dtype)


def _curvature_product(
    scores: Tensor, mask: Tensor | None, weights: Tensor | None, direction: Tensor
) -> Tensor:
    """The matrix of second derivatives times ``direction`` v: sum over l <= k of w_l p_lk (m_l - v_k).

    p_lk is the probability e^(s_k - pool_l) of the item k in the choice l, and m_l the mean of v over that.
    """
    if scores.shape[-1] == 0:
        return torch.zeros_like(direction)
    kept, weights = _wide(scores, mask, weights)
    pools = _pools(kept)
    # A constant added to v changes nothing, and lets it have logarithms.
    moved = direction.to(kept.dtype)
    if mask is not None:
        moved = moved.where(mask, 0.0)
    low, high = moved.detach().aminmax(dim=-1, keepdim=True)
    moved = moved - low + (high - low).where(high > low, 1.0)
    means = _pools(kept + moved.log()) - pools
    # Of the choice of the item itself, m_k - v_k without its cancellation.
    others = (_following(pools) - kept).sigmoid() * (functional.pad(means[..., 1:], (0, 1)).exp() - moved)
    own = weights * (kept - _following(pools)).sigmoid() * others
    choices = _choices(weights, pools)
    earlier = (kept + _before(choices + means)).exp() - moved * (kept + _before(choices)).exp()
    return (own + earlier).to(direction.dtype)


def _nothing(values: Tensor) -> float:
    """The logarithm that stands for 0: finite, so that derivatives are, and so low that sums of it are."""
    return torch.finfo(values.dtype).min / 4


def _wide(scores: Tensor, mask: Tensor | None, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """Scores and weights of a list, in double precision for the digits of large sums; none at padding."""
    kept = scores.to(accumulator(scores))
    weights = torch.ones_like(kept) if weights is None else weights.to(kept.dtype)
    if mask is None:
        return kept, weights
    return kept.where(mask, _nothing(kept)), weights.where(mask, 0.0)


def _pools(kept: Tensor) -> Tensor:
    """The log-sum over each item and those after it."""
    return kept.flip(-1).logcumsumexp(-1).flip(-1)


def _following(pools: Tensor) -> Tensor:
    """The log-sum over those after it alone."""
    return functional.pad(pools[..., 1:], (0, 1), value=_nothing(pools))


def _choices(weights: Tensor, pools: Tensor) -> Tensor:
    """The logarithm of w e^(-pool)."""
    counts = weights > 0
    return (weights.where(counts, 1.0).log() - pools).where(counts, _nothing(pools))


def _before(choices: Tensor) -> Tensor:
    """The log-sum over those before it."""
    return functional.pad(choices.logcumsumexp(-1)[..., :-1], (1, 0), value=_nothing(choices))


@_plackett_luce.register_fake
def _(scores: Tensor, *_options: Any) -> tuple[Tensor, Tensor]:
    return (
        scores.new_empty(scores.shape[:-1]),
        torch.empty_like(scores, memory_format=torch.contiguous_format),
    )


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.save_for_backward(*inputs, output[1])
    ctx.set_materialize_grads(False)


def _backward(
    ctx: Any, of_value: Tensor | None, of_gradient: Tensor | None
) -> tuple[Tensor | None, None, None]:
    scores, mask, weights, gradient = ctx.saved_tensors
    total = None if of_value is None else of_value.unsqueeze(-1) * gradient
    if of_gradient is not None:
        change = _curvature_product(scores, mask, weights, of_gradient)
        total = change if total is None else total + change
    return total, None, None


class _LogLikelihood(Function):
    @staticmethod
    def forward(*inputs: Any) -> tuple[Tensor, Tensor]:
        result: tuple[Tensor, Tensor] = _plackett_luce(*inputs)
        return result

    setup_context = staticmethod(_save)
    backward = staticmethod(_backward)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *inputs: Any) -> tuple[Any, Any]:
        """Lists are independent: those of all examples go in one call."""
        scores, mask, weights = (
            value if value is None or axis is None else value.movedim(axis, 0)
            for value, axis in zip(inputs, in_dims, strict=True)
        )
        if in_dims[0] is None:
            scores = scores.expand(info.batch_size, *scores.shape)
        return _LogLikelihood.apply(scores, mask, weights), (0, 0)


_plackett_luce.register_autograd(_backward, setup_context=_save)
