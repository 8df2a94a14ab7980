"""Intervals of the area under the ROC curve: exact variances, their formulas, and degenerate data."""

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import _kernels
from lossary.errors import InvalidInputError, UndefinedMetricError, UndefinedMetricWarning
from lossary.metrics import Confidence, Interval, roc_auc_score
from lossary.metrics.auc_interval import _student_quantile

ANALYTIC = ("delong_newcombe", "delong_logit", "delong", "newcombe")
Z = scipy.stats.norm.ppf(0.975)


def exact(y_true, y_score, weight=None):
    """Area, and the parts of its variance from positives and negatives, as fractions."""
    weight = [Fraction(1)] * len(y_true) if weight is None else [Fraction(float(each)) for each in weight]
    samples = [
        (bool(label), float(score), share)
        for label, score, share in zip(y_true, y_score, weight, strict=True)
    ]
    positives = [(score, share) for label, score, share in samples if label]
    negatives = [(score, share) for label, score, share in samples if not label]

    def placements(own, others, sign):
        mass = sum(share for _, share in others)
        return [
            sum(
                share * Fraction((sign * score > sign * other) + (sign * score >= sign * other), 2)
                for other, share in others
            )
            / mass
            for score, _ in own
        ]

    def part(own, values):
        mass = sum(share for _, share in own)
        size = mass**2 / sum(share**2 for _, share in own)
        terms = sum(share**2 * (value - area) ** 2 for (_, share), value in zip(own, values, strict=True))
        return float(terms / mass**2 * size / (size - 1))

    of_positives, of_negatives = placements(positives, negatives, 1), placements(negatives, positives, -1)
    mass = sum(share for _, share in positives)
    area = sum(share * value for (_, share), value in zip(positives, of_positives, strict=True)) / mass
    return float(area), (part(positives, of_positives), part(negatives, of_negatives))


SAMPLES = st.lists(
    st.tuples(st.booleans(), st.integers(-3, 3) | st.floats(-1e300, 1e300), st.integers(1, 8)),
    min_size=4,
    max_size=20,
).map(lambda rows: [(label, *row[1:]) for label, row in zip([0, 0, 1, 1], rows, strict=False)] + rows[4:])


@settings(max_examples=300)
@given(rows=SAMPLES)
def test_variance_is_the_exact_one_rounded(rows):
    y_true, y_score, weight = (np.array(column, float) for column in zip(*rows, strict=True))
    area, parts = exact(y_true, y_score)
    assert _kernels.delong(y_true, y_score, None) == pytest.approx((area, *parts), rel=1e-15, abs=0)
    area, parts = exact(y_true, y_score, weight)
    assert _kernels.delong(y_true, y_score, weight) == pytest.approx((area, *parts), rel=1e-12, abs=1e-18)


@pytest.fixture(scope="module")
def overlap():
    generator = np.random.default_rng(7)
    y_true = np.repeat([1, 0], [30, 90])
    return y_true, np.round(generator.normal(size=120) + 1.2 * y_true, 1)


def test_methods_follow_their_formulas(overlap):
    y_true, y_score = overlap
    area, parts = exact(y_true, y_score)
    error = math.sqrt(sum(parts))

    def ends(method):
        value, low, high, used = roc_auc_score(y_true, y_score, confidence=Confidence(method=method))
        assert (value, used) == (roc_auc_score(y_true, y_score), method)
        return low, high

    assert ends("delong") == pytest.approx((area - Z * error, area + Z * error), rel=1e-12)
    centre, margin = math.log(area / (1 - area)), Z * error / (area * (1 - area))
    logit = [1 / (1 + math.exp(-centre + side * margin)) for side in (1, -1)]
    assert ends("delong_logit") == pytest.approx(logit, rel=1e-12)

    def hanley_mcneil(theta):
        shape = (1 - theta) / (2 - theta) + theta / (1 + theta)
        return theta * (1 - theta) * (1 + (120 / 2 - 1) * shape) / (30 * 90)

    newcombe = ends("newcombe")
    for end in newcombe:
        assert abs(end - area) == pytest.approx(Z * math.sqrt(hanley_mcneil(end)), rel=1e-9)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 29 + parts[1] ** 2 / 89)
    variance = (freedom * sum(parts) + 10 * hanley_mcneil(area)) / (freedom + 10)
    margin = scipy.stats.t.ppf(0.975, freedom + 10) * math.sqrt(variance) / (area * (1 - area))
    steadied = [1 / (1 + math.exp(-centre + side * margin)) for side in (1, -1)]
    low, high = max(steadied[0], min(logit[0], newcombe[0])), min(steadied[1], max(logit[1], newcombe[1]))
    assert ends("delong_newcombe") == pytest.approx((low, high), rel=1e-5)


