"""P-values of Kendall's, Spearman's and the Mann-Whitney test: scipy's numbers, and what is refused."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import RankTest, kendall_test, mann_whitney_u, roc_auc_score, spearman_test

GOLDENS = Path(__file__).parents[1] / "goldens"
ALTERNATIVES = ("two-sided", "less", "greater")
PAIRS = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=3, max_size=40)
ORDERS = st.integers(2, 45).flatmap(lambda count: st.permutations(range(count)))


def close(ours, theirs, rel=1e-12):
    return ours == pytest.approx(float(theirs), rel=rel, abs=0)


def columns(pairs):
    return [np.array(each) for each in zip(*pairs, strict=True)]


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@settings(max_examples=100)
@given(pairs=PAIRS)
def test_kendall_with_ties_has_scipys_p_value(alternative, pairs):
    x, y = columns(pairs)
    if len(set(x)) < 2 or len(set(y)) < 2:
        return
    for variant, method in (("b", "auto"), ("c", "asymptotic")):
        options = {"variant": variant, "method": method, "alternative": alternative}
        ours, theirs = kendall_test(x, y, **options), scipy.stats.kendalltau(x, y, **options)
        assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-12, abs=1e-15)
        assert close(ours.p_value, theirs.pvalue)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("method", ["auto", "exact", "asymptotic"])
@settings(max_examples=60)
@given(order=ORDERS)
def test_kendall_without_ties_has_scipys_p_value(alternative, method, order):
    if method == "asymptotic" and len(order) == 2:
        return  # scipy divides by zero
    x = np.arange(len(order))
    theirs = scipy.stats.kendalltau(x, order, method=method, alternative=alternative).pvalue
    assert close(kendall_test(x, order, method=method, alternative=alternative).p_value, theirs)


def test_kendall_is_exact_in_the_far_tail():
    x = np.arange(150)
    y = x.copy()
    y[[3, 4]] = y[[4, 3]]
    ours = kendall_test(x, y).p_value
    assert close(ours, 2 * 150 / math.factorial(150))  # the straight order, and 149 with one inversion
    assert kendall_test(x[:2], x[:2], method="asymptotic").p_value == pytest.approx(0.317, abs=1e-3)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@settings(max_examples=150)
@given(pairs=PAIRS)
def test_spearman_has_scipys_p_value(alternative, pairs):
    x, y = columns(pairs)
    if len(set(x)) < 2 or len(set(y)) < 2:
        return
    ours, theirs = (
        spearman_test(x, y, alternative=alternative),
        scipy.stats.spearmanr(x, y, alternative=alternative),
    )
    assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-12, abs=1e-14)
    # One unit in the last place of rho moves the tail by this much.
    slack = 1e-12 + 2 * len(x) * 2.0**-52 / max(1 - abs(ours.statistic), 1e-17)
    assert ours.p_value == pytest.approx(float(theirs.pvalue), rel=slack, abs=1e-30)


def test_spearman_in_the_far_tail_and_with_many_samples():
    generator = np.random.default_rng(0)
    for count, noise in ((200, 0.5), (100_000, 100.0), (100_000, 10.0)):
        x = generator.normal(size=count)
        y = x + noise * generator.normal(size=count)
        ours, theirs = spearman_test(x, y), scipy.stats.spearmanr(x, y)
        assert ours.p_value < 0.05
        assert close(ours.p_value, theirs.pvalue, rel=1e-10)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("use_continuity", [True, False])
@settings(max_examples=100)
@given(samples=st.lists(st.tuples(st.booleans(), st.integers(-9, 9)), min_size=2, max_size=60))
def test_mann_whitney_has_scipys_numbers(alternative, use_continuity, samples):
    label, score = columns([(True, samples[0][1]), (False, samples[1][1]), *samples[2:]])
    if len(set(score)) == 1:
        return
    options = {"alternative": alternative, "use_continuity": use_continuity}
    for method in ("auto", "asymptotic") if len(set(score)) < len(score) else ("auto", "exact", "asymptotic"):
        theirs = scipy.stats.mannwhitneyu(score[label], score[~label], method=method, **options)
        ours = mann_whitney_u(label, score, method=method, **options)
        assert ours.statistic == theirs.statistic
        assert close(ours.p_value, theirs.pvalue)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_mann_whitney_counts_deals_exactly_as_scipy(alternative):
    generator = np.random.default_rng(1)
    for positives, negatives in ((1, 1), (1, 50), (8, 300), (7, 9), (40, 40), (8, 8)):
        label = np.repeat([1, 0], (positives, negatives))
        score = generator.permutation(positives + negatives) + 0.8 * positives * label
        score = scipy.stats.rankdata(score + 0.01 * label)
        theirs = scipy.stats.mannwhitneyu(
            score[label == 1], score[label == 0], method="exact", alternative=alternative
        )
        ours = mann_whitney_u(label, score, method="exact", alternative=alternative)
        assert ours.statistic == theirs.statistic
        assert close(ours.p_value, theirs.pvalue)


def test_mann_whitney_goldens_and_area():
    for case in json.loads((GOLDENS / "003-auc.json").read_text())["cases"]:
        score, target = (np.array(case["inputs"][name]["data"]) for name in ("score", "target"))
        u = mann_whitney_u(target, score).statistic
        assert u == pytest.approx(case["expected"]["u_statistic"], rel=case["rtol"])
        pairs = int(target.sum()) * int((1 - target).sum())
        assert u / pairs == pytest.approx(roc_auc_score(target, score), rel=1e-15)


def test_mann_whitney_is_exact_beyond_doubles_of_ranks():
    label = np.arange(300_001) % 2
    score = np.arange(300_001)
    wins = sum(range(1, 150_001))  # the k-th positive beats k negatives
    assert mann_whitney_u(label, score).statistic == wins
    assert mann_whitney_u(label, -score).statistic == 150_000 * 150_001 - wins
    assert 0 < mann_whitney_u(label, score).p_value <= 1


def test_mann_whitney_where_all_scores_tie_says_nothing():
    for alternative, continuity in itertools.product(ALTERNATIVES, (True, False)):
        found = mann_whitney_u([0, 1, 1], [5, 5, 5], alternative=alternative, use_continuity=continuity)
        assert found == RankTest(1.0, 1.0)


def test_mann_whitney_auto_comes_back_where_counting_would_not():
    label = np.zeros(10**7, bool)
    label[:8] = True
    assert 0 < mann_whitney_u(label, np.arange(10**7)).p_value < 1e-4
    with pytest.raises(InvalidInputError, match="method: got 'exact' with so many"):
        mann_whitney_u(np.arange(20_000) % 2, np.arange(20_000), method="exact")


def test_infinite_scores_are_ranked():
    assert mann_whitney_u([0, 1], [-np.inf, np.inf]).statistic == 1.0
    assert spearman_test([-np.inf, 0, np.inf], [1, 2, 3]).statistic == 1.0


@pytest.mark.parametrize(
    ("call", "error", "named"),
    [
        (lambda: mann_whitney_u([1, 1], [1, 2]), UndefinedMetricError, r"y_true: got the single class \[1\]"),
        (lambda: mann_whitney_u(["a", "a"], [1, 2]), UndefinedMetricError, "y_true"),
        (lambda: mann_whitney_u([0, 1, 2], [1, 2, 3]), InvalidInputError, "y_true"),
        (lambda: mann_whitney_u([0, 1], [1, np.nan]), InvalidInputError, "y_score: got NaN at position 1"),
        (lambda: mann_whitney_u([0, 1], [1, 2, 3]), ShapeError, "y_score: got 3 samples; wanted 2"),
        (lambda: mann_whitney_u([], []), InvalidInputError, "y_score: got no samples"),
        (lambda: mann_whitney_u([0, 1], [1, 1], method="exact"), InvalidInputError, "tied scores"),
        (lambda: mann_whitney_u([0, 1], [1, 2], method="permutation"), InvalidInputError, "method"),
        (lambda: mann_whitney_u([0, 1], [1, 2], use_continuity=1), DtypeError, "use_continuity"),
        (lambda: mann_whitney_u([0, 1], [1, 2], alternative="both"), InvalidInputError, "alternative"),
        (lambda: kendall_test([1, 1, 2], [1, 2, 3], method="exact"), InvalidInputError, "tied scores"),
        (lambda: kendall_test([1, 2], [1, 2], alternative="greater than"), InvalidInputError, "alternative"),
        (lambda: kendall_test([1, 2], [1, 2], variant="d"), InvalidInputError, "variant"),
        (lambda: kendall_test([1, 1], [1, 2]), UndefinedMetricError, "y_true: got the same number"),
        (
            lambda: spearman_test([1, 2], [1, 2]),
            UndefinedMetricError,
            "y_true: got 2 samples; wanted at least three",
        ),
        (lambda: spearman_test([1, 2, 3], [1, 1, 1]), UndefinedMetricError, "y_score: got the same number"),
        (lambda: spearman_test([1, 2, 3], [1, 3, 2], alternative="up"), InvalidInputError, "alternative"),
    ],
)
def test_bad_input_names_the_argument(call, error, named):
    with pytest.raises(error, match=named):
        call()


def test_a_test_unpacks_into_statistic_and_p_value():
    statistic, p_value = kendall_test([1, 2, 3, 4], [1, 2, 4, 3])
    assert (statistic, p_value) == (2 / 3, pytest.approx(1 / 3))
    assert all(type(each) is float for each in mann_whitney_u(["no", "yes"], [1, 2]))
