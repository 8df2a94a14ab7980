"""Retrieval metrics against goldens, and against their definition on every order of ties."""

import json
import math
from itertools import accumulate, groupby, permutations, product
from pathlib import Path

import lossary
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import _kernels, metrics

GOLDENS = Path(__file__).parents[1] / "goldens"
TIES = ("index", "optimistic", "pessimistic", "expected")

CALLS = {
    "precision_at_k": {"k": 2},
    "recall_at_k hit": {"k": 2, "mode": "hit"},
    "recall_at_k fraction": {"k": 3, "mode": "fraction"},
    "r_precision": {},
    "map_at_r": {},
    "mean_average_precision": {"denominator": "relevant"},
    "mean_average_precision cut": {"k": 3, "denominator": "relevant"},
    "mean_average_precision min": {"k": 2, "denominator": "min"},
    "mean_reciprocal_rank": {},
    "mean_reciprocal_rank cut": {"k": 2},
    "ndcg_at_k": {"gain": "exponential"},
    "ndcg_at_k cut": {"k": 3, "gain": "exponential"},
    "ndcg_at_k linear": {"k": 4, "gain": "linear"},
}
WITH_EXPECTATION = ("precision_at_k", "recall_at_k", "r_precision", "ndcg_at_k")


def golden_cases():
    names = ["precision_at_k", "recall_at_k", "r_precision", "map_at_r", "mean_average_precision"]
    for name in (*names, "mean_reciprocal_rank", "ndcg_at_k"):
        for case in json.loads((GOLDENS / f"000-{name}.json").read_text())["cases"]:
            yield pytest.param(name, case, id=f"{name}-{case['id']}")


def array(given):
    return np.array(given["data"], given["dtype"]).reshape(given["shape"])


@pytest.mark.parametrize(("name", "case"), [*golden_cases()])
def test_goldens(name, case):
    given = case["inputs"]
    value = getattr(metrics, name)(array(given["relevance"]), array(given["score"]), **case["params"])
    np.testing.assert_allclose(value, case["expected"]["value"], rtol=case["rtol"], atol=case["atol"])


def orders(grades, scores, ties):
    """Every order that the rule allows, as lists of grades; one for all rules but "expected"."""
    index = sorted(range(len(scores)), key=lambda item: (-scores[item], item))
    groups = [list(group) for _, group in groupby(index, key=lambda item: scores[item])]
    if ties == "expected":
        choices = product(*(permutations(group) for group in groups))
        return [[grades[item] for group in choice for item in group] for choice in choices]
    if ties == "last_index":
        groups = [group[::-1] for group in groups]
    elif ties != "index":
        sign = -1 if ties == "optimistic" else 1
        groups = [sorted(group, key=lambda item: sign * grades[item]) for group in groups]
    return [[grades[item] for group in groups for item in group]]


def in_order(name, ranked, k, **options):
    """The metric of grades in rank order."""
    relevant = [bool(grade > 0) for grade in ranked]
    total = sum(relevant)
    cut = len(ranked) if k is None else min(k, len(ranked))
    if name in ("ndcg_at_k", "dcg"):
        gain = (lambda y: 2.0**y - 1) if options.get("gain") == "exponential" else float
        value = sum(gain(grade) / math.log2(rank + 2) for rank, grade in enumerate(ranked[:cut]))
        if name == "dcg":
            return value
        ideal = sum(
            gain(grade) / math.log2(rank + 2) for rank, grade in enumerate(sorted(ranked)[::-1][:cut])
        )
        return value / ideal if ideal else 0.0
    if total == 0:
        return 0.0
    found = accumulate(relevant)
    precisions = [
        count / rank * hit for rank, (count, hit) in enumerate(zip(found, relevant, strict=True), 1)
    ]
    if name == "precision_at_k":
        return sum(relevant[:cut]) / k
    if name == "recall_at_k":
        return sum(relevant[:cut]) / total if options["mode"] == "fraction" else float(any(relevant[:cut]))
    if name == "r_precision":
        return sum(relevant[:total]) / total
    if name == "map_at_r":
        return sum(precisions[:total]) / total
    if name == "mean_average_precision":
        by_cut = options["denominator"] == "min" and k is not None
        return sum(precisions[:cut]) / (min(total, k) if by_cut else total)
    first = relevant.index(True)
    return 1 / (first + 1) if first < cut else 0.0


