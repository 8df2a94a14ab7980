"""Lists of scored items, as this family takes them: checked in one place, with padding and an example."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_no_negative,
    check_shape,
    check_tensor,
)
from lossary.errors import DtypeError
from lossary.ops.row_order import falling_order


def checked_lists(scores: Tensor, relevance: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """The relevance in its own dtype, 0 at padding and without a graph; and the mask.

    Args:
        scores: (lists, items), floating.
        relevance: its shape, any real dtype.
        mask: its shape, bool; False for padding, which may hold any value. None keeps all.

    Raises:
        ShapeError: ``scores`` is no matrix, or another argument has another shape.
        DtypeError: ``scores`` is not floating, ``relevance`` complex, or ``mask`` not bool.
        InvalidInputError: a score or a relevance outside padding is NaN or infinite.
    """
    check_floating("scores", scores)
    check_ndim("scores", scores, "lists items")
    check_tensor("relevance", relevance)
    if relevance.is_complex():
        raise DtypeError(f"relevance: got dtype {relevance.dtype}; wanted a real dtype")
    mask = checked_mask(scores, mask)
    relevance = masked_values("relevance", relevance.detach(), scores, mask)
    check_finite("scores", scores.where(mask, 0.0))
    return relevance, mask


def checked_mask(scores: Tensor, mask: Tensor | None) -> Tensor:
    """The mask, or one that keeps all; raise unless it is bool and in the shape of ``scores``."""
    if mask is None:
        return torch.ones_like(scores, dtype=torch.bool)
    check_tensor("mask", mask)
    if mask.dtype != torch.bool:
        raise DtypeError(f"mask: got dtype {mask.dtype}; wanted torch.bool, True for items to keep")
    check_shape("mask", mask, tuple(scores.shape), like="scores")
    return mask


def masked_values(name: str, values: Tensor, scores: Tensor, mask: Tensor) -> Tensor:
    """Values of the items, 0 at padding; raise unless they have the shape of ``scores`` and are finite."""
    check_shape(name, values, tuple(scores.shape), like="scores")
    values = values.where(mask, values.new_zeros(()))
    check_finite(name, values)
    return values


def best_first(values: Tensor) -> Tensor:
    """The columns of each row by falling value, (lists, items); of equal ones the lower column first."""
    return falling_order(values)


def masked_log_softmax(values: Tensor, mask: Tensor, temperature: float = 1.0) -> Tensor:
    """The logarithm of softmax(values / temperature) of each row without its padding.

    At padding it is finite, so that 0 times it is 0.
    """
    nothing = torch.finfo(values.dtype).min / 4
    kept = values.where(mask, nothing)
    if kept.shape[1]:  # so that a small temperature cannot take the largest beyond the range
        kept = kept - kept.detach().amax(1, keepdim=True)
    return (kept / temperature).where(mask, nothing).clamp(min=nothing).log_softmax(1)


def check_grades(relevance: Tensor) -> None:
    """Raise InvalidInputError if a relevance is negative (a check of values)."""
    check_no_negative("relevance", relevance, "grades")


def four_lists(generator: torch.Generator) -> dict[str, Any]:
    """Four lists of up to six items with grades from 0 to 3; the second is shorter."""
    relevance = torch.tensor(
        [
            [3.0, 2.0, 0.0, 1.0, 0.0, 2.0],
            [0.0, 3.0, 1.0, 0.0, 0.0, 0.0],
            [1.0, 0.0, 0.0, 2.0, 3.0, 1.0],
            [0.0, 0.0, 1.0, 0.0, 2.0, 0.0],
        ]
    )
    mask = torch.ones(4, 6, dtype=torch.bool)
    mask[1, 4:] = False
    return {"scores": torch.randn(4, 6, generator=generator), "relevance": relevance, "mask": mask}


def each_list(
    scores: np.ndarray, relevance: np.ndarray, mask: np.ndarray | None = None, **_: Any
) -> dict[str, np.ndarray]:
    """The items that are no padding as a long table: relevance, score and the list of each."""
    kept = np.ones(scores.shape, dtype=bool) if mask is None else mask
    query = np.broadcast_to(np.arange(len(scores))[:, None], scores.shape)
    return {"y_true": relevance[kept], "y_score": scores[kept], "query": query[kept]}
