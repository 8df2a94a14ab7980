"""Intervals of partial areas, verification metrics and grouped areas: each resample by the metric itself."""

import functools
import warnings

import numpy as np
import pytest
from lossary import _kernels
from lossary.errors import InvalidInputError, UndefinedMetricError
from lossary.metrics import equal_error_rate, grouped_auc, partial_auc, tar_at_far, verification_accuracy
from lossary.metrics.bootstrap import of_rows
from lossary.metrics.confidence import Confidence, Interval

OPTIONS = {"stratified": False, "groups": None, "resamples": 100, "seed": 3, "jackknife": True}
BOX = {"min_fpr": 0.05, "max_fpr": 0.6, "min_tpr": 0.2, "max_tpr": 0.9}

METRICS = {
    "partial_auc": functools.partial(partial_auc, **BOX),
    "partial_auc_share": functools.partial(partial_auc, normalized="share", min_tpr=0.7),
    "tar_at_far": lambda *args, **options: tar_at_far(*args, 0.1, **options),
    "tar_at_far_linear": lambda *args, **options: tar_at_far(*args, 0.1, interpolation="linear", **options),
    "equal_error_rate": equal_error_rate,
}

KERNELS = {
    "partial_area": (
        functools.partial(partial_auc, normalized=False, **BOX),
        [0.05, 0.6, 0.2, 0.9],
    ),
    "true_accept_rate": (METRICS["tar_at_far"], [0.1]),
    "true_accept_rate_linear": (METRICS["tar_at_far_linear"], [0.1]),
    "equal_error_rate": (equal_error_rate, []),
}


