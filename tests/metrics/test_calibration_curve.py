"""Calibration curves against scikit-learn, reliability diagrams, and the parts of the Brier score."""

import math

import numpy as np
import pytest
import sklearn.calibration
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import errors, metrics

LABELS = ((0, 1, None), (-1, 1, None), (False, True, None), ("a", "b", "b"), (3, 7, 3), (0, 1, 0))


@st.composite
def samples(draw):
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(1, 60))
    y_prob = generator.random(count).astype(draw(st.sampled_from((np.float32, np.float64))))
    y_prob = np.round(y_prob, draw(st.sampled_from((1, 2, 16))))
    return generator.integers(0, 2, count), y_prob


@settings(max_examples=300)
@given(
    case=samples(),
    n_bins=st.integers(1, 30),
    strategy=st.sampled_from(("uniform", "quantile")),
    labels=st.sampled_from(LABELS),
)
def test_the_curve_is_that_of_scikit_learn(case, n_bins, strategy, labels):
    negative, positive, pos_label = labels
    truth, y_prob = case
    y_true = np.where(truth == 1, positive, negative)
    options = {"pos_label": pos_label, "n_bins": n_bins, "strategy": strategy}
    ours = metrics.calibration_curve(y_true, y_prob, **options)
    theirs = sklearn.calibration.calibration_curve(y_true, y_prob, **options)
    for one, other in zip(ours, theirs, strict=True):
        assert one.dtype == np.float64
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_bins", [3, 5, 10, 15, 30, 49])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_at_the_edges_go_where_scikit_learn_puts_them(n_bins, dtype):
    edges = np.concatenate([np.linspace(0, 1, n_bins + 1), np.arange(n_bins + 1) / n_bins]).astype(dtype)
    y_prob = np.concatenate([edges, np.nextafter(edges, dtype(0)), np.nextafter(edges, dtype(1))]).clip(0, 1)
    y_true = np.arange(len(y_prob)) % 2
    ours = metrics.calibration_curve(y_true, y_prob, n_bins=n_bins)
    theirs = sklearn.calibration.calibration_curve(y_true, y_prob, n_bins=n_bins)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-14)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-14)


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        (([0, 1], [0.5, 1.5]), {}, "outside \\[0, 1\\]|from 0 to 1"),
        (([0, 1, 2], [0.5, 0.5, 0.5]), {"pos_label": 1}, "Only binary classification is supported"),
        (([0, 2], [0.5, 0.5]), {}, "pos_label"),
        ((["a", "b"], [0.5, 0.5]), {}, "pos_label"),
        (([0, 1], [0.5]), {}, "inconsistent numbers of samples"),
        (([], []), {}, "no probabilities"),
        (([0, 1], [[0.5, 0.5], [0.5, 0.5]]), {}, "shape"),
        (([0, 1], [0.5, 0.5]), {"n_bins": 0}, "n_bins: got 0"),
        (([0, 1], [0.5, 0.5]), {"strategy": "percentile"}, "strategy: got"),
    ],
)
def test_both_refuse(args, options, message):
    with pytest.raises(errors.InvalidInputError, match=message):
        metrics.calibration_curve(*args, **options)
    with pytest.raises(ValueError, match=r".+"):
        sklearn.calibration.calibration_curve(*args, **options)


def test_nan_is_refused():
    with pytest.raises(errors.InvalidInputError, match=r"^y_prob: got nan"):
        metrics.calibration_curve([0, 1], [0.5, math.nan])


def test_empty_bins_of_a_diagram_are_nan():
    found = metrics.reliability_diagram([0, 1, 1], [0.1, 0.9, 0.8], bins=3, sample_weight=[1, 1, 3])
    np.testing.assert_array_equal(found.count, [1, 0, 4])
    np.testing.assert_allclose(found.mean_confidence, [0.1, math.nan, 0.825])
    np.testing.assert_array_equal(found.accuracy, [0, math.nan, 1])


def test_equal_masses_of_a_diagram_hold_as_many():
    y_prob = np.random.default_rng(0).random(100)
    found = metrics.reliability_diagram(y_prob > 0.5, y_prob, bins=5, strategy="quantile")
    np.testing.assert_array_equal(found.count, [20] * 5)


@settings(max_examples=150)
@given(
    case=samples(),
    bins=st.integers(1, 30),
    weigh=st.booleans(),
    strategy=st.sampled_from(("uniform", "quantile")),
)
def test_the_parts_add_up_to_the_brier_score(case, bins, weigh, strategy):
    y_true, y_prob = case
    weight = np.arange(1, len(y_true) + 1) if weigh else None
    options = {"sample_weight": weight}
    parts = metrics.brier_score_decomposition(y_true, y_prob, bins=bins, strategy=strategy, **options)
    score = metrics.brier_score_loss(y_true, y_prob, pos_label=1, **options)
    assert parts.brier_score == pytest.approx(score, abs=1e-14)
    error = metrics.expected_calibration_error(
        y_true, y_prob, bins=bins, strategy=strategy, norm=2, **options
    )
    assert parts.reliability == pytest.approx(error**2, abs=1e-14)
    rate = np.average(y_true, weights=weight)
    assert parts.uncertainty == pytest.approx(rate * (1 - rate), abs=1e-14)
    assert min(parts[:4]) >= 0


def test_murphys_three_parts_are_all_where_a_bin_has_one_probability():
    y_true, y_prob = [0, 1, 1, 1, 0], [0.2, 0.2, 0.6, 0.6, 0.6]
    parts = metrics.brier_score_decomposition(y_true, y_prob, bins=2)
    assert parts.within_bin_variance == pytest.approx(0, abs=1e-16)
    assert parts.within_bin_covariance == pytest.approx(0, abs=1e-16)
    # (1/5)(2 (0.2 - 1/2)^2 + 3 (0.6 - 2/3)^2), (1/5)(2 (1/2 - 3/5)^2 + 3 (2/3 - 3/5)^2), 3/5 2/5
    assert parts[:3] == pytest.approx((0.18 / 5 + 3 / 225 / 5, 0.02 / 5 + 3 / 225 / 5, 0.24))


def test_the_parts_of_top_labels_add_up():
    generator = np.random.default_rng(0)
    rows, y_true = generator.dirichlet(np.ones(3), 50), generator.integers(0, 3, 50)
    parts = metrics.brier_score_decomposition(y_true, rows)
    assert parts.brier_score == pytest.approx(metrics.top_label_brier_score(y_true, rows), abs=1e-14)
