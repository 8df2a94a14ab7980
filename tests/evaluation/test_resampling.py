"""Intervals of an evaluation are those of `lossary.metrics`, and its shortcuts draw what these draw."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from lossary import metrics
from lossary.errors import UndefinedMetricWarning
from lossary.evaluation import Plan, evaluate
from lossary.evaluation.cells import accuracy
from lossary.evaluation.plan import MEASURES, Reads
from lossary.evaluation.resampling import Resamples
from lossary.evaluation.rows import check_rows
from lossary.metrics import Confidence
from lossary.metrics.bootstrap import of_reweighted, of_rows
from scipy import stats

DECISIONS = [name for name, measure in MEASURES.items() if measure.reads is Reads.DECISIONS]
SETTINGS = Confidence(level=0.9, method="percentile", resamples=400, seed=3)
OPTIONS = {"confidence": 0.9, "num_resamples": 400, "seed": 3}


@pytest.fixture(scope="module", params=["ties", "float32"])
def data(request):
    rng = np.random.default_rng(0)
    y_true = rng.random(300) < 0.3
    y_score = 1 / (1 + np.exp(-(rng.normal(size=300) + 1.5 * y_true - 1)))
    return y_true, np.round(y_score, 1) if request.param == "ties" else y_score.astype(np.float32)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "weighted"])
def weight(request):
    return np.random.default_rng(1).random(300) if request.param else None


def interval(name, y_true, y_score, weight):
    found = evaluate(y_true, y_score, sample_weight=weight, metrics=[name], **OPTIONS).results[0]
    return found.low, found.high, found.method


def by_drawing_rows(metric, y_true, prediction, weight):
    def reweighted(counts):
        return metric(y_true, prediction, sample_weight=counts * (1.0 if weight is None else weight))

    return of_reweighted(reweighted, len(y_true), SETTINGS)


def test_the_interval_of_the_area_is_that_of_the_metric(data, weight):
    expected = metrics.roc_auc_score(*data, sample_weight=weight, confidence=0.9)
    assert interval("roc_auc_score", *data, weight) == expected[1:]
    assert expected.method == "delong_newcombe"


def test_the_interval_of_the_average_precision_is_that_of_the_metric(data, weight):
    expected = metrics.average_precision_score(*data, sample_weight=weight, confidence=SETTINGS)
    assert interval("average_precision_score", *data, weight) == expected[1:]


def test_the_interval_of_the_brier_score_is_that_of_a_mean_of_rows(data, weight):
    y_true, y_score = data
    expected = of_rows((y_score.astype(float) - y_true) ** 2, weight, SETTINGS)
    assert interval("brier_score_loss", *data, weight) == expected[1:]
    slow = by_drawing_rows(metrics.brier_score_loss, *data, weight)
    assert expected[1:3] == pytest.approx(slow[1:3], rel=1e-9)


@pytest.mark.parametrize("name", ["log_loss", "d2_log_loss_score", "hinge_loss"])
def test_the_interval_of_a_loss_of_rows_is_that_of_reweighting_the_metric(data, weight, name):
    low, high, _ = interval(name, *data, weight)
    slow = by_drawing_rows(getattr(metrics, name), *data, weight)
    assert (low, high) == pytest.approx(slow[1:3], rel=1e-9)


@pytest.mark.parametrize("name", DECISIONS)
def test_the_interval_of_weighted_decisions_is_that_of_reweighting_the_metric(data, name):
    y_true, y_score = data
    weight = np.random.default_rng(1).random(300)
    expected = by_drawing_rows(getattr(metrics, name), y_true, y_score >= 0.5, weight)
    low, high, method = interval(name, *data, weight)
    assert (low, high) == pytest.approx(expected[1:3], rel=1e-9)
    assert method == expected.method


def test_drawing_cells_has_the_distribution_of_drawing_rows(data):
    rows = check_rows(data[0], data[1], None, threshold=0.5)
    settings = Confidence(method="percentile", resamples=4000)
    cells = Resamples(rows, settings).cells
    assert (cells.sum(axis=0) == 300).all()
    one_by_one = Resamples(check_rows(data[0], data[1], np.ones(300), threshold=0.5), settings).cells
    for cell, expected in zip(cells, one_by_one, strict=True):
        assert stats.ks_2samp(cell, 2 * expected).pvalue > 0.001  # a weight of 1 is stored as 1/2


@pytest.mark.parametrize("name", DECISIONS)
def test_a_metric_of_cells_is_the_metric_with_its_undefined_cases(name):
    """All patterns of empty cells at once; the data are one row for each cell."""
    measure, y_true, y_pred = MEASURES[name], [0, 0, 1, 1], [0, 1, 0, 1]
    empty = [cells for size in range(4) for cells in combinations(range(4), size)]
    cells = np.array([[0.0 if cell in gone else cell + 1.5 for cell in range(4)] for gone in empty]).T
    found = measure.resampled(SimpleNamespace(cells=cells))
    assert len(found) == 15
    for value, weights in zip(found, cells.T, strict=True):
        if measure.undefined_reason(weights[2:].sum(), weights[:2].sum()) is not None:
            # The Matthews correlation of the package is 0 for one class, where an evaluation gives a reason.
            assert np.isnan(value)
        elif np.isnan(value):
            with pytest.warns(UndefinedMetricWarning):
                getattr(metrics, name)(y_true, y_pred, sample_weight=weights)
        else:
            expected = getattr(metrics, name)(y_true, y_pred, sample_weight=weights)
            assert value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["matthews_corrcoef", "geometric_mean_score"])
def test_counts_of_many_rows_do_not_overflow(name):
    """The product of the four margins is beyond 2^64."""
    y_true, y_pred = np.repeat([[0, 0, 1, 1], [0, 1, 0, 1]], [400_000, 100_000, 200_000, 300_000], axis=1)
    rows = check_rows(y_true == 1, y_pred, None, threshold=0.5)
    drawn = MEASURES[name].resampled(Resamples(rows, SETTINGS))
    assert drawn.mean() == pytest.approx(getattr(metrics, name)(y_true, y_pred), abs=1e-3)


def test_metrics_of_one_kind_share_their_draws(data):
    rows = check_rows(*data, None, threshold=0.5)
    resamples = Resamples(rows, Plan(**OPTIONS).bootstrap)
    right = resamples.cells[[0, 3]].sum(axis=0)
    assert resamples.cells is resamples.cells
    np.testing.assert_array_equal(MEASURES["accuracy_score"].resampled(resamples), right / 300)
    np.testing.assert_array_equal(accuracy(*resamples.cells), right / 300)


def test_a_group_of_tiny_weights_is_scored_by_their_ratios(data):
    weight = np.random.default_rng(1).random(300) + 0.1
    group = np.arange(300) % 2
    found = evaluate(
        *data, sample_weight=np.where(group, weight, weight * 2.0**-500), group=group, **OPTIONS
    ).parts[1]
    alone = evaluate(*(each[::2] for each in data), sample_weight=weight[::2], **OPTIONS).parts[0]
    assert [result.low for result in found.results] == [result.low for result in alone.results]


def test_no_bootstrap_without_resamples():
    assert Plan(num_resamples=0).bootstrap is None
