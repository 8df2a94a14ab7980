"""The maximum of each row, as soft as wanted: the mean at one end."""

import math

from torch import Tensor


def soft_maximum(values: Tensor, temperature: float | Tensor, keep: Tensor | None = None) -> Tensor:
    """T log(mean(exp(x / T))) of each row, (batch,): from the largest value to the mean as T grows.

    Args:
        values: (batch, items).
        temperature: T, above 0; a number or (batch, 1).
        keep: (batch, items), which items to take, one per row at least; None takes all.
    """
    count = values.new_full((1, 1), values.shape[1])
    if keep is not None:
        count = keep.sum(1, keepdim=True).to(values.dtype)
        values = values.where(keep, -math.inf)
    largest = values.detach().amax(1, keepdim=True)
    excess = (values - largest) / temperature
    change = excess.expm1()
    if keep is not None:
        change = change.where(keep, 0.0)
    change = change.sum(1, keepdim=True) / count
    # Near the mean the logarithm of a sum would lose what the temperature multiplies; far from it 1 + change
    # would lose what is left of it.
    near = change > -0.5
    spread = excess.exp().sum(1, keepdim=True).log() - count.log()
    return (largest + temperature * change.where(near, 0.0).log1p().where(near, spread)).squeeze(1)
