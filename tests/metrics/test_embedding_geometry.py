"""Effective rank, utilization and tolerance: goldens, plain loops, limits, extreme scales, errors."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import effective_rank, embedding_geometry, embedding_utilization, intra_class_tolerance

GOLDENS = Path(__file__).parents[1] / "goldens"
FILES = {
    "038-effective_rank": effective_rank,
    "045-embedding_utilization": embedding_utilization,
    "062-intra_class_tolerance": intra_class_tolerance,
}
CASES = [
    pytest.param(metric, case, id=f"{file}-{case['id']}")
    for file, metric in FILES.items()
    for case in json.loads((GOLDENS / f"{file}.json").read_text(encoding="utf-8"))["cases"]
]


def rows(count, features, seed=0):
    return np.random.default_rng(seed).normal(size=(count, features))


@pytest.mark.parametrize(("metric", "case"), CASES)
def test_goldens(metric, case):
    inputs = {
        name: np.array(entry["data"], dtype=entry["dtype"]).reshape(entry["shape"])
        for name, entry in case["inputs"].items()
    }
    value = metric(**inputs, **case["params"])
    assert type(value) is float
    assert value == pytest.approx(case["expected"]["value"], rel=case["rtol"], abs=1e-9)


@given(seed=st.integers(0, 2**16), shape=st.tuples(st.integers(1, 9), st.integers(1, 9)))
@settings(max_examples=30)
def test_the_effective_rank_is_between_one_and_the_rank(seed, shape):
    value = effective_rank(rows(*shape, seed=seed), eps=0)
    assert 1 - 1e-9 <= value <= min(shape) + 1e-9


def test_the_effective_rank_does_not_mind_rotations_and_scales():
    embeddings = rows(20, 5)
    rotation = np.linalg.qr(rows(5, 5, seed=1))[0]
    for other in (embeddings @ rotation, embeddings[::-1], embeddings * 1e-300, embeddings * 1e300):
        assert effective_rank(other) == pytest.approx(effective_rank(embeddings), rel=1e-9)


def test_equal_singular_values_count_their_dimensions_and_one_direction_counts_one():
    assert effective_rank(np.vstack([np.eye(5), -2 * np.eye(5)]), eps=0) == pytest.approx(5)
    assert effective_rank(np.outer([1, -2, 3], [1, 2]), eps=0) == pytest.approx(1)
    assert effective_rank([[1.0, 2.0]]) == pytest.approx(1, abs=1e-5)


def test_centring_takes_the_common_part_off():
    embeddings = rows(30, 4)
    assert effective_rank(embeddings + 1e3, center=True) == pytest.approx(
        effective_rank(embeddings, center=True), rel=1e-9
    )
    assert effective_rank(embeddings + 1e3) < 1.1


@pytest.mark.parametrize(
    ("embeddings", "options", "error", "argument"),
    [
        (np.zeros((3, 2)), {}, UndefinedMetricError, "embeddings: got only zeros"),
        (np.full((3, 2), 0.1), {"center": True}, UndefinedMetricError, "embeddings: got rows that are all"),
        (np.zeros((3, 2)), {"center": True}, UndefinedMetricError, "embeddings: got only zeros"),
        (np.ones((0, 2)), {}, ShapeError, "embeddings"),
        (np.ones(2), {}, ShapeError, "embeddings"),
        ([[1.0, math.nan]], {}, InvalidInputError, "embeddings"),
        ([[1.0]], {"eps": -0.1}, InvalidInputError, "eps"),
        ([[1.0]], {"eps": math.inf}, InvalidInputError, "eps"),
        ([[1.0]], {"eps": math.nan}, InvalidInputError, "eps"),
        ([[1.0]], {"center": 1}, DtypeError, "center"),
    ],
)
def test_the_effective_rank_refuses_bad_input(embeddings, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        effective_rank(embeddings, **options)


@given(
    seed=st.integers(0, 2**16),
    counts=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    squared=st.booleans(),
)
@settings(max_examples=30)
def test_utilization_equals_plain_loops_whatever_the_blocks(seed, counts, squared):
    query, reference = rows(counts[0], 3, seed=seed), rows(counts[1], 3, seed=seed + 1)
    nearest = [min(math.dist(row, other) for other in reference) for row in query]
    wanted = np.mean(np.square(nearest) if squared else nearest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedding_geometry, "_BLOCK", seed % 40)
        assert embedding_utilization(query, reference, squared=squared) == pytest.approx(wanted)


def test_a_query_in_the_reference_is_at_distance_zero_however_far_from_the_origin():
    reference = 1e6 + rows(50, 4)
    assert embedding_utilization(reference[::-1], reference) == 0
    moved = reference[:1] + np.array([0, 0, 0, 1e-5])
    assert embedding_utilization(moved, reference, squared=False) == pytest.approx(1e-5, rel=1e-4)


def test_a_larger_reference_covers_more():
    query, reference = rows(40, 3), rows(30, 3, seed=1)
    values = [embedding_utilization(query, reference[:count]) for count in (1, 10, 30)]
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1]


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_distances_of_extreme_rows_stay_in_range(scale):
    query, reference = rows(5, 3), rows(6, 3, seed=1)
    wanted = scale * embedding_utilization(query, reference, squared=False)
    assert embedding_utilization(scale * query, scale * reference, squared=False) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("query", "reference", "options", "error", "argument"),
    [
        (np.ones((0, 2)), np.ones((3, 2)), {}, ShapeError, "query"),
        (np.ones((3, 2)), np.ones((0, 2)), {}, ShapeError, "reference"),
        (np.ones((3, 2)), np.ones((3, 1)), {}, ShapeError, "reference: got 1 features; wanted 2, as query"),
        ([[math.inf]], [[1.0]], {}, InvalidInputError, "query"),
        ([[1e300]], [[-1e300]], {}, InvalidInputError, "query: .*overflow"),
        ([[1.0]], [[1.0]], {"squared": 2}, DtypeError, "squared"),
    ],
)
def test_utilization_refuses_bad_input(query, reference, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        embedding_utilization(query, reference, **options)


@given(seed=st.integers(0, 2**16), classes=st.integers(1, 4), normalize=st.booleans())
@settings(max_examples=30)
def test_tolerance_equals_plain_loops(seed, classes, normalize):
    embeddings = rows(9, 3, seed=seed)
    labels = np.random.default_rng(seed).integers(0, classes, 9)
    vectors = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True) if normalize else embeddings
    found = [vectors[i] @ vectors[j] for i in range(9) for j in range(9) if i != j and labels[i] == labels[j]]
    assert intra_class_tolerance(embeddings, labels, normalize=normalize) == pytest.approx(np.mean(found))
    among_all = intra_class_tolerance(embeddings, labels, pairs="all", normalize=normalize)
    assert among_all == pytest.approx(np.sum(found) / 72)


def test_tolerance_is_one_for_classes_that_are_points_and_zeros_are_at_a_right_angle_to_all():
    embeddings = np.array([[1.0, 1.0], [3.0, 3.0], [0.0, -1e-200], [0.0, -2.0]])
    assert intra_class_tolerance(embeddings, list("aabb")) == pytest.approx(1)
    assert intra_class_tolerance([[0.0, 0.0], [1.0, 0.0]], [5, 5]) == 0


@pytest.mark.parametrize(
    ("embeddings", "labels", "options", "error", "argument"),
    [
        ([[1.0], [2.0]], [0, 1], {}, UndefinedMetricError, "labels: got no label twice"),
        ([[1.0], [2.0]], [0], {}, ShapeError, "labels: got 1 labels; wanted 2"),
        ([[1e200], [1e200]], [0, 0], {"normalize": False}, InvalidInputError, "embeddings: .*overflow"),
        ([[1.0], [math.nan]], [0, 0], {}, InvalidInputError, "embeddings"),
        ([[1.0], [2.0]], [0, 0], {"pairs": "other"}, InvalidInputError, "pairs"),
        ([[1.0], [2.0]], [0, 0], {"normalize": None}, DtypeError, "normalize"),
    ],
)
def test_tolerance_refuses_bad_input(embeddings, labels, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        intra_class_tolerance(embeddings, labels, **options)
