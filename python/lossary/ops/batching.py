"""How ``vmap`` takes operators whose work depends on the split of each example."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def per_example(operator: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """The rule for ``vmap`` of an autograd function: one call per example, the results stacked.

    Args:
        operator: the function's ``apply``, or a call of it; it returns a tensor, or two.
    """

    def rule(info: Any, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Any, Any]:
        columns = [
            [value] * info.batch_size if axis is None else value.unbind(axis)
            for value, axis in zip(inputs, in_dims, strict=True)
        ]
        results = [operator(*example) for example in zip(*columns, strict=True)]
        if isinstance(results[0], Tensor):
            return torch.stack(results), 0
        return tuple(torch.stack(parts) for parts in zip(*results, strict=True)), (0, 0)

    return rule
