"""Precision-recall and DET curves, and the trapezoidal rule, against scikit-learn."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError, UndefinedMetricWarning

DTYPES = (np.float64, np.float32, np.float16, np.int64, np.int8, np.uint16, np.bool_)
EXTREMES = (0.0, 5e-324, -5e-324, 1e-30, 1e30, -1e300, 1.7e308, 1.0, np.nextafter(1.0, 2.0), -2.5)


@st.composite
def ranked(draw):
    """Binary labels of some pair of values, scores of some dtype, and weights, some of them zero."""
    count = draw(st.integers(2, 40))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(("ties", "distinct", "extreme", "wide")))
    score = {
        "ties": lambda: generator.integers(0, draw(st.integers(1, 8)), count).astype(
            draw(st.sampled_from(DTYPES))
        ),
        "distinct": lambda: generator.normal(size=count).astype(draw(st.sampled_from(DTYPES[:2]))),
        "extreme": lambda: generator.choice(EXTREMES, count),
        "wide": lambda: generator.integers(-(2**62), 2**62, count) >> generator.integers(0, 60),
    }[kind]()
    pair = draw(st.sampled_from(((0, 1), (-1, 1), (False, True), (0.0, 1.0))))
    share = draw(st.sampled_from((0.0, 0.1, 0.5, 0.9, 1.0)))
    weights = (None, generator.integers(0, 4, count), generator.integers(0, 9, count) / 8)
    weight = draw(st.sampled_from(weights))
    assume(weight is None or weight.any())
    return np.where(generator.random(count) < share, pair[1], pair[0]), score, weight


@settings(max_examples=600)
@given(data=ranked(), drop=st.booleans())
def test_precision_recall_curves_agree(agree, data, drop):
    y_true, y_score, weight = data
    curve = agree("precision_recall_curve", y_true, y_score, sample_weight=weight, drop_intermediate=drop)
    dtype = y_score.dtype
    assert curve[2].dtype == (dtype if dtype.itemsize > 2 or dtype.kind != "f" else np.float16)


@settings(max_examples=600)
@given(data=ranked(), drop=st.booleans())
def test_det_curves_agree(agree, data, drop):
    y_true, y_score, weight = data
    weighed = y_true if weight is None else y_true[weight != 0]
    # A class that is there without weight divides by zero in scikit-learn.
    assume(len(np.unique(weighed)) == len(np.unique(y_true)))
    agree("det_curve", y_true, y_score, None, weight, drop)


@settings(max_examples=200)
@given(data=ranked(), names=st.sampled_from((("no", "yes"), ("yes", "no"))), positive=st.integers(0, 1))
def test_curves_of_strings_agree(agree, data, names, positive):
    y_true = np.where(data[0] == 1, names[1], names[0])
    for name in ("precision_recall_curve", "det_curve"):
        agree(name, y_true, data[1], pos_label=names[positive])
        agree(name, y_true, data[1])


@settings(max_examples=300)
@given(data=st.data())
def test_trapezoids_agree(agree, data):
    count = data.draw(st.integers(0, 12))
    numbers = st.integers(-8, 8) | st.floats(-8, 8)
    x = data.draw(st.lists(numbers, min_size=count, max_size=count))
    order = data.draw(st.sampled_from((sorted, lambda values: sorted(values, reverse=True), list)))
    agree("auc", order(x), data.draw(st.lists(numbers, min_size=count, max_size=count)))


def test_a_curve_that_is_not_a_number_has_no_area():
    assert np.isnan(metrics.auc([0, 1], [0, np.nan]))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_falling_small_integers_do_not_wrap(dtype):
    """Differences of unsigned integers wrap to large ones."""
    assert metrics.auc(np.array([100, 50, 0], dtype), np.array([100, 100, 100], dtype)) == 10_000


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([0.0, 1.0], [0.0], "y: got 1 points; wanted 2"),
        ([0.0], [0.0], "x: got 1 points; wanted 2 or more"),
        ([2, 1, 3], [1, 1, 1], "x: got points that turn"),
        ([[0, 1], [1, 2]], [[0, 1], [1, 2]], "x: got shape"),
        (["a", "b"], [0, 1], "x: got dtype"),
    ],
)
def test_bad_points_are_refused(agree, x, y, message):
    assert str(agree("auc", x, y)).startswith(message)


def test_thresholds_beyond_the_integers_of_doubles_are_exact():
    """Counts are doubles, thresholds are not: 2^53 + 1 is no double, and 2^63 - 1 rounds out of its dtype."""
    y_score = np.array([2**53 + 1, 2**63 - 1, -(2**63), 2**53 + 1])
    _, _, thresholds = metrics.precision_recall_curve([0, 1, 1, 0], y_score)
    assert thresholds.tolist() == [-(2**63), 2**53 + 1, 2**63 - 1]
    _, _, thresholds = metrics.precision_recall_curve([0, 1, 1, 0], y_score, sample_weight=[1, 1, 0, 1])
    assert thresholds.tolist() == [2**53 + 1, 2**63 - 1]


def test_a_class_without_weight_has_no_error_rate():
    with pytest.warns(UndefinedMetricWarning, match="no weight"):
        fpr, fnr, thresholds = metrics.det_curve([0, 1, 1], [1, 2, 3], sample_weight=[0, 1, 1])
    assert np.isnan(fpr).all()
    assert len(fpr) == len(fnr) == len(thresholds)


def test_one_class_and_many_have_no_detection_error():
    with pytest.raises(UndefinedMetricError, match="y_true: got one class; wanted two"):
        metrics.det_curve([1, 1], [1, 2])
    with pytest.raises(InvalidInputError, match="y_true: got 3 classes; wanted two"):
        metrics.det_curve([0, 1, 2], [1, 2, 3], pos_label=1)
    with pytest.raises(ShapeError, match="y_score: got 2 samples; wanted 3"):
        metrics.det_curve([0, 1, 1], [1, 2])


def test_curves_leave_their_input_as_it_was():
    y_true, y_score, weight = np.array([0, 1, 1, 0]), np.array([4.0, 3.0, 2.0, 1.0]), np.ones(4)
    for each in (y_true, y_score, weight):
        each.setflags(write=False)
    metrics.det_curve(y_true, y_score, sample_weight=weight)
    precision, _, thresholds = metrics.precision_recall_curve(y_true, y_score, sample_weight=weight)
    precision[0] = thresholds[0] = 7
    assert y_score.tolist() == [4, 3, 2, 1]
