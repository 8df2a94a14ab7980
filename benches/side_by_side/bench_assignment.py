"""Assignments beside SciPy, and soft non-maximum suppression beside the plain algorithm in NumPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
from contest import Contest, benchmark_of, threads
from lossary.numerics import linear_assignment, soft_nms
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


def detections(count: int, extent: float) -> tuple[np.ndarray, np.ndarray]:
    """Boxes of sides from 10 to 60 in a square, and scores."""
    generator = np.random.default_rng(SEED)
    corners = extent * generator.random((count, 2))
    return np.hstack([corners, corners + 10 + 50 * generator.random((count, 2))]), generator.random(count)


def by_numpy(boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Takes the best box and lowers all the others, again and again."""
    scores, kept = scores.copy(), []
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    while (best := int(scores.argmax())) >= 0 and scores[best] >= 0.001:
        kept.append(scores[best])
        corners = np.minimum(boxes[:, 2:], boxes[best, 2:]) - np.maximum(boxes[:, :2], boxes[best, :2])
        shared = np.prod(np.maximum(corners, 0), axis=1)
        overlap = shared / (area + area[best] - shared)
        scores *= np.exp(-(overlap**2) / 0.5)
        scores[best] = -1
    return np.array(kept)


def suppressed(name: str, count: int, extent: float) -> Contest:
    return Contest(
        f"soft NMS, {count} boxes, {name}",
        lambda: detections(count, extent),
        lambda given: by_numpy(*given),
        {
            "lossary": lambda given: threads(1, lambda: soft_nms(*given).scores),
            "NumPy": lambda given: lambda: by_numpy(*given),
        },
        rounds=5,
    )


CONTESTS = [
    *(
        assigned(kind, *shape)
        for kind in ("uniform", "integers", "distances")
        for shape in ((100, 100), (1000, 1000), (300, 3000))
    ),
    suppressed("crowded", 1000, 600),
    suppressed("sparse", 10_000, 6000),
    suppressed("crowded", 10_000, 1200),
]

test_time = benchmark_of(CONTESTS)
