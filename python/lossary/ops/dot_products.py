"""Scores of every query with every key: dot products, or cosines."""

from torch import Tensor

from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.ops.directions import directions, unit_rows


def query_key_scores(query: Tensor, key: Tensor, *, normalize: bool, allow_zero: bool = False) -> Tensor:
    """Check two matrices of embeddings and multiply each row of one with each of the other.

    Args:
        query: (queries, dim), floating and finite, at least one column.
        key: (keys, dim), likewise.
        normalize: divide each row by its length first, for cosines.
        allow_zero: with ``normalize``, a row of zeros has cosines of 0; else it is refused.

    Returns:
        (queries, keys); differentiable.

    Raises:
        ShapeError: one of them is not a matrix, has no column, or they differ in columns.
        DtypeError: one of them is not floating.
        InvalidInputError: a value is NaN or infinite, dot products overflow, or with ``normalize`` a row is
            zero and has no direction, unless ``allow_zero``.

    Example:
        >>> import torch
        >>> query, key = torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> query_key_scores(query, key, normalize=True)
        tensor([[0.6000, 0.8000]])
    """
    for name, rows in (("query", query), ("key", key)):
        check_floating(name, rows)
        check_ndim(name, rows, "rows dim")
        check_finite(name, rows)
    if query.shape[1] == 0:
        raise ShapeError(f"query: got shape {tuple(query.shape)}; wanted at least one column")
    check_shape("key", key, (key.shape[0], query.shape[1]), like="the columns of query")
    if normalize and allow_zero:
        query, key = unit_rows(query), unit_rows(key)
    elif normalize:
        query, key = directions("query", query), directions("key", key)
    scores = query @ key.T
    if checks_values(scores) and not bool(scores.isfinite().all()):
        raise InvalidInputError(
            f"query: got dot products with key that overflow {scores.dtype}; wanted smaller values, or "
            "normalize=True"
        )
    return scores
