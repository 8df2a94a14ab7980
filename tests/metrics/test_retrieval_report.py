"""`retrieval_report`: goldens, the definition on the whole matrix, duplicates, blocks, bad input."""

import json
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import embedding_retrieval

GOLDEN = Path(__file__).parents[1] / "goldens" / "000-retrieval_report.json"
METRICS = {
    "r_precision": metrics.r_precision,
    "map_at_r": metrics.map_at_r,
    "mean_reciprocal_rank": metrics.mean_reciprocal_rank,
    "mean_average_precision": metrics.mean_average_precision,
}


@pytest.mark.parametrize("case", json.loads(GOLDEN.read_text())["cases"], ids=lambda case: case["id"])
def test_goldens(case):
    inputs = {
        name: np.array(given["data"], given["dtype"]).reshape(given["shape"])
        for name, given in case["inputs"].items()
    }
    report = metrics.retrieval_report(**inputs, **case["params"])
    assert report == pytest.approx(case["expected"], rel=case["rtol"], abs=case["atol"])
    assert list(report)[:5] == ["precision_at_1", *METRICS]
    assert all(type(value) is float for value in report.values())


def similarities(queries, items, similarity):
    if similarity == "euclidean":
        return -np.linalg.norm(queries[:, None] - items, axis=2)
    if similarity == "cosine":
        queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
        items = items / np.linalg.norm(items, axis=1, keepdims=True)
    return queries @ items.T


def by_definition(queries, labels, items, item_labels, similarity, *, leave_one_out):
    """All metrics on the whole matrix; the query itself is put out of its list."""
    score = similarities(queries, items, similarity)
    relevant = labels[:, None] == item_labels
    if leave_one_out:
        keep = ~np.eye(len(labels), dtype=bool)
        score, relevant = (each[keep].reshape(len(labels), -1) for each in (score, relevant))
    report = {name: function(relevant, score) for name, function in METRICS.items()}
    report["precision_at_1"] = metrics.precision_at_k(relevant, score, 1)
    return report | {f"recall_at_{k}": metrics.recall_at_k(relevant, score, k) for k in (1, 2, 4)}


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    count=st.sampled_from((3, 20, 90, 150)),
    similarity=st.sampled_from(("cosine", "euclidean", "dot")),
    reference=st.booleans(),
    block=st.sampled_from((1, 4000, 1 << 26)),
)
def test_random_embeddings_agree_with_the_definition(seed, count, similarity, reference, block):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, generator.integers(1, 12), count)
    labels[:2] = 0
    embeddings = generator.normal(size=(count, 5)) + labels[:, None] / 4
    arguments, options = (embeddings, labels, embeddings, labels), {}
    if reference:
        arguments = (embeddings[:30], labels[:30], embeddings[1:], labels[1:])
        options = {"reference": embeddings[1:], "reference_labels": labels[1:]}
    wanted = by_definition(*arguments, similarity, leave_one_out=not reference)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedding_retrieval, "_BLOCK", block)
        report = metrics.retrieval_report(*arguments[:2], similarity=similarity, **options)
    assert report == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("similarity", ["cosine", "euclidean", "dot"])
def test_equal_vectors_tie_and_come_in_order(dtype, similarity):
    """A matrix product gives equal columns other last bits, by their place."""
    generator = np.random.default_rng(3)
    distinct = generator.normal(size=(40, 67)).astype(dtype)
    copies = generator.integers(0, 40, 600)
    labels = generator.integers(0, 5, 600)
    exact = similarities(distinct.astype(np.float64), distinct.astype(np.float64), similarity)[copies][
        :, copies
    ]
    keep = ~np.eye(600, dtype=bool)
    score, relevant = (each[keep].reshape(600, -1) for each in (exact, labels[:, None] == labels))
    report = metrics.retrieval_report(distinct[copies], labels, similarity=similarity)
    # Of the definition, too, equal columns must be equal: they were copied from one product.
    assert report["mean_average_precision"] == pytest.approx(
        metrics.mean_average_precision(relevant, score), rel=1e-12
    )
    assert report["map_at_r"] == pytest.approx(metrics.map_at_r(relevant, score), rel=1e-12)


def test_a_duplicate_of_the_query_stays_in_its_list():
    report = metrics.retrieval_report([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0, 1, 0], k=[1])
    # The first finds its duplicate, of another label; to the third both are equal, and the first comes first.
    assert report["precision_at_1"] == 0.5
    assert report["mean_reciprocal_rank"] == (1 / 2 + 1) / 2


def test_euclidean_distances_survive_an_offset():
    """Without centring, the squares of the offset drown the distances."""
    generator = np.random.default_rng(0)
    embeddings, labels = generator.normal(size=(60, 3)), generator.integers(0, 4, 60)
    near = metrics.retrieval_report(embeddings, labels, similarity="euclidean")
    assert metrics.retrieval_report(embeddings + 1e6, labels, similarity="euclidean") == near
    single = metrics.retrieval_report((embeddings + 64).astype(np.float32), labels, similarity="euclidean")
    exact = (embeddings + 64).astype(np.float32).astype(np.float64) - 64
    assert single == metrics.retrieval_report(exact, labels, similarity="euclidean")


