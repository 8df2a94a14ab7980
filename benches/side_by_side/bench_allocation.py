"""Sums shared out: weights and bits beside sorts in NumPy, couplings and bits beside heaps in Python."""

import heapq
from typing import Any

import numpy as np
from contest import Contest, benchmark_of, one_and_two, threads
from lossary.numerics import (
    capped_simplex_projection,
    greedy_minimum_entropy_coupling,
    integer_bit_allocation,
    optimal_bit_allocation,
)

SEED = 125
MOST_BITS = 16


def by_sorted_values(rows: np.ndarray, total: float) -> np.ndarray:
    """Without a cap: of sorted values, as many stay as are above the threshold that they would have."""
    descending = -np.sort(-rows, axis=1)
    thresholds = (descending.cumsum(1) - total) / np.arange(1, rows.shape[1] + 1)
    kept = (descending > thresholds).sum(1)
    return np.maximum(rows - thresholds[np.arange(len(rows)), kept - 1, None], 0)


def by_sorted_breakpoints(rows: np.ndarray, total: float) -> np.ndarray:
    """With a cap of 1: the sum of weights falls in straight stretches between where values reach 0 and 1."""
    weights = []
    for row in rows:
        points = np.concatenate([row - 1, row])
        order = points.argsort()
        points = points[order]
        free = np.where(order < len(row), 1, -1).cumsum()
        sums = len(row) - np.concatenate([[0], (free[:-1] * np.diff(points)).cumsum()])
        weights.append(np.clip(row - np.interp(-total, -sums, points), 0, 1))
    return np.stack(weights)


def read_weights(weights: np.ndarray) -> np.ndarray:
    """Those near 0 are what is left of larger numbers, and have their last digit."""
    return weights + 1


def projected(kind: str, rows: int, columns: int, share: float) -> Contest:
    total, upper = max(1.0, share * columns), 1.0 if share else np.inf
    plain = by_sorted_breakpoints if share else by_sorted_values
    return Contest(
        f"projection, {kind}, {rows} x {columns}",
        lambda: np.random.default_rng(SEED).standard_normal((rows, columns)),
        lambda values: read_weights(plain(values, total)),
        {
            **one_and_two(lambda values: capped_simplex_projection(values, total=total, upper=upper)),
            "NumPy, sort": lambda values: lambda: plain(values, total),
        },
        read=read_weights,
        tolerance=1e-9,
        samples=rows * columns,
    )


def distributions(sizes: tuple[int, int]) -> list[np.ndarray]:
    generator = np.random.default_rng(SEED)
    masses = [generator.random(size) for size in sizes]
    return [mass / mass.sum() for mass in masses]


def coupled_by_heaps(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    joint = np.zeros((len(p), len(q)))
    rows, columns = (
        [(-mass, place) for place, mass in enumerate((side / side.sum()).tolist())] for side in (p, q)
    )
    heapq.heapify(rows)
    heapq.heapify(columns)
    while rows and columns:
        (row_mass, row), (column_mass, column) = heapq.heappop(rows), heapq.heappop(columns)
        moved = min(-row_mass, -column_mass)
        if moved <= 1e-14:
            break
        joint[row, column] = moved
        if -row_mass > moved:
            heapq.heappush(rows, (row_mass + moved, row))
        if -column_mass > moved:
            heapq.heappush(columns, (column_mass + moved, column))
    return joint


def coupled(*sizes: int) -> Contest:
    return Contest(
        f"coupling, {' x '.join(map(str, sizes))}",
        lambda: distributions(sizes),
        lambda given: coupled_by_heaps(*given),
        {
            "lossary": lambda given: threads(1, lambda: greedy_minimum_entropy_coupling(*given).joint),
            "Python, heapq": lambda given: lambda: coupled_by_heaps(*given),
        },
        rounds=5,
    )


def sensitivities(parts: int) -> np.ndarray:
    return np.random.default_rng(SEED).lognormal(sigma=3.0, size=parts)


def bits_by_sort(costs: np.ndarray) -> np.ndarray:
    """Three bits on average, as real numbers."""
    return by_sorted_values(np.log2(costs)[None] / 2, 3.0 * len(costs))[0]


def bits_by_heap(costs: np.ndarray) -> np.ndarray:
    """One bit after the other to where it gains most, until there are three for each part."""
    bits = [0] * len(costs)
    heap = [(-cost, part) for part, cost in enumerate(costs.tolist())]
    heapq.heapify(heap)
    for _ in range(3 * len(costs)):
        gain, part = heap[0]
        bits[part] += 1
        if bits[part] < MOST_BITS:
            heapq.heapreplace(heap, (gain / 4, part))
        else:
            heapq.heappop(heap)
    return np.array(bits)


def bits_by_selection(costs: np.ndarray) -> np.ndarray:
    """All gains side by side, of which the largest are selected; without ties, these are the bits."""
    gains = costs[:, None] * 0.25 ** np.arange(MOST_BITS)
    kept = 3 * len(costs)
    return (gains >= np.partition(gains, gains.size - kept, axis=None)[-kept]).sum(1)


def given_bits(parts: int, peers: dict[str, Any]) -> Contest:
    return Contest(
        f"whole bits, {parts} parts",
        lambda: sensitivities(parts),
        bits_by_selection,
        {
            "lossary": lambda costs: threads(
                1, lambda: integer_bit_allocation(costs, total_bits=3 * len(costs)).bits
            ),
            **{name: lambda costs, peer=peer: lambda: peer(costs) for name, peer in peers.items()},
        },
        samples=parts,
    )


def shared_bits(parts: int) -> Contest:
    return Contest(
        f"real bits, {parts} parts",
        lambda: sensitivities(parts),
        lambda costs: read_weights(bits_by_sort(costs)),
        {
            "lossary": lambda costs: threads(1, lambda: optimal_bit_allocation(costs)),
            "NumPy, sort": lambda costs: lambda: bits_by_sort(costs),
        },
        read=read_weights,
        tolerance=1e-9,
        samples=parts,
    )


CONTESTS = [
    projected("simplex", 1, 1_000_000, 0),
    projected("capped at 1, a tenth", 1, 1_000_000, 0.1),
    projected("simplex", 10_000, 100, 0),
    projected("capped at 1, a tenth", 10_000, 100, 0.1),
    projected("capped at 1, a tenth", 1, 1000, 0.1),
    coupled(100, 100),
    coupled(2000, 2000),
    coupled(10, 100_000),
    given_bits(1000, {"Python, heapq": bits_by_heap, "NumPy, selection": bits_by_selection}),
    given_bits(100_000, {"Python, heapq": bits_by_heap, "NumPy, selection": bits_by_selection}),
    given_bits(1_000_000, {"NumPy, selection": bits_by_selection}),
    shared_bits(1000),
    shared_bits(1_000_000),
]

test_time = benchmark_of(CONTESTS)
