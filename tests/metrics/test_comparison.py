"""compare_roc_auc against the definition over all pairs, published data, and the bootstrap."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import errors, metrics, set_num_threads
from lossary.metrics import compare_roc_auc, roc_auc_score


def naive(y_true, vectors, weight=None):
    """Areas and covariance from all pairs of a positive and a negative."""
    y_true, vectors = np.asarray(y_true), np.asarray(vectors, float)
    weight = np.ones(len(y_true)) if weight is None else np.asarray(weight, float)
    own, other = weight[y_true == 1], weight[y_true == 0]
    wins = np.array(
        [np.sign(vector[y_true == 1][:, None] - vector[y_true == 0][None, :]) / 2 + 0.5 for vector in vectors]
    )
    of_positives, of_negatives = wins @ other / other.sum(), own @ wins / own.sum()
    areas = of_positives @ own / own.sum()

    def part(values, weight):
        deviations = (values - areas[:, None]) * weight / weight.sum()
        size = weight.sum() ** 2 / (weight**2).sum()
        return deviations @ deviations.T * size / (size - 1)

    return areas, part(of_positives, own) + part(of_negatives, other)


ROWS = st.integers(4, 25).flatmap(
    lambda count: st.tuples(
        st.lists(st.booleans(), min_size=count, max_size=count),
        st.lists(st.lists(st.integers(-4, 4), min_size=count, max_size=count), min_size=2, max_size=4),
        st.none() | st.lists(st.integers(1, 5), min_size=count, max_size=count),
    )
)


@settings(max_examples=200)
@given(rows=ROWS)
@pytest.mark.filterwarnings("ignore::lossary.errors.UndefinedMetricWarning")
def test_covariance_and_tests_are_those_of_all_pairs(rows):
    y_true, vectors, weight = rows
    y_true[:4] = [False, True, False, True]
    areas, covariance = naive(y_true, vectors, weight)
    found = compare_roc_auc(y_true, *vectors, sample_weight=weight)
    np.testing.assert_allclose(found.values, areas, rtol=1e-12)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-9, atol=1e-15)
    for index, (first, second) in enumerate(found.pairs):
        difference = areas[first] - areas[second]
        variance = covariance[first, first] + covariance[second, second] - 2 * covariance[first, second]
        assert found.differences[index] == pytest.approx(difference, abs=1e-12)
        if variance > 1e-9:
            z = difference / math.sqrt(variance)
            assert found.z[index] == pytest.approx(z, rel=1e-6, abs=1e-6)
            assert found.p_values[index] == pytest.approx(2 * scipy.stats.norm.sf(abs(z)), abs=1e-6)


@pytest.fixture(scope="module")
def three():
    generator = np.random.default_rng(3)
    y_true = generator.integers(0, 2, 400)
    shared = generator.normal(size=400) + y_true
    return y_true, [shared + noise * generator.normal(size=400) for noise in (0.3, 0.8, 2.0)]


def test_areas_are_those_of_the_metric(three):
    y_true, vectors = three
    found = compare_roc_auc(y_true, *vectors)
    assert found.values.tolist() == [roc_auc_score(y_true, vector) for vector in vectors]
    assert (found.positives, found.negatives) == (y_true.sum(), 400 - y_true.sum())
    assert found.pairs.tolist() == [[0, 1], [0, 2], [1, 2]]


def test_intervals_hold_together(three):
    y_true, vectors = three
    found = compare_roc_auc(y_true, *vectors, level=0.9)
    first, second = found.pairs.T
    variance = np.diag(found.covariance)[first] + np.diag(found.covariance)[second]
    error = np.sqrt(variance - 2 * found.covariance[first, second])
    margin = scipy.stats.norm.ppf(1 - 0.1 / 6) * error
    np.testing.assert_allclose(found.low, found.differences - margin, rtol=1e-9)
    np.testing.assert_allclose(found.high, found.differences + margin, rtol=1e-9)


def test_holm_steps_down(three):
    found = compare_roc_auc(three[0], *three[1])
    order = np.argsort(found.p_values)
    wanted = np.maximum.accumulate(found.p_values[order] * [3, 2, 1]).clip(max=1)
    np.testing.assert_allclose(found.adjusted_p_values[order], wanted, rtol=1e-12)


def test_an_array_of_vectors_is_the_same(three):
    y_true, vectors = three
    one, other = compare_roc_auc(y_true, *vectors), compare_roc_auc(y_true, np.array(vectors))
    assert one.covariance.tolist() == other.covariance.tolist()
    mixed = compare_roc_auc(y_true, vectors[0], vectors[1].astype(np.float32), vectors[2].tolist())
    assert mixed.values == pytest.approx(one.values, abs=1e-5)


def test_identical_rankings_do_not_differ(three):
    y_true, vectors = three
    for weight in (None, np.linspace(0.1, 2, 400)):
        for method in ("delong", "bootstrap"):
            found = compare_roc_auc(
                y_true, vectors[0], np.exp(vectors[0]), sample_weight=weight, method=method
            )
            assert (found.z[0], found.p_values[0], found.low[0], found.high[0]) == (0, 1, 0, 0)


def test_nearly_identical_rankings_keep_their_digits():
    """One swap among a million samples: the variance of the difference is far below rounding of its parts."""
    count = 200_000
    y_true = np.tile([0, 1], count // 2)
    first = np.arange(float(count))
    second = first.copy()
    second[[1000, 1001]] = second[[1001, 1000]]
    found = compare_roc_auc(y_true, first, second)
    pairs = (count / 2) ** 2
    assert found.differences[0] == pytest.approx(1 / pairs, rel=1e-4)
    # One placement of each class moves by 2 / count, the others stay.
    wanted = 2 * (2 / count) ** 2 * (1 - 2 / count) / (count / 2) / (count / 2 - 1)
    assert (found.differences[0] / found.z[0]) ** 2 == pytest.approx(wanted, rel=1e-4)


def test_a_difference_without_variance_has_no_test():
    with pytest.warns(errors.UndefinedMetricWarning, match="1 differences of areas have no variance"):
        found = compare_roc_auc([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1], [1, 2, 2, 3])
    assert np.isnan(found.z).tolist() == [True, False, False]
    assert np.isnan(found.adjusted_p_values).tolist() == [True, False, False]
    assert np.isnan([found.low, found.high]).tolist() == [[True, False, False]] * 2
    assert found.differences[0] == 1


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200])
def test_weights_of_a_class_have_any_scale(three, scale):
    y_true, vectors = three
    weight = np.linspace(0.5, 2, len(y_true))
    wanted = compare_roc_auc(y_true, *vectors, sample_weight=weight)
    found = compare_roc_auc(y_true, *vectors, sample_weight=np.where(y_true == 1, scale * weight, weight))
    assert found.covariance == pytest.approx(wanted.covariance, rel=1e-9)
    assert found.p_values == pytest.approx(wanted.p_values, rel=1e-6)


def test_the_bootstrap_agrees_with_delong(three):
    y_true, vectors = three
    delong = compare_roc_auc(y_true, *vectors)
    drawn = compare_roc_auc(y_true, *vectors, method="bootstrap", stratified=True, resamples=4000)
    np.testing.assert_allclose(drawn.covariance, delong.covariance, rtol=0.12, atol=2e-5)
    assert drawn.values.tolist() == delong.values.tolist()
    assert drawn.method == "bootstrap"


def test_groups_widen_the_bootstrap(three):
    y_true, vectors = three
    copies = [np.tile(column, 3) for column in (y_true, *vectors)]
    groups = np.tile(np.arange(400), 3)
    wide = compare_roc_auc(*copies, method="bootstrap", groups=groups)
    narrow = compare_roc_auc(*copies, method="bootstrap")
    ratio = np.diag(wide.covariance) / np.diag(narrow.covariance)
    assert ratio == pytest.approx([3, 3, 3], rel=0.25)


def test_bits_do_not_depend_on_threads():
    generator = np.random.default_rng(8)
    y_true = generator.integers(0, 2, 140_000)
    vectors = [generator.normal(size=140_000) + 0.2 * y_true for _ in range(2)]
    weight = generator.random(140_000)
    seen = []
    try:
        for threads in (1, 2, 3):
            set_num_threads(threads)
            for sample_weight in (None, weight):
                found = compare_roc_auc(y_true, *vectors, sample_weight=sample_weight)
                drawn = compare_roc_auc(y_true, *vectors, method="bootstrap", resamples=100)
                seen.append((found.covariance.tobytes(), found.z.tobytes(), drawn.covariance.tobytes()))
    finally:
        set_num_threads(None)
    assert len(set(seen)) == 2


SCORES = [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("args", "options", "error", "message"),
    [
        (([0, 0, 1, 1], SCORES), {}, errors.InvalidInputError, "y_scores: got one array of shape"),
        (([0, 0, 1, 1],), {}, errors.InvalidInputError, "y_scores: got 0 score vectors"),
        (([0, 0, 1, 1], [SCORES]), {}, errors.InvalidInputError, "y_scores: got 1 score vectors"),
        (
            ([0, 0, 1, 1], SCORES, SCORES[:3]),
            {},
            errors.ShapeError,
            r"y_scores\[1\]: got 3 samples; wanted 4",
        ),
        (([0, 0, 1, 1], SCORES, [1, 2, np.nan, 4]), {}, errors.InvalidInputError, r"^y_scores\[1\]: got NaN"),
        (([0, 0, 0, 1], SCORES, SCORES), {}, errors.UndefinedMetricError, "y_true: got 1 positives"),
        (([0, 1, 2, 1], SCORES, SCORES), {}, errors.InvalidInputError, "y_true: got a third value"),
        (([0, 0, 1, 1], SCORES, SCORES), {"level": 1.0}, errors.InvalidInputError, "level: got 1.0"),
        (([0, 0, 1, 1], SCORES, SCORES), {"method": "t"}, errors.InvalidInputError, "method: got 't'"),
        (([0, 0, 1, 1], SCORES, SCORES), {"groups": [1, 1, 2, 2]}, errors.InvalidInputError, "method: got"),
        (
            ([0, 0, 1, 1], SCORES, SCORES),
            {"sample_weight": [1, 1, 1, -1]},
            errors.InvalidInputError,
            "sample_weight: got a negative weight at position 3",
        ),
    ],
)
def test_bad_input_is_refused(args, options, error, message):
    with pytest.raises(error, match=message):
        compare_roc_auc(*args, **options)


def test_size_of_the_test_is_near_its_level():
    """Two noisy copies of the same signal: 5 % of p-values lie below 0.05, within five standard errors."""
    generator = np.random.default_rng(21)
    y_true = np.repeat([0, 1], [120, 80])
    rejected = 0
    for _ in range(1000):
        signal = generator.normal(size=200) + y_true
        first, second = (signal + generator.normal(size=200) for _ in range(2))
        rejected += metrics.compare_roc_auc(y_true, first, second).p_values[0] < 0.05
    assert abs(rejected / 1000 - 0.05) < 0.035


def test_samples_without_weight_are_not_counted():
    y_true, weight = np.arange(12) % 2, np.repeat([0.0, 1.0], 6)
    found = compare_roc_auc(y_true, np.arange(12) % 5, np.arange(12) % 7, sample_weight=weight)
    assert (found.positives, found.negatives) == (3, 3)
