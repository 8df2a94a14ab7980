"""How good detections are: average precision at several overlaps, after suppression."""

from typing import Any

import numpy as np
from detecting import Detections
from lossary.metrics import average_precision_score, box_iou
from lossary.numerics import soft_nms
from scenes import Scenes

OVERLAPS = (0.5, 0.75)
SUPPRESSIONS: dict[str, dict[str, Any]] = {
    "hard": {"method": "hard", "iou_threshold": 0.4},
    "linear": {"method": "linear", "iou_threshold": 0.3},
    "Gaussian": {"method": "gaussian", "sigma": 0.3},
}


def suppressed(found: Detections, how: str) -> Detections:
    """The detections that suppression keeps, with the scores that it leaves them."""
    kept = soft_nms(found.box, found.score, images=found.scene, score_threshold=0.01, **SUPPRESSIONS[how])
    return Detections(found.box[kept.indices], kept.scores, found.scene[kept.indices])


def average_precision(found: Detections, given: Scenes, overlap: float) -> float:
    """Precision at each digit that is found, 0 at those that are not, on average over all digits.

    A detection finds the digit that it overlaps most, if by at least ``overlap`` and if no detection of a
    higher score has found it.
    """
    order = np.argsort(-found.score, kind="stable")
    is_right = np.zeros(len(order), bool)
    of_scene = [order[found.scene[order] == scene] for scene in range(len(given.boxes))]
    for digits, rows in zip(given.boxes, of_scene, strict=True):
        overlaps = box_iou(found.box[rows], digits.double().numpy())
        taken = np.zeros(len(digits), bool)
        for row, of_row in zip(rows, overlaps, strict=True):
            best = int(np.argmax(np.where(taken, -1.0, of_row)))
            if not taken[best] and of_row[best] >= overlap:
                taken[best] = is_right[row] = True
    if not is_right.any():
        return 0.0
    all_digits = sum(map(len, given.boxes))
    return float(average_precision_score(is_right, found.score)) * int(is_right.sum()) / all_digits
