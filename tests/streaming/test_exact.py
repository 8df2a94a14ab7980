"""Exact states against the metrics of all samples at once, the laws of a monoid, and integers of any size."""

import copy
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import pairwise

import lossary
import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import UndefinedMetricError, UndefinedMetricWarning
from lossary.metrics.binary_criteria import BINARY_CRITERIA
from lossary.streaming import ExactRankingState, RankingSummary

scores = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(-1, 1),
    st.floats(-1, 1, width=32),
    st.sampled_from([0.0, -0.0, 5e-324, 1e300, -1e300]),
)
samples = st.lists(st.tuples(st.booleans(), scores, st.sampled_from([0.0, 0.1, 1.0, 2.5])), max_size=40)


def state_of(rows, weighted=False, **options):
    y, s, w = (np.array([row[column] for row in rows]) for column in range(3))
    return ExactRankingState(**options).update(y.astype(bool), s, sample_weight=w if weighted else None)


def quietly(function):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function()


def told(state):
    """Everything that a state tells, as bytes and text that compare by bits."""
    if state == ExactRankingState():
        return b""
    answers = quietly(lambda: (state.compute()[:2], state.roc_curve(), state.precision_recall_curve()))
    return state.to_bytes(), repr(answers)


@pytest.fixture
def many():
    generator = np.random.default_rng(9)
    size = 200_000
    return generator.random(size) < 0.3, generator.normal(size=size).astype(np.float32)


@given(samples)
def test_a_state_tells_what_the_metrics_tell(rows):
    y, s = np.array([row[0] for row in rows], bool), np.array([row[1] for row in rows])
    if not 0 < y.sum() < len(y):
        return
    state = state_of(rows)
    assert state.roc_auc() == metrics.roc_auc_score(y, s)
    assert state.average_precision() == pytest.approx(metrics.average_precision_score(y, s), abs=1e-15)
    for keep in (False, True):
        ours, wanted = (
            each(drop_intermediate=keep)
            for each in (
                state.roc_curve,
                lambda drop_intermediate: metrics.roc_curve(y, s, drop_intermediate=drop_intermediate),
            )
        )
        for one, other in zip(ours, wanted, strict=True):
            np.testing.assert_array_equal(one, other)
    for one, other in zip(
        state.precision_recall_curve(), sklearn.metrics.precision_recall_curve(y, s), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-15)
    for max_fpr in (0.2, 0.5, 1.0):
        for ours, wanted in [
            (state.partial_auc(max_fpr=max_fpr), metrics.roc_auc_score(y, s, max_fpr=max_fpr)),
            (
                state.partial_auc(max_fpr=max_fpr, normalized=False),
                metrics.partial_auc(y, s, max_fpr=max_fpr, normalized=False),
            ),
        ]:
            assert ours == pytest.approx(wanted, abs=1e-12)


@given(samples)
def test_weights_agree_with_the_weighted_metrics(rows):
    y, s, w = (np.array([row[column] for row in rows]) for column in range(3))
    weight = np.array([sum(w[y == label]) for label in (0, 1)])
    if not np.all(weight > 0):
        return
    state = state_of(rows, weighted=True)
    assert state.roc_auc() == pytest.approx(metrics.roc_auc_score(y, s, sample_weight=w), abs=1e-14)
    wanted = metrics.average_precision_score(y, s, sample_weight=w)
    assert state.average_precision() == pytest.approx(wanted, abs=1e-14)
    positives, negatives = state.compute()[2:4]
    assert (positives, negatives) == pytest.approx((weight[1], weight[0]), rel=1e-14)


@given(samples, st.lists(st.integers(0, 40), max_size=5), st.booleans(), st.randoms(use_true_random=False))
def test_cut_order_bytes_and_copies_change_nothing(rows, cuts, weighted, random):
    whole = state_of(rows, weighted)
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    parts = [state_of(rows[start:end], weighted) for start, end in pairwise(edges)]
    random.shuffle(parts)
    parts = [
        random.choice([copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])(p) for p in parts
    ]
    merged = ExactRankingState()
    for part in parts:
        merged.merge(part)
    assert merged == whole
    assert told(merged) == told(whole)


