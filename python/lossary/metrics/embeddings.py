"""Embeddings with a label each, and those that they are compared with: read and checked in one place."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, numeric, one_axis, to_numpy
from lossary.metrics.labels import label_array

Codes = NDArray[np.uint32]

# Numbers that the differences of a block of rows take, which caches hold.
_BLOCK = 1 << 15


class Labelled(NamedTuple):
    """Queries and the items that they are compared with, which without a reference are the queries.

    Attributes:
        queries: (n_samples, n_features).
        items: (n_references, n_features).
        query_codes: the labels of the queries, as numbers.
        item_codes: those of the items, equal where the labels are.
    """

    queries: Array
    items: Array
    query_codes: Codes
    item_codes: Codes


def labelled(embeddings: Any, labels: Any, reference: Any = None, reference_labels: Any = None) -> Labelled:
    """Read embeddings and labels, and those of a reference or neither.

    Raises:
        InvalidInputError: NaN or infinity; one of ``reference`` and ``reference_labels`` without the other.
        ShapeError: shapes or lengths that do not fit.
        DtypeError: an argument that is not an array-like.
    """
    if (reference is None) != (reference_labels is None):
        raise InvalidInputError(
            "reference_labels: got one of reference and its labels; wanted both or neither"
        )
    queries = vectors("embeddings", embeddings)
    query_labels = _labels("labels", labels, len(queries))
    if reference is None:
        codes, _ = _codes(query_labels, query_labels)
        return Labelled(queries, queries, codes, codes)
    items = vectors("reference", reference)
    item_labels = _labels("reference_labels", reference_labels, len(items))
    check_features("reference", items, queries, like="the embeddings")
    return Labelled(queries, items, *_codes(query_labels, item_labels))


def vectors(name: str, given: Any) -> Array:
    """Finite floating numbers, (n_samples, n_features), at least one."""
    array = numeric(name, to_numpy(name, given))
    if array.ndim != 2 or not array.size:
        raise ShapeError(
            f"{name}: got shape {array.shape}; wanted (n_samples, n_features), neither of them 0"
        )
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise InvalidInputError(f"{name}: got NaN or infinity; wanted finite numbers")
    return array


def check_features(name: str, array: Array, wanted: Array, *, like: str) -> None:
    """Raise ShapeError unless two matrices have the same columns; ``like`` says whose these should be."""
    if array.shape[1] != wanted.shape[1]:
        raise ShapeError(f"{name}: got {array.shape[1]} features; wanted {wanted.shape[1]}, as {like}")


def unit_vectors(array: Array) -> Array:
    """Rows of length 1; a row of zeros stays."""
    # First divided by their largest number, whose square may overflow or vanish.
    largest = np.abs(array).max(axis=1, keepdims=True)
    scaled = array / np.where(largest == 0, 1, largest)
    squares = np.einsum("ij,ij->i", scaled, scaled, dtype=np.float64)
    lengths = np.sqrt(np.where(squares == 0, 1, squares))
    return scaled / lengths.astype(scaled.dtype)[:, None]


def distances(rows: Array, others: Array) -> NDArray[np.float64]:
    """Euclidean distances of all pairs of rows, exact: 0 between equal ones, infinite beyond range."""
    largest = float(max(np.abs(rows).max(), np.abs(others).max()))
    scale = 2.0 ** (math.frexp(largest)[1] - 1)  # keeps squares in range
    rows, others = rows.astype(np.float64) / scale, others.T.astype(np.float64) / scale
    found = np.zeros((len(rows), others.shape[1]))
    height = max(_BLOCK // others.shape[1], 1)
    for start in range(0, len(rows), height):
        block = found[start : start + height]
        for column, other in zip(rows[start : start + height].T, others, strict=True):
            difference = column[:, None] - other
            difference *= difference
            block += difference
    with np.errstate(over="ignore"):
        return np.sqrt(found) * scale


def _labels(name: str, given: Any, count: int) -> Array:
    array = one_axis(name, label_array(name, given))
    if len(array) != count:
        raise ShapeError(f"{name}: got {len(array)} labels; wanted {count}, one per row")
    return array


def _codes(queries: Array, items: Array) -> tuple[Codes, Codes]:
    if (queries.dtype.kind == "U") != (items.dtype.kind == "U"):
        raise InvalidInputError("reference_labels: got strings and numbers; wanted the same kind as labels")
    both = [queries, items]
    if np.result_type(*both).kind == "f":  # signed and unsigned: as doubles they would be rounded
        both = [labels.astype(object) for labels in both]
    codes = np.unique(np.concatenate(both), return_inverse=True)[1].astype(np.uint32)
    return codes[: len(queries)], codes[len(queries) :]
