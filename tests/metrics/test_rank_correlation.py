"""Kendall's and Spearman's rank correlations: goldens, scipy, brute force, invariances, intervals."""

import itertools
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import Confidence, Interval, kendall_tau, spearman_rho, weighted_kendall_tau

GOLDENS = Path(__file__).parents[1] / "goldens"
METRICS = (kendall_tau, spearman_rho, weighted_kendall_tau)
RANKS = {"score": None, "average": True, "index": False}
WEIGHERS = {"hyperbolic": None, "logarithmic": lambda r: 1 / np.log2(r + 2), "uniform": lambda r: 1}

FINITE = st.floats(allow_nan=False)
PAIRS = st.lists(st.tuples(FINITE | st.integers(-3, 3), st.integers(-3, 3) | FINITE), min_size=2, max_size=30)


def columns(pairs):
    return [np.array(each, np.float64) for each in zip(*pairs, strict=True)]


def varies(*arrays):
    return all(len(np.unique(array)) > 1 for array in arrays)


@pytest.mark.parametrize("function", METRICS)
def test_goldens(function):
    for case in json.loads((GOLDENS / f"000-{function.__name__}.json").read_text())["cases"]:
        score, target = (
            np.array(case["inputs"][name]["data"], case["inputs"][name]["dtype"])
            for name in ("score", "target")
        )
        value = function(target, score, **case["params"])
        assert type(value) is float
        assert value == pytest.approx(case["expected"]["value"], rel=case["rtol"])


@settings(max_examples=200)
@given(PAIRS)
def test_kendall_agrees_with_scipy_and_with_every_pair(pairs):
    x, y = columns(pairs)
    if not varies(x, y):
        return
    signs = [
        (int(np.sign((x[i] > x[j]) * 1 - (x[i] < x[j]) * 1)), int((y[i] > y[j]) * 1 - (y[i] < y[j]) * 1))
        for i, j in itertools.combinations(range(len(x)), 2)
    ]
    difference = sum(a * b for a, b in signs)
    product = sum(a * a for a, _ in signs) * sum(b * b for _, b in signs)
    assert kendall_tau(x, y) == pytest.approx(difference / math.sqrt(product), rel=1e-15, abs=0)
    assert kendall_tau(x, y, variant="a") == float(Fraction(difference, len(signs)))
    for variant in "bc":
        theirs = scipy.stats.kendalltau(x, y, variant=variant).statistic
        assert kendall_tau(x, y, variant=variant) == pytest.approx(theirs, rel=1e-12, abs=1e-15)


