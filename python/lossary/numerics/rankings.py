"""Rankings in the forms in which they come: padded index arrays, ragged lists, long-format tables."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, numeric, one_axis, to_numpy

Integers = NDArray[np.int64]
Sizes = NDArray[np.uintp]


class RankingTable(NamedTuple):
    """Rankings with the names of their items.

    Attributes:
        ranking: item numbers, best first, (n_queries, longest), padded with -1 at the end of each row.
        items: the name of each item number, ascending.
        queries: the name of each row, ascending.
    """

    ranking: Integers
    items: Array
    queries: Array


def rankings_from_table(query: Any, item: Any, rank: Any) -> RankingTable:
    """Rankings from a table with one row for each item of each ranking, in any order.

    Args:
        query: which ranking a row belongs to, (n_rows,): numbers or strings.
        item: which item it is about, (n_rows,): numbers or strings.
        rank: its rank, (n_rows,): the lowest is best; only the order matters.

    Returns:
        A `RankingTable`, for ``plackett_luce_fit(table.ranking, n_items=len(table.items))``.

    Raises:
        InvalidInputError: two items of a query with one rank, an item twice in a query, a rank that is NaN.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like, or names that cannot be compared.

    Example:
        >>> table = rankings_from_table(["a", "a", "b", "b"], ["x", "y", "z", "x"], [2, 1, 1, 2])
        >>> table.ranking.tolist(), table.items.tolist(), table.queries.tolist()
        ([[1, 0], [2, 0]], ['x', 'y', 'z'], ['a', 'b'])
    """
    queries, query_codes = _codes("query", query)
    items, item_codes = _codes("item", item)
    ranks = numeric("rank", one_axis("rank", to_numpy("rank", rank)))
    for name, column in (("item", item_codes), ("rank", ranks)):
        if len(column) != len(query_codes):
            raise ShapeError(f"{name}: got {len(column)} rows; wanted {len(query_codes)}, as query")
    if ranks.dtype.kind == "f" and np.isnan(ranks).any():
        raise InvalidInputError("rank: got NaN; wanted numbers")
    by_item = np.lexsort((item_codes, query_codes))
    _refuse_repeats("item", queries, query_codes[by_item], item_codes[by_item])
    order = np.lexsort((ranks, query_codes))
    rows = query_codes[order]
    _refuse_repeats("rank", queries, rows, ranks[order])
    lengths = np.bincount(rows, minlength=len(queries))
    columns = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    ranking = np.full((len(queries), int(lengths.max(initial=0))), -1, dtype=np.int64)
    ranking[rows, columns] = item_codes[order]
    return RankingTable(ranking, items, queries)


def _codes(name: str, given: Any) -> tuple[Array, Integers]:
    """The distinct names, ascending, and the number of each row's."""
    column = one_axis(name, to_numpy(name, given))
    if column.dtype.kind == "f" and np.isnan(column).any():
        raise InvalidInputError(f"{name}: got NaN; wanted numbers or strings")
    try:
        names, codes = np.unique(column, return_inverse=True)
    except TypeError as error:
        raise DtypeError(f"{name}: got values that cannot be compared ({error}); wanted one kind") from error
    return names, codes.astype(np.int64)


def _refuse_repeats(name: str, queries: Array, rows: Integers, values: Array) -> None:
    repeats = np.flatnonzero((rows[1:] == rows[:-1]) & (values[1:] == values[:-1]))
    if repeats.size:
        query = queries[rows[repeats[0]]]
        raise InvalidInputError(f"{name}: got one twice in query {query}; wanted each once, without ties")


def flat_rankings(name: str, given: Any) -> tuple[Integers, Sizes]:
    """The entries of all rows, and where each row starts; padding is left in.

    Raises:
        InvalidInputError: numbers that are not integers of 64 bits.
        ShapeError: neither two axes nor a list of rows.
        DtypeError: not an array-like.
    """
    if isinstance(given, list | tuple) and len({_length(row) for row in given}) != 1:
        rows = [one_axis(name, to_numpy(name, row)) for row in given]
        filled = [_integers(name, row) for row in rows if row.size]
        offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64).astype(np.uintp)
        return np.concatenate(filled) if filled else np.empty(0, np.int64), offsets
    array = to_numpy(name, given)
    if array.ndim != 2:
        raise ShapeError(f"{name}: got shape {array.shape}; wanted (n_rankings, longest), or a list of rows")
    entries = _integers(name, array) if array.size else np.empty(0, np.int64)
    rows_, width = array.shape
    return entries.reshape(-1), np.arange(rows_ + 1, dtype=np.uintp) * np.uintp(width)


def _length(row: Any) -> int:
    return len(row) if hasattr(row, "__len__") and not isinstance(row, str) else -1


def _integers(name: str, array: Array) -> Integers:
    if array.dtype.kind == "O":
        array = numeric(name, array)
    if array.dtype.kind not in "iu":
        raise InvalidInputError(f"{name}: got dtype {array.dtype}; wanted integers")
    if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise InvalidInputError(f"{name}: got {array.max()}; wanted numbers of items")
    return np.ascontiguousarray(array, dtype=np.int64)
