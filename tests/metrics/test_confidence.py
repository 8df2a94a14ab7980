"""Bootstrap intervals: their ends, their draws, and what cannot be drawn."""

import math

import numpy as np
import pytest
import scipy.stats
from lossary import _kernels, errors, set_num_threads
from lossary.metrics import (
    Confidence,
    Interval,
    adjusted_mutual_info_score,
    average_precision_score,
    f1_score,
    mean_reciprocal_rank,
    normalized_mutual_info_score,
    roc_auc_score,
    verification_accuracy,
)
from lossary.metrics.bootstrap import ends, of_reweighted, of_rows
from lossary.metrics.confidence import resolve


@pytest.fixture(scope="module")
def ranked():
    generator = np.random.default_rng(4)
    y_true = (generator.random(300) < 0.3).astype(int)
    return y_true, np.round(generator.normal(size=300) + y_true, 1)


@pytest.mark.parametrize("metric", [roc_auc_score, average_precision_score])
@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_intervals_hold_the_value_and_say_their_method(ranked, metric, method):
    interval = metric(*ranked, confidence=Confidence(method=method))
    assert isinstance(interval, Interval)
    assert interval.value == metric(*ranked)
    assert interval.low < interval.value < interval.high
    assert interval.method == method


@pytest.mark.parametrize("metric", [roc_auc_score, average_precision_score])
def test_fast_draws_have_the_distribution_of_plain_ones(ranked, metric):
    """The kernel's resamples against the metric itself on rows that NumPy draws."""
    y_true, y_score = ranked
    generator = np.random.default_rng(0)
    plain = []
    for _ in range(2000):
        rows = generator.integers(0, 300, 300)
        plain.append(metric(y_true[rows], y_score[rows]))
    name = metric.__name__.removesuffix("_score")
    options = {"stratified": False, "groups": None, "resamples": 2000, "seed": 1, "jackknife": False}
    drawn, _ = _kernels.bootstrap_ranking(name, y_true, [y_score], None, **options)
    assert scipy.stats.ks_2samp(drawn, plain).pvalue > 1e-4


def test_weighted_draws_have_the_distribution_of_plain_ones(ranked):
    y_true, y_score = ranked
    weight = np.linspace(0.2, 3, 300)

    def weighted(counts):
        return average_precision_score(y_true, y_score, sample_weight=counts * weight)

    slow = of_reweighted(weighted, 300, Confidence(method="percentile", seed=5))
    fast = average_precision_score(
        y_true, y_score, sample_weight=weight, confidence=Confidence(method="percentile")
    )
    assert fast.value == pytest.approx(slow.value)
    assert fast[1:3] == pytest.approx(slow[1:3], abs=0.012)


def test_bca_is_that_of_scipy():
    """Same distribution of resamples, other draws: the ends of a skewed mean agree."""
    values = np.random.default_rng(9).exponential(size=60)
    ours = of_rows(values, None, Confidence(method="bca", resamples=40_000))
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=40_000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    assert ours[1:3] == pytest.approx((theirs.low, theirs.high), abs=0.015)
    plain = of_rows(values, None, Confidence(method="percentile", resamples=40_000))
    assert plain.low < ours.low
    assert plain.high < ours.high


def test_ends_of_known_values():
    drawn = np.arange(101) / 100
    none = np.empty(0)
    assert ends(0.5, drawn, none, "percentile", Confidence(level=0.9)) == pytest.approx((0.05, 0.95))
    # No bias and no acceleration: the percentiles again.
    even = ends(0.5, drawn, np.array([0.4, 0.5, 0.6]), "bca", Confidence(level=0.9))
    assert even == pytest.approx((0.05, 0.95))
    # All values above that on all rows: the ends move down as far as they can, without an infinity.
    low, high = ends(-1.0, drawn, none, "bca", Confidence(level=0.9))
    assert (low, high) == pytest.approx((0.0, 0.0), abs=0.01)


def test_equal_values_have_an_interval_of_one_point():
    assert of_rows([0.3] * 10, None, 0.95) == Interval(0.3, 0.3, 0.3, "bca")


