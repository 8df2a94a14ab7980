"""Soft non-maximum suppression: goldens, the plain algorithm, groups, and what is refused."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import box_iou
from lossary.numerics import soft_nms

GOLDEN = Path(__file__).resolve().parents[1] / "goldens" / "148-soft_nms.json"
SQUARE = [0.0, 0.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["id"]) for case in json.loads(GOLDEN.read_text("utf-8"))["cases"]]
)
def test_goldens(case):
    inputs = {
        name: np.array(entry["data"], entry["dtype"]).reshape(entry["shape"])
        for name, entry in case["inputs"].items()
    }
    found = soft_nms(**inputs, **case["params"])
    assert found.indices.tolist() == case["expected"]["indices"]
    np.testing.assert_allclose(found.scores, case["expected"]["scores"], rtol=case["rtol"])


def plain(boxes, scores, method):
    """Takes the best box and lowers all the others, again and again."""
    overlaps, scores = box_iou(boxes, boxes), scores.copy()
    left, kept = [i for i in range(len(boxes)) if scores[i] >= 0.001], []
    while left:
        best = max(left, key=lambda i: (scores[i], -i))
        kept.append((best, scores[best]))
        left.remove(best)
        for i in list(left):
            o = overlaps[i, best]
            if method == "gaussian":
                scores[i] *= math.exp(-(o**2) / 0.5)
            elif o > 0.3:
                scores[i] *= 1 - o if method == "linear" else 0
            if scores[i] < 0.001:
                left.remove(i)
    return kept


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 60),
    method=st.sampled_from(["gaussian", "linear", "hard"]),
)
@settings(max_examples=60)
def test_the_plain_algorithm_keeps_the_same(seed, count, method):
    generator = np.random.default_rng(seed)
    corners = generator.integers(0, 40, (count, 2))
    boxes = np.hstack([corners, corners + generator.integers(0, 20, (count, 2))])
    scores = generator.integers(0, 20, count) / 20
    kept = plain(boxes, scores, method)
    found = soft_nms(boxes, scores, method=method)
    assert found.indices.tolist() == [index for index, _ in kept]
    np.testing.assert_allclose(found.scores, [score for _, score in kept], rtol=1e-12)


def test_images_come_one_after_the_other_with_so_many_of_each():
    generator = np.random.default_rng(0)
    corners = generator.random((40, 2)) * 5
    boxes, scores = np.hstack([corners, corners + 2]), generator.random(40)
    images, labels = generator.integers(-1, 2, 40), generator.integers(0, 3, 40)
    together = soft_nms(boxes, scores, images=images, labels=labels, max_output=5)
    apart = []
    for image in (-1, 0, 1):
        (here,) = np.nonzero(images == image)
        found = soft_nms(boxes[here], scores[here], labels=labels[here], max_output=5)
        apart.extend(here[found.indices].tolist())
    assert together.indices.tolist() == apart


def test_inputs_stay_and_any_array_like_is_read():
    boxes, scores = np.array([SQUARE, SQUARE], np.float32), np.array([0.25, 0.5], np.float32)
    for array in (boxes, scores):
        array.flags.writeable = False
    found = soft_nms(boxes, scores)
    assert found.indices.tolist() == soft_nms(boxes.tolist(), scores.tolist()).indices.tolist() == [1, 0]
    assert soft_nms(np.zeros((0, 4)), []).indices.dtype == np.int64
    assert soft_nms(boxes, scores, max_output=0).scores.shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"boxes": [[0.0, 1.0]]}, ShapeError, "boxes: got shape"),
        ({"boxes": [[0.0, 0.0, -1.0, 1.0]]}, InvalidInputError, "boxes: got the box"),
        ({"boxes": [[0.0, 0.0, 1e80, 1.0]]}, InvalidInputError, "boxes: got a box at position 0"),
        ({"scores": [0.5, 0.5]}, ShapeError, "scores: got shape"),
        ({"scores": [math.nan]}, InvalidInputError, "scores: got NaN"),
        ({"scores": [-0.5]}, InvalidInputError, "scores: got NaN, infinity or a number below 0"),
        ({"labels": [0.5]}, InvalidInputError, "labels: got dtype"),
        ({"images": [0, 1]}, ShapeError, "images: got shape"),
        ({"images": np.array([2**63], np.uint64)}, InvalidInputError, "images: got 9223372036854775808"),
        ({"method": "soft"}, InvalidInputError, "method: got 'soft'"),
        ({"sigma": 0.0}, InvalidInputError, "sigma: got 0.0; wanted a number above 0"),
        ({"sigma": "wide"}, DtypeError, "sigma: got 'wide'"),
        ({"iou_threshold": 1.5}, InvalidInputError, "iou_threshold: got 1.5; wanted a number from 0 to 1"),
        (
            {"score_threshold": math.inf},
            InvalidInputError,
            "score_threshold: got inf; wanted a number that is",
        ),
        ({"max_output": -1}, InvalidInputError, "max_output: got -1"),
        ({"legacy_pixels": 1}, DtypeError, "legacy_pixels: got 1"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, error, says):
    with pytest.raises(error, match=says):
        soft_nms(**{"boxes": [SQUARE], "scores": [0.5], **arguments})
