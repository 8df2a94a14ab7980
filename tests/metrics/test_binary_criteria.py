"""Scores of the four counts: against the metrics of labels, and the same for numbers, arrays and tensors."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError
from lossary.metrics.binary_criteria import BINARY_CRITERIA, f_beta

ALL = {name: criterion.score for name, criterion in BINARY_CRITERIA.items()} | {"f_beta": f_beta(2.0)}


def exact(name: str, target: list[int], accepted: list[int]) -> float:
    options = {"zero_division": 0.0}
    match name:
        case "accuracy":
            return metrics.accuracy_score(target, accepted)
        case "balanced_accuracy":
            return metrics.balanced_accuracy_score(target, accepted)
        case "f1":
            return metrics.f1_score(target, accepted, **options)
        case "f_beta":
            return metrics.fbeta_score(target, accepted, beta=2.0, **options)
        case "geometric_mean":
            return metrics.geometric_mean_score(target, accepted)
        case "jaccard":
            f1 = metrics.f1_score(target, accepted, **options)
            return f1 / (2 - f1)
        case "matthews":
            return metrics.matthews_corrcoef(target, accepted)
        case "precision":
            return metrics.precision_score(target, accepted, **options)
        case "recall":
            return metrics.recall_score(target, accepted)
        case "specificity":
            return metrics.recall_score(target, accepted, pos_label=0)
        case "youden":
            return metrics.balanced_accuracy_score(target, accepted, adjusted=True)
    raise AssertionError(name)


def labels(tp: int, fp: int, fn: int, tn: int) -> tuple[list[int], list[int]]:
    return [1] * tp + [0] * fp + [1] * fn + [0] * tn, [1] * tp + [1] * fp + [0] * fn + [0] * tn


outcomes = st.tuples(*[st.integers(0, 9)] * 4)


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=60)
@given(counts=outcomes.filter(lambda counts: counts[0] + counts[2] > 0 and counts[1] + counts[3] > 0))
def test_equals_the_metric_of_the_labels(name, counts):
    assert ALL[name](*counts) == pytest.approx(exact(name, *labels(*counts)), rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=40)
@given(columns=st.lists(outcomes, min_size=1, max_size=5))
def test_arrays_give_the_scores_of_their_entries(name, columns):
    counts = np.array(columns).T
    wanted = [ALL[name](*column) for column in columns]
    for given_counts in (counts, counts.astype(np.float64), counts.astype(np.uint32)):
        np.testing.assert_array_equal(ALL[name](*given_counts), wanted)


@pytest.mark.parametrize("name", ALL)
def test_tensors_give_the_scores_of_their_entries_and_keep_their_dtype(name):
    torch = pytest.importorskip("torch")
    counts = np.array([[5, 2, 5, 18], [0, 0, 0, 0], [0, 3, 0, 2], [4, 0, 0, 1]]).T
    for dtype in (torch.float32, torch.float64):
        scores = ALL[name](*torch.tensor(counts, dtype=dtype))
        assert scores.dtype == dtype
        np.testing.assert_allclose(scores.numpy(), ALL[name](*counts), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", BINARY_CRITERIA)
@settings(max_examples=60)
@given(counts=st.tuples(*[st.floats(0, 1e6)] * 4), unit=st.sampled_from([1e-9, 1e9]))
def test_the_range_is_kept_and_the_unit_of_the_weights_does_not_count(name, counts, unit):
    counts = tuple(count if count > 1e-6 else 0.0 for count in counts)
    criterion = BINARY_CRITERIA[name]
    score = criterion.score(*counts)
    assert criterion.lowest - 1e-12 <= score <= 1 + 1e-12
    assert criterion.score(*(count * unit for count in counts)) == pytest.approx(score, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", BINARY_CRITERIA)
def test_the_ends_of_the_range_are_reached(name):
    criterion = BINARY_CRITERIA[name]
    assert criterion.score(3, 0, 0, 4) == pytest.approx(1.0, abs=1e-15)
    assert criterion.score(0, 4, 3, 0) == pytest.approx(criterion.lowest, abs=1e-15)


@pytest.mark.parametrize("name", BINARY_CRITERIA)
def test_a_missing_class_gives_a_number_and_the_table_says_which_it_spoils(name):
    criterion = BINARY_CRITERIA[name]
    without_positives = {criterion.score(0, fp, 0, 4 - fp) for fp in range(5)}
    without_negatives = {criterion.score(tp, 0, 4 - tp, 0) for tp in range(5)}
    for reached, needed in (
        (without_positives, criterion.needs_positives),
        (without_negatives, criterion.needs_negatives),
    ):
        assert all(math.isfinite(score) for score in reached)
        # a needed class that is missing leaves 1, the score of a flawless decision, out of reach
        assert not (needed and 1.0 in reached)


@pytest.mark.parametrize("name", ALL)
def test_gradients_are_finite_where_counts_vanish(name):
    torch = pytest.importorskip("torch")
    for counts in [(0, 0, 0, 0), (0, 0, 3, 4), (0, 3, 0, 4), (3, 0, 4, 0), (0, 3, 4, 0), (1e-38, 0, 0, 1)]:
        tensors = [torch.tensor(float(count), requires_grad=True) for count in counts]
        for gradient in torch.autograd.grad(ALL[name](*tensors), tensors, allow_unused=True):
            assert gradient is None or gradient.isfinite()


def test_beta_weighs_recall():
    counts = (4, 3, 1, 5)
    assert f_beta(0)(*counts) == ALL["precision"](*counts)
    assert f_beta(math.inf)(*counts) == f_beta(1e200)(*counts) == ALL["recall"](*counts)
    assert f_beta(1.0)(*counts) == ALL["f1"](*counts)


@pytest.mark.parametrize("beta", [-1.0, math.nan])
def test_beta_must_not_be_negative(beta):
    with pytest.raises(InvalidInputError, match="beta: got"):
        f_beta(beta)


@pytest.mark.parametrize("beta", ["1", True, None])
def test_beta_must_be_a_number(beta):
    with pytest.raises(DtypeError, match="beta: got"):
        f_beta(beta)


def test_a_nan_count_is_not_hidden():
    for score in ALL.values():
        assert math.isnan(score(math.nan, 1.0, 1.0, math.nan))