@settings(max_examples=200)
@given(PAIRS)
def test_spearman_agrees_with_scipy(pairs):
    x, y = columns(pairs)
    if varies(x, y):
        theirs = scipy.stats.spearmanr(x, y).statistic
        assert spearman_rho(x, y) == pytest.approx(theirs, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize("weigher", WEIGHERS)
@settings(max_examples=50)
@given(pairs=PAIRS, additive=st.booleans())
def test_weighted_kendall_agrees_with_scipy(rank, weigher, pairs, additive):
    x, y = columns(pairs)
    if not varies(x, y):
        return
    # Ranks, as scipy's sums up all values to look for NaN, which overflows.
    theirs = scipy.stats.weightedtau(
        *map(scipy.stats.rankdata, (y, x)), rank=RANKS[rank], additive=additive, weigher=WEIGHERS[weigher]
    ).statistic
    ours = weighted_kendall_tau(x, y, rank=rank, weigher=weigher, additive=additive)
    assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("function", METRICS)
@settings(max_examples=100)
@given(pairs=PAIRS)
def test_rank_correlations_are_symmetric_odd_and_blind_to_scale(function, pairs):
    x, y = (scipy.stats.rankdata(each) for each in columns(pairs))
    if not varies(x, y):
        return
    value = function(x, y)
    assert function(y, x) == pytest.approx(value, rel=1e-13, abs=1e-15)
    assert function(np.exp(x), y**3) == value
    assert -1 <= value <= 1
    if function is not weighted_kendall_tau:
        assert function(x, -y) == -value


@pytest.mark.parametrize("function", METRICS)
def test_a_perfect_order_is_exactly_one(function):
    generator = np.random.default_rng(0)
    for count in (2, 3, 10, 1000, 12_345):
        x = generator.integers(0, count, count)
        x[:2] = 0, 1
        assert function(x, 2.0 * x) == 1.0
        if function is not weighted_kendall_tau:
            assert function(x, -2.0 * x) == -1.0


def test_uniform_weights_give_plain_tau():
    x, y = np.random.default_rng(1).integers(0, 50, (2, 3000))
    for rank in RANKS:
        value = weighted_kendall_tau(x, y, rank=rank, weigher="uniform")
        assert value == pytest.approx(kendall_tau(x, y), rel=1e-12)


def test_large_samples_agree_with_scipy():
    generator = np.random.default_rng(2)
    x = generator.normal(size=150_000)
    y = np.round(x + generator.normal(size=150_000), 2)
    assert kendall_tau(x, y) == pytest.approx(scipy.stats.kendalltau(x, y).statistic, rel=1e-12)
    assert spearman_rho(x, y) == pytest.approx(scipy.stats.spearmanr(x, y).statistic, rel=1e-12)
    theirs = scipy.stats.weightedtau(y, x).statistic
    assert weighted_kendall_tau(x, y) == pytest.approx(theirs, rel=1e-12)


def test_infinities_are_ranked_and_integers_beyond_doubles_do_not_tie():
    assert kendall_tau([-np.inf, 0, np.inf], [1, 2, 3]) == 1.0
    assert spearman_rho([2**53, 2**53 + 1], np.array([2**64 - 2, 2**64 - 1], np.uint64)) == 1.0
    assert kendall_tau([0.0, -0.0, 1.0], [1, 1, 2]) == 1.0


@pytest.mark.parametrize("function", METRICS)
@pytest.mark.parametrize(
    ("y_true", "y_score", "named"),
    [
        ([1, 1, 1], [1, 2, 3], "y_true"),
        ([1, 2, 3], [2, 2, 2], "y_score"),
        ([1], [2], "y_true"),
        ([], [], "y_true"),
    ],
)
def test_what_is_undefined_raises_or_is_what_the_caller_says(function, y_true, y_score, named):
    with pytest.raises(UndefinedMetricError, match=f"{named}: got .*; wanted"):
        function(y_true, y_score)
    assert math.isnan(function(y_true, y_score, undefined=math.nan))
    assert function(y_true, y_score, undefined=0) == 0.0
    interval = function(y_true, y_score, undefined=0.0, confidence=0.9)
    assert interval.value == 0.0
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)


@pytest.mark.parametrize("function", [kendall_tau, spearman_rho])
def test_a_value_that_has_no_interval_stays_the_value(function):
    with pytest.raises(UndefinedMetricError, match="y_true: got 3 samples; wanted more, for an interval"):
        function([1, 2, 3], [1, 2, 3], confidence=0.9)
    interval = function([1, 2, 3], [1, 2, 3], undefined=0.0, confidence=0.9)
    assert interval.value == 1.0
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)


