"""Values that were once wrong: each test tells the mistake."""

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
import sklearn.metrics
from lossary import metrics
from lossary.errors import InvalidInputError, UndefinedMetricWarning

Y, PREDICTED, SCORE = [0, 1, 0, 1], [0, 1, 1, 1], [0.1, 0.2, 0.3, 0.4]
WEIGHT = np.array([1.0, 1.0, 1.0, 1.7])
SMALLEST = 5e-324


@pytest.fixture(autouse=True)
def strict():
    """No RuntimeWarning of NumPy may reach the caller."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


@pytest.mark.parametrize(
    ("y_true", "weight"), [([0, 1, 1], [0.1, 0.1, 0.6]), ([0, 1, 2], [0.1, 0.2, 0.3]), ([0, 1], [1e-9, 1.0])]
)
def test_matthews_of_one_predicted_class_is_zero_for_any_weights(y_true, weight):
    """total^2 - sum of squares cancelled to noise, of either sign."""
    assert metrics.matthews_corrcoef(y_true, [1] * len(y_true), sample_weight=weight) == 0.0


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e307])
def test_matthews_does_not_depend_on_the_scale_of_the_weights(scale):
    """Products of four sums overflowed to NaN or underflowed to 0."""
    value = metrics.matthews_corrcoef(Y, PREDICTED, sample_weight=WEIGHT * scale)
    assert value == pytest.approx(
        sklearn.metrics.matthews_corrcoef(Y, PREDICTED, sample_weight=WEIGHT), rel=1e-14
    )


@pytest.mark.parametrize("classes", [3, 400])
def test_matthews_of_weights_of_any_size_is_that_of_exact_sums(classes):
    rng = np.random.default_rng(1)
    for _ in range(50):
        y_true, y_pred = rng.integers(0, 3, (2, 7)) * (classes // 3)
        weight = 10.0 ** rng.choice([-300, -10, 0, 1, 8, 150, 305], 7) * rng.integers(1, 9, 7)
        labels = np.append(y_true, np.arange(classes)), np.append(y_pred, np.arange(classes))
        weights = np.append(weight, np.zeros(classes))  # classes that are there and weigh nothing
        assert metrics.matthews_corrcoef(*labels, sample_weight=weights) == pytest.approx(
            exact_matthews(y_true, y_pred, weight), rel=1e-9, abs=1e-12
        )


def exact_matthews(y_true, y_pred, weight):
    """By fractions, cell by cell."""
    cells = {}
    for *cell, mass in zip(y_true.tolist(), y_pred.tolist(), weight.tolist(), strict=True):
        cells[tuple(cell)] = cells.get(tuple(cell), Fraction(0)) + Fraction(mass)
    pairs = [(a, b, first * second) for a, first in cells.items() for b, second in cells.items()]
    covariance = sum(((a[0] == a[1]) - (a[0] == b[1])) * mass for a, b, mass in pairs)
    spreads = [sum((a[side] != b[side]) * mass for a, b, mass in pairs) for side in (0, 1)]
    spread = spreads[0] * spreads[1]
    root = math.sqrt(covariance**2 / spread) if spread else 0.0
    return root if covariance >= 0 else -root


def test_matthews_of_a_rare_class_is_not_rounded_away():
    """1 - 1e-17 rounds to 1, so a perfect prediction of a rare class got no variance."""
    assert metrics.matthews_corrcoef([0, 1], [0, 1], sample_weight=[1.0, 1e-17]) == 1.0


def test_geometric_mean_of_a_thousand_classes_does_not_underflow():
    """0.4^1000 is 0 in doubles."""
    y_true = np.repeat(np.arange(1000), 10)
    y_pred = np.where(np.arange(10_000) % 10 < 4, y_true, (y_true + 1) % 1000)
    assert metrics.geometric_mean_score(y_true, y_pred) == pytest.approx(0.4, rel=1e-14)


def test_geometric_mean_with_a_negative_recall_is_undefined_with_a_warning():
    """The root of a negative product was NaN with NumPy's warning from inside."""
    with pytest.warns(UndefinedMetricWarning, match="negative"):
        value = metrics.geometric_mean_score([0, 0, 1, 1], [0, 1, 1, 0], sample_weight=[1, 2, -1, 3])
    assert math.isnan(value)


@pytest.mark.parametrize("name", ["balanced_accuracy_score", "geometric_mean_score"])
def test_recalls_of_weights_that_cancel_are_undefined_with_a_warning(name):
    """The mean of no recalls was NaN with NumPy's warning from inside."""
    with pytest.warns(UndefinedMetricWarning), pytest.warns(UserWarning, match="not in y_true"):
        assert math.isnan(getattr(metrics, name)([0, 0, 1, 1], [0, 1, 1, 0], sample_weight=[1, -1, 1, -1]))


@pytest.mark.parametrize("labels", [[0, 1], [7, 10**9], ["a", "b"]])
def test_confusion_matrix_adds_integer_weights_exactly(labels):
    """2^53 + 1 passed through doubles and lost the 1."""
    weight = np.array([2**53, 1, 2**62 - 1, 3])
    y_true, y_pred = np.take(labels, [0, 0, 1, 1]), np.take(labels, [0, 0, 1, 0])
    table = metrics.confusion_matrix(y_true, y_pred, sample_weight=weight)
    assert table.dtype == np.int64
    assert table.tolist() == [[2**53 + 1, 0], [3, 2**62 - 1]]


def test_confusion_matrix_of_weights_of_both_signs_may_leave_the_range_and_return():
    """A check of every step would refuse a sum that fits."""
    weight = np.array([2**62, 2**62, -(2**62)])
    assert metrics.confusion_matrix([0] * 3, [0] * 3, sample_weight=weight, labels=[0, 1])[0, 0] == 2**62


