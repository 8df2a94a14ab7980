"""Neural collapse: goldens, the formulas with whole matrices, collapsed layers, invariances, and errors."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import neural_collapse

GOLDENS = Path(__file__).parents[1] / "goldens" / "123-neural_collapse.json"
CASES = json.loads(GOLDENS.read_text(encoding="utf-8"))["cases"]


def layer(seed, classes=3, features=5, samples=20):
    generator = np.random.default_rng(seed)
    labels = np.arange(samples) % classes
    weight = generator.normal(size=(classes, features))
    return weight[labels] + 0.5 * generator.normal(size=(samples, features)), labels, weight


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_goldens(case):
    found = neural_collapse(
        **{name: np.array(value["data"]) for name, value in case["inputs"].items()}, **case["params"]
    )
    assert found._asdict() == pytest.approx(case["expected"], rel=case["rtol"], abs=case["atol"])


@given(
    seed=st.integers(0, 2**16),
    sizes=st.sampled_from([(3, 5), (4, 2), (2, 1), (5, 4)]),
    geometry=st.sampled_from(["etf", "orthogonal", "lengths"]),
)
@settings(max_examples=30)
def test_equals_the_formulas_with_whole_matrices(seed, sizes, geometry):
    classes, features = sizes
    rows, labels, weight = layer(seed, classes, features, 17)
    means = np.array([rows[labels == each].mean(0) for each in range(classes)])
    centred = means - rows.mean(0)
    within = (rows - means[labels]).T @ (rows - means[labels]) / len(rows)
    between = centred.T @ centred / classes
    lengths = np.arange(1.0, classes + 1)
    frames = {
        "etf": np.eye(classes) - 1 / classes,
        "orthogonal": np.eye(classes),
        "lengths": np.diag(lengths),
    }
    frame = frames[geometry] / np.linalg.norm(frames[geometry])
    shown = centred if geometry == "etf" else means
    found = neural_collapse(rows, labels, weight, geometry=lengths if geometry == "lengths" else geometry)
    assert found.nc1 == pytest.approx(np.trace(within @ np.linalg.pinv(between)) / classes, rel=1e-6)
    for name, left, right in (
        ("nc2_weight", weight, weight),
        ("nc2_feature", shown, shown),
        ("nc3", weight, shown),
    ):
        product = left @ right.T
        wanted = np.linalg.norm(product / np.linalg.norm(product) - frame)
        assert getattr(found, name) == pytest.approx(wanted), name


@pytest.mark.parametrize("geometry", ["etf", "orthogonal"])
def test_a_collapsed_layer_has_none(geometry):
    frame = np.eye(4) - 0.25 * (geometry == "etf")
    labels = np.arange(12) % 4
    found = neural_collapse(7 * frame[labels], labels, 2 * frame, geometry=geometry)
    assert found == pytest.approx([0.0] * 10, abs=1e-12)


def test_lengths_of_an_orthogonal_frame_may_differ():
    lengths = np.array([4.0, 1.0, 9.0])
    frame = np.diag(np.sqrt(lengths))
    found = neural_collapse(frame, [0, 1, 2], frame, geometry=lengths)
    assert (found.nc2_weight, found.nc2_feature, found.nc3) == pytest.approx((0, 0, 0), abs=1e-12)
    assert neural_collapse(frame, [0, 1, 2], frame, geometry="orthogonal").nc2_weight > 0.1


def test_rotation_and_scale_change_nothing_and_a_shift_nothing_of_the_simplex():
    rows, labels, weight = layer(0)
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))
    plain = neural_collapse(rows, labels, weight)
    turned = neural_collapse(3 * rows @ rotation, labels, 0.2 * weight @ rotation)
    assert turned == pytest.approx(plain)
    shifted = neural_collapse(rows + 4, labels, weight, bias=-weight @ np.full(5, 4.0))
    assert shifted == pytest.approx(plain)


def test_the_bias_decides_the_classifier():
    rows, labels, weight = [[1.0], [-1.0]], [0, 1], [[1.0], [-1.0]]
    assert neural_collapse(rows, labels, weight).nc4 == 0
    assert neural_collapse(rows, labels, weight, bias=[0.0, 10.0]).nc4 == 0.5


R, L, W = layer(0)


@pytest.mark.parametrize(
    ("rows", "labels", "weight", "options", "error", "argument"),
    [
        (R, np.where(L == 1, 0, L), W, {}, InvalidInputError, "labels: got no sample of class 1"),
        (R, L + 1, W, {}, InvalidInputError, "labels: got class 3"),
        (R, L[:5], W, {}, ShapeError, "labels"),
        (R, L, W[:, :2], {}, ShapeError, "weight"),
        (R, 0 * L, W[:1], {}, ShapeError, "weight: got 1 class"),
        (R, L, W * [[0.0], [1.0], [1.0]], {}, InvalidInputError, "weight: got a row of zeros"),
        (R * math.nan, L, W, {}, InvalidInputError, "embeddings"),
        (np.full_like(R, 0.1), L, W, {}, UndefinedMetricError, "embeddings: got class means that are all"),
        (
            [[1.0], [0.0], [-1.0]],
            [0, 1, 2],
            W[:, :1],
            {},
            UndefinedMetricError,
            "embeddings: got a class mean",
        ),
        (R, L, W, {"geometry": "frame"}, InvalidInputError, "geometry"),
        (R, L, W, {"geometry": [1.0, 2.0]}, ShapeError, "geometry"),
        (R, L, W, {"geometry": [1.0, 2.0, 0.0]}, InvalidInputError, "geometry: got 0"),
        (R, L, W, {"bias": [1.0]}, ShapeError, "bias"),
        (R, L.astype(float), W, {}, DtypeError, "labels"),
    ],
)
def test_bad_input_is_named(rows, labels, weight, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        neural_collapse(rows, labels, weight, **options)
