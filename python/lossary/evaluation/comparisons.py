"""Matches and rankings as the weighted orders that a fit of worths reads; a tie stands for all its orders."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.evaluation.labels import Categories, binary_target, categorize
from lossary.metrics.arrays import weights

Integers = NDArray[np.int64]
Doubles = NDArray[np.float64]

TIE_ORDERS = 10
"""Orders that stand for a ranking with ties: half of them drawn, the others with the ties the other way
round, so that of two tied items each is first as often."""


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Items and the orders they came in.

    Attributes:
        items: names, ascending.
        entries: item numbers of all orders, best first, one order after the other.
        lengths: items of each order.
        num_orders: how many orders stand for each comparison; they are neighbours and weigh the same.
        weight: of each comparison: how often it came.
        counts: comparisons of each item, weights aside.
        ties: comparisons with a tie.
        total: comparisons of two or more items.
    """

    items: NDArray[Any]
    entries: Integers
    lengths: Integers
    num_orders: Integers
    weight: Doubles
    counts: Integers
    ties: int
    total: int

    @property
    def order_weight(self) -> Doubles:
        """The weight of each order."""
        return np.repeat(self.weight / self.num_orders, self.num_orders)

    def orders(self, start: int = 0, stop: int | None = None) -> Any:
        """The orders from one to another, as the fits take them: a matrix, or a list of rows."""
        lengths = self.lengths[start:stop]
        begin = int(self.lengths[:start].sum())
        entries = self.entries[begin : begin + int(lengths.sum())]
        if len(lengths) and (lengths == lengths[0]).all():
            return entries.reshape(len(lengths), -1)
        return np.split(entries, np.cumsum(lengths)[:-1])

    def blocks(self, most: int) -> Iterator[tuple[slice, slice]]:
        """Comparisons in blocks of about ``most`` orders: those of the block, and their orders."""
        ends = np.cumsum(self.num_orders)
        start = 0
        while start < len(ends):
            before = int(ends[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, before + most, side="right")))
            yield slice(start, stop), slice(before, int(ends[stop - 1]))
            start = stop

    def components(self) -> list[Integers]:
        """Items that beat each other, directly or along a chain; components that never lose come first."""
        starts = np.cumsum(self.lengths)[:-1]
        pairs = np.stack([self.entries[:-1], self.entries[1:]], axis=1)
        inside = np.ones(len(pairs), bool)
        inside[starts - 1] = False
        beaten: list[list[int]] = [[] for _ in self.items]
        for better, worse in np.unique(pairs[inside], axis=0).tolist():
            beaten[better].append(worse)
        return [np.sort(component) for component in reversed(_strong_components(beaten))]


