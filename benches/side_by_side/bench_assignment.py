"""Assignments beside SciPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
from contest import Contest, benchmark_of, threads
from lossary.numerics import linear_assignment
from scipy.optimize import linear_sum_assignment

SEED = 148


def costs(kind: str, rows: int, columns: int) -> np.ndarray:
    generator = np.random.default_rng(SEED)
    if kind == "integers":
        return generator.integers(0, 100, (rows, columns)).astype(np.float64)
    if kind == "distances":
        points = generator.random((rows + columns, 2))
        return np.linalg.norm(points[:rows, None] - points[rows:], axis=2)
    return generator.random((rows, columns))


def assigned(kind: str, rows: int, columns: int) -> Contest:
    def total(solve: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], Callable[[], float]]:
        return lambda cost: threads(1, lambda: float(cost[tuple(solve(cost))].sum()))

    return Contest(
        f"assignment, {kind}, {rows} x {columns}",
        lambda: costs(kind, rows, columns),
        lambda cost: float(cost[linear_sum_assignment(cost)].sum()),
        {"lossary": total(linear_assignment), "SciPy": total(linear_sum_assignment)},
    )


CONTESTS = [
    assigned(kind, *shape)
    for kind in ("uniform", "integers", "distances")
    for shape in ((100, 100), (1000, 1000), (300, 3000))
]

test_time = benchmark_of(CONTESTS)
