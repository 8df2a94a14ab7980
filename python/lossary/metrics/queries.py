"""Rankings of many queries, as matrices, ragged lists or long tables, in the one form that the kernel reads.

- Matrices: ``y_true`` and ``y_score`` of shape (n_queries, n_items), read in place in C order.
- Ragged lists: sequences of one list per query, of any lengths.
- Long tables: flat ``y_true`` and ``y_score`` with ``query``, the query of each row: labels of any kind, in
  any order. Queries are then taken in sorted order of their labels, and items in the order of the rows.

One flat list without ``query`` is refused: a long table whose ``query`` was forgotten would pass for one
query. For one query, give a matrix of one row.
"""

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import Array, contiguous, numeric, one_axis, relative_weights, to_numpy
from lossary.metrics.averaging import mean_of_rows
from lossary.metrics.confidence import Confidence, Value, resolve
from lossary.metrics.labels import label_array
from lossary.metrics.options import check_choice

Doubles = NDArray[np.float64]
Measures = list[tuple[str, int | None]]

TIES = ("index", "optimistic", "pessimistic", "expected")


@dataclass(frozen=True)
class Rankings:
    """Relevance and scores of all queries, one query after another.

    Attributes:
        relevance: one number per item.
        score: one number per item.
        bounds: the number of items of every query, or where each query starts, and the last ends.
    """

    relevance: Array
    score: Array
    bounds: int | NDArray[np.uintp]

    def measured(self, measures: Measures, ties: str) -> tuple[Doubles, NDArray[np.bool_]]:
        """Each measure of each query, (n_queries, n_measures), and which queries have a relevant item."""
        values, relevant = _kernels.retrieval(self.relevance, self.score, self.bounds, measures, ties)
        return values.reshape(-1, len(measures)), relevant > 0


def rankings(y_true: Any, y_score: Any, query: Any = None) -> Rankings:
    """Bring the rankings of queries into one form.

    Raises:
        ShapeError: shapes or lengths that differ; one flat list without ``query``.
        InvalidInputError: no items; dtypes that are no real numbers.
        DtypeError: an argument that is not an array-like.
    """
    relevance_rows, score_rows = _rows("y_true", y_true), _rows("y_score", y_score)
    if query is not None:
        return _by_query(_flat("y_true", relevance_rows), _flat("y_score", score_rows), query)
    if isinstance(relevance_rows, list) or isinstance(score_rows, list):
        return _ragged(_listed("y_true", relevance_rows), _listed("y_score", score_rows))
    relevance, score = matrix("y_true", relevance_rows), matrix("y_score", score_rows)
    if score.shape != relevance.shape:
        raise ShapeError(f"y_score: got shape {score.shape}; wanted {relevance.shape}, as y_true")
    return Rankings(_readable(relevance.reshape(-1)), _readable(score.reshape(-1)), relevance.shape[1])


def _rows(name: str, given: Any) -> Array | list[Array]:
    """An array, or, of lists of different lengths, one array each."""
    rows = given
    if not isinstance(given, list | tuple):
        rows = to_numpy(name, given)
        if rows.dtype != object or rows.ndim != 1:
            return rows
    if not len(rows) or not all(_is_list(row) for row in rows) or len({len(row) for row in rows}) < 2:
        return to_numpy(name, list(rows) if isinstance(rows, np.ndarray) else given)
    return [_row(name, row) for row in rows]


def _is_list(given: Any) -> bool:
    if isinstance(given, np.ndarray):
        return given.ndim > 0
    is_sequence = isinstance(given, Sequence) and not isinstance(given, str | bytes)
    return is_sequence or (hasattr(given, "__len__") and hasattr(given, "__array__"))


def _row(name: str, given: Any) -> Array:
    row = given if isinstance(given, np.ndarray) else to_numpy(name, given)
    if row.ndim != 1:
        raise ShapeError(f"{name}: got a list of shape {row.shape}; wanted one number per item")
    return row


def _listed(name: str, rows: Array | list[Array]) -> list[Array]:
    return rows if isinstance(rows, list) else [*matrix(name, rows)]


def _flat(name: str, rows: Array | list[Array]) -> Array:
    if isinstance(rows, list):
        raise ShapeError(
            f"{name}: got lists of different lengths and query; wanted one flat list, or no query"
        )
    return numeric(name, one_axis(name, rows))


