"""The Plackett-Luce log-likelihood: how likely the items of a list are chosen in the order they stand in.

Value and gradient take one running log-sum each, so time and memory are linear in the length of a list, and
scores thousands apart neither overflow nor vanish. The gradient is written out because autograd's own takes
two, and has NaN for its derivative wherever a place has no weight.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

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
    mask = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask
    weights = torch.ones_like(scores) if weights is None else weights.detach()
    log_likelihood: Tensor = _LogLikelihood.apply(scores, mask, weights.where(mask, 0.0))[0]
    return log_likelihood


class _LogLikelihood(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(scores: Tensor, mask: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        kept = _kept(scores, mask)
        pools = _pools(kept)
        # s - log(e^s + e^later) without its cancellation
        steps = functional.logsigmoid(kept - _following(pools))
        return (weights * steps).sum(-1).to(scores.dtype), pools

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(*inputs, output[1])

    @staticmethod
    def backward(ctx: Any, upstream: Tensor, _: Tensor) -> tuple[Tensor, None, None]:
        scores, mask, weights, pools = ctx.saved_tensors
        kept = _kept(scores, mask)
        if torch.is_grad_enabled():  # for second derivatives, which the saved sums do not carry
            pools = _pools(kept)
        chosen = weights * (_following(pools) - kept).sigmoid()
        # An item loses to each choice before it: sum over l < k of w_l e^(s_k - pool_l).
        counts = weights > 0
        choices = (weights.where(counts, 1.0).log() - pools).where(counts, _nothing(pools))
        before = functional.pad(choices.logcumsumexp(-1)[..., :-1], (1, 0), value=_nothing(pools))
        slope = chosen - (kept + before).exp()
        return upstream.unsqueeze(-1) * slope.to(scores.dtype), None, None


def _nothing(values: Tensor) -> float:
    """The logarithm that stands for 0: finite, so that derivatives are, and so low that sums of it are."""
    return torch.finfo(values.dtype).min / 4


def _kept(scores: Tensor, mask: Tensor) -> Tensor:
    """The scores of a list in double precision, without which the sums of large ones lose their digits."""
    wide = scores.to(accumulator(scores))
    return wide.where(mask, _nothing(wide))


def _pools(kept: Tensor) -> Tensor:
    """The log-sum over each item and those after it."""
    return kept.flip(-1).logcumsumexp(-1).flip(-1)


def _following(pools: Tensor) -> Tensor:
    """The log-sum over those after it alone."""
    return functional.pad(pools[..., 1:], (0, 1), value=_nothing(pools))
