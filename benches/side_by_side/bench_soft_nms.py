"""Soft non-maximum suppression beside `ensemble-boxes` and the plain algorithm in NumPy."""

from collections.abc import Callable
from typing import Any

import ensemble_boxes
import numpy as np
from contest import Call, Contest, benchmark_of, threads
from lossary.numerics import soft_nms

SEED = 148

Detections = tuple[np.ndarray, np.ndarray]


def detections(count: int, extent: float) -> Detections:
    """Boxes of sides from 10 to 60 in a square of this side, in units of a larger one; and scores."""
    generator = np.random.default_rng(SEED)
    corners = extent * generator.random((count, 2))
    boxes = np.hstack([corners, corners + 10 + 50 * generator.random((count, 2))])
    return boxes / (extent + 60), generator.random(count)


def by_numpy(boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Takes the best box and lowers all the others, again and again; what scores the kept ones had before."""
    before, scores, kept = scores, scores.copy(), []
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    while (best := int(scores.argmax())) >= 0 and scores[best] >= 0.001:
        kept.append(best)
        corners = np.minimum(boxes[:, 2:], boxes[best, 2:]) - np.maximum(boxes[:, :2], boxes[best, :2])
        shared = np.prod(np.maximum(corners, 0), axis=1)
        overlap = shared / (area + area[best] - shared)
        scores *= np.exp(-(overlap**2) / 0.5)
        scores[best] = -1
    return before[kept]


def by_ensemble_boxes(given: Detections) -> Call:
    boxes, scores = given
    return lambda: ensemble_boxes.soft_nms([boxes], [scores], [np.zeros(len(boxes))], sigma=0.5)[1]


def suppressed(name: str, count: int, extent: float) -> Contest:
    def ours(given: Detections) -> Call:
        boxes, scores = given
        return threads(1, lambda: scores[soft_nms(boxes, scores).indices])

    contenders: dict[str, Callable[[Any], Call]] = {
        "lossary": ours,
        "ensemble-boxes": by_ensemble_boxes,
        "NumPy": lambda given: lambda: by_numpy(*given),
    }
    return Contest(
        f"soft NMS, {count} boxes, {name}",
        lambda: detections(count, extent),
        lambda given: np.sort(by_numpy(*given)),
        contenders,
        rounds=5,
        read=np.sort,  # the peer does not sort, nor tell the lowered scores
        samples=count,
    )


CONTESTS = [
    suppressed("crowded", 1000, 600),
    suppressed("in one place", 1000, 60),
    suppressed("sparse", 10_000, 6000),
    suppressed("crowded", 10_000, 1200),
    suppressed("much crowded", 10_000, 400),
]

test_time = benchmark_of(CONTESTS)