def samples(ties, count=60):
    generator = np.random.default_rng(5)
    y_true = generator.random(count) < 0.4
    y_score = generator.normal(size=count) + y_true
    weight = generator.integers(0, 4, count) / 2
    return y_true, np.round(y_score, 1) if ties else y_score, weight


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("weigh", [False, True])
def test_a_resample_is_the_metric_of_the_rows_that_are_drawn(name, ties, weigh):
    function, parameters = KERNELS[name]
    y_true, y_score, weight = samples(ties)
    drawn, left_out = _kernels.bootstrap_ranking(
        name, y_true, [y_score], weight if weigh else None, parameters=parameters, **OPTIONS
    )
    # The kernel numbers rows by score, and so does this order; ties among equals change nothing.
    order = np.lexsort((np.arange(len(y_true)), ~y_true, -y_score))
    resampler = _kernels.Resampler(len(y_true), None, None, OPTIONS["seed"])
    for draw in range(OPTIONS["resamples"]):
        counts = resampler.draw(draw).astype(float) * (weight[order] if weigh else 1.0)
        wanted = function(y_true[order], y_score[order], sample_weight=counts)
        assert drawn[draw] == pytest.approx(wanted, rel=1e-10, abs=1e-12)
    parts, of_row = resampler.blocks()
    for part in range(parts):
        counts = (of_row != part) * (weight[order] if weigh else 1.0)
        wanted = function(y_true[order], y_score[order], sample_weight=counts)
        assert left_out[part] == pytest.approx(wanted, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_a_resample_of_the_best_accuracy_chooses_its_own_threshold(ties):
    y_true, y_score, _ = samples(ties)
    drawn, _ = _kernels.bootstrap_ranking("best_accuracy", y_true, [y_score], None, **OPTIONS)
    order = np.lexsort((np.arange(len(y_true)), ~y_true, -y_score))
    resampler = _kernels.Resampler(len(y_true), None, None, OPTIONS["seed"])
    for draw in range(OPTIONS["resamples"]):
        rows = np.repeat(order, resampler.draw(draw))
        assert drawn[draw] == pytest.approx(
            verification_accuracy(y_true[rows], y_score[rows]).value, rel=1e-14
        )


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize("weigh", [False, True])
def test_the_interval_holds_the_value(name, method, weigh):
    y_true, y_score, weight = samples(ties=False, count=200)
    options = {"sample_weight": weight} if weigh else {}
    interval = METRICS[name](y_true, y_score, confidence=Confidence(method=method, resamples=400), **options)
    assert isinstance(interval, Interval)
    assert interval.value == METRICS[name](y_true, y_score, **options)
    assert interval.low < interval.value < interval.high
    assert interval.method == method
    wider = METRICS[name](
        y_true, y_score, confidence=Confidence(method=method, resamples=400, level=0.999), **options
    )
    assert wider.low < interval.low
    assert interval.high < wider.high


def test_verification_accuracy_has_an_interval_for_its_value():
    y_true, y_score, _ = samples(ties=False, count=200)
    plain = verification_accuracy(y_true, y_score)
    found = verification_accuracy(y_true, y_score, confidence=Confidence(method="percentile"))
    assert found.value.value == plain.value
    assert (found.threshold, found.per_fold) == (plain.threshold, None)
    assert found.value.low <= plain.value <= found.value.high


def test_scales_of_a_partial_area_move_its_ends_along():
    y_true, y_score, _ = samples(ties=False)
    raw = partial_auc(y_true, y_score, max_fpr=0.5, normalized=False, confidence=0.9)
    scaled = partial_auc(y_true, y_score, max_fpr=0.5, confidence=0.9)
    chance, perfect = 0.125, 0.5
    for one, other in zip(raw[:3], scaled[:3], strict=True):
        assert other == pytest.approx((1 + (one - chance) / (perfect - chance)) / 2, rel=1e-14)


@pytest.mark.parametrize("average", ["mean", "weighted", "pairs"])
def test_grouped_areas_draw_whole_groups(average):
    generator = np.random.default_rng(0)
    y_true, y_score = generator.integers(0, 2, 900), generator.normal(size=900)
    groups = generator.integers(0, 60, 900)
    settings = Confidence(resamples=500)
    interval = grouped_auc(y_true, y_score, groups, average=average, confidence=settings)
    each = grouped_auc(y_true, y_score, groups, average=None)
    sizes = {
        "mean": None,
        "weighted": each.positives + each.negatives,
        "pairs": each.positives * each.negatives,
    }
    assert interval[1:] == of_rows(each.values, sizes[average], settings)[1:]
    assert interval.value == grouped_auc(y_true, y_score, groups, average=average)
    assert interval.low < interval.value < interval.high


def test_where_an_interval_is_not_offered():
    y_true, y_score, _ = samples(ties=False)
    with pytest.raises(InvalidInputError, match=r"confidence: got 0\.9 with several rates"):
        tar_at_far(y_true, y_score, [0.1, 0.2], confidence=0.9)
    with pytest.raises(InvalidInputError, match=r"confidence: got 0\.9 with fold"):
        verification_accuracy(y_true, y_score, fold=np.arange(60) % 3, confidence=0.9)
    with pytest.raises(InvalidInputError, match=r"confidence: got 0\.9 with average=None"):
        grouped_auc(y_true, y_score, np.arange(60) % 3, average=None, confidence=0.9)


def test_the_kernel_refuses_parameters_that_do_not_fit():
    y_true, y_score, _ = samples(ties=False)
    for name, parameters in [("partial_area", [0.1]), ("true_accept_rate", []), ("roc_auc", [0.1])]:
        with pytest.raises(InvalidInputError, match="metric: got"):
            _kernels.bootstrap_ranking(name, y_true, [y_score], None, parameters=parameters, **OPTIONS)
    with pytest.raises(InvalidInputError, match="fpr: got"):
        _kernels.bootstrap_ranking(
            "partial_area", y_true, [y_score], None, parameters=[0.5, 0.1, 0.0, 1.0], **OPTIONS
        )


def test_too_few_of_a_class_leave_most_resamples_undefined():
    y_true = np.zeros(400, bool)
    y_true[0] = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interval = equal_error_rate(y_true, np.arange(400.0), confidence=Confidence(method="percentile"))
        assert interval.low <= interval.value <= interval.high
        with pytest.raises(UndefinedMetricError):
            equal_error_rate(
                [0, 1], [0.0, 1.0], confidence=Confidence(groups=["a", "b"], method="percentile")
            )
