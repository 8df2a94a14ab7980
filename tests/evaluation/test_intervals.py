import math
import threading

import lossary
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.evaluation import bootstrap_interval, delong_interval, delong_variance
from lossary.evaluation.intervals import bootstrap, percentile_interval
from scipy import stats


def mean(y_true, y_score, sample_weight):
    return float(np.dot(y_score, sample_weight) / sample_weight.sum())


def naive_delong(y_true, y_score):
    positives = [s for y, s in zip(y_true, y_score, strict=True) if y]
    negatives = [s for y, s in zip(y_true, y_score, strict=True) if not y]
    wins = np.array([[(p > n) + 0.5 * (p == n) for n in negatives] for p in positives])
    spread = wins.mean(1).var(ddof=1) / len(positives) + wins.mean(0).var(ddof=1) / len(negatives)
    return wins.mean(), spread


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=4, max_size=40))
def test_delong_variance_equals_the_definition_over_all_pairs(rows):
    y_true, y_score = zip(*rows, strict=True)
    if 2 <= sum(y_true) <= len(rows) - 2:
        np.testing.assert_allclose(
            delong_variance(y_true, y_score), naive_delong(y_true, y_score), rtol=1e-12, atol=1e-15
        )
    else:
        with pytest.raises(UndefinedMetricError, match="y_true"):
            delong_variance(y_true, y_score)


def test_delong_variance_does_not_change_under_a_monotone_map_in_another_dtype():
    rng = np.random.default_rng(1)
    y_true, y_score = rng.integers(0, 2, 500), rng.random(500, dtype=np.float32)
    assert delong_variance(y_true, y_score) == delong_variance(y_true, y_score.astype(np.float64) * 7 - 3)


def test_delong_interval_is_the_normal_interval_of_the_logit():
    rng = np.random.default_rng(2)
    y_true = rng.integers(0, 2, 300)
    y_score = y_true + rng.normal(size=300)
    area, variance = naive_delong(y_true, y_score)
    logit, margin = math.log(area / (1 - area)), stats.norm.ppf(0.95) * math.sqrt(variance)
    margin /= area * (1 - area)
    expected = [1 / (1 + math.exp(-end)) for end in (logit - margin, logit + margin)]
    np.testing.assert_allclose(delong_interval(y_true, y_score, confidence=0.9), expected, rtol=1e-10)


def test_delong_interval_covers_the_true_area_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    true_area = stats.norm.cdf(1 / math.sqrt(2))  # of two normal scores, one standard deviation apart
    covered = 0
    for _ in range(400):
        y_true = np.arange(80) < 30
        low, high = delong_interval(y_true, y_true + rng.normal(size=80), confidence=0.9)
        covered += low <= true_area <= high
    assert 0.86 <= covered / 400 <= 0.94  # 0.9 with a standard error of 0.015


@pytest.mark.parametrize(("y_score", "area"), [([0, 1, 2, 3], 1), ([3, 2, 1, 0], 0)])
def test_delong_interval_is_undefined_without_overlap(y_score, area):
    with pytest.raises(UndefinedMetricError, match=f"area {area}"):
        delong_interval([0, 0, 1, 1], y_score)


def test_delong_interval_of_a_constant_score_is_a_point():
    assert delong_interval([0, 0, 1, 1], [1, 1, 1, 1]) == (0.5, 0.5)


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 95, math.nan])
def test_confidence_outside_0_and_1_is_refused(confidence):
    with pytest.raises(InvalidInputError, match="confidence"):
        delong_interval([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], confidence=confidence)
    with pytest.raises(InvalidInputError, match="confidence"):
        bootstrap_interval(mean, [0, 1], [0.1, 0.4], confidence=confidence)


def test_lengths_that_differ_are_refused():
    with pytest.raises(ShapeError, match="y_score"):
        delong_variance([0, 1, 1], [0.1, 0.2])
    with pytest.raises(ShapeError, match="y_score"):
        bootstrap_interval(mean, [0, 1, 1], [0.1, 0.2])


def test_bootstrap_interval_agrees_with_drawing_the_rows_themselves():
    rng = np.random.default_rng(4)
    y_true, y_score = rng.integers(0, 2, 60), rng.gamma(2.0, size=60)
    naive = np.array([y_score[rng.integers(0, 60, 60)].mean() for _ in range(4000)])
    values = bootstrap(
        lambda counts: (mean(y_true, y_score, counts),), np.ones(60, np.int64), num_resamples=4000, seed=5
    )[:, 0]
    assert stats.ks_2samp(naive, values).pvalue > 0.01
    interval = bootstrap_interval(mean, y_true, y_score, num_resamples=4000, seed=5)
    np.testing.assert_allclose(interval[:2], np.quantile(naive, [0.025, 0.975]), rtol=0.02)