def of_pairs(
    winner: ArrayLike | Categories,
    loser: ArrayLike | Categories,
    tie: ArrayLike | Categories | None,
    sample_weight: ArrayLike | None,
) -> Comparisons:
    """Matches of two: who won against whom, or a tie of both."""
    first, second = categorize("winner", winner), categorize("loser", loser)
    if not len(first):
        raise InvalidInputError("winner: got no rows; wanted at least one")
    _check_length("loser", second, len(first), "winner")
    is_tie = np.zeros(len(first), bool)
    if tie is not None:
        _check_length("tie", labels := categorize("tie", tie), len(first), "winner")
        is_tie = _flags(labels)
    weight = _positive_weights(sample_weight, len(first), "winner")
    names, codes = _united(first, second)
    if (same := codes[0] == codes[1]).any():
        row = int(same.argmax())
        raise InvalidInputError(
            f"loser: got {_show(names[codes[0, row]])} against itself in row {row + 1}; wanted two items"
        )
    codes, is_tie, weight = codes[:, weight > 0], is_tie[weight > 0], weight[weight > 0]
    used, compact = np.unique(codes, return_inverse=True)
    names, codes = names[used], compact.reshape(2, -1)
    counts = np.bincount(codes.ravel(), minlength=len(names))
    # Matches that repeat one are one of more weight; a tie has no side.
    codes[:, is_tie] = np.sort(codes[:, is_tie], axis=0)
    keys, place = np.unique((codes[0] * len(names) + codes[1]) * 2 + is_tie, return_inverse=True)
    tied, sides = keys % 2, np.stack(np.divmod(keys // 2, len(names)), axis=1)
    orders = np.repeat(sides, 1 + tied, axis=0)
    orders[np.cumsum(1 + tied)[tied == 1] - 1] = sides[tied == 1, ::-1]
    return Comparisons(
        items=names,
        entries=orders.astype(np.int64).ravel(),
        lengths=np.full(len(orders), 2),
        num_orders=1 + tied,
        weight=np.bincount(place, weight).astype(np.float64),
        counts=counts,
        ties=int(is_tie.sum()),
        total=len(is_tie),
    )


def of_rankings(
    ranking: ArrayLike | Categories,
    item: ArrayLike | Categories,
    ranks: Doubles,
    sample_weight: ArrayLike | None,
    *,
    name: str,
    seed: int,
) -> Comparisons:
    """Rankings in long format: a row for each item of each ranking, the lowest rank best.

    Args:
        ranking: which ranking a row belongs to.
        item: the item that it is about.
        ranks: of the item there; equal ones in a ranking are a tie.
        sample_weight: of the rows, one for all those of a ranking.
        name: of the argument that the ranks come from, for messages.
        seed: fixes the orders that stand for ties.
    """
    rankings, items = _by_name(categorize("ranking", ranking)), _by_name(categorize("item", item))
    if not len(rankings):
        raise InvalidInputError("ranking: got no rows; wanted at least one")
    for argument, column in (("item", items), (name, ranks)):
        _check_length(argument, column, len(rankings), "ranking")
    if not np.isfinite(ranks).all():
        raise InvalidInputError(f"{name}: got NaN or infinity; wanted finite numbers")
    weight = _positive_weights(sample_weight, len(rankings), "ranking")
    kept = weight > 0
    rows, codes, ranks, weight = rankings.codes[kept], items.codes[kept], ranks[kept], weight[kept]
    used, codes = np.unique(codes, return_inverse=True)
    # By name, so that the order of the rows does not matter to a draw.
    by_item = np.lexsort((codes, rows))
    rows, codes, ranks, weight = rows[by_item], codes[by_item], ranks[by_item], weight[by_item]
    together = rows[1:] == rows[:-1]
    if (twice := together & (codes[1:] == codes[:-1])).any():
        row = int(twice.argmax())
        raise InvalidInputError(
            f"item: got {_show(items.names[used[codes[row]]])} twice in ranking "
            f"{_show(rankings.names[rows[row]])}; wanted each item once"
        )
    if (mixed := together & (weight[1:] != weight[:-1])).any():
        row = int(mixed.argmax())
        raise InvalidInputError(
            f"sample_weight: got {weight[row]:g} and {weight[row + 1]:g} in ranking "
            f"{_show(rankings.names[rows[row]])}; wanted one weight for a ranking"
        )
    many = np.bincount(rows, minlength=len(rankings.names)) > 1
    if not (told := many[rows]).any():
        raise InvalidInputError("ranking: got none of two items; wanted at least one")
    _, rows = np.unique(rows[told], return_inverse=True)
    codes, ranks, weight = codes[told], ranks[told], weight[told]
    return _of_sorted_rankings(items.names[used], rows, codes, ranks, weight, seed)


def _of_sorted_rankings(
    names: NDArray[Any],
    rows: NDArray[np.intp],
    codes: NDArray[np.intp],
    ranks: Doubles,
    weight: Doubles,
    seed: int,
) -> Comparisons:
    """Rankings of two items or more, whose rows stand together and are numbered from 0."""
    by_rank = np.lexsort((ranks, rows))
    level, place = ranks[by_rank], rows[by_rank]
    equal = (level[1:] == level[:-1]) & (place[1:] == place[:-1])
    lengths = np.bincount(rows)
    is_tied = np.bincount(place[1:][equal], minlength=len(lengths)) > 0
    # Rankings without ties are one order each and come first.
    plain = by_rank[~is_tied[place]]
    loose = np.flatnonzero(is_tied[rows])
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(TIE_ORDERS // 2):
        noise = rng.random(len(loose))
        drawn += [loose[np.lexsort((sign * noise, ranks[loose], rows[loose]))] for sign in (1, -1)]
    # (orders, rows) to the orders of one ranking after the other
    stacked = np.stack(drawn, axis=1) if loose.size else np.empty((0, TIE_ORDERS), np.intp)
    starts = np.cumsum(lengths[is_tied])[:-1]
    orders = [block.T.ravel() for block in np.split(stacked, starts)]
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    return Comparisons(
        items=names,
        entries=codes[np.concatenate([plain, *orders])].astype(np.int64),
        lengths=np.concatenate([lengths[~is_tied], np.repeat(lengths[is_tied], TIE_ORDERS)]),
        num_orders=np.repeat([1, TIE_ORDERS], [(~is_tied).sum(), is_tied.sum()]),
        weight=np.concatenate([weight[first[~is_tied]], weight[first[is_tied]]]),
        counts=np.bincount(codes, minlength=len(names)),
        ties=int(is_tied.sum()),
        total=len(lengths),
    )


def _strong_components(successors: list[list[int]]) -> list[list[int]]:
    """Tarjan's strongly connected components, without recursion; none reaches a later one."""
    index: list[int | None] = [None] * len(successors)
    low = [0] * len(successors)
    on_stack = [False] * len(successors)
    stack: list[int] = []
    found: list[list[int]] = []
    count = 0
    for root in range(len(successors)):
        path = [(root, 0)] if index[root] is None else []
        while path:
            node, done = path.pop()
            if done == 0:
                index[node] = low[node] = count
                count += 1
                stack.append(node)
                on_stack[node] = True
            else:
                low[node] = min(low[node], low[successors[node][done - 1]])
            for position in range(done, len(successors[node])):
                other = successors[node][position]
                if index[other] is None:
                    path += [(node, position + 1), (other, 0)]
                    break
                if on_stack[other]:
                    low[node] = min(low[node], index[other] or 0)
            else:
                if low[node] == index[node]:
                    component = stack[stack.index(node) :]
                    del stack[-len(component) :]
                    for each in component:
                        on_stack[each] = False
                    found.append(component)
    return found


def _by_name(labels: Categories) -> Categories:
    """The same labels, their names ascending."""
    names, codes = np.unique(labels.names, return_inverse=True)
    return Categories(codes[labels.codes], names)


def _united(first: Categories, second: Categories) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The names of two columns, and of each row the numbers of both, (2, rows)."""
    kinds = [column.names.dtype.kind in "OSU" for column in (first, second)]
    if kinds[0] != kinds[1]:
        shown = " and ".join(str(column.names.dtype) for column in (first, second))
        raise DtypeError(f"loser: got names of the types {shown}; wanted one type, as winner")
    names, codes = np.unique(np.concatenate([first.names, second.names]), return_inverse=True)
    sides = codes[: len(first.names)][first.codes], codes[len(first.names) :][second.codes]
    return names, np.stack(sides)


def _flags(labels: Categories) -> NDArray[np.bool_]:
    try:
        return binary_target(labels).is_positive
    except InvalidInputError as error:
        shown = ", ".join(_show(labels.names[code]) for code in labels.occurring()[:5])
        raise InvalidInputError(f"tie: got {shown}; wanted 0 and 1, or true and false") from error


def _check_length(name: str, column: Any, count: int, like: str) -> None:
    if len(column) != count:
        raise ShapeError(f"{name}: got {len(column)} rows; wanted {count}, as {like}")


def _positive_weights(given: ArrayLike | None, count: int, like: str) -> Doubles:
    array = weights(given, count, f"as {like}")
    if array is None:
        return np.ones(count)
    if (negative := array < 0).any():
        row = int(negative.argmax())
        raise InvalidInputError(
            f"sample_weight: got {array[row]:g} in row {row + 1}; wanted weights, 0 or above"
        )
    return array


def _show(name: Any) -> str:
    return repr(name.item() if isinstance(name, np.generic) else name)
