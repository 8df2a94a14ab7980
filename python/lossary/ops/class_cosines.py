"""Cosines of embeddings and class weights, and the margins by which the right one has to win."""

from typing import Literal, get_args

import torch
from torch import Tensor

from lossary.authoring.validation import (
    check_choice,
    check_class_index,
    check_finite,
    check_floating,
    check_ndim,
    check_shape,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.ops.directions import directions
from lossary.ops.labelled_rows import check_labelled_rows

Boundary = Literal["linear", "easy", "none"]

_LARGEST = 1 - 1e-7  # the angle has an infinite slope where the cosine is 1


def class_cosines(embeddings: Tensor, labels: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine of each embedding and each class weight, and the column of each embedding's own class.

    Args:
        embeddings: (batch, dim), floating and finite, at least one row and column.
        labels: (batch,) classes.
        weight: (classes, dim), floating and finite, at least one row.

    Returns:
        (batch, classes), within [-1, 1] up to rounding; and (batch, 1) int64 for ``gather``.

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
    return of_embeddings @ of_classes.T, labels.long().unsqueeze(1)


def own_class(cosine: Tensor, columns: Tensor) -> Tensor:
    """The cosine of each embedding with its own class, (batch,), inside (-1, 1) by 1e-7."""
    return cosine.gather(1, columns).squeeze(1).clamp(-_LARGEST, _LARGEST)


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
