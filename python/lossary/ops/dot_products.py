"""Scores of every query with every key: dot products, or cosines."""

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
from lossary.ops.directions import directions, unit_rows


def query_key_scores(
    query: Tensor,
    key: Tensor,
    *,
    normalize: bool,
    allow_zero: bool = False,
    names: tuple[str, str] = ("query", "key"),
) -> Tensor:
    """Check two matrices of embeddings and multiply each row of one with each of the other.

    Args:
        query: (queries, dim), floating and finite, at least one column.
        key: (keys, dim), likewise.
        normalize: divide each row by its length first, for cosines.
        allow_zero: with ``normalize``, a row of zeros has cosines of 0; else it is refused.
        names: the arguments that the two came as, for the errors.

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
    query_name, key_name = names
    for name, rows in ((query_name, query), (key_name, key)):
        check_floating(name, rows)
        check_ndim(name, rows, "rows dim")
        check_finite(name, rows)
    if query.shape[1] == 0:
        raise ShapeError(f"{query_name}: got shape {tuple(query.shape)}; wanted at least one column")
    check_shape(key_name, key, (key.shape[0], query.shape[1]), like=f"the columns of {query_name}")
    if normalize and allow_zero:
        query, key = unit_rows(query), unit_rows(key)
    elif normalize:
        query, key = directions(query_name, query), directions(key_name, key)
    scores = query @ key.T
    if checks_values(scores) and not all_finite(scores):
        raise InvalidInputError(
            f"{query_name}: got dot products with {key_name} that overflow {scores.dtype}; wanted smaller "
            "values, or normalize=True"
        )
    return scores
