"""Cosines of embeddings and class weights, the margins on them, the softmax over them, and the modules."""

import inspect
from collections.abc import Callable
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from lossary.authoring import ExactMetric, loss_module
from lossary.authoring.validation import (
    check_choice,
    check_class_index,
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_positive,
    check_shape,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.ops.directions import directions
from lossary.ops.key_lists import rank_others, verify_pairs
from lossary.ops.labelled_rows import check_labelled_rows

Boundary = Literal["linear", "easy", "none"]

_LARGEST = 1 - 1e-7  # the angle has an infinite slope where the cosine is 1
_WEIGHT_STD = 0.01  # as in the released code of CosFace, ArcFace and ElasticFace

VERIFICATION_METRICS = (
    ExactMetric(name="tar_at_far", adapt=verify_pairs, options={"far": 0.01}),
    ExactMetric(name="verification_accuracy", adapt=verify_pairs, output="value"),
    ExactMetric(name="equal_error_rate", adapt=verify_pairs),
)
RETRIEVAL_METRICS = (ExactMetric(name="recall_at_k", adapt=rank_others, options={"k": 1}),)


def class_cosines(embeddings: Tensor, labels: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine of each embedding and each class weight, and the column of each embedding's own class.

    Args:
        embeddings: (batch, dim), floating and finite, at least one row and column.
        labels: (batch,) classes.
        weight: (classes, dim), floating and finite, at least one row.

    Returns:
        (batch, classes), inside (-1, 1) by 1e-7 and with a gradient of zero where that cuts; and (batch, 1)
        int64 for ``gather``.

    Raises:
        ShapeError: a shape does not fit, or is empty.
        DtypeError: ``embeddings`` or ``weight`` is not floating, or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero and has no direction; a label is no
            class.
    """
    check_labelled_rows(embeddings, labels, least=1)
    check_floating("weight", weight)
    check_ndim("weight", weight, "classes dim")
    check_shape("weight", weight, (weight.shape[0], embeddings.shape[1]), like="the columns of embeddings")
    if weight.shape[0] == 0:
        raise ShapeError(f"weight: got shape {tuple(weight.shape)}; wanted at least one row")
    check_finite("weight", weight)
    check_class_index("labels", labels, weight.shape[0])
    of_embeddings = directions("embeddings", embeddings, optional=False)
    of_classes = directions("weight", weight, optional=False).to(embeddings.dtype)
    return (of_embeddings @ of_classes.T).clamp(-_LARGEST, _LARGEST), labels.long().unsqueeze(1)


def own_class(cosine: Tensor, columns: Tensor) -> Tensor:
    """The cosine of each embedding with its own class, (batch,)."""
    return cosine.gather(1, columns).squeeze(1)


def softmax_loss(cosine: Tensor, columns: Tensor, target: Tensor, scale: Tensor | float) -> Tensor:
    """Cross-entropy of scaled cosines, (batch,), with ``target`` (batch,) in place of those of the own class.

    The scale is a number, or (batch, 1).
    """
    logits = scale * cosine.scatter(1, columns, target.unsqueeze(1))
    return functional.cross_entropy(logits, columns.squeeze(1), reduction="none")


def check_angle(name: str, value: float) -> None:
    """Raise InvalidInputError unless ``value`` is an angle of radians from 0 to below pi."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < torch.pi:
        raise InvalidInputError(f"{name}: got {value!r}; wanted radians from 0 to below pi")


def add_angle(cosine: Tensor, margin: Tensor, boundary: Boundary) -> Tensor:
    """Cosine of the angle plus a margin, and what follows where that would grow again.

    Args:
        cosine: (batch,), inside (-1, 1).
        margin: in radians, (batch,) or ().
        boundary: as for `lossary.losses.margin_heads.arcface`.
    """
    check_choice("boundary", boundary, get_args(Boundary))
    sine = ((1 - cosine) * (1 + cosine)).sqrt()
    moved = cosine * margin.cos() - sine * margin.sin()
    if boundary == "none":
        return moved
    if boundary == "easy":
        return torch.where(cosine > 0, moved, cosine)
    return torch.where(cosine > -margin.cos(), moved, cosine - margin * margin.sin())


def head_module(function: Callable[..., Tensor]) -> type[nn.Module]:
    """Make the module of a head: ``weight`` as a parameter, options as of `lossary.authoring.loss_module`.

    Args:
        function: a loss of ``(embeddings, labels, weight, ...)``.

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
            self.weight = nn.Parameter(_WEIGHT_STD * torch.randn(num_classes, embedding_dim))

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


def head_example(generator: torch.Generator) -> dict[str, Any]:
    """Eight embeddings of three classes, and the weight of each class."""
    return {
        "embeddings": torch.randn(8, 4, generator=generator),
        "labels": torch.tensor([0, 1, 2, 1, 0, 2, 1, 0]),
        "weight": torch.randn(3, 4, generator=generator),
    }


EXAMPLE_SIZES = {"num_classes": 3, "embedding_dim": 4}
