"""Likelihood and samples of rankings: goldens, sums over all orders, and what is refused."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.numerics import (
    plackett_luce_gradient,
    plackett_luce_log_likelihood,
    plackett_luce_sample,
    rankings_from_table,
)

GOLDENS = Path(__file__).resolve().parents[1] / "goldens"


def cases(name):
    return [
        pytest.param(case, id=case["id"])
        for case in json.loads((GOLDENS / f"000-{name}.json").read_text(encoding="utf-8"))["cases"]
    ]


def array(entry):
    return np.array(entry["data"], dtype=entry["dtype"]).reshape(entry["shape"])


@pytest.mark.parametrize("case", cases("plackett_luce"))
def test_the_loss_of_the_goldens_is_minus_the_log_likelihood(case):
    scores, ranking = (array(case["inputs"][name]) for name in ("scores", "ranking"))
    scope, reduction = case["params"]["scope"], case["params"]["reduction"]
    reduce = {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction]
    loss = reduce(-plackett_luce_log_likelihood(scores, ranking, scope=scope))
    np.testing.assert_allclose(loss, case["expected"]["loss"], rtol=case["rtol"])
    if "grad" in case:
        share = len(scores) if reduction == "mean" else 1
        gradient = -plackett_luce_gradient(scores, ranking, scope=scope) / share
        np.testing.assert_allclose(gradient, case["grad"]["scores"], rtol=case["rtol"], atol=1e-9)


@pytest.mark.parametrize("case", cases("plackett_luce_sample"))
def test_samples_are_those_of_the_goldens(case):
    scores, gumbel = (array(case["inputs"][name]) for name in ("scores", "gumbel"))
    drawn = plackett_luce_sample(scores, gumbel=gumbel, **case["params"])
    assert drawn.tolist() == case["expected"]["ranking"]
    assert plackett_luce_sample(scores, gumbel=gumbel, top_k=1).tolist() == drawn[..., :1].tolist()


@given(scores=st.lists(st.floats(-50, 50), min_size=1, max_size=5), length=st.integers(0, 5))
def test_probabilities_of_all_lists_of_a_length_sum_to_one(scores, length):
    lists = list(itertools.permutations(range(len(scores)), min(length, len(scores))))
    values = plackett_luce_log_likelihood([scores] * len(lists), lists)
    assert np.exp(values).sum() == pytest.approx(1, abs=1e-12)


def test_listed_items_are_the_only_ones_in_the_pool():
    scores = np.array([[0.3, -1.0, 2.0, 5.0]])
    listed = plackett_luce_log_likelihood(scores, [[2, 0]], scope="listed")
    assert listed[0] == pytest.approx(-np.log1p(np.exp(0.3 - 2.0)), abs=1e-15)
    assert plackett_luce_gradient(scores, [[2, 0]], scope="listed")[0, [1, 3]].tolist() == [0, 0]


def test_rows_may_be_ragged_padded_or_of_a_tensor_like():
    scores = np.random.default_rng(0).normal(size=(3, 4))
    padded = plackett_luce_log_likelihood(scores, [[0, 1, 2], [3, -1, -1], [-1, -1, -1]])
    assert plackett_luce_log_likelihood(scores, [[0, 1, 2], [3], []]).tolist() == padded.tolist()
    small = np.array([[0, 1, 2], [3, -1, -1], [-1, -1, -1]], dtype=np.int8)
    assert plackett_luce_log_likelihood(scores.tolist(), small[:, ::1]).tolist() == padded.tolist()


def test_dtypes_of_gradients_are_those_of_scores_and_inputs_are_untouched():
    scores = np.zeros((2, 3), dtype=np.float32)
    scores.flags.writeable = False
    assert plackett_luce_gradient(scores, [[0], [1]]).dtype == np.float32
    assert plackett_luce_gradient(scores.astype(int), [[0], [1]]).dtype == np.float64
    assert plackett_luce_log_likelihood(np.zeros((0, 3)), np.zeros((0, 2), int)).shape == (0,)


def test_samples_have_the_probabilities_of_the_model():
    scores = np.array([[1.0, 0.0, -1.0]])
    drawn = plackett_luce_sample(scores, num_samples=40_000, generator=3)[0]
    orders = list(itertools.permutations(range(3)))
    wanted = np.exp(plackett_luce_log_likelihood(scores.repeat(6, 0), orders))
    found = [(drawn == order).all(axis=1).mean() for order in orders]
    np.testing.assert_allclose(found, wanted, atol=0.01)


def test_a_seed_or_generator_decides_the_samples():
    scores = np.zeros((2, 5))
    again = [plackett_luce_sample(scores, num_samples=3, top_k=2, generator=seed) for seed in (7, 7)]
    assert again[0].tolist() == again[1].tolist()
    assert again[0].shape == (2, 3, 2)
    generator = np.random.default_rng(7)
    assert (
        plackett_luce_sample(scores, num_samples=3, top_k=2, generator=generator).tolist()
        == again[0].tolist()
    )
    assert plackett_luce_sample(scores).shape == (2, 1, 5)


@pytest.mark.parametrize(
    ("scores", "ranking", "error", "name"),
    [
        ([[0.0, 1.0]], [[0, 2]], InvalidInputError, "ranking"),
        ([[0.0, 1.0]], [[0, -2]], InvalidInputError, "ranking"),
        ([[0.0, 1.0]], [[1, 1]], InvalidInputError, "ranking"),
        ([[0.0, 1.0]], [[-1, 1]], InvalidInputError, "ranking"),
        ([[0.0, 1.0]], [[0.0, 1.0]], InvalidInputError, "ranking"),
        ([[0.0, 1.0]], [[True, False]], InvalidInputError, "ranking"),
        ([[0.0, 1.0]], np.array([[2**63, 0]], dtype=np.uint64), InvalidInputError, "ranking"),
        ([[0.0, 1.0]], [0, 1], ShapeError, "ranking"),
        ([[0.0, 1.0]], [[0], [1]], ShapeError, "ranking"),
        ([[0.0, 1.0]], [[0, [1]]], InvalidInputError, "ranking"),
        ([[0.0, 1.0]], 3, DtypeError, "ranking"),
        ([[0.0, 1.0]], "ab", DtypeError, "ranking"),
        (np.zeros((1, 0)), [[0]], InvalidInputError, "ranking"),
        ([[np.nan, 1.0]], [[0, 1]], InvalidInputError, "scores"),
        ([[np.inf, 1.0]], [[0, 1]], InvalidInputError, "scores"),
        ([[1e200, 1.0]], [[0, 1]], InvalidInputError, "scores"),
        ([0.0, 1.0], [[0, 1]], ShapeError, "scores"),
        ([["a", "b"]], [[0, 1]], InvalidInputError, "scores"),
        (None, [[0, 1]], DtypeError, "scores"),
    ],
)
def test_bad_rows_are_refused(scores, ranking, error, name):
    for scope in ("all", "listed"):
        with pytest.raises(error, match=rf"^{name}: got .*; wanted "):
            plackett_luce_log_likelihood(scores, ranking, scope=scope)


def test_an_unknown_scope_is_refused():
    with pytest.raises(InvalidInputError, match="scope"):
        plackett_luce_gradient([[0.0]], [[0]], scope="top")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"num_samples": -1}, InvalidInputError),
        ({"num_samples": 1.5}, DtypeError),
        ({"top_k": 4}, InvalidInputError),
        ({"generator": "seed"}, DtypeError),
        ({"generator": True}, DtypeError),
        ({"generator": -1}, InvalidInputError),
        ({"gumbel": np.zeros((1, 2, 4))}, ShapeError),
        ({"gumbel": [[[0.0, np.nan, 0.0]]]}, InvalidInputError),
    ],
)
def test_bad_options_of_samples_are_refused(options, error):
    with pytest.raises(error, match=next(iter(options))):
        plackett_luce_sample([[0.0, 1.0, 2.0]], **options)


def test_a_table_becomes_rankings_whatever_the_order_of_its_rows():
    rng = np.random.default_rng(1)
    rows = [(query, item, rank) for query in "abc" for rank, item in enumerate(rng.permutation(6)[:4])]
    rng.shuffle(rows := np.array(rows, dtype=object))
    table = rankings_from_table(rows[:, 0].astype(str), rows[:, 1], rows[:, 2])
    assert table.queries.tolist() == ["a", "b", "c"]
    for query, ranking in zip("abc", table.ranking, strict=True):
        own = sorted((rank, item) for name, item, rank in rows if name == query)
        assert table.items[ranking].tolist() == [item for _, item in own]


@pytest.mark.parametrize(
    ("columns", "error", "name"),
    [
        (([1, 1], [1, 1], [1, 2]), InvalidInputError, "item"),
        (([1, 1], [1, 2], [1, 1]), InvalidInputError, "rank"),
        (([1, 1], [1, 2], [1, np.nan]), InvalidInputError, "rank"),
        (([1, 1], [1.0, np.nan], [1, 2]), InvalidInputError, "item"),
        (([1, 1], [1], [1, 2]), ShapeError, "item"),
        (([1, 1], [1, 2], [[1, 2], [3, 4]]), ShapeError, "rank"),
        ((np.array([1, "a"], dtype=object), [1, 2], [1, 2]), DtypeError, "query"),
        ((3, [1, 2], [1, 2]), DtypeError, "query"),
    ],
)
def test_bad_tables_are_refused(columns, error, name):
    with pytest.raises(error, match=name):
        rankings_from_table(*columns)


def test_an_empty_table_has_no_rankings():
    assert rankings_from_table([], [], []).ranking.shape == (0, 0)
