"""Values given out by rank: the smallest to whoever comes first."""

import torch
from torch import Tensor


def rank_assign(values: Tensor, keys: Tensor) -> Tensor:
    """Give the values to the keys, the smallest value to the largest key.

    Args:
        values: (batch,).
        keys: (batch,); equal ones are served in their order. No gradient flows into them.

    Returns:
        The values in the order of the keys, (batch,).

    Example:
        >>> import torch
        >>> rank_assign(torch.tensor([0.3, 0.1, 0.2]), torch.tensor([5.0, 9.0, 7.0]))
        tensor([0.3000, 0.1000, 0.2000])
    """
    order = keys.detach().argsort(descending=True, stable=True)
    return torch.zeros_like(values).scatter(0, order, values.sort().values)