def test_mean_of_rows_agrees_with_students_interval():
    values = np.random.default_rng(1).normal(size=400)
    interval = of_rows(values, None, 0.95)
    wanted = scipy.stats.t.interval(0.95, 399, values.mean(), scipy.stats.sem(values))
    assert interval[1:3] == pytest.approx(wanted, abs=0.01)
    weighted = of_rows(values, np.repeat([1, 0], 200), Confidence(method="percentile"))
    assert weighted.value == pytest.approx(values[:200].mean())


def test_groups_are_drawn_whole():
    values = np.repeat(np.random.default_rng(2).normal(size=50), 8)
    names = np.repeat([f"site {index}" for index in range(50)], 8)
    apart = of_rows(values, None, Confidence(method="percentile"))
    together = of_rows(values, None, Confidence(method="percentile", groups=names))
    ratio = (together.high - together.low) / (apart.high - apart.low)
    assert ratio == pytest.approx(math.sqrt(8), rel=0.15)
    twins = of_reweighted(
        lambda counts: counts @ values / counts.sum(), 400, Confidence(method="percentile", groups=names)
    )
    assert twins[1:3] == pytest.approx(together[1:3], abs=1e-9)


def test_groups_take_the_bootstrap_of_areas(ranked):
    groups = np.arange(300) // 5
    interval = roc_auc_score(*ranked, confidence=Confidence(groups=groups))
    assert interval.method == "bca"
    with pytest.raises(errors.InvalidInputError, match="method: got 'delong'; wanted one of 'auto', 'bca'"):
        roc_auc_score(*ranked, confidence=Confidence(groups=groups, method="delong"))


def test_stratified_draws_keep_both_classes():
    y_true, y_score = [0] * 40 + [1] * 2, [*range(40), 20.5, 39.5]
    with pytest.warns(errors.UndefinedMetricWarning, match=r"undefined on \d+ of 2000 resamples"):
        roc_auc_score(y_true, y_score, confidence=Confidence(method="percentile"))
    interval = roc_auc_score(y_true, y_score, confidence=Confidence(method="percentile", stratified=True))
    assert 0 <= interval.low < interval.high <= 1

    seen = set()

    def count(counts):
        seen.add(int(counts[40:].sum()))
        return 0.0

    of_reweighted(count, 42, Confidence(method="percentile", stratified=True), classes=np.array(y_true))
    assert seen == {2}


def test_seeds_and_threads(ranked):
    def intervals(seed):
        confidence = Confidence(method="bca", seed=seed, resamples=500)
        y_true, y_score = ranked
        return (
            roc_auc_score(*ranked, confidence=confidence),
            average_precision_score(*ranked, confidence=confidence),
            of_rows(y_score, None, confidence),
            of_reweighted(
                lambda counts: f1_score(y_true, y_score > 0, sample_weight=counts), 300, confidence
            ),
        )

    try:
        seen = []
        for threads in (1, 2, 3):
            set_num_threads(threads)
            seen.append(intervals(3))
    finally:
        set_num_threads(None)
    assert seen[0] == seen[1] == seen[2]
    assert all(one[1:3] != other[1:3] for one, other in zip(intervals(4), seen[0], strict=True))
    assert intervals(2**64 - 1)[0].low > 0


def test_a_metric_undefined_on_most_resamples_is_refused():
    with pytest.raises(errors.UndefinedMetricError, match="confidence: got a value on 0 of 2000 resamples"):
        of_reweighted(lambda counts: math.nan if (counts != 1).any() else 1.0, 30, 0.95)

    def undefined(counts):
        if counts[0] == 0:
            raise errors.UndefinedMetricError("x: got nothing; wanted something")
        return 1.0

    with pytest.warns(errors.UndefinedMetricWarning, match="which are left out"):
        interval = of_reweighted(undefined, 5, 0.95)
    assert interval[:3] == (1.0, 1.0, 1.0)


def test_other_errors_of_a_statistic_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        of_reweighted(lambda counts: 1 / int((counts == 1).all()), 5, 0.95)


