"""`loss_module`: an ``nn.Module`` from a loss function, with the same options and nothing written twice."""

import inspect
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from lossary.naming import pascal_case


def loss_module(function: Callable[..., Tensor]) -> type[nn.Module]:
    """Make the module of a stateless loss.

    The keyword-only parameters of ``function`` become options of the constructor, with the same defaults;
    ``forward`` takes the inputs and may override an option for one call. Options that are tensors become
    buffers and move with the module.

    Args:
        function: a loss; tensors positional, options keyword-only.

    Returns:
        A class named after the function in PascalCase. Assign it under that name in the same file, so that
        it pickles.
    """
    parameters = inspect.signature(function).parameters.values()
    options = [parameter for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
    names = tuple(option.name for option in options)
    wanted = inspect.Signature(options)

    class Loss(nn.Module):
        def __init__(self, **given: Any) -> None:
            super().__init__()
            try:
                bound = wanted.bind(**given)
            except TypeError as error:
                offered = f"options are {', '.join(names)}" if names else "it has no options"
                raise TypeError(f"{type(self).__name__}: {error}; {offered}") from None
            bound.apply_defaults()
            for name, value in bound.arguments.items():
                if isinstance(value, Tensor):
                    self.register_buffer(name, value)
                else:
                    setattr(self, name, value)

        def forward(self, *inputs: Any, **overrides: Any) -> Tensor:
            return function(*inputs, **{name: getattr(self, name) for name in names} | overrides)

        def extra_repr(self) -> str:
            return ", ".join(f"{name}={getattr(self, name)!r}" for name in names)

    Loss.__name__ = Loss.__qualname__ = pascal_case(function.__name__)
    Loss.__module__ = function.__module__
    Loss.__doc__ = function.__doc__
    Loss.__signature__ = wanted  # type: ignore[attr-defined]
    return Loss
