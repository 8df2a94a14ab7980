"""Metrics of unlearning: goldens, all orders counted in fractions, scipy, ties, tiny p-values, refusals."""

import json
import math
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import forget_quality, truth_ratio

GOLDENS = Path(__file__).parents[1] / "goldens"
LOSSES, WRONG = [1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]]


def cases(file):
    found = []
    for case in json.loads((GOLDENS / file).read_text())["cases"]:
        inputs = {
            name: np.array(given["data"], given["dtype"]).reshape(given["shape"])
            for name, given in case["inputs"].items()
        }
        found.append(pytest.param(inputs, case["expected"], case["rtol"], id=case["id"]))
    return found


@pytest.mark.parametrize(("inputs", "expected", "rtol"), cases("093-truth_ratio.json"))
def test_truth_ratio_golden(inputs, expected, rtol):
    assert truth_ratio(**inputs) == pytest.approx(expected["truth_ratio"], rel=rtol)


@pytest.mark.parametrize(("inputs", "expected", "rtol"), cases("093-forget_quality.json"))
def test_forget_quality_golden(inputs, expected, rtol):
    assert forget_quality(**inputs)._asdict() == pytest.approx(expected, rel=rtol)


def counted(first, second):
    """The statistic and the share of all orders, path by path, in exact arithmetic."""
    n, m = len(first), len(second)
    distance = max(
        abs(sum(x <= p for x in first) * m - sum(x <= p for x in second) * n) for p in [*first, *second]
    )

    @cache
    def paths(i, j):
        if i < 0 or j < 0 or abs(i * m - j * n) >= distance:
            return 0
        return 1 if i == j == 0 else paths(i - 1, j) + paths(i, j - 1)

    share = 1 - Fraction(paths(n, m), math.comb(n + m, n)) if distance else Fraction(1)
    return distance / (n * m), float(share)


VALUES = st.lists(st.sampled_from((0.5, 1.0, 1.5, 2.0, math.inf)) | st.floats(-3, 3), min_size=1, max_size=12)


@given(VALUES, VALUES)
@settings(max_examples=200)
def test_forget_quality_counts_all_orders(first, second):
    assert tuple(forget_quality(first, second)) == pytest.approx(counted(first, second), rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(40, 40), (37, 53), (300, 400)])
def test_forget_quality_agrees_with_scipy(n, m):
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(n)
    first, second = random.normal(size=n), random.normal(0.2, 1.0, m)
    found, wanted = forget_quality(first, second), stats.ks_2samp(first, second, method="exact")
    assert found == pytest.approx((wanted.statistic, wanted.pvalue), rel=1e-9)


@given(VALUES, VALUES)
@settings(max_examples=50)
def test_forget_quality_knows_only_the_order_and_not_which_is_which(first, second):
    found = forget_quality(first, second)
    assert forget_quality(second, first) == pytest.approx(found, rel=1e-12)
    assert forget_quality(np.arctan(first) * 7, np.arctan(second) * 7) == found


def test_a_tiny_p_value_keeps_its_digits():
    found = forget_quality(np.arange(60), np.arange(60) + 100)
    assert found.statistic == 1.0
    assert found.p_value == pytest.approx(2 / math.comb(120, 60), rel=1e-12)


def test_models_that_agree_are_told_apart_by_chance_only():
    random = np.random.default_rng(0)
    p_values = [forget_quality(random.random(25), random.random(30)).p_value for _ in range(400)]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.05 + 0.03


def test_truth_ratio_is_one_where_right_and_wrong_cost_the_same():
    assert truth_ratio([0.7, 1.5], [[0.7, 0.7], [1.0, 2.0]]).tolist() == [1.0, 1.0]


def test_truth_ratio_beyond_float64_is_infinite():
    assert truth_ratio([0.0, 900.0], [[900.0], [0.0]]).tolist() == [math.inf, 0.0]


def test_truth_ratio_without_questions_is_empty():
    assert truth_ratio([], np.zeros((0, 3))).shape == (0,)


def test_single_precision_is_summed_in_double():
    wrong = np.array([[0.1, 0.2, 0.3]], np.float32)
    exact = math.exp(math.fsum(wrong[0].tolist()) / 3 - 0.5)
    assert truth_ratio(np.array([0.5], np.float32), wrong)[0] == pytest.approx(exact, rel=1e-15)


@pytest.mark.parametrize(
    ("args", "error", "argument"),
    [
        ((LOSSES, [[1.0, 2.0]]), ShapeError, "perturbed_loss"),
        ((LOSSES, [[], []]), ShapeError, "perturbed_loss"),
        ((LOSSES, LOSSES), ShapeError, "perturbed_loss"),
        (([LOSSES, LOSSES], WRONG), ShapeError, "paraphrased_loss"),
        (([math.nan, 1.0], WRONG), InvalidInputError, "paraphrased_loss"),
        ((LOSSES, [[1.0, math.inf], [3.0, 4.0]]), InvalidInputError, "perturbed_loss"),
        ((3, WRONG), DtypeError, "paraphrased_loss"),
    ],
)
def test_bad_losses_are_named(args, error, argument):
    with pytest.raises(error, match=f"^{argument}: got"):
        truth_ratio(*args)


@pytest.mark.parametrize(
    ("args", "error", "argument"),
    [
        (([], LOSSES), InvalidInputError, "unlearned_truth_ratio"),
        ((LOSSES, []), InvalidInputError, "retained_truth_ratio"),
        ((LOSSES, [math.nan]), InvalidInputError, "retained_truth_ratio"),
        ((WRONG, LOSSES), ShapeError, "unlearned_truth_ratio"),
        (("ab", LOSSES), DtypeError, "unlearned_truth_ratio"),
    ],
)
def test_bad_ratios_are_named(args, error, argument):
    with pytest.raises(error, match=f"^{argument}: got"):
        forget_quality(*args)