def test_auto_is_delong_newcombe_and_a_number_is_a_level(overlap):
    by_level = roc_auc_score(*overlap, confidence=0.9)
    assert isinstance(by_level, Interval)
    assert by_level == roc_auc_score(*overlap, confidence=Confidence(level=0.9, method="delong_newcombe"))
    wider = roc_auc_score(*overlap, confidence=0.99)
    assert wider.low < by_level.low < by_level.value < by_level.high < wider.high


@pytest.mark.parametrize("freedom", [10.5, 12, 30, 1e6])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_student_quantile_has_four_digits(freedom, level):
    ours = _student_quantile(scipy.stats.norm.ppf((1 + level) / 2), freedom)
    assert ours == pytest.approx(scipy.stats.t.ppf((1 + level) / 2, freedom), rel=1e-4)


@pytest.mark.parametrize("method", ANALYTIC)
def test_intervals_mirror_when_scores_are_negated(overlap, method):
    y_true, y_score = overlap
    confidence = Confidence(method=method)
    one = roc_auc_score(y_true, y_score, confidence=confidence)
    other = roc_auc_score(y_true, -y_score, confidence=confidence)
    assert (other.low, other.high) == pytest.approx((1 - one.high, 1 - one.low), rel=1e-9)


@pytest.mark.parametrize("method", ANALYTIC)
def test_equal_weights_change_nothing(overlap, method):
    plain = roc_auc_score(*overlap, confidence=Confidence(method=method))
    weight = np.full(120, 3.5)
    weighted = roc_auc_score(*overlap, sample_weight=weight, confidence=Confidence(method=method))
    assert weighted[:3] == pytest.approx(plain[:3], rel=1e-9)


def test_weights_of_zero_drop_out(overlap):
    y_true, y_score = overlap
    weight = (np.arange(120) % 3 > 0).astype(float)
    kept = weight > 0
    for method in ANALYTIC:
        confidence = Confidence(method=method)
        weighted = roc_auc_score(y_true, y_score, sample_weight=weight, confidence=confidence)
        assert weighted[:3] == pytest.approx(
            roc_auc_score(y_true[kept], y_score[kept], confidence=confidence)[:3], rel=1e-9
        )


def test_weighted_variance_is_that_of_weighted_draws():
    """Weights that go with the scores, as those of unequal sampling: the mean variance is the variance."""
    generator = np.random.default_rng(11)
    y_true = np.repeat([1, 0], [150, 300])
    areas, variances = [], []
    for _ in range(1500):
        y_score = generator.normal(size=450) + y_true
        weight = np.exp(0.7 * y_score)
        areas.append(roc_auc_score(y_true, y_score, sample_weight=weight))
        variances.append(sum(_kernels.delong(y_true, y_score, weight)[1:]))
    assert np.mean(variances) == pytest.approx(np.var(areas), rel=0.12)


@pytest.mark.parametrize("positives", [2, 50])
def test_separation_has_an_honest_interval(positives):
    y_true = np.repeat([0, 1], [100, positives])
    for y_score, value in ((np.arange(100 + positives), 1.0), (-np.arange(100 + positives), 0.0)):
        interval = roc_auc_score(y_true, y_score, confidence=0.95)
        assert (interval.value, interval.method) == (value, "newcombe")
        inner = interval.low if value else 1 - interval.high
        assert 0 < inner < 1
        assert (interval.high if value else interval.low) == value
        # Fewer than one pair in a thousand wrong is not what a handful of samples can promise.
        assert inner < (0.95 if positives == 2 else 0.99)


def test_one_wrong_pair_is_close_to_separation():
    y_true = np.repeat([0, 1], [100, 50])
    y_score = np.arange(150)
    separated = roc_auc_score(y_true, y_score, confidence=0.95)
    y_score[[99, 100]] = y_score[[100, 99]]
    near = roc_auc_score(y_true, y_score, confidence=0.95)
    assert near.method == "delong_newcombe"
    assert separated.low - 0.02 < near.low < near.value < near.high <= 1


