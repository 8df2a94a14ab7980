"""Bounded states: the metrics of the samples lie within the bounds, and the laws of a monoid hold."""

import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lossary.errors import UndefinedMetricError, UndefinedMetricWarning
from lossary.metrics.binary_criteria import BINARY_CRITERIA
from lossary.streaming import BoundedRankingState, Bounds, ExactRankingState

scores = st.one_of(
    st.floats(0, 1), st.integers(0, 8).map(lambda step: step / 8), st.sampled_from([-3.0, 9.0])
)
samples = st.lists(st.tuples(st.booleans(), scores, st.sampled_from([0.0, 0.1, 1.0])), max_size=60)


def columns(rows):
    return tuple(np.array([row[column] for row in rows]) for column in range(3))


@given(samples, st.integers(2, 30), st.booleans(), st.floats(0.01, 1))
def test_the_metrics_of_the_samples_lie_within_the_bounds(rows, bins, weighted, max_fpr):
    y, s, w = columns(rows)
    weight = w if weighted else np.ones(len(rows))
    if not (weight[y == 0].sum() > 0 and weight[y == 1].sum() > 0):
        return
    options = {"sample_weight": w} if weighted else {}
    exact, bounded = ExactRankingState(), BoundedRankingState(bins=bins)
    for state in (exact, bounded):
        state.update(y, s, **options)
    for bounds, value in [
        (bounded.roc_auc(), exact.roc_auc()),
        (bounded.average_precision(), exact.average_precision()),
        (bounded.partial_auc(max_fpr=max_fpr), exact.partial_auc(max_fpr=max_fpr)),
    ]:
        assert bounds.low <= value <= bounds.high
        assert bounds.low <= bounds.value <= bounds.high
        assert abs(bounds.value - value) <= bounds.error
    for metric in BINARY_CRITERIA:
        best, wanted = (state.best_threshold(metric=metric) for state in (bounded, exact))
        assert best.value <= wanted.value + 1e-15
        assert wanted.value <= best.high


@given(samples, st.integers(0, 60), st.booleans())
def test_cut_order_and_bytes_change_nothing(rows, cut, weighted):
    def state(part):
        y, s, w = columns(part)
        options = {"sample_weight": w} if weighted else {}
        return BoundedRankingState(bins=16).update(y.astype(bool), s, **options)

    whole, first, second = state(rows), state(rows[:cut]), state(rows[cut:])
    back = pickle.loads(pickle.dumps(second)).merge(first).merge(BoundedRankingState(bins=16))
    assert back == whole == first.merge(second)
    assert back.to_bytes() == whole.to_bytes()


def test_batches_of_several_threads_are_one():
    generator = np.random.default_rng(3)
    y, s = generator.random(100_000) < 0.2, generator.random(100_000)
    shared = BoundedRankingState()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda rows: shared.update(y[rows], s[rows]), np.array_split(np.arange(len(y)), 21)))
    assert shared == BoundedRankingState().update(y, s)
    area, exact = shared.roc_auc(), ExactRankingState().update(y, s).roc_auc()
    assert abs(area.value - exact) <= area.error < 1e-4


def test_points_are_those_of_the_samples_at_the_borders():
    y, s = [0, 1, 0, 1, 1], [0.05, 0.3, 0.35, 0.6, 0.95]
    fpr, tpr, thresholds = BoundedRankingState(bins=4).update(y, s).roc_curve(drop_intermediate=False)
    assert thresholds.tolist() == [np.inf, 0.75, 0.5, 0.25, 0.05]
    np.testing.assert_allclose(tpr, [0, 1 / 3, 2 / 3, 1, 1])
    np.testing.assert_allclose(fpr, [0, 0, 0, 0.5, 1])
    precision, recall, thresholds = BoundedRankingState(bins=4).update(y, s).precision_recall_curve()
    np.testing.assert_allclose(precision, [3 / 5, 3 / 4, 1, 1, 1])
    np.testing.assert_allclose(recall, [1, 1, 2 / 3, 1 / 3, 0])
    assert thresholds.tolist() == [0.05, 0.25, 0.5, 0.75]


def test_bounds_of_two_samples_in_one_bin_are_both_orders():
    state = BoundedRankingState(bins=2).update([0, 1], [0.1, 0.2])
    area, precision = state.roc_auc(), state.average_precision()
    assert area == Bounds(0.5, 0.0, 1.0)
    assert area.error == 0.5
    assert (precision.value, precision.high) == (0.5, 1.0)
    assert precision.low == pytest.approx(1 - np.log(2))  # the sharp bound is 1/2


def test_memory_does_not_grow():
    state = BoundedRankingState(bins=1000)
    assert state.nbytes == 0
    generator = np.random.default_rng(0)
    for _ in range(5):
        state.update(generator.random(10_000) < 0.5, generator.random(10_000))
        assert state.nbytes == 16_000


def test_undefined_metrics_are_those_of_the_exact_state():
    empty = BoundedRankingState()
    with pytest.raises(UndefinedMetricError, match="state: got no samples"):
        empty.compute()
    state = empty.update([0, 0], [0.1, 0.2])
    with pytest.warns(UndefinedMetricWarning, match="Only one class"):
        assert np.isnan(state.roc_auc()).all()
    with pytest.warns(UserWarning, match="No positive class"):
        assert state.average_precision() == (0, 0, 0)
    with pytest.raises(UndefinedMetricError, match="wanted both, for youden"):
        state.best_threshold(metric="youden")
    with pytest.raises(UndefinedMetricError, match="wanted both, for an area"):
        state.partial_auc(max_fpr=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert state.compute()[2:] == (0, 2)


def test_a_state_shows_its_bins_and_counts():
    shown = repr(BoundedRankingState(-1, 1, bins=8, pos_label="a").update(["a", "b"], [0, 1]))
    assert shown == "BoundedRankingState(-1.0, 1.0, bins=8, pos_label='a', positives=1, negatives=1)"
