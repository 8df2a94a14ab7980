"""Margins that are drawn for each item: how they are given out, and the modules that draw them."""

import inspect
from collections.abc import Callable
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from lossary.authoring import head_module
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_non_negative,
    check_real,
    check_shape,
)
from lossary.losses.margin_heads._heads import head_example
from lossary.ops.rank_assign import rank_assign

Assignment = Literal["random", "ranked", "ranked_official"]


def check_margins(margins: Tensor, batch: int) -> None:
    """Raise unless ``margins`` is floating and finite, one for each item."""
    check_floating("margins", margins)
    check_shape("margins", margins, (batch,), like="the rows of embeddings")
    check_finite("margins", margins)


def assigned(margins: Tensor, own: Tensor, assignment: Assignment) -> Tensor:
    """The margin of each item, (batch,), constant and in the dtype of ``own``, its cosine with its class."""
    check_choice("assignment", assignment, get_args(Assignment))
    margins = margins.detach().to(own.dtype)
    if assignment == "random":
        return margins
    if assignment == "ranked":
        return rank_assign(margins, own)
    # the release indexes with the sorting permutation where its inverse is meant
    return margins.sort().values.gather(0, own.detach().argsort(descending=True, stable=True))


def elastic_module(function: Callable[..., Tensor], *, margin: float) -> type[nn.Module]:
    """Make the module of a head with drawn margins, as `head_module` does.

    Args:
        function: a loss of ``(embeddings, labels, weight, margins)``.
        margin: the default of their mean.
    """
    head = head_module(function)

    class ElasticHead(head):  # type: ignore[misc, valid-type]
        def __init__(
            self,
            num_classes: int,
            embedding_dim: int,
            *,
            margin: float = margin,
            std: float = 0.05,
            generator: torch.Generator | None = None,
            **given: Any,
        ) -> None:
            super().__init__(num_classes, embedding_dim, **given)
            check_real("margin", margin)
            check_non_negative("std", std)
            self.margin, self.std, self.generator = margin, std, generator

        def forward(
            self, embeddings: Tensor, labels: Tensor, margins: Tensor | None = None, **overrides: Any
        ) -> Tensor:
            if margins is None:
                margins = self._margins(embeddings)
            loss: Tensor = super().forward(embeddings, labels, margins, **overrides)
            return loss

        def _margins(self, embeddings: Tensor) -> Tensor:
            check_floating("embeddings", embeddings)
            shape, device = embeddings.shape[:1], embeddings.device
            if not self.training:
                return torch.full(shape, self.margin, device=device)
            source = device if self.generator is None else self.generator.device
            drawn = torch.randn(shape, generator=self.generator, device=source, dtype=torch.float32)
            return self.margin + self.std * drawn.to(device)

        def extra_repr(self) -> str:
            own = f"margin={self.margin!r}, std={self.std!r}, generator={self.generator!r}"
            return f"{super().extra_repr()}, {own}"

    ElasticHead.__name__ = ElasticHead.__qualname__ = head.__name__
    ElasticHead.__module__ = function.__module__
    ElasticHead.__doc__ = (
        f"{head.__doc__}\n\nIn training mode each call draws a margin for each item, normal with mean "
        "``margin`` and standard deviation ``std``,\nfrom ``generator`` (None is torch's own); in evaluation "
        "mode all are ``margin``. A call may give ``margins``."
    )
    of_head = inspect.signature(head).parameters
    of_draws = inspect.signature(ElasticHead.__init__).parameters
    sizes = [of_head[name] for name in ("num_classes", "embedding_dim")]
    draws = [of_draws[name] for name in ("margin", "std", "generator")]
    options = [option for name, option in of_head.items() if name not in ("num_classes", "embedding_dim")]
    ElasticHead.__signature__ = inspect.Signature([*sizes, *draws, *options])
    return ElasticHead


def elastic_example(generator: torch.Generator) -> dict[str, Any]:
    """Eight embeddings of three classes, the weight of each class, and a margin for each item."""
    return head_example(generator) | {"margins": 0.4 + 0.05 * torch.randn(8, generator=generator)}
