"""Logarithms of means of exponentials: of the pairs of each positive, of the positives, and running ones.

Kept as logarithms, since e^(phi/T) itself leaves the range of numbers at losses of 88 T in float32.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from lossary.authoring.validation import all_finite, checks_values
from lossary.errors import InvalidInputError
from lossary.ops.pair_rows import accumulator, pair_row_log_means


def log_pair_means(
    score: Tensor, positive: Tensor, *, temperature: float, surrogate: str, margin: float, scale: float
) -> Tensor:
    """`pair_row_log_means` in float64, so that phi / T has room; 0 at negatives, and without a negative.

    Raises:
        InvalidInputError: a loss overflows, which only the exponential does.
    """
    options = {"temperature": temperature, "surrogate": surrogate, "margin": margin, "scale": scale}
    means = pair_row_log_means(score.to(accumulator(score)), positive, **options)  # type: ignore[arg-type]
    if checks_values(score, means) and all_finite(score) and not all_finite(means):
        raise InvalidInputError(
            f"score: got differences whose {surrogate} loss overflows; wanted smaller ones, or less scale"
        )
    return means


def log_mean_exp(exponents: Tensor, positive: Tensor) -> Tensor:
    """log(mean(exp(x))) over the positives; 0 without one. It keeps the digits of small x."""
    largest = functional.pad(exponents.detach().where(positive, -math.inf), (0, 1), value=-math.inf).amax()
    largest = largest.where(positive.any(), 0.0)
    excess = (exponents - largest).where(positive, 0.0).expm1()
    return largest + (excess.sum() / positive.sum().clamp(min=1)).log1p()


def move_log_mean(log_mean: Tensor, log_value: Tensor, rate: float) -> Tensor:
    """log((1 - rate) e^log_mean + rate e^log_value), without a gradient; ``log_mean`` starts at -inf."""
    kept = log_mean + (math.log1p(-rate) if rate < 1 else -math.inf)
    return torch.logaddexp(kept, log_value.detach() + math.log(rate))
