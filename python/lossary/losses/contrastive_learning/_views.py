"""Two views of each item, checked and compared in one place: rows of the first view, then of the second."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossary.authoring.validation import (
    all_finite,
    check_finite,
    check_floating,
    check_ndim,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.ops.directions import unit_rows
from lossary.ops.key_lists import rank_keys


def check_view_pair(view1: Tensor, view2: Tensor, axes: str = "batch dim") -> None:
    """Raise unless both are floating and finite and have these axes and one shape, with a column."""
    check_floating("view1", view1)
    check_ndim("view1", view1, axes)
    if view1.shape[-1] == 0:
        raise ShapeError(f"view1: got shape {tuple(view1.shape)}; wanted at least one column")
    check_floating("view2", view2)
    check_shape("view2", view2, tuple(view1.shape), like="view1")
    check_finite("view1", view1)
    check_finite("view2", view2)


def view_scores(view1: Tensor, view2: Tensor, *, normalize: bool) -> Tensor:
    """Score of every row of both views with every one, (..., 2 batch, 2 batch): cosines, or dot products."""
    rows = torch.cat([view1, view2], -2)
    if normalize:
        rows = unit_rows(rows)
    scores = rows @ rows.mT
    if checks_values(scores) and not all_finite(scores):
        raise InvalidInputError(
            f"view1: got dot products with view2 that overflow {scores.dtype}; wanted smaller values, or "
            "normalize=True"
        )
    return scores


def other_rows(scores: Tensor) -> Tensor:
    """True off the diagonal of the last two axes: a row is compared with all others."""
    return ~torch.eye(scores.shape[-1], dtype=torch.bool, device=scores.device)


def of_partners(scores: Tensor) -> Tensor:
    """The entries (..., 2 batch) at which each row meets the other view of its own item."""
    batch = scores.shape[-1] // 2
    return torch.cat([scores.diagonal(batch, -2, -1), scores.diagonal(-batch, -2, -1)], -1)


def rank_views(view1: np.ndarray, view2: np.ndarray, **_: Any) -> tuple[np.ndarray, np.ndarray]:
    """Each item's first view as a query of all second views, its own being right."""
    return rank_keys(view1, view2)
