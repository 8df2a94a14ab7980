"""Embeddings with the group of each, checked in one place."""

from torch import Tensor

from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_integer,
    check_ndim,
    check_shape,
)
from lossary.errors import ShapeError


def check_labelled_rows(
    embeddings: Tensor,
    labels: Tensor,
    *,
    names: tuple[str, str] = ("embeddings", "labels"),
    least: int = 0,
) -> None:
    """Check rows of embeddings and the label of each.

    Args:
        embeddings: (rows, dim), floating and finite, at least one column.
        labels: (rows,), integer.
        names: the arguments that the two came as, for the errors.
        least: how many rows there must be.

    Raises:
        ShapeError: the embeddings are no matrix, have no column or too few rows, or there is not one label
            for each row.
        DtypeError: the embeddings are not floating, or the labels not integer.
        InvalidInputError: an embedding is NaN or infinite.
    """
    rows_name, labels_name = names
    check_floating(rows_name, embeddings)
    check_ndim(rows_name, embeddings, "batch dim")
    check_integer(labels_name, labels)
    check_shape(labels_name, labels, (embeddings.shape[0],), like=f"the rows of {rows_name}")
    if embeddings.shape[0] < least or embeddings.shape[1] == 0:
        rows = f"at least {least} rows and one column" if least > 1 else "at least one row and column"
        raise ShapeError(
            f"{rows_name}: got shape {tuple(embeddings.shape)}; wanted "
            f"{rows if least else 'at least one column'}"
        )
    check_finite(rows_name, embeddings)