def test_identical_rows_may_be_given_once_with_their_multiplicity():
    multiplicity = np.array([40, 0, 7, 13])
    drawn = bootstrap(lambda counts: counts.tolist(), multiplicity, num_resamples=4000, seed=6)
    assert (drawn.sum(axis=1) == 60).all()
    one_by_one = bootstrap(
        lambda counts: np.add.reduceat(counts, [0, 40, 47]), np.ones(60, np.int64), num_resamples=4000, seed=7
    )
    for cell, column in ((0, 0), (2, 1), (3, 2)):
        assert stats.ks_2samp(drawn[:, cell], one_by_one[:, column]).pvalue > 0.01
    assert not drawn[:, 1].any()


def test_every_row_is_drawn_once_on_average():
    total = bootstrap(lambda counts: counts.tolist(), np.ones(20, np.int64), num_resamples=5000, seed=8)
    np.testing.assert_allclose(total.mean(axis=0), 1.0, atol=0.06)
    np.testing.assert_allclose(total.var(axis=0), 1 - 1 / 20, atol=0.1)


def test_weights_multiply_the_counts():
    y_score, weight = np.array([0.0, 1.0] * 20), np.array([3.0, 1.0] * 20)
    low, high, undefined = bootstrap_interval(mean, np.zeros(40), y_score, sample_weight=weight)
    assert low < 0.25 < high
    assert undefined == 0


def test_a_seed_fixes_the_resamples_and_another_changes_them():
    y_score = np.random.default_rng(9).random(50)
    first, again, other = (bootstrap_interval(mean, np.zeros(50), y_score, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_resamples_do_not_depend_on_the_number_of_threads():
    y_score = np.random.default_rng(10).random(50)
    before = lossary.get_num_threads()
    try:
        found = set()
        for threads in (1, 2, 5):
            lossary.set_num_threads(threads)
            found.add(bootstrap_interval(mean, np.zeros(50), y_score, seed=3))
    finally:
        lossary.set_num_threads(before)
    assert len(found) == 1


def test_an_error_in_a_statistic_comes_out_and_stops_the_work():
    calls = []

    def statistic(counts):
        calls.append(threading.get_ident())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bootstrap(statistic, np.ones(3, np.int64), num_resamples=10_000, seed=0)
    assert len(calls) < 10_000


def test_undefined_resamples_are_left_out_and_counted():
    interval = percentile_interval(np.array([1.0, np.nan, 2.0, 3.0]), confidence=0.5)
    assert interval == (1.5, 2.5, 1)


def test_no_interval_when_most_resamples_are_undefined():
    with pytest.raises(UndefinedMetricError, match="got a value on 1 of 3"):
        percentile_interval(np.array([1.0, np.nan, np.nan]), confidence=0.5)


def test_progress_ends_at_one():
    shares = []
    bootstrap(lambda counts: (0.0,), np.ones(3, np.int64), num_resamples=10, seed=0, advance=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_delong_takes_the_labels_that_an_evaluation_takes():
    y_score = [0.1, 0.4, 0.35, 0.8]
    assert delong_variance([-1, -1, 1, 1], y_score) == delong_variance([0, 0, 1, 1], y_score)
    with pytest.raises(InvalidInputError, match="y_true: got 3 different labels"):
        delong_variance([0, 1, 2, 1], y_score)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_delong_refuses_scores_that_are_not_finite(wrong):
    with pytest.raises(InvalidInputError, match=r"y_score: got (nan|inf) at index 2"):
        delong_interval([0, 0, 1, 1], [0.1, 0.4, wrong, 0.8])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_weight": [1.0]}, r"sample_weight: got shape \(1,\)"),
        ({"sample_weight": [1.0, -1.0]}, "sample_weight: got -1 at index 1"),
        ({"seed": -1}, "seed: got -1; wanted 0 or above"),
    ],
)
def test_options_of_the_bootstrap_are_checked(options, message):
    with pytest.raises(InvalidInputError, match=message):
        bootstrap_interval(mean, [0, 1], [0.1, 0.4], **options)