@pytest.mark.parametrize("scale", [1e-200, 1e200])
@pytest.mark.parametrize("similarity", ["cosine", "euclidean"])
def test_squares_of_extreme_embeddings_neither_vanish_nor_overflow(scale, similarity):
    generator = np.random.default_rng(0)
    embeddings, labels = generator.normal(size=(60, 3)), generator.integers(0, 4, 60)
    wanted = metrics.retrieval_report(embeddings, labels, similarity=similarity)
    assert metrics.retrieval_report(embeddings * scale, labels, similarity=similarity) == wanted


def test_labels_of_any_kind_and_integers_as_embeddings():
    embeddings = [[1, 0], [2, 1], [0, 1], [1, 3]]
    wanted = metrics.retrieval_report(embeddings, [5, 5, -7, -7])
    assert metrics.retrieval_report(embeddings, list("aabb")) == wanted
    assert metrics.retrieval_report(embeddings, [True, True, False, False]) == wanted
    halves = np.array(embeddings, np.float16)
    assert metrics.retrieval_report(halves, np.array([2**63, 2**63, 1, 1], np.uint64)) == wanted


def test_labels_beyond_doubles_are_told_apart():
    options = {"reference": [[1.0], [2.0]], "k": [1]}
    report = metrics.retrieval_report(
        [[1.0]],
        np.array([2**62 + 1], np.uint64),
        reference_labels=np.array([2**62 + 1, 2**62]),
        similarity="dot",
        **options,
    )
    assert report["precision_at_1"] == 0.0


def test_the_similarity_matrix_is_never_whole():
    generator = np.random.default_rng(0)
    embeddings, labels = generator.normal(size=(3000, 4)), generator.integers(0, 40, 3000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedding_retrieval, "_BLOCK", 1 << 20)
        tracemalloc.start()
        metrics.retrieval_report(embeddings, labels)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 6 << 20 < 3000 * 3000 * 8


def test_inputs_are_not_changed():
    embeddings, labels = np.random.default_rng(0).normal(size=(9, 2)), np.arange(9) % 2
    before = embeddings.copy()
    embeddings.setflags(write=False)
    for similarity in ("cosine", "euclidean", "dot"):
        metrics.retrieval_report(embeddings, labels, similarity=similarity)
    np.testing.assert_array_equal(embeddings, before)


X, L = [[1.0, 0.0], [0.5, 1.0], [0.0, 1.0]], [0, 1, 0]
BAD = {
    "zero row": (([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]], L), {}, InvalidInputError, "embeddings"),
    "zero reference": (
        (X, L),
        {"reference": [[0.0, 0.0]], "reference_labels": [1]},
        InvalidInputError,
        "ref",
    ),
    "nan": (([[1.0, np.nan]] * 3, L), {}, InvalidInputError, "embeddings"),
    "infinite": (([[1.0, np.inf]] * 3, L), {}, InvalidInputError, "embeddings"),
    "overflow": ((np.array(X) * 1e200, L), {"similarity": "dot"}, InvalidInputError, "embeddings"),
    "one axis": (([1.0, 2.0, 3.0], L), {}, ShapeError, "embeddings"),
    "nothing": ((np.zeros((0, 2)), []), {}, ShapeError, "embeddings"),
    "labels": ((X, [0, 1]), {}, ShapeError, "labels"),
    "fractions": ((X, [0.5, 1, 0]), {}, InvalidInputError, "labels"),
    "all alone": ((X, [0, 1, 2]), {}, UndefinedMetricError, "labels"),
    "no labels of the reference": ((X, L), {"reference": X}, InvalidInputError, "reference_labels"),
    "no reference": ((X, L), {"reference_labels": L}, InvalidInputError, "reference_labels"),
    "features": ((X, L), {"reference": [[1.0]], "reference_labels": [1]}, ShapeError, "reference"),
    "kinds": ((X, L), {"reference": X, "reference_labels": list("aab")}, InvalidInputError, "reference_l"),
    "similarity": ((X, L), {"similarity": "l1"}, InvalidInputError, "similarity"),
    "k of zero": ((X, L), {"k": [0]}, InvalidInputError, "k"),
    "k of halves": ((X, L), {"k": [0.5]}, DtypeError, "k"),
    "k alone": ((X, L), {"k": 1}, DtypeError, "k"),
    "strings": (([["a", "b"]] * 3, L), {}, InvalidInputError, "embeddings"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case):
    args, options, error, argument = BAD[case]
    with pytest.raises(error, match=f"^{argument}") as caught:
        metrics.retrieval_report(*args, **options)
    assert re.fullmatch(r"[a-z_]+: got .*; wanted .*", str(caught.value), re.DOTALL)
