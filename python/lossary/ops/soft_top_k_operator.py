"""Soft top-k: sigmoids of the scores above a threshold, moved so that they add up to k."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

from lossary.authoring.precision import full_precision
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_positive,
    check_shape,
    check_tensor,
    checks_values,
)
from lossary.errors import DtypeError, InvalidInputError


@full_precision
def soft_top_k_operator(scores: Tensor, *, k: int | float | Tensor = 5, alpha: float = 1.0) -> Tensor:
    r"""A smooth indicator of the k largest scores of each row.

    .. math:: y_j = \frac{1}{1 + e^{-\alpha (s_j + t)}}, \quad \sum_j y_j = k

    Args:
        scores: s, (rows, items).
        k: how many are wanted, above 0 and below the number of items; need not be whole. A tensor (rows,) has
            one for each row.
        alpha: steepness, above 0; larger is closer to 0 and 1.

    Returns:
        (rows, items), in [0, 1]; equal scores have equal values. The gradient is that of the root t, and not
        of the steps that find it; derivatives of any order are right.

    Raises:
        ShapeError: ``scores`` is no matrix, or ``k`` a tensor of another length.
        DtypeError: ``scores`` is not floating, or ``k`` or ``alpha`` no real number.
        InvalidInputError: a score is NaN or infinite, ``k`` is not between 0 and the number of items, or
            ``alpha`` not above 0.

    Source: Gupta et al., Dual-Encoders for Extreme Multi-Label Classification, ICLR 2024; their code credits
        the operator to T. Ahle.

    Example:
        >>> import torch
        >>> soft_top_k_operator(torch.zeros(1, 4), k=1)
        tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """
    return soft_top_k_logits(scores, k=k, alpha=alpha).sigmoid()


def soft_top_k_logits(
    scores: Tensor, *, k: int | float | Tensor, alpha: float, name: str = "scores"
) -> Tensor:
    """The logits of `soft_top_k_operator`, alpha (s + t), for logarithms of its values.

    Args:
        scores: as there, but float32 or float64.
        k: as there.
        alpha: as there.
        name: the argument that the scores came as, for the error.

    Returns:
        (rows, items).
    """
    check_floating(name, scores)
    check_ndim(name, scores, "rows items")
    check_positive("alpha", alpha)
    counts = _checked_counts(k, scores)
    check_finite(name, scores)
    if scores.numel() == 0:
        return scores
    # Only differences within a row count; of close scores they keep more digits than the scores.
    steep = alpha * (scores - scores.detach().amax(1, keepdim=True))
    shift: Tensor = _Shift.apply(steep, counts)
    return steep + shift


def _checked_counts(k: int | float | Tensor, scores: Tensor) -> Tensor:
    """The k of each row, (rows, 1), in the dtype of the scores."""
    num_rows, num_items = scores.shape
    wanted = f"wanted a number above 0 and below {num_items}, the number of items"
    if not isinstance(k, Tensor):
        if isinstance(k, bool) or not isinstance(k, int | float):
            raise DtypeError(f"k: got {type(k).__name__}; {wanted}, or a tensor of them")
        if not 0 < k < num_items and num_items > 0:
            raise InvalidInputError(f"k: got {k!r}; {wanted}")
        return scores.new_full((num_rows, 1), k)
    check_tensor("k", k)
    check_shape("k", k, (num_rows,), like="the rows of scores")
    if checks_values(k) and num_items > 0 and not bool(((k > 0) & (k < num_items)).all()):
        raise InvalidInputError(f"k: got {k[~((k > 0) & (k < num_items))][0].item():g}; {wanted}")
    return k.detach().to(scores.dtype).unsqueeze(1)


class _Shift(Function):
    """The number u of each row with sum_j sigmoid(x_j + u) = k."""

    generate_vmap_rule = True

    @staticmethod
    def forward(logits: Tensor, counts: Tensor) -> Tensor:
        # The largest sigmoid is at least the mean k / L, and the smallest at most that.
        mean = counts.log() - (logits.shape[1] - counts).log()
        low, high = mean - logits.amax(1, keepdim=True), mean - logits.amin(1, keepdim=True)
        for _ in range(_halvings(logits.dtype)):
            middle = low + (high - low) / 2
            enough = (logits + middle).sigmoid().sum(1, keepdim=True) >= counts
            low, high = torch.where(enough, low, middle), torch.where(enough, middle, high)
        return low + (high - low) / 2

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0], output)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:
        logits, shift = ctx.saved_tensors
        at = logits + shift
        # du / dx_j is minus the slope of the sigmoid of j over the sum of slopes, which may all underflow.
        slopes = (functional.logsigmoid(at) + functional.logsigmoid(-at)).softmax(1)
        return -upstream * slopes, None


def _halvings(dtype: torch.dtype) -> int:
    """How often a bracket is halved until it is below the spacing of numbers near it."""
    return math.ceil(-math.log2(torch.finfo(dtype).eps)) + 8