def matrix(name: str, given: Array) -> Array:
    """Real numbers with two axes, in C order; neither is empty."""
    array = numeric(name, given)
    if array.ndim != 2:
        raise ShapeError(
            f"{name}: got shape {array.shape}; wanted (n_queries, n_items), lists, or flat numbers and query"
        )
    if not array.size:
        raise InvalidInputError(f"{name}: got shape {array.shape}; wanted at least one query with one item")
    return contiguous(array)


def _readable(flat: Array) -> Array:
    """Booleans as numbers: a copy, because a view may hold bytes other than 0 and 1."""
    return flat.astype(np.uint8) if flat.dtype.kind == "b" else flat


def _ragged(relevance: list[Array], score: list[Array]) -> Rankings:
    if len(score) != len(relevance):
        raise ShapeError(f"y_score: got {len(score)} lists; wanted {len(relevance)}, as y_true")
    lengths = [len(row) for row in relevance]
    for index, (row, length) in enumerate(zip(score, lengths, strict=True)):
        if len(row) != length:
            raise ShapeError(f"y_score: got {len(row)} items in list {index}; wanted {length}, as y_true")
    bounds = np.zeros(len(lengths) + 1, np.uintp)
    np.cumsum(lengths, out=bounds[1:])
    return Rankings(_joined("y_true", relevance), _joined("y_score", score), bounds)


def _joined(name: str, rows: list[Array]) -> Array:
    # Without the empty ones, whose dtype is that of an empty list.
    return _readable(contiguous(numeric(name, np.concatenate([row for row in rows if len(row)]))))


def _by_query(relevance: Array, score: Array, query: Any) -> Rankings:
    labels = one_axis("query", label_array("query", query))
    for name, array in (("y_score", score), ("query", labels)):
        if len(array) != len(relevance):
            raise ShapeError(f"{name}: got {len(array)} rows; wanted {len(relevance)}, as y_true")
    if not len(labels):
        raise InvalidInputError("query: got no rows; wanted at least one")
    if not (labels[1:] >= labels[:-1]).all():
        order = np.argsort(labels, kind="stable")
        labels, relevance, score = labels[order], relevance[order], score[order]
    starts = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    bounds = np.concatenate(([0], starts, [len(labels)])).astype(np.uintp)
    return Rankings(_readable(contiguous(relevance)), _readable(contiguous(score)), bounds)


def check_cut(name: str, k: Any, *, optional: bool) -> int | None:
    """The number of ranks that a metric looks at; None for all of them, where that is allowed."""
    if k is None and optional:
        return None
    wanted = "an integer of at least 1" + (", or None" if optional else "")
    if isinstance(k, bool | np.bool_) or not isinstance(k, Integral):
        raise DtypeError(f"{name}: got {k!r}; wanted {wanted}")
    cut = operator.index(k)
    if not 1 <= cut < 2**63:
        raise InvalidInputError(f"{name}: got {cut}; wanted {wanted}, below 2**63")
    return cut


def over_queries(
    y_true: Any,
    y_score: Any,
    measure: str,
    cut: int | None,
    *,
    query: Any,
    ties: str,
    empty: str,
    reduction: str,
    sample_weight: Any,
    confidence: float | Confidence | None,
) -> Value | Doubles:
    """One measure of every query, or its mean over the queries that count, or the interval of that."""
    check_choice("ties", ties, TIES)
    check_choice("empty", empty, ("skip", "zero"))
    check_choice("reduction", reduction, ("mean", "none"))
    values, relevant = rankings(y_true, y_score, query).measured([(measure, cut)], ties)
    if reduction == "none":
        if sample_weight is not None:
            raise InvalidInputError("sample_weight: got weights with reduction='none'; wanted None")
        if confidence is not None:
            raise InvalidInputError(
                f"confidence: got {confidence!r} with reduction='none'; wanted it with reduction='mean'"
            )
        return values[:, 0]
    counted = relevant if empty == "skip" else np.ones(len(values), np.bool_)
    return mean_over(values[:, 0], counted, sample_weight, confidence)


def mean_over(
    values: Doubles,
    counted: NDArray[np.bool_],
    sample_weight: Any,
    confidence: float | Confidence | None,
) -> Value:
    """The weighted mean over the queries that count, or its `Interval`, for which only those are drawn."""
    weight = relative_weights(sample_weight, len(values), "one for each query")
    if not counted.any():
        raise UndefinedMetricError(
            "y_true: got no query with a relevant item; wanted one, or another value of empty"
        )
    settings = None if confidence is None else resolve(confidence)
    groups = None if settings is None else settings.group_codes(len(values), "query")
    if settings is not None and groups is not None:
        settings = replace(settings, groups=groups[counted])
    return mean_of_rows(values[counted], None if weight is None else weight[counted], settings)
