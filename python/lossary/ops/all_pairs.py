"""All-pairs surrogates as operators: means over every pair of a positive and a negative.

The result is taken tile by tile, so memory beyond the scores does not grow with the number of pairs, and
the gradient computes its tiles anew. Inside an operator the split by class may have any size, which plain
torch code under ``torch.compile(fullgraph=True)`` could not have.

The derivative is given twice, with the same rules: to the operators, so that an exported graph can be
trained, and to autograd functions around them, because ``torch.func`` refuses derivatives registered on
operators.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.library import custom_op
from torch.nn import functional

from lossary.errors import InvalidInputError

_PAIRS_PER_TILE = 1 << 20


def all_pairs_logistic(score: Tensor, target: Tensor, temperature: float) -> Tensor:
    r"""Mean of softplus(-(s_i - s_j) / T) over all positives i and negatives j.

    Args:
        score: (N,), float32 or float64.
        target: (N,), bool, True for a positive.
        temperature: T, above 0.

    Returns:
        A scalar of the dtype of ``score``, summed in float64; 0 when there is no pair. It has first
        derivatives with respect to ``score``.

    Raises:
        InvalidInputError: second derivatives are asked for.

    Source: Sheikholeslami, Hosseini, Bechard, Daruru and Rajeswar, Optimizing What Matters: AUC-Driven
        Learning for Robust Neural Retrieval, arXiv 2510.00137, 2025.

    Example:
        >>> import torch
        >>> score = torch.tensor([0.5, 0.5, 0.5])
        >>> all_pairs_logistic(score, torch.tensor([True, False, False]), 1.0)  # log 2: all pairs are tied
        tensor(0.6931)
    """
    value: Tensor = _Value.apply(score, target, temperature)
    return value


def all_pairs_logistic_gradient(score: Tensor, target: Tensor, temperature: float) -> Tensor:
    """Gradient of `all_pairs_logistic` with respect to ``score``; the same arguments, shape (N,)."""
    gradient: Tensor = _Gradient.apply(score, target, temperature)
    return gradient


@custom_op("lossary::all_pairs_logistic", mutates_args=())
def _value(score: Tensor, target: Tensor, temperature: float) -> Tensor:
    positive, negative = score[target], score[~target]
    total = score.new_zeros((), dtype=_accumulator(score))
    for _, _, difference in _tiles(positive, negative):
        total -= functional.logsigmoid(difference.div_(temperature)).sum(dtype=total.dtype)
    return (total / max(positive.numel() * negative.numel(), 1)).to(score.dtype)


@custom_op("lossary::all_pairs_logistic_gradient", mutates_args=())
def _gradient(score: Tensor, target: Tensor, temperature: float) -> Tensor:
    positive, negative = score[target], score[~target]
    pull = positive.new_zeros(positive.shape, dtype=_accumulator(score))
    push = negative.new_zeros(negative.shape, dtype=_accumulator(score))
    for rows, columns, difference in _tiles(positive, negative):
        share = difference.div_(-temperature).sigmoid_()
        pull[rows] -= share.sum(1, dtype=pull.dtype)
        push[columns] += share.sum(0, dtype=push.dtype)
    scale = max(positive.numel() * negative.numel(), 1) * temperature
    gradient = torch.empty_like(score)
    gradient[target] = (pull / scale).to(score.dtype)
    gradient[~target] = (push / scale).to(score.dtype)
    return gradient


def _accumulator(score: Tensor) -> torch.dtype:
    """float64, or float32 on the one device type that has no float64."""
    return torch.float32 if score.device.type == "mps" else torch.float64


def _tiles(positive: Tensor, negative: Tensor) -> Iterator[tuple[slice, slice, Tensor]]:
    """Blocks of the matrix of differences (positives by negatives), each with its place."""
    width = min(max(negative.numel(), 1), _PAIRS_PER_TILE)
    height = _PAIRS_PER_TILE // width
    for top in range(0, positive.numel(), height):
        rows = slice(top, top + height)
        for left in range(0, negative.numel(), width):
            columns = slice(left, left + width)
            yield rows, columns, positive[rows].unsqueeze(1) - negative[columns]


@_value.register_fake
def _(score: Tensor, target: Tensor, temperature: float) -> Tensor:  # noqa: ARG001
    return score.new_empty(())


@_gradient.register_fake
def _(score: Tensor, target: Tensor, temperature: float) -> Tensor:  # noqa: ARG001
    return torch.empty_like(score)


def _save_inputs(ctx: Any, inputs: tuple[Tensor, Tensor, float], output: Tensor) -> None:  # noqa: ARG001
    score, target, ctx.temperature = inputs
    ctx.save_for_backward(score, target)


def _save_nothing(ctx: Any, inputs: tuple[Tensor, Tensor, float], output: Tensor) -> None:
    pass


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
    score, target = ctx.saved_tensors
    return gradient * all_pairs_logistic_gradient(score, target, ctx.temperature), None, None


def _second_backward(ctx: Any, gradient: Tensor) -> tuple[None, None, None]:  # noqa: ARG001
    raise InvalidInputError("score: got a request for second derivatives; wanted first derivatives only")


def _per_example(operator: Callable[[Tensor, Tensor, float], Tensor]) -> Callable[..., tuple[Tensor, int]]:
    """The rule for ``vmap``: one call per example, because each has its own split by class."""

    def rule(
        info: Any, in_dims: tuple[int | None, ...], score: Tensor, target: Tensor, temperature: float
    ) -> tuple[Tensor, int]:
        scores, targets = (
            value.expand(info.batch_size, *value.shape) if axis is None else value.movedim(axis, 0)
            for value, axis in zip((score, target), in_dims[:2], strict=True)
        )
        examples = zip(scores.unbind(), targets.unbind(), strict=True)
        return torch.stack([operator(*example, temperature) for example in examples]), 0

    return rule


_value.register_autograd(_backward, setup_context=_save_inputs)
_gradient.register_autograd(_second_backward)


class _Value(Function):
    @staticmethod
    def forward(score: Tensor, target: Tensor, temperature: float) -> Tensor:
        value: Tensor = _value(score, target, temperature)
        return value

    setup_context = staticmethod(_save_inputs)
    backward = staticmethod(_backward)
    vmap = staticmethod(_per_example(all_pairs_logistic))


class _Gradient(Function):
    @staticmethod
    def forward(score: Tensor, target: Tensor, temperature: float) -> Tensor:
        gradient: Tensor = _gradient(score, target, temperature)
        return gradient

    setup_context = staticmethod(_save_nothing)
    backward = staticmethod(_second_backward)
    vmap = staticmethod(_per_example(all_pairs_logistic_gradient))