@pytest.mark.parametrize(
    "weight", [np.array([2**62, 2**62]), np.array([2**63, 1], np.uint64), np.array([1e308, 1.7e308])]
)
def test_confusion_matrix_refuses_sums_that_overflow(weight):
    """Sums of integers wrapped to a negative number, sums of doubles became NaN."""
    with pytest.raises(InvalidInputError, match=r"sample_weight: got .*; wanted .*"):
        metrics.confusion_matrix([0, 0], [0, 0], sample_weight=weight, labels=[0, 1])


@pytest.mark.parametrize("scale", [SMALLEST, 1e-310, 1e-200, 1e200, 1e308])
@pytest.mark.parametrize(
    ("name", "y_pred", "options"),
    [
        ("roc_auc_score", SCORE, {}),
        ("roc_auc_score", SCORE, {"max_fpr": 0.5}),
        ("average_precision_score", SCORE, {}),
        ("accuracy_score", PREDICTED, {}),
        ("balanced_accuracy_score", PREDICTED, {}),
        ("geometric_mean_score", PREDICTED, {}),
        ("f1_score", PREDICTED, {}),
        ("f1_score", PREDICTED, {"average": "macro"}),
        ("f1_score", PREDICTED, {"average": "weighted"}),
        ("jaccard_score", PREDICTED, {"average": "macro"}),
        ("cohen_kappa_score", PREDICTED, {"weights": "linear"}),
        ("hamming_loss", PREDICTED, {}),
        ("zero_one_loss", PREDICTED, {}),
        ("brier_score_loss", SCORE, {}),
        ("d2_log_loss_score", SCORE, {}),
        ("hinge_loss", SCORE, {}),
        ("log_loss", SCORE, {}),
    ],
)
def test_ratios_do_not_depend_on_the_scale_of_the_weights(name, y_pred, options, scale):
    """Sums of weights overflowed to NaN, and products of tiny ones underflowed to 0."""
    metric, weight = getattr(metrics, name), np.array([1.0, 1.0, 1.0, 1.0 if scale == SMALLEST else 1.7])
    scaled = metric(Y, y_pred, sample_weight=weight * scale, **options)
    assert scaled == pytest.approx(metric(Y, y_pred, sample_weight=weight, **options), rel=1e-12)


@pytest.mark.parametrize("scale", [SMALLEST, 1e308])
def test_rates_of_the_curve_do_not_depend_on_the_scale_of_the_weights(scale):
    """Infinity by infinity: every rate was NaN."""
    fpr, tpr, _ = metrics.roc_curve(Y, SCORE, sample_weight=np.full(4, scale))
    expected_fpr, expected_tpr, _ = metrics.roc_curve(Y, SCORE)
    np.testing.assert_array_equal((fpr, tpr), (expected_fpr, expected_tpr))


def test_normalised_confusion_matrix_takes_huge_weights():
    """The sums overflowed before the division."""
    table = metrics.confusion_matrix(Y, PREDICTED, sample_weight=WEIGHT * 1e308, normalize="all")
    expected = metrics.confusion_matrix(Y, PREDICTED, sample_weight=WEIGHT, normalize="all")
    np.testing.assert_allclose(table, expected, rtol=1e-14)


def test_accuracy_without_normalising_refuses_a_sum_that_overflows():
    """The sum was NaN in silence."""
    with pytest.raises(InvalidInputError, match=r"sample_weight: .*overflows"):
        metrics.accuracy_score(Y, PREDICTED, sample_weight=WEIGHT * 1e308, normalize=False)


@pytest.mark.parametrize("beta", [1e160, 1e200, 10**400])
def test_a_huge_beta_gives_recall(beta):
    """Its square overflowed, as an exception or to NaN."""
    value = metrics.fbeta_score(Y, PREDICTED, beta=beta, pos_label=0)
    assert value == pytest.approx(metrics.recall_score(Y, PREDICTED, pos_label=0), rel=1e-15)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
@pytest.mark.parametrize("offset", [2**53, 2**62])
def test_labels_around_the_precision_of_doubles_are_counted(dtype, offset):
    """The range of labels was rounded, and valid ones fell outside it."""
    labels = np.array([offset - 10, offset + 1], dtype)
    assert metrics.matthews_corrcoef(labels, labels) == 1.0
    assert metrics.confusion_matrix(labels, labels).tolist() == [[1, 0], [0, 1]]
    assert metrics.confusion_matrix(labels, labels, labels=labels[::-1]).tolist() == [[1, 0], [0, 1]]


def test_chosen_labels_of_another_integer_dtype_are_compared_exactly():
    """uint64 beside int64 were compared as doubles."""
    y_true, labels = np.array([2**53, 2**53 + 1]), np.array([2**53 + 1, 2**53], np.uint64)
    assert metrics.recall_score(y_true, y_true[::-1], labels=labels, average=None).tolist() == [0, 0]
    assert metrics.recall_score(y_true, y_true, labels=labels, average=None).tolist() == [1, 1]


@pytest.mark.parametrize("top", [2**60, 2**63])
def test_objects_that_are_integers_are_ranked_exactly(top):
    """Integers beyond 2^53 tied as doubles."""
    assert metrics.roc_auc_score([0, 1], np.array([top, top + 1], object)) == 1.0


def test_accuracy_of_strings_of_different_widths():
    """Strings are compared, not encoded; the widths of the two arrays may differ."""
    assert metrics.accuracy_score(["a", "bb", "b"], ["a", "b", "b"], sample_weight=[1, 2, 1]) == 0.5