def test_scores_that_all_tie_do_not_promise_chance():
    interval = roc_auc_score([0, 1] * 30, np.ones(60), confidence=0.95)
    assert interval.method == "newcombe"
    assert interval.low < 0.4
    assert interval.high > 0.6


@pytest.mark.parametrize("y_true", [[0, 0, 0, 1], [0, 1, 1, 1]])
def test_one_sample_of_a_class_has_newcombe_only(y_true):
    y_score = [0.3, 0.1, 0.5, 0.4]
    interval = roc_auc_score(y_true, y_score, confidence=0.95)
    assert interval.method == "newcombe"
    assert 0 <= interval.low < interval.value < interval.high <= 1
    with pytest.raises(UndefinedMetricError, match="wanted two of each"):
        roc_auc_score(y_true, y_score, confidence=Confidence(method="delong"))


@pytest.mark.parametrize("method", ["delong", "delong_logit"])
def test_a_variance_of_nothing_is_refused(method):
    with pytest.raises(UndefinedMetricError, match="no variance; wanted classes that overlap"):
        roc_auc_score([0, 0, 1, 1], [1, 2, 3, 4], confidence=Confidence(method=method))


@pytest.mark.parametrize("method", ["auto", "bca"])
def test_one_class_is_nan_with_the_warning_of_the_metric(method):
    with pytest.warns(UndefinedMetricWarning, match="Only one class"):
        interval = roc_auc_score([1, 1, 1], [0.1, 0.2, 0.3], confidence=Confidence(method=method))
    assert np.isnan(interval[:3]).all()


def test_weights_below_zero_have_no_interval():
    with pytest.raises(InvalidInputError, match="sample_weight: got"):
        roc_auc_score([0, 0, 1, 1], [1, 3, 2, 4], sample_weight=[1, 1, 1, -0.5], confidence=0.9)


def test_coverage_is_near_the_level():
    """2,000 data sets of 200 samples, 60 of them positive: 95 % and five times its standard error."""
    generator = np.random.default_rng(5)
    y_true = np.repeat([1, 0], [60, 140])
    shift = math.sqrt(2) * scipy.stats.norm.ppf(0.8)
    held = 0
    for _ in range(2000):
        interval = roc_auc_score(y_true, generator.normal(size=200) + shift * y_true, confidence=0.95)
        held += interval.low <= 0.8 <= interval.high
    assert abs(held / 2000 - 0.95) < 0.024


def test_input_is_left_alone_and_any_array_like_will_do(overlap):
    y_true, y_score = overlap
    before = y_true.copy(), y_score.copy()
    wanted = roc_auc_score(y_true, y_score, confidence=0.95)
    assert roc_auc_score(list(y_true), tuple(y_score), confidence=0.95) == wanted
    names = np.where(y_true == 1, "yes", "no")
    assert roc_auc_score(names, y_score, confidence=np.float64(0.95)) == wanted
    assert np.array_equal(y_true, before[0])
    assert np.array_equal(y_score, before[1])


def test_max_fpr_takes_the_bootstrap(overlap):
    interval = roc_auc_score(*overlap, max_fpr=0.3, confidence=Confidence(resamples=200))
    assert interval.method == "bca"
    assert interval.value == roc_auc_score(*overlap, max_fpr=0.3)
    assert interval.low < interval.value < interval.high
    with pytest.raises(InvalidInputError, match="method: got 'delong'"):
        roc_auc_score(*overlap, max_fpr=0.3, confidence=Confidence(method="delong"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert roc_auc_score(*overlap, max_fpr=1.0, confidence=0.95).method == "delong_newcombe"


@pytest.mark.parametrize("method", ANALYTIC)
@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200])
def test_weights_of_a_class_have_any_scale(method, scale):
    y_true, y_score = np.array([0, 1] * 6), [1, 2, 3, 4, 2.7, 2.6, 5, 7, 6, 3.5, 4.5, 8]
    weight = np.linspace(0.5, 2, 12)
    settings = Confidence(method=method)
    wanted = roc_auc_score(y_true, y_score, sample_weight=weight, confidence=settings)
    scaled = np.where(y_true == 1, scale * weight, weight)
    found = roc_auc_score(y_true, y_score, sample_weight=scaled, confidence=settings)
    assert found[:3] == pytest.approx(wanted[:3], rel=1e-9)
