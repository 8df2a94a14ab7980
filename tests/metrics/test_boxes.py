"""Box overlaps: goldens, a count of cells, bounds and order, degenerate boxes, errors."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import box_iou

GOLDENS = Path(__file__).parents[1] / "goldens" / "026-box_iou.json"
CASES = json.loads(GOLDENS.read_text(encoding="utf-8"))["cases"]
KINDS = ["iou", "giou", "diou", "ciou"]


def some_boxes(count: int, seed: int, most: int = 9) -> np.ndarray:
    corners = np.random.default_rng(seed).integers(0, most, (count, 2, 2))
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


def cells(box: np.ndarray) -> set[tuple[int, int]]:
    x1, y1, x2, y2 = box.tolist()
    return {(x, y) for x in range(x1, x2) for y in range(y1, y2)}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_goldens(case):
    found = box_iou(*(case["inputs"][name]["data"] for name in ("boxes1", "boxes2")), **case["params"])
    np.testing.assert_allclose(found, case["expected"]["matrix"], rtol=case["rtol"], atol=case["atol"])


@given(seed=st.integers(0, 2**16))
@settings(max_examples=30)
def test_equals_counts_of_cells(seed):
    first, second = some_boxes(3, seed), some_boxes(4, seed + 1)
    for row, one in enumerate(first):
        for column, other in enumerate(second):
            a, b = cells(one), cells(other)
            overlap = len(a & b) / len(a | b) if a | b else 0.0
            assert box_iou(first, second)[row, column] == pytest.approx(overlap)
            whole = np.prod(np.maximum(one[2:], other[2:]) - np.minimum(one[:2], other[:2]))
            waste = (whole - len(a | b)) / whole if whole else 0.0
            assert box_iou(first, second, kind="giou")[row, column] == pytest.approx(overlap - waste)


@given(seed=st.integers(0, 2**16), kind=st.sampled_from(KINDS), scale=st.floats(1e-3, 1e3))
@settings(max_examples=40)
def test_symmetric_bounded_and_blind_to_place_and_scale(seed, kind, scale):
    first, second = some_boxes(4, seed), some_boxes(3, seed + 1)
    found = box_iou(first, second, kind=kind)
    np.testing.assert_allclose(box_iou(second, first, kind=kind), found.T, atol=1e-12)
    np.testing.assert_allclose(box_iou(scale * first + 5, scale * second + 5, kind=kind), found, atol=1e-9)
    least = {"iou": 0, "giou": -1, "diou": -1, "ciou": -2}[kind]
    assert ((found >= least) & (found <= 1 + 1e-12)).all()
    assert (found <= box_iou(first, second) + 1e-12).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_box_is_itself_wholly_and_a_point_not(kind):
    assert box_iou([[1, 2, 4, 8]], [[1, 2, 4, 8]], kind=kind).item() == 1
    assert box_iou([[1, 2, 1, 2]], [[1, 2, 1, 2]], kind=kind).item() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_no_boxes_have_no_overlaps(kind):
    nothing = np.zeros((0, 4))
    assert box_iou(nothing, [[0, 0, 1, 1]], kind=kind).shape == (0, 1)
    assert box_iou([[0, 0, 1, 1]], nothing, kind=kind).shape == (1, 0)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([0, 0, 1, 1], ShapeError, r"boxes1: got shape \(4,\); wanted \(n, 4\)"),
        ([[0, 0, 1]], ShapeError, "boxes1"),
        ([[0, 0, np.nan, 1]], InvalidInputError, "boxes1: got NaN"),
        ([[2, 0, 1, 1]], InvalidInputError, r"boxes1: got the box \[2.0, 0.0, 1.0, 1.0\]"),
        ([["a", "b", "c", "d"]], InvalidInputError, "boxes1"),
        (3, DtypeError, "boxes1"),
    ],
)
def test_bad_boxes_are_named(given, error, message):
    with pytest.raises(error, match=f"^{message}"):
        box_iou(given, [[0, 0, 1, 1]])
    with pytest.raises(error, match=f"^{message.replace('boxes1', 'boxes2')}"):
        box_iou([[0, 0, 1, 1]], given)


def test_an_unknown_kind_is_refused():
    with pytest.raises(InvalidInputError, match=r"^kind: got 'siou'"):
        box_iou([[0, 0, 1, 1]], [[0, 0, 1, 1]], kind="siou")
