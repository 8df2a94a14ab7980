"""cldice and skeletonize: goldens, the formula in fractions, topology, any kind of mask, what is refused."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import Confidence, betti_numbers, cldice, skeletonize

CASES = json.loads((Path(__file__).parents[1] / "goldens" / "054-cldice.json").read_text())["cases"]
RANDOM = np.random.default_rng(0)
MAPS = RANDOM.random((3, 2, 9, 8)), RANDOM.random((3, 2, 9, 8))

SHAPES = arrays.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=8)
MASKS = arrays.arrays(bool, SHAPES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_goldens_with_given_skeletons_and_with_our_own(case):
    inputs = {name: np.array(given["data"], dtype=bool) for name, given in case["inputs"].items()}
    prediction, target = inputs["prediction"], inputs["target"]
    expected = pytest.approx(case["expected"]["score"], rel=case["rtol"])
    assert cldice(**inputs) == expected
    # The golden skeletons are scikit-image's.
    np.testing.assert_array_equal(skeletonize(prediction), inputs["prediction_skeleton"])
    np.testing.assert_array_equal(skeletonize(target), inputs["target_skeleton"])
    assert cldice(prediction, target) == expected


def in_fractions(prediction, target):
    if not (prediction | target).any():
        return 1
    lines = skeletonize(prediction), skeletonize(target)
    if not all(each.any() for each in lines):
        return 0
    precision = Fraction(int((lines[0] & target).sum()), int(lines[0].sum()))
    sensitivity = Fraction(int((lines[1] & prediction).sum()), int(lines[1].sum()))
    total = precision + sensitivity
    return 2 * precision * sensitivity / total if total else 0


@settings(max_examples=60)
@given(st.data())
def test_is_the_harmonic_mean_of_the_shares(data):
    prediction = data.draw(MASKS)
    target = data.draw(arrays.arrays(bool, prediction.shape))
    assert cldice(prediction, target) == pytest.approx(float(in_fractions(prediction, target)), rel=1e-15)
    assert cldice(target, prediction) == cldice(prediction, target)


@settings(max_examples=100)
@given(MASKS)
def test_a_skeleton_is_a_part_of_the_mask_with_its_topology(mask):
    skeleton = skeletonize(mask)
    assert not (skeleton & ~mask).any()
    ours, theirs = (betti_numbers(each, construction="T") for each in (skeleton, mask))
    np.testing.assert_array_equal(ours.betti_numbers, theirs.betti_numbers)
    np.testing.assert_array_equal(skeletonize(skeleton), skeleton)


@pytest.mark.parametrize(
    "convert",
    [
        np.ndarray.tolist,
        lambda mask: mask.astype(np.uint8),
        lambda mask: mask.astype(np.int64),
        lambda mask: mask.astype(np.float32),
        np.asfortranarray,
        lambda mask: np.repeat(mask, 2, 1)[:, ::2],
    ],
)
def test_masks_of_any_kind_are_read_and_stay_as_they_are(convert):
    mask = RANDOM.random((12, 9)) > 0.3
    wanted = skeletonize(mask)
    other = RANDOM.random((12, 9)) > 0.3
    converted, before = convert(mask), np.array(convert(mask))
    np.testing.assert_array_equal(skeletonize(converted), wanted)
    assert cldice(converted, other, prediction_skeleton=convert(wanted)) == cldice(mask, other)
    np.testing.assert_array_equal(converted, before)


@pytest.mark.parametrize("space", [(7, 6), (4, 5, 6)])
def test_a_batch_has_the_mean_of_its_maps(space, threads):
    prediction, target = RANDOM.random((2, 3, *space)), RANDOM.random((2, 3, *space))
    apart = np.array(
        [[cldice(*pair) for pair in zip(*rows, strict=True)] for rows in zip(prediction, target, strict=True)]
    )
    for number in (1, 2, 3):
        threads(number)
        np.testing.assert_array_equal(cldice(prediction, target, reduction="none"), apart)
    assert cldice(prediction, target) == pytest.approx(apart.mean(), rel=1e-15)
    flat = prediction.reshape(6, *space), target.reshape(6, *space)
    np.testing.assert_array_equal(cldice(*flat, space_axes=len(space), reduction="none"), apart.reshape(-1))
    np.testing.assert_array_equal(
        skeletonize(flat[0] > 0.5, space_axes=len(space)).reshape(prediction.shape),
        skeletonize(prediction > 0.5),
    )


def test_one_map_has_a_float_or_an_array_without_axes():
    prediction, target = MAPS[0][0, 0], MAPS[1][0, 0]
    assert type(cldice(prediction, target)) is float
    assert cldice(prediction, target, reduction="none").shape == ()


def test_a_number_at_the_threshold_is_foreground():
    levels = np.array([[0.2, 0.5, 0.7]])
    assert cldice(levels, [[0, 1, 1]]) == 1
    assert cldice(levels, [[1, 1, 1]], threshold=0.2) == 1
    assert cldice(levels, [[1, 1, 1]]) == pytest.approx(0.8)  # P = 1, R = 2/3


def test_empty_masks_and_skeletons():
    line, empty = np.eye(5, dtype=bool), np.zeros((5, 5), bool)
    assert cldice(empty, empty) == 1
    assert cldice(line, empty) == cldice(empty, line) == 0
    assert cldice(line, np.roll(line, 2, 0)) == 0
    assert cldice(line, line, target_skeleton=empty) == 0


def test_a_gap_costs_the_same_in_a_thick_tube_and_in_a_thin_one():
    thick = np.zeros((9, 40), bool)
    thick[2:7] = True
    broken = thick.copy()
    broken[:, 18:22] = False
    line = skeletonize(thick)
    missed = np.count_nonzero(line & ~broken) / np.count_nonzero(line)
    assert missed == pytest.approx(4 / 36, abs=0.01)
    assert cldice(broken, thick) == pytest.approx(2 * (1 - missed) / (2 - missed))


def test_an_interval_draws_images():
    found = cldice(*MAPS, confidence=Confidence(method="percentile", resamples=200))
    each = cldice(*MAPS, reduction="none").mean(axis=1)
    assert each.min() <= found.low < found.value == cldice(*MAPS) < found.high <= each.max()


LINE = np.eye(4)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"prediction": LINE * np.nan}, InvalidInputError, r"prediction: got nan at \(0, 0\)"),
        ({"target": np.full((4, 4), np.inf)}, InvalidInputError, "target: got inf"),
        ({"target": np.ones((4, 5))}, ShapeError, r"target: got shape \(4, 5\); wanted \(4, 4\)"),
        ({"prediction": [1, 0], "target": [1, 0]}, ShapeError, r"prediction: got shape \(2,\), one axis"),
        ({"prediction": LINE, "target": LINE, "space_axes": 1}, ShapeError, "prediction: got shape"),
        ({"target_skeleton": LINE[:3]}, ShapeError, r"target_skeleton: got shape \(3, 4\); wanted \(4, 4\)"),
        ({"prediction_skeleton": 2 * LINE}, InvalidInputError, "prediction_skeleton: got numbers other than"),
        ({"threshold": "half"}, DtypeError, "threshold: got 'half'"),
        ({"threshold": np.nan}, InvalidInputError, "threshold: got nan"),
        ({"reduction": "sum"}, InvalidInputError, "reduction: got 'sum'"),
        ({"reduction": "none", "confidence": 0.9}, InvalidInputError, "confidence: got a level with"),
        ({"confidence": 0.9}, UndefinedMetricError, ": got .*; wanted "),
        (
            {"prediction": np.ones((0, 1, 4, 4)), "target": np.ones((0, 1, 4, 4))},
            UndefinedMetricError,
            "no maps",
        ),
        ({"prediction": object()}, DtypeError, "prediction: got object"),
    ],
)
def test_bad_input_is_named(options, error, message):
    with pytest.raises(error, match=message):
        cldice(**({"prediction": LINE, "target": LINE} | options))


@pytest.mark.parametrize(
    ("mask", "options", "error"),
    [
        ([1, 0, 1], {}, ShapeError),
        (np.ones((2, 0)), {}, ShapeError),
        (np.ones((1,) * 6), {}, ShapeError),
        ([[0.5, 1.0]], {}, InvalidInputError),
        ([[0, 255]], {}, InvalidInputError),
        ([[0, 1]], {"space_axes": 4}, InvalidInputError),
        (None, {}, DtypeError),
    ],
)
def test_skeletonize_refuses_what_is_no_mask(mask, options, error):
    with pytest.raises(error, match=r"(mask|space_axes): got .*; wanted "):
        skeletonize(mask, **options)