@pytest.mark.parametrize("function", METRICS)
@pytest.mark.parametrize(
    ("y_true", "y_score", "options", "error", "named"),
    [
        ([1, 2, np.nan], [1, 2, 3], {}, InvalidInputError, "y_true: got NaN at position 2"),
        ([1, 2, 3], [np.nan, 2, 3], {}, InvalidInputError, "y_score: got NaN at position 0"),
        ([1, 2, 3], [1, 2], {}, ShapeError, "y_score: got 2 samples; wanted 3"),
        ([[1, 2], [3, 4]], [1, 2], {}, ShapeError, "y_true"),
        (["a", "b"], [1, 2], {}, InvalidInputError, "y_true"),
        (None, [1, 2], {}, DtypeError, "y_true"),
        ([1, 2], [1, 2], {"undefined": "nan"}, InvalidInputError, "undefined"),
        ([1, 2], [1, 2], {"undefined": True}, InvalidInputError, "undefined"),
        ([1, 2], [1, 2], {"confidence": 1.5}, InvalidInputError, "confidence"),
        ([1, 2], [1, 2], {"confidence": Confidence(method="delong")}, InvalidInputError, "method"),
    ],
)
def test_bad_input_names_the_argument(function, y_true, y_score, options, error, named):
    with pytest.raises(error, match=named):
        function(y_true, y_score, **options)


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (kendall_tau, {"variant": "d"}),
        (weighted_kendall_tau, {"rank": True}),
        (weighted_kendall_tau, {"weigher": "linear"}),
        (weighted_kendall_tau, {"rank": "target"}),
    ],
)
def test_unknown_options_are_refused(function, options):
    with pytest.raises(InvalidInputError, match=r"got .*; wanted one of"):
        function([1, 2], [1, 2], **options)
    with pytest.raises(DtypeError, match="additive"):
        weighted_kendall_tau([1, 2], [1, 2], additive=1)


@pytest.mark.parametrize("function", METRICS)
def test_input_of_any_dtype_is_read_and_left_alone(function):
    wide = np.array([3, 1, 2, 2, 5, 4])
    value = function(wide, wide[::-1])
    for dtype in (np.float32, np.float64, np.int8, np.uint16, np.uint64, np.float16):
        array = wide.astype(dtype)
        array.flags.writeable = False
        assert function(array, wide.astype(dtype)[::-1]) == value
    assert function(list(wide), wide[::-1].astype(">f8")) == value
    assert function([True, False, True], [3, 1, 2]) == function([1, 0, 1], [3, 1, 2])


def test_fisher_intervals_follow_their_formulas():
    generator = np.random.default_rng(3)
    x = generator.normal(size=60)
    y = x + generator.normal(size=60)
    z = scipy.stats.norm.ppf(0.95)
    tau, rho = kendall_tau(x, y), spearman_rho(x, y)
    for interval, value, variance in (
        (kendall_tau(x, y, confidence=0.9), tau, 0.437 / 56),
        (spearman_rho(x, y, confidence=0.9), rho, (1 + rho**2 / 2) / 57),
    ):
        margin = z * math.sqrt(variance)
        ends = np.tanh([np.arctanh(value) - margin, np.arctanh(value) + margin])
        assert (interval.value, interval.method) == (value, "fisher")
        assert (interval.low, interval.high) == pytest.approx(tuple(ends), rel=1e-12)


@pytest.mark.parametrize("function", METRICS)
def test_bootstrap_intervals_hold_the_value_of_resamples(function):
    generator = np.random.default_rng(4)
    x = generator.integers(0, 20, 150)
    y = x + generator.normal(scale=5, size=150)
    settings_ = Confidence(method="percentile", resamples=300, seed=7)
    interval = function(x, y, confidence=settings_)
    assert interval.value == function(x, y)
    assert interval.low < interval.value < interval.high
    drawn = []
    for _ in range(300):
        rows = generator.integers(0, 150, 150)
        drawn.append(function(x[rows], y[rows]))
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(drawn, (0.025, 0.975))), abs=0.05)
    assert function(x, y, confidence=settings_) == interval


@pytest.mark.parametrize(("function", "least"), [(kendall_tau, 5), (spearman_rho, 4)])
def test_too_few_samples_have_no_fisher_interval(function, least):
    x = list(range(least))
    assert function(x, x, confidence=0.9) == Interval(1.0, 1.0, 1.0, "fisher")
    with pytest.raises(UndefinedMetricError, match=f"got {least - 1} samples"):
        function(x[1:], x[1:], confidence=0.9)
