"""Scores of the candidates of each query, checked in one place."""

from torch import Tensor

from lossary.authoring.validation import check_finite, check_floating, check_ndim
from lossary.errors import ShapeError


def check_lists(name: str, scores: Tensor) -> None:
    """Raise unless ``scores`` is (queries, items), floating and finite, with at least one item."""
    check_floating(name, scores)
    check_ndim(name, scores, "queries items")
    if scores.shape[1] == 0:
        raise ShapeError(f"{name}: got shape {tuple(scores.shape)}; wanted at least one item per query")
    check_finite(name, scores)