def test_batches_of_several_threads_are_one(many):
    y, s = many
    whole = ExactRankingState().update(y, s)
    shared = ExactRankingState()
    cuts = np.array_split(np.arange(len(y)), 37)
    with ThreadPoolExecutor(4) as pool:
        assert all(each is shared for each in pool.map(lambda rows: shared.update(y[rows], s[rows]), cuts))
    assert shared == whole
    assert shared.to_bytes() == whole.to_bytes()


def test_states_that_merge_into_each_other_at_once_do_not_hang():
    one, other = (ExactRankingState().update([0, 1], [0.1, 0.2]) for _ in range(2))
    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(one.merge, other), pool.submit(other.merge, one)] * 20
        for task in tasks:
            task.result(timeout=60)
    assert one.merge(one).compute().roc_auc == 1.0


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_no_bit(many, threads):
    y, s = many
    lossary.set_num_threads(threads)
    try:
        state = ExactRankingState()
        for start in range(0, len(y), 70_000):
            state.update(y[start : start + 70_000], s[start : start + 70_000])
        assert state.roc_auc() == metrics.roc_auc_score(y, s)
        assert state.to_bytes() == ExactRankingState().update(y, s).to_bytes()
    finally:
        lossary.set_num_threads(None)


@pytest.mark.parametrize("doublings", [30, 40, 60])
def test_half_ranks_stay_exact_at_any_size(doublings):
    """A state merged with itself holds every sample 2**doublings times; Python counts the pairs."""
    y, s = [0, 1, 0, 1, 1], [0.1, 0.35, 0.4, 0.4, 0.8]
    state = ExactRankingState().update(y, s)
    for _ in range(doublings):
        state.merge(state)
    state.update([1], [0.0])  # one among 2**doublings * 5: it loses to every negative
    times = 2**doublings
    pairs = [(p, n) for p, a in zip(s, y, strict=True) if a for n, b in zip(s, y, strict=True) if not b]
    twice_wins = sum(2 * (p > n) + (p == n) for p, n in pairs) * times**2
    positives, negatives = 3 * times + 1, 2 * times
    summary = state.compute()
    assert summary.roc_auc == pytest.approx(float(Fraction(twice_wins, 2 * positives * negatives)), rel=4e-16)
    assert (summary.positives, summary.negatives) == (positives, negatives)
    assert summary.distinct_scores == 5
    tp, fp, precision = 0, 0, Fraction()
    for score in sorted({*s, 0.0}, reverse=True):
        new = times * sum(a for a, b in zip(y, s, strict=True) if b == score) + (score == 0.0)
        tp += new
        fp += times * sum(1 - a for a, b in zip(y, s, strict=True) if b == score)
        precision += Fraction(new * tp, tp + fp)
    assert summary.average_precision == pytest.approx(float(precision / positives), rel=9e-16)


@given(samples, st.sampled_from(sorted(BINARY_CRITERIA)))
def test_no_score_is_a_better_threshold(rows, metric):
    y, s = np.array([row[0] for row in rows], bool), np.array([row[1] for row in rows])
    if not 0 < y.sum() < len(y):
        return
    definitions = {
        "accuracy": sklearn.metrics.accuracy_score,
        "balanced_accuracy": sklearn.metrics.balanced_accuracy_score,
        "f1": sklearn.metrics.f1_score,
        "geometric_mean": metrics.geometric_mean_score,
        "jaccard": sklearn.metrics.jaccard_score,
        "matthews": sklearn.metrics.matthews_corrcoef,
        "precision": sklearn.metrics.precision_score,
        "recall": sklearn.metrics.recall_score,
        "specificity": lambda a, b: sklearn.metrics.recall_score(~a, ~b),
        "youden": lambda a, b: 2 * sklearn.metrics.balanced_accuracy_score(a, b) - 1,
    }
    values = {t: quietly(lambda t=t: definitions[metric](y, s >= t)) for t in [np.inf, *s.tolist()]}
    best = state_of(rows).best_threshold(metric=metric)
    assert best.value == pytest.approx(max(values.values()), abs=1e-12)
    assert values[best.threshold] == pytest.approx(best.value, abs=1e-12)
    assert all(value < best.value + 1e-12 for t, value in values.items() if t > best.threshold)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"metric": "matthews"},
        {"metric": lambda tp, fp, fn, tn: tp / (tp + fp + fn)},
        {"costs": {"fp": 1, "fn": 3}},
        {"metric": "precision", "constraints": ["recall >= 0.5", "false_positive_rate <= 0.9"]},
    ],
)
def test_the_best_threshold_is_that_of_all_samples(options, weighted):
    rng = np.random.default_rng(3)
    y, s, w = rng.random(200) < 0.4, rng.integers(0, 30, 200) / 4, rng.integers(1, 9, 200) / 4
    weight = w if weighted else None
    state = ExactRankingState()
    for part in np.array_split(np.arange(200), 3):
        state.update(y[part], s[part], sample_weight=None if weight is None else weight[part])
    ours, wanted = (
        np.array(choice[:-1], np.float64)
        for choice in (
            state.best_threshold(**options),
            metrics.best_threshold(y, s, sample_weight=weight, **options),
        )
    )
    np.testing.assert_allclose(ours, wanted, rtol=1e-12)


