"""Isotonic fits against scikit-learn, and the best temperature against a search."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import errors, metrics
from scipy.optimize import minimize_scalar
from sklearn.isotonic import IsotonicRegression


@settings(max_examples=200)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 60),
    weigh=st.booleans(),
    dtype=st.sampled_from((np.float32, np.float64)),
    levels=st.sampled_from((5, 1000)),
)
def test_the_isotonic_fit_is_that_of_scikit_learn(seed, count, weigh, dtype, levels):
    generator = np.random.default_rng(seed)
    y_score = (generator.integers(0, levels, count) / levels * 8 - 4).astype(dtype)
    y_true = (generator.random(count) < 1 / (1 + np.exp(-y_score))).astype(int)
    weight = generator.random(count) + 0.01 if weigh else None
    fit = metrics.fit_isotonic(y_true, y_score, sample_weight=weight)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(y_score.astype(float), y_true, sample_weight=weight)
    new = np.concatenate([y_score, generator.uniform(-5, 5, 20)])
    np.testing.assert_allclose(fit.transform(new), theirs.predict(new.astype(float)), rtol=0, atol=1e-12)
    assert np.all(np.diff(fit.values) >= 0)
    assert np.all(np.diff(fit.thresholds) > 0)


def test_an_isotonic_fit_calibrates_its_own_samples():
    generator = np.random.default_rng(0)
    y_score = np.round(generator.normal(size=2000), 2)
    y_true = generator.random(2000) < 1 / (1 + np.exp(-2 * y_score))
    probability = metrics.fit_isotonic(y_true, y_score).transform(y_score)
    for value in np.unique(probability):
        assert y_true[probability == value].mean() == pytest.approx(value, abs=1e-12)


def test_labels_of_any_kind_and_the_number_of_threads_change_nothing(threads):
    generator = np.random.default_rng(0)
    y_score = generator.normal(size=200_000).astype(np.float32)
    y_true = generator.random(200_000) < 0.3
    found = []
    for count in (1, 2, 3):
        threads(count)
        fit = metrics.fit_isotonic(np.where(y_true, "yes", "no"), y_score, pos_label="yes")
        found.append(fit.values.tobytes() + fit.thresholds.tobytes())
    assert len(set(found)) == 1
    assert metrics.fit_isotonic(y_true, y_score).values.tobytes() == fit.values.tobytes()


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        (([], []), {}, "y_score: got no"),
        (([0, 1], [0.5]), {}, "y_true: got 2"),
        (([0, 1], [0.5, math.nan]), {}, "y_score: got NaN"),
        (([0, 1], [0.5, math.inf]), {}, "y_score: got NaN or inf"),
        (([0, 2], [0.5, 0.5]), {}, "y_true: got values"),
        (([0, 1], [0.5, 0.5]), {"sample_weight": [-1, 1]}, "sample_weight: got -1"),
        (([0, 1], [0.5, 0.5]), {"sample_weight": [0, 0]}, "sample_weight: got only zeros"),
    ],
)
def test_bad_samples_of_an_isotonic_fit_are_refused(args, options, message):
    with pytest.raises(errors.InvalidInputError) as caught:
        metrics.fit_isotonic(*args, **options)
    assert str(caught.value).startswith(message)
    with pytest.raises(errors.InvalidInputError, match=r"^y_score: got NaN"):
        metrics.fit_isotonic([0, 1], [0, 1]).transform([math.nan])


def loss_at(temperature, y_true, logits, weight):
    scaled = logits / temperature
    below = scaled - scaled.max(axis=1, keepdims=True)
    losses = np.log(np.exp(below).sum(axis=1)) - below[np.arange(len(y_true)), y_true]
    return np.average(losses, weights=weight)


@settings(max_examples=100)
@given(
    seed=st.integers(0, 2**32),
    columns=st.integers(2, 5),
    scale=st.sampled_from((1e-150, 1e-3, 1.0, 30.0, 1e6, 1e300)),
    shift=st.booleans(),
    weigh=st.booleans(),
)
def test_no_temperature_is_better(seed, columns, scale, shift, weigh):
    generator = np.random.default_rng(seed)
    y_true = generator.integers(0, columns, 60)
    y_true[:columns] = np.arange(columns)
    logits = generator.normal(size=(60, columns)) + 0.8 * np.eye(columns)[y_true]
    weight = generator.random(60) if weigh else None
    try:
        fit = metrics.fit_temperature(y_true, scale * (logits + 5 * shift), sample_weight=weight)
    except errors.UndefinedMetricError:
        found = minimize_scalar(
            lambda t: loss_at(10**t, y_true, logits, weight), bounds=(-3, 6), method="bounded"
        )
        assert abs(found.x) > 2
        return
    ours = fit.temperature / scale
    assert fit.log_loss == pytest.approx(loss_at(ours, y_true, logits, weight), rel=1e-9)
    for factor in (0.5, 0.999, 1.001, 2):
        assert loss_at(ours * factor, y_true, logits, weight) >= fit.log_loss - 1e-12
    found = minimize_scalar(
        lambda t: loss_at(10**t, y_true, logits, weight), bracket=(np.log10(ours) - 1, np.log10(ours) + 1)
    )
    assert ours == pytest.approx(10**found.x, rel=1e-5)
    assert fit.steps < 60


def test_a_true_temperature_is_found_and_undone():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(200_000, 3)) * 2
    rows = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    y_true = (generator.random((200_000, 1)) > rows.cumsum(axis=1)).sum(axis=1).clip(max=2)
    fit = metrics.fit_temperature(y_true, 3 * logits)
    assert fit.temperature == pytest.approx(3, rel=0.02)
    np.testing.assert_allclose(fit.transform(3 * logits), rows, atol=0.01)
    before = metrics.expected_calibration_error(
        y_true, metrics.TemperatureScaling(1.0, 0.0, 0).transform(3 * logits)
    )
    assert metrics.expected_calibration_error(y_true, fit.transform(3 * logits)) < before / 10


def test_one_axis_is_two_classes():
    generator = np.random.default_rng(1)
    logit = generator.normal(size=100)
    y_true = generator.random(100) < 1 / (1 + np.exp(-logit))
    one = metrics.fit_temperature(y_true, logit)
    two = metrics.fit_temperature(y_true.astype(int), np.column_stack([np.zeros(100), logit]))
    assert one == two
    np.testing.assert_array_equal(
        one.transform(logit), two.transform(np.column_stack([0 * logit, logit]))[:, 1]
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (([0, 1], [[1.0, 0.0], [0.0, 2.0]]), "logits: got the highest at the true class of every sample"),
        (([0, 1], [-3.0, 2.0]), "logits: got the highest at the true class"),
        (([0, 1], [3.0, -2.0]), "logits: got none that are higher at the true classes"),
        (([0, 1, 0], [[1.0, 1.0]] * 3), "logits: got the highest at the true class"),
    ],
)
def test_where_no_temperature_is_best_an_error_says_so(args, message):
    with pytest.raises(errors.UndefinedMetricError) as caught:
        metrics.fit_temperature(*args)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (([], []), "logits: got none"),
        (([0, 1], [math.nan, 1.0]), "logits: got NaN or infinity"),
        (([0, 1], [math.inf, 1.0]), "logits: got NaN or infinity"),
        (([0, 1], [1.0]), "y_true: got 2 samples"),
        (([0, 0], [[1.0, 2.0], [1.0, 2.0]]), "y_true: got one class"),
        (([0, 1], [[[1.0]]]), "logits: got shape"),
        (([0, 1, 2], [[1.0, 2.0]] * 3), "logits: got 2 columns"),
    ],
)
def test_bad_samples_of_a_temperature_are_refused(args, message):
    with pytest.raises(errors.InvalidInputError) as caught:
        metrics.fit_temperature(*args)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("fit", [metrics.fit_isotonic, metrics.fit_temperature])
def test_several_positive_classes_are_refused(fit):
    """NumPy compared them with the labels, one by one, or raised its error of broadcasting."""
    with pytest.raises(errors.DtypeError, match=r"pos_label: got \[0, 1\]; wanted one label"):
        fit([0, 1, 0], [0.1, 0.2, 0.3], pos_label=[0, 1])