def by_definition(name, grades, scores, k=None, ties="index", **options):
    """The mean of the metric over the orders that the rule allows."""
    values = [in_order(name, ranked, k, **options) for ranked in orders(list(grades), list(scores), ties)]
    return math.fsum(values) / len(values)


@st.composite
def query(draw):
    """Grades and scores of a short list, with many ties."""
    count = draw(st.integers(1, 6))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    levels = draw(st.sampled_from((2, 3, 12)))
    score = generator.choice([-np.inf, -1.5, -0.0, 0.0, 5e-324, 0.25, np.inf], count)
    grades = generator.integers(0, levels, count) * (
        generator.random(count) < draw(st.sampled_from((0.3, 1)))
    )
    return grades, score


@settings(max_examples=250)
@given(data=query(), ties=st.sampled_from(TIES))
def test_short_lists_agree_with_the_definition(data, ties):
    grades, score = data
    for call, options in CALLS.items():
        name = call.split()[0]
        if ties == "expected" and name not in WITH_EXPECTATION:
            continue
        function = getattr(metrics, name)
        value = function([grades], [score], ties=ties, reduction="none", **options)
        expected = by_definition(name, grades, score, ties=ties, **options)
        assert value.tolist() == [pytest.approx(expected, rel=1e-12, abs=1e-15)], call


DTYPES = (np.float32, np.float64, np.float16, np.int8, np.int64, np.uint64, np.bool_)


@st.composite
def long_query(draw):
    """A list beyond every threshold of the kernel: few or many relevant, few or many ties."""
    count = draw(st.sampled_from((31, 33, 64, 100, 257, 1000)))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    score = generator.normal(size=count) * 10.0 ** draw(st.integers(-3, 3))
    kind = draw(st.sampled_from(("distinct", "rounded", "constant", "rising", "falling", "outlier", "wide")))
    if kind == "rounded":
        score = np.round(score)
    elif kind == "constant":
        score = np.zeros(count)
    elif kind in ("rising", "falling"):
        score = np.sort(score)[:: 1 if kind == "rising" else -1]
    elif kind == "outlier":
        score[generator.integers(0, count, 2)] = (np.inf, -1.7e308)
    elif kind == "wide":
        score = score * 10.0 ** generator.integers(-300, 300, count)
    with np.errstate(over="ignore", invalid="ignore"):
        score = score.astype(draw(st.sampled_from(DTYPES if kind == "rounded" else DTYPES[:2])))
    grades = generator.integers(0, draw(st.sampled_from((2, 5, 40))), count)
    grades[generator.random(count) >= draw(st.sampled_from((0.01, 0.1, 0.5, 1)))] = 0
    return grades.astype(draw(st.sampled_from((np.int64, np.uint8, np.float32, np.float64)))), score


@settings(max_examples=300)
@given(
    data=long_query(),
    ties=st.sampled_from(("index", "optimistic", "pessimistic")),
    k=st.sampled_from((1, 2, 10, 50, 300, 5000)),
)
def test_long_lists_agree_with_the_definition(data, ties, k):
    """The selection by lanes, the counting between few relevant items, and the sort give the same ranks."""
    grades, score = data
    for call, options in CALLS.items():
        name = call.split()[0]
        cut = {"k": k} if "k" in options else {}
        value = getattr(metrics, name)([grades], [score], ties=ties, reduction="none", **(options | cut))
        expected = by_definition(name, grades.tolist(), score.tolist(), ties=ties, **(options | cut))
        assert value.tolist() == [pytest.approx(expected, rel=1e-12, abs=1e-15)], call