def test_no_positive_keeps_the_warning_of_average_precision():
    with pytest.warns(UserWarning, match="No positive class"):
        interval = average_precision_score([0, 0, 0], [1, 2, 3], confidence=0.9)
    assert interval.value == 0
    assert np.isnan(interval[1:3]).all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"level": 0.0}, errors.InvalidInputError, "level: got 0.0; wanted a number above 0"),
        ({"level": math.nan}, errors.InvalidInputError, "level: got nan"),
        ({"level": "0.9"}, errors.DtypeError, "level: got '0.9'"),
        ({"level": True}, errors.DtypeError, "level: got True"),
        ({"method": None}, errors.DtypeError, "method: got None"),
        ({"resamples": 99}, errors.InvalidInputError, "resamples: got 99; wanted an integer from 100"),
        ({"resamples": 10**6 + 1}, errors.InvalidInputError, "resamples: got 1000001"),
        ({"resamples": 200.0}, errors.DtypeError, "resamples: got 200.0"),
        ({"seed": -1}, errors.InvalidInputError, "seed: got -1; wanted an integer from 0"),
        ({"seed": 2**64}, errors.InvalidInputError, "seed: got 18446744073709551616"),
        ({"seed": True}, errors.DtypeError, "seed: got True"),
        ({"stratified": 1}, errors.DtypeError, "stratified: got 1"),
        ({"stratified": True, "groups": [1, 2]}, errors.InvalidInputError, "groups: got groups with"),
    ],
)
def test_bad_settings_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        Confidence(**options)


@pytest.mark.parametrize(
    ("confidence", "error", "message"),
    [
        (1.5, errors.InvalidInputError, "confidence: got 1.5; wanted a number above 0 and below 1"),
        ("high", errors.DtypeError, "confidence: got 'high'"),
        (False, errors.DtypeError, "confidence: got False"),
        (Confidence(method="fisher"), errors.InvalidInputError, "method: got 'fisher'; wanted one of 'auto'"),
        (Confidence(groups=[1, 2]), errors.ShapeError, r"groups: got shape \(2,\); wanted \(4,\)"),
        (Confidence(groups=[1, 1, 1, 1]), errors.InvalidInputError, "groups: got 1 group; wanted two"),
        (Confidence(groups=[0.5, 1, 1, 2]), errors.InvalidInputError, "groups: got continuous"),
    ],
)
def test_bad_confidence_is_refused(confidence, error, message):
    for metric in (roc_auc_score, average_precision_score):
        with pytest.raises(error, match=message):
            metric([0, 0, 1, 1], [1, 3, 2, 4], confidence=confidence)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: of_rows([], None, 0.9), "values: got 0 values"),
        (lambda: of_rows([1.0, math.inf], None, 0.9), "values: got 2 values; wanted one or more, all finite"),
        (lambda: of_rows([1.0, 2.0], [1.0, -1.0], 0.9), "sample_weight: got a negative"),
        (lambda: of_rows([1.0, 2.0], [1.0], 0.9), "sample_weight: got 1 weights"),
        (lambda: of_rows([1.0, 2.0], None, Confidence(stratified=True)), "stratified: got True"),
        (lambda: of_reweighted(len, 3, Confidence(stratified=True)), "stratified: got True"),
        (lambda: of_reweighted(len, 0, 0.9), "confidence: got 0 rows"),
        (
            lambda: average_precision_score([0, 1, 1], [1, 2, 3], sample_weight=[1, 1, -0.1], confidence=0.9),
            "sample_weight: got a negative",
        ),
    ],
)
def test_rows_that_cannot_be_drawn_are_refused(call, message):
    with pytest.raises(errors.InvalidInputError, match=message):
        call()


def test_settings_pass_through_and_numbers_become_levels():
    settings = Confidence(level=0.8)
    assert resolve(settings) is settings
    assert resolve(0.8).level == 0.8


def test_an_interval_that_does_not_hold_the_value_is_warned_of():
    generator = np.random.default_rng(7)
    first, second = generator.integers(0, 12, 60), generator.integers(0, 5, 60)
    with pytest.warns(UserWarning, match="is not in its interval.* moves this metric up") as caught:
        adjusted_mutual_info_score(first, second, confidence=Confidence(resamples=200))
    assert caught[0].filename == __file__


def test_one_row_has_no_interval():
    wanted = "confidence: got 1 row; wanted two or more"
    with pytest.raises(errors.UndefinedMetricError, match=wanted):
        mean_reciprocal_rank([[0, 1]], [[0.2, 0.1]], confidence=0.95)
    with pytest.raises(errors.UndefinedMetricError, match=wanted):
        normalized_mutual_info_score([1], [1], confidence=0.95)
    with pytest.raises(errors.UndefinedMetricError, match=wanted):
        verification_accuracy([1], [0.5], confidence=0.95)
