"""`head_module`: an ``nn.Module`` that owns the class weights which its loss function takes."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from lossary.authoring.module import loss_module
from lossary.authoring.validation import check_int, check_positive


def head_module(function: Callable[..., Tensor], *, std: float = 0.01) -> type[nn.Module]:
    """Make the module of a head: ``weight`` as a parameter, options as of `loss_module`.

    Args:
        function: a loss of ``(embeddings, labels, weight, ...)``.
        std: the standard deviation of the normal numbers that the weight starts from; the default is that of
            the released code of CosFace, ArcFace and ElasticFace.

    Returns:
        A class with the constructor ``(num_classes, embedding_dim, *, ...)``, whose calls take what the
        function does without ``weight``.
    """
    stateless = loss_module(function)

    class Head(stateless):  # type: ignore[misc, valid-type]
        def __init__(self, num_classes: int, embedding_dim: int, **given: Any) -> None:
            super().__init__(**given)
            for name, size in (("num_classes", num_classes), ("embedding_dim", embedding_dim)):
                check_int(name, size)
                check_positive(name, size)
            self.weight = nn.Parameter(std * torch.randn(num_classes, embedding_dim))

        def forward(self, embeddings: Tensor, labels: Tensor, *more: Tensor, **overrides: Any) -> Tensor:
            loss: Tensor = super().forward(embeddings, labels, self.weight, *more, **overrides)
            return loss

        def extra_repr(self) -> str:
            classes, dim = self.weight.shape
            return f"num_classes={classes}, embedding_dim={dim}, {super().extra_repr()}"

    name = stateless.__name__
    Head.__name__ = Head.__qualname__ = name
    Head.__module__ = function.__module__
    Head.__doc__ = (
        f"`{function.__name__}` with a ``weight`` of its own, (num_classes, embedding_dim).\n\n"
        "It is a parameter, and starts normal with a standard deviation of 0.01. Options are the function's; "
        "a call may override them."
    )
    sizes = [
        inspect.Parameter(size, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=int)
        for size in ("num_classes", "embedding_dim")
    ]
    options = inspect.signature(stateless).parameters.values()
    Head.__signature__ = inspect.Signature([*sizes, *options])
    return Head
