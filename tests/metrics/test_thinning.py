"""thin: the stated error is the true one, and close to the least that so few points allow."""

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricWarning
from lossary.metrics import det_curve, precision_recall_curve, roc_curve
from lossary.metrics.thinning import thin


def true_error(x, y, kept):
    """The largest vertical distance from the line between kept neighbours; if vertical, from its ends."""
    worst = 0.0
    for start, end in pairwise(kept):
        for i in range(start + 1, end):
            if x[start] == x[end]:
                low, high = sorted((y[start], y[end]))
                worst = max(worst, low - y[i], y[i] - high)
            else:
                share = (x[i] - x[start]) / (x[end] - x[start])
                worst = max(worst, abs(y[i] - y[start] - share * (y[end] - y[start])))
    return worst


@st.composite
def curves(draw, most=40):
    steps = draw(
        st.lists(st.tuples(st.sampled_from((0.0, 0.0, 0.25, 1.0, 1e-3)), st.floats(-1, 1)), max_size=most)
    )
    x, y = np.cumsum([0.0, *(step[0] for step in steps)]), np.array([0.0, *(step[1] for step in steps)])
    if draw(st.booleans()):
        y = np.cumsum(np.abs(y))
    return (x, y) if draw(st.booleans()) else (x[::-1].copy(), y)


@settings(max_examples=400)
@given(curves(), st.integers(2, 12))
def test_the_error_is_the_true_one_and_the_ends_are_kept(curve, max_points):
    x, y = curve
    kept, error = thin(x, y, max_points)
    assert len(kept) <= max_points
    assert (kept[0], kept[-1]) == (0, len(x) - 1)
    assert np.all(np.diff(kept) > 0)
    assert error == pytest.approx(true_error(x, y, kept.tolist()), rel=1e-9, abs=1e-15)


@settings(max_examples=60)
@given(curves(most=9), st.integers(2, 5))
def test_the_error_is_within_twice_the_least(curve, max_points):
    x, y = curve
    inner, last = range(1, len(x) - 1), len(x) - 1
    most = min(max_points - 2, len(inner))
    choices = [chosen for size in range(most + 1) for chosen in combinations(inner, size)]
    least = min(true_error(x, y, [0, *chosen, last]) for chosen in choices) if last > 0 else 0.0
    _, error = thin(x, y, max_points)
    assert least * (1 - 1e-9) - 1e-12 <= error <= 2 * least * 1.01 + 1e-12


def test_a_curve_that_is_short_enough_stays_whole():
    kept, error = thin(np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.7, 1.0]), 3)
    assert (kept.tolist(), error) == ([0, 1, 2], 0.0)


def test_points_on_a_straight_line_go_without_an_error():
    x = np.arange(1025) / 1024
    kept, error = thin(x, np.minimum(2 * x, 1.0), 3)
    assert (kept.tolist(), error) == ([0, 512, 1024], 0.0)


def test_a_vertical_step_is_kept():
    x, y = np.array([0.0, 0.0, 0.0, 0.5, 1.0]), np.array([0.0, 0.4, 0.8, 0.9, 1.0])
    kept, error = thin(x, y, 3)
    assert kept.tolist() == [0, 2, 4]
    assert error == pytest.approx(0.0, abs=1e-15)


def test_a_roc_curve_of_many_points_is_close_with_a_hundred():
    generator = np.random.default_rng(0)
    y_true = generator.random(200_000) < 0.5
    fpr, tpr, _ = roc_curve(y_true, generator.normal(size=200_000) + y_true)
    kept, error = thin(fpr, tpr, 100)
    assert len(kept) <= 100
    assert error < 0.002
    # Nowhere is the full curve further above or below the thinned one, which may step up where it is read.
    below = np.interp(np.nextafter(fpr, -1), fpr[kept], tpr[kept])
    above = np.interp(np.nextafter(fpr, 2), fpr[kept], tpr[kept])
    assert np.maximum(below - tpr, tpr - above).max() <= error + 1e-12


@settings(max_examples=200)
@given(
    samples=st.lists(st.tuples(st.booleans(), st.integers(0, 60)), min_size=2, max_size=80),
    max_points=st.integers(3, 30),
)
def test_a_rising_curve_has_the_error_that_curves_promise(samples, max_points):
    y_true, y_score = map(np.array, zip(*samples, (True, 3), (False, 4), strict=True))
    fpr, tpr, _ = roc_curve(y_true, y_score, drop_intermediate=False)
    _, error = thin(fpr, tpr, max_points)
    assert error <= 2 / (max_points - 2) * 1.002


@pytest.mark.parametrize("function", [roc_curve, precision_recall_curve, det_curve])
def test_curves_with_max_points_keep_points_of_the_full_one(function):
    generator = np.random.default_rng(3)
    y_true = generator.random(3000) < 0.3
    y_score = np.round(generator.normal(size=3000) + y_true, 2)
    full, short = function(y_true, y_score), function(y_true, y_score, max_points=20)
    assert 2 < len(short[0]) == len(short[1]) <= 20 < len(full[0])
    assert len(short[0]) - len(short[2]) == len(full[0]) - len(full[2])
    points = set(zip(full[0].tolist(), full[1].tolist(), [*full[2].tolist(), None], strict=False))
    assert points.issuperset(
        zip(short[0].tolist(), short[1].tolist(), [*short[2].tolist(), None], strict=False)
    )
    for one, other in zip(full, short, strict=True):
        assert (one[0], one[-1], one.dtype) == (other[0], other[-1], other.dtype)
    whole = function(y_true, y_score, max_points=10**6)
    assert all(np.array_equal(one, other) for one, other in zip(full, whole, strict=True))
    with pytest.raises(InvalidInputError, match="max_points: got 1"):
        function(y_true, y_score, max_points=1)


def test_an_undefined_rate_stays_undefined_in_a_thinned_curve():
    with pytest.warns(UndefinedMetricWarning):
        fpr, tpr, thresholds = roc_curve([1, 1, 1, 1], [1, 2, 3, 4], pos_label=1, max_points=2)
    assert np.isnan(fpr).all()
    assert (tpr.tolist(), thresholds.tolist()) == ([0.0, 1.0], [np.inf, 1.0])


def test_noise_that_fits_no_line_does_not_take_quadratic_time():
    count = 200_000
    y = np.arange(count) % 2.0
    kept, error = thin(np.arange(count, dtype=float), y, 1000)
    assert len(kept) <= 1000
    assert 0.9 < error <= 1.0


@pytest.mark.parametrize(
    ("max_points", "error"),
    [(1, InvalidInputError), (-3, InvalidInputError), (2.0, DtypeError), (True, DtypeError)],
)
def test_max_points_is_an_integer_of_at_least_two(max_points, error):
    with pytest.raises(error, match=r"max_points: got .*; wanted"):
        thin(np.zeros(5), np.zeros(5), max_points)


@pytest.mark.parametrize("x", [[0.0, 1.0, 0.5], [0.0, math.nan, 1.0], [0.0, math.inf, math.inf]])
def test_a_curve_that_turns_back_is_refused(x):
    with pytest.raises(InvalidInputError, match=r"x: got .*; wanted"):
        thin(np.array(x), np.zeros(3), 2)


def test_the_kernel_checks_its_input():
    with pytest.raises(ShapeError, match="y: got 2 numbers; wanted 3"):
        _kernels.thin(np.zeros(3), np.zeros(2), 2)
    with pytest.raises(InvalidInputError, match="max_points: got 1"):
        _kernels.thin(np.zeros(3), np.zeros(3), 1)
