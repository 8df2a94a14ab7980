"""Values of metrics of predicted labels that a reader can check by hand, and what they share."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, UndefinedMetricWarning

Y, PREDICTED = [0, 1, 1, 2], [0, 1, 2, 2]
LABELS = np.array([[1, 0, 1], [0, 1, 0]])
GUESSED = np.array([[1, 1, 0], [0, 1, 0]])


def test_the_report_is_that_of_its_parts():
    report = metrics.classification_report(Y, PREDICTED, output_dict=True)
    each = metrics.precision_recall_fscore_support(Y, PREDICTED)
    for place, name in enumerate("012"):
        assert [*report[name].values()] == [column[place] for column in each]
    for average in ("macro", "weighted"):
        *three, _ = metrics.precision_recall_fscore_support(Y, PREDICTED, average=average)
        assert [*report[f"{average} avg"].values()] == [*three, 4.0]
    assert report["accuracy"] == metrics.accuracy_score(Y, PREDICTED) == 0.75


def test_the_report_of_indicators_has_pooled_and_row_averages():
    report = metrics.classification_report(LABELS, GUESSED, output_dict=True, zero_division=0)
    for average in ("micro", "samples"):
        *three, _ = metrics.precision_recall_fscore_support(LABELS, GUESSED, average=average, zero_division=0)
        assert [*report[f"{average} avg"].values()] == [*three, 3.0]
    assert "accuracy" not in report


def test_an_undefined_score_warns_once_in_a_report():
    with pytest.warns(UndefinedMetricWarning) as caught:
        metrics.classification_report(["a", "b"], ["b", "b"])
    assert [str(each.message)[:12] for each in caught] == ["Precision is"]
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("labels", "shown"),
    [([False, True], ["False", "True"]), ([0.0, 1.0], ["0.0", "1.0"]), ([0, 1], ["0", "1"])],
)
def test_a_report_shows_labels_as_they_came(labels, shown):
    assert [*metrics.classification_report(labels, labels, output_dict=True)][:2] == shown
    chosen = metrics.classification_report([0, 1], [0, 1], labels=labels, output_dict=True)
    assert [*chosen][:2] == shown


def test_a_matrix_for_each_class_has_its_four_counts():
    tables = metrics.multilabel_confusion_matrix(Y, PREDICTED, sample_weight=[1, 2, 3, 4])
    assert tables.tolist() == [[[9, 0], [0, 1]], [[5, 0], [3, 2]], [[3, 3], [0, 4]]]


@pytest.mark.parametrize("samplewise", [False, True])
def test_counts_of_indicators_add_up_to_the_entries(samplewise):
    tables = metrics.multilabel_confusion_matrix(LABELS, GUESSED, samplewise=samplewise)
    assert tables.dtype == np.int64
    assert tables.sum(axis=0).tolist() == [[2, 1], [1, 2]]


def test_average_over_rows_weighs_rows():
    values = [1 / 3, 1.0]
    plain = metrics.jaccard_score(LABELS, GUESSED, average="samples")
    assert plain == pytest.approx(sum(values) / 2)
    weighed = metrics.jaccard_score(LABELS, GUESSED, average="samples", sample_weight=[3, 1])
    assert weighed == pytest.approx((3 * values[0] + values[1]) / 4)


def test_jaccard_is_a_function_of_f1():
    f1 = metrics.f1_score(Y, PREDICTED, average=None)
    np.testing.assert_allclose(metrics.jaccard_score(Y, PREDICTED, average=None), f1 / (2 - f1), rtol=1e-15)


def test_only_the_named_scores_warn():
    with pytest.warns(UndefinedMetricWarning) as caught:
        metrics.precision_recall_fscore_support([0, 0], [0, 0], average="binary", warn_for=("recall",))
    assert [str(each.message)[:9] for each in caught] == ["Recall is"]


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), classes=st.integers(2, 5))
def test_kappa_does_not_know_which_annotator_came_first(seed, classes):
    first, second = np.random.default_rng(seed).integers(0, classes, (2, 40))
    for weights in (None, "linear", "quadratic"):
        one, other = (
            metrics.cohen_kappa_score(*pair, weights=weights) for pair in ((first, second), (second, first))
        )
        assert one == pytest.approx(other, rel=1e-12)


def test_kappa_of_two_classes_has_one_scale_of_disagreement():
    values = {
        metrics.cohen_kappa_score([0, 0, 1, 1], [0, 0, 1, 0], weights=each) for each in (None, "linear")
    }
    assert values == {0.5}


@pytest.mark.parametrize("scale", [1e-300, 1e307])
def test_kappa_does_not_depend_on_the_scale_of_the_weights(scale):
    weight = np.array([1.0, 2.0, 3.0, 1.5])
    value = metrics.cohen_kappa_score(Y, PREDICTED, sample_weight=weight * scale)
    assert value == pytest.approx(metrics.cohen_kappa_score(Y, PREDICTED, sample_weight=weight), rel=1e-12)


def test_kappa_names_its_own_arguments():
    with pytest.raises(InvalidInputError, match=r"^y2: got 2 samples; wanted 3, as y1"):
        metrics.cohen_kappa_score([0, 1, 0], [0, 1])
    with pytest.raises(InvalidInputError, match=r"^y1: got an indicator matrix"):
        metrics.cohen_kappa_score(LABELS, GUESSED)


def test_hamming_loss_counts_entries_and_zero_one_loss_rows():
    assert metrics.hamming_loss(LABELS, GUESSED) == pytest.approx(2 / 6)
    assert metrics.zero_one_loss(LABELS, GUESSED) == 0.5
    assert metrics.zero_one_loss(LABELS, GUESSED, normalize=False, sample_weight=[4, 1]) == 4.0


def test_log_loss_of_given_frequencies_is_their_entropy():
    y_true = np.repeat([0, 1, 2], [5, 3, 2])
    shares = np.array([0.5, 0.3, 0.2])
    entropy = -(shares * np.log(shares)).sum()
    proba = np.tile(shares, (10, 1))
    assert metrics.log_loss(y_true, proba) == pytest.approx(entropy, rel=1e-14)
    assert metrics.d2_log_loss_score(y_true, proba) == pytest.approx(0.0, abs=1e-14)


def test_an_impossible_event_costs_the_epsilon_of_its_dtype():
    for dtype in (np.float16, np.float32, np.float64):
        value = metrics.log_loss([0, 1], np.array([1, 0], dtype))
        assert value == pytest.approx(-math.log(np.finfo(dtype).eps), rel=1e-3)


@pytest.mark.parametrize("metric", [metrics.brier_score_loss, metrics.log_loss])
def test_sums_are_judged_by_the_precision_that_came(metric):
    thirds = np.full((3, 3), 1 / 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metric([0, 1, 2], thirds.astype(np.float16))
    with pytest.warns(UserWarning, match="do not sum to one"):
        metric([0, 1, 2], thirds.astype(np.float16).astype(np.float64))


def test_indicators_of_the_true_class_are_its_label():
    proba = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1]])
    y_true = np.array([2, 0, 0])
    rows = np.eye(3, dtype=int)[y_true]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metrics.log_loss(rows, proba) == metrics.log_loss(y_true, proba, labels=[0, 1, 2])
        assert metrics.brier_score_loss(rows, proba) == pytest.approx(
            metrics.brier_score_loss(y_true, proba, labels=[0, 1, 2]), rel=1e-14
        )


def test_hinge_loss_of_several_classes_is_that_of_the_nearest_rival():
    assert metrics.hinge_loss(
        [0, 1, 2], [[3.0, 1.0, 0.0], [0.0, 0.5, 0.25], [1.0, 0.0, 0.0]]
    ) == pytest.approx((0 + 0.75 + 2) / 3)


def test_hinge_loss_refuses_classes_that_labels_lack():
    with pytest.raises(InvalidInputError, match=r"^labels: got \[0, 1\]; wanted all of \[0, 1, 5\]"):
        metrics.hinge_loss([0, 1, 5], [0.1, 0.2, 0.3], labels=[0, 1])


def test_likelihood_ratios_without_a_positive_are_nan():
    with pytest.warns(UndefinedMetricWarning, match="No samples of the positive class"):
        both = metrics.class_likelihood_ratios([0, 0], [0, 1], replace_undefined_by=1.0)
    assert all(map(math.isnan, both))


@pytest.mark.parametrize("labels", [[1], [0, 1, 2]])
def test_likelihood_ratios_need_two_labels(labels):
    with pytest.raises(InvalidInputError, match=r"^labels: got [13] classes; wanted two"):
        metrics.class_likelihood_ratios([0, 1], [0, 1], labels=labels)


def test_values_that_replace_are_numbers():
    with pytest.raises(DtypeError, match=r"^replace_undefined_by: got 'x'"):
        metrics.class_likelihood_ratios([0, 1], [0, 1], replace_undefined_by="x")
    with pytest.raises(DtypeError, match=r"^replace_undefined_by: got 'x'"):
        metrics.cohen_kappa_score([0, 1], [0, 1], replace_undefined_by="x")


def test_a_sparse_indicator_matrix_is_read():
    sparse = pytest.importorskip("scipy.sparse")
    value = metrics.f1_score(sparse.csr_array(LABELS), sparse.csc_matrix(GUESSED), average="micro")
    assert value == metrics.f1_score(LABELS, GUESSED, average="micro")
    with pytest.raises(DtypeError, match=r"^y_true: got a sparse array of shape \(3, 1\)"):
        metrics.f1_score(sparse.csr_array([[0], [1], [1]]), [0, 1, 1])