@settings(max_examples=100)
@given(data=long_query(), k=st.sampled_from((1, 2, 10, 50, 300)))
def test_expected_ties_of_long_lists_are_the_mean_over_random_orders(data, k):
    """Too many orders to enumerate: a closed form on each group, added in another way."""
    grades, score = data
    relevant = grades > 0
    hits, missing, above = 0.0, 1.0, 0
    for level in np.unique(score)[::-1]:
        tied = score == level
        size, count = int(tied.sum()), int(relevant[tied].sum())
        ranks = min(max(k - above, 0), size)
        hits += ranks * count / size
        missing *= math.comb(size - count, ranks) / math.comb(size, ranks)
        above += size
    options = {"ties": "expected", "empty": "zero"}
    total = max(1, relevant.sum())
    found = metrics.recall_at_k([grades], [score], k, mode="fraction", **options)
    assert found == pytest.approx(hits / total, rel=1e-12)
    assert metrics.precision_at_k([grades], [score], k, **options) == pytest.approx(hits / k, rel=1e-12)
    chance = metrics.recall_at_k([grades], [score], k, **options)
    assert chance == pytest.approx((1 - missing) if relevant.any() else 0.0, rel=1e-9, abs=1e-12)


def test_several_measures_in_one_pass_are_those_of_a_pass_each():
    generator = np.random.default_rng(1)
    score, grades = generator.integers(0, 30, (50, 90)).astype(np.float32), generator.integers(0, 4, (50, 90))
    measures = [("precision", 5), ("recall", 50), ("average_precision", None), ("ndcg", 3), ("hit", 1)]
    measures += [("exponential_ndcg", None), ("r_precision", None), ("reciprocal_rank", None), ("dcg", 7)]
    together, _ = _kernels.retrieval(grades.ravel(), score.ravel(), 90, measures, "index")
    for column, measure in enumerate(measures):
        alone, _ = _kernels.retrieval(grades.ravel(), score.ravel(), 90, [measure], "index")
        np.testing.assert_array_equal(together.reshape(-1, len(measures))[:, column], alone)


def test_any_number_of_threads_gives_the_same_bits():
    generator = np.random.default_rng(0)
    score = generator.normal(size=(3000, 120)).round(1)
    grades = generator.integers(0, 3, score.shape)
    found = set()
    try:
        for threads in (1, 2, 3):
            lossary.set_num_threads(threads)
            for call, options in CALLS.items():
                value = getattr(metrics, call.split()[0])(grades, score, reduction="none", **options)
                found.add((call, value.tobytes()))
    finally:
        lossary.set_num_threads(None)
    assert len(found) == len(CALLS)


def test_a_perfect_order_is_worth_exactly_one():
    generator = np.random.default_rng(0)
    for items in (7, 90, 500):
        grades = generator.integers(0, 40, (20, items)) / 8
        for gain in ("linear", "exponential"):
            value = metrics.ndcg_at_k(grades, grades, 10, gain=gain, reduction="none", ties="expected")
            np.testing.assert_allclose(value, 1.0, rtol=1e-15)
            assert (metrics.ndcg_at_k(grades, grades, gain=gain, reduction="none") == 1.0).all()


def test_grades_may_be_far_beyond_the_counted_ones():
    value = metrics.ndcg_at_k([[0, 900]], [[2.0, 1.0]])
    assert value == pytest.approx(1 / math.log2(3), rel=1e-15)
    assert metrics.ndcg_at_k([[1, 2**60]], [[2.0, 1.0]], gain="linear") == pytest.approx(1 / math.log2(3))


def test_fractional_grades_have_exponential_gains():
    value = metrics.ndcg_at_k([[0.5, 1.5]], [[2.0, 1.0]])
    low, high = 2**0.5 - 1, 2**1.5 - 1
    discount = 1 / math.log2(3)
    assert value == pytest.approx((low + high * discount) / (high + low * discount), rel=1e-14)


def test_negative_zero_ties_with_zero():
    assert metrics.precision_at_k([[1, 0]], [[-0.0, 0.0]], 1) == 1.0
    assert metrics.precision_at_k([[0, 1]], [[-0.0, 0.0]], 1, ties="expected") == 0.5