def test_an_empty_state_has_no_metric():
    state = ExactRankingState().update([], []).merge(ExactRankingState())
    for call in (
        state.compute,
        state.roc_auc,
        state.average_precision,
        state.roc_curve,
        state.precision_recall_curve,
        lambda: state.partial_auc(max_fpr=0.5),
        state.best_threshold,
    ):
        with pytest.raises(UndefinedMetricError, match="state: got no samples; wanted at least one"):
            call()


def test_one_class_is_undefined_as_in_the_metrics():
    negatives, positives = (ExactRankingState().update([label] * 3, [1, 2, 2]) for label in (0, 1))
    for state in (negatives, positives):
        with pytest.warns(UndefinedMetricWarning, match="Only one class is present"):
            assert np.isnan(state.roc_auc())
        with pytest.raises(UndefinedMetricError, match="wanted both, for an area"):
            state.partial_auc(max_fpr=0.5)
        with pytest.raises(UndefinedMetricError, match=r"y_true: got no (positives|negatives)"):
            state.best_threshold(metric="youden")
    with pytest.warns(UserWarning, match="No positive class found"):
        assert negatives.average_precision() == 0.0
    with pytest.warns(UserWarning, match="No positive class found"):
        assert negatives.precision_recall_curve()[1].tolist() == [1.0, 1.0, 0.0]
    with pytest.warns(UndefinedMetricWarning, match="No positive samples in y_true"):
        assert np.isnan(negatives.roc_curve()[1]).all()
    assert positives.average_precision() == 1.0
    assert quietly(positives.compute)[1:] == (1.0, 3, 0, 2)


def test_the_warning_points_at_the_caller():
    with pytest.warns(UndefinedMetricWarning) as caught:
        ExactRankingState().update([1], [1]).roc_auc()
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="No positive class") as caught:
        ExactRankingState().update([0], [1]).precision_recall_curve()
    assert caught[0].filename == __file__


def test_the_summary_is_a_tuple_of_python_numbers():
    summary = ExactRankingState().update([0, 1, 1], [1, 2, 2]).compute()
    assert summary == RankingSummary(1.0, 1.0, 2, 1, 2)
    assert [type(each) for each in summary] == [float, float, int, int, int]
    weighted = ExactRankingState().update([0, 1], [1, 2], sample_weight=[0.5, 0.25]).compute()
    assert (weighted.positives, weighted.negatives) == (0.25, 0.5)


def test_scores_of_any_dtype_are_the_same_scores():
    y, s = [0, 1, 1, 0, 1], [3, 1, 2, 2, 7]
    states = [
        ExactRankingState().update(y, np.array(s, dtype))
        for dtype in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "O")
    ]
    assert all(state == states[0] for state in states)
    assert {state.to_bytes() for state in states} == {states[0].to_bytes()}
    assert states[0].nbytes == 5 * 8


def test_a_state_shows_its_counts_and_options():
    assert (
        repr(ExactRankingState().update([0, 1, 1], [1, 2, 3]))
        == "ExactRankingState(positives=2, negatives=1)"
    )
    assert (
        repr(ExactRankingState(pos_label="a")) == "ExactRankingState(pos_label='a', positives=0, negatives=0)"
    )
