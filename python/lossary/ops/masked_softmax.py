"""Softmax and log-sum-exp over the entries of each row that count, finite in value and gradient."""

import math

from torch import Tensor

_SMALL_TEMPERATURE = 1e-3


def masked_log_softmax(scores: Tensor, mask: Tensor | None = None, *, temperature: float = 1.0) -> Tensor:
    """Logarithm of the softmax of ``scores / temperature`` over the entries of each row that count.

    Args:
        scores: (rows, items), finite.
        mask: bool, in the shape of ``scores``: True where an entry counts; None counts all.
        temperature: what the scores are divided by, above 0.

    Returns:
        The shape of ``scores``, -inf where an entry does not count. A row in which none counts is that of all
        its entries, so that its gradient is finite; leave it out afterwards.

    Example:
        >>> import torch
        >>> mask = torch.tensor([[True, True, False]])
        >>> masked_log_softmax(torch.tensor([[1.0, 1.0, 7.0]]), mask).exp()
        tensor([[0.5000, 0.5000, 0.0000]])
    """
    if mask is not None:
        scores = scores.where(mask | ~mask.any(1, keepdim=True), -math.inf)
    if temperature < _SMALL_TEMPERATURE and scores.shape[1] > 0:
        scores = scores - scores.detach().amax(1, keepdim=True)  # so that the quotients cannot overflow
    return (scores if temperature == 1 else scores / temperature).log_softmax(1)


def masked_log_sum_exp(exponents: Tensor, mask: Tensor) -> Tensor:
    """Logarithm of the sum of exponentials over the entries of each row that count.

    Args:
        exponents: (rows, items); entries that do not count may be anything.
        mask: bool, in the shape of ``exponents``: True where an entry counts.

    Returns:
        (rows,); -inf, with a gradient of zero, where none counts.

    Example:
        >>> import torch
        >>> mask = torch.tensor([[True, True, False], [False, False, False]])
        >>> masked_log_sum_exp(torch.zeros(2, 3), mask)  # log 2, and the logarithm of nothing
        tensor([0.6931,   -inf])
    """
    if exponents.shape[1] == 0:
        return exponents.sum(1) - math.inf
    some = mask.any(1)
    # a row of -inf alone would have NaN slopes
    fill = exponents.new_full((), -math.inf).where(some, 0.0).unsqueeze(1)
    return exponents.where(mask, fill).logsumexp(1).where(some, -math.inf)
