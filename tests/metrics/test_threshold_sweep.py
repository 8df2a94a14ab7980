"""The confusion matrix and metrics of it at every threshold, against scikit-learn."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import confusion_matrix_at_thresholds, metric_at_thresholds
from lossary.metrics.binary_criteria import BINARY_CRITERIA, f_beta

DTYPES = (np.float64, np.float32, np.float16, np.int64, np.int8, np.uint16, np.bool_)
Y, S = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]


@st.composite
def ranked(draw):
    """Labels of some pair of values, scores with ties of some dtype, and weights, some of them zero."""
    count = draw(st.integers(1, 30))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    dtype = draw(st.sampled_from(DTYPES))
    score = (
        generator.integers(-8, 8, count).astype(dtype)
        if draw(st.booleans())
        else generator.normal(size=count)
    )
    pair = draw(st.sampled_from(((0, 1), (-1, 1), (False, True), (0.0, 1.0))))
    weight = draw(
        st.sampled_from((None, generator.integers(0, 4, count), generator.integers(0, 9, count) / 8))
    )
    assume(weight is None or weight.any())
    share = draw(st.sampled_from((0.0, 0.3, 0.9)))
    return np.where(generator.random(count) < share, pair[1], pair[0]), score, weight


@settings(max_examples=200)
@given(data=ranked(), pos_label=st.sampled_from((None, 0, 1)))
def test_confusion_matrices_agree(agree, data, pos_label):
    y_true, y_score, weight = data
    found = agree(
        "confusion_matrix_at_thresholds", y_true, y_score, sample_weight=weight, pos_label=pos_label
    )
    if not isinstance(found, Exception):
        assert found[4].dtype == y_score.dtype


@settings(max_examples=60)
@given(data=ranked(), names=st.permutations(("a", "b", "c")))
def test_confusion_matrices_of_strings_agree(agree, data, names):
    y_true = np.where(data[0] == 1, names[0], np.where(data[1] > 0, names[1], names[2]))
    for pos_label in (None, *names):
        agree("confusion_matrix_at_thresholds", y_true, data[1], pos_label=pos_label)


def both(tn_or_value, y_pred, *, sample_weight=None, scale=1.0):
    """A metric that shows all that it is given, in its order."""
    order = np.arange(1, len(y_pred) + 1)
    weight = np.ones(len(y_pred)) if sample_weight is None else sample_weight
    return scale * (tn_or_value * order) @ weight, (y_pred * order) @ weight


@settings(max_examples=100)
@given(data=ranked(), scale=st.sampled_from((None, 2.0)))
def test_functions_of_labels_see_what_scikit_learn_shows_them(agree, data, scale):
    y_true, y_score, weight = data
    params = None if scale is None else {"scale": scale}
    found = agree("metric_at_thresholds", y_true, y_score, both, sample_weight=weight, metric_params=params)
    assert found[1].dtype == y_score.dtype


@settings(max_examples=60)
@given(data=ranked(), name=st.sampled_from(("accuracy", "f1", "jaccard", "precision", "recall", "matthews")))
def test_a_named_criterion_is_the_metric_of_labels(data, name):
    y_true, y_score, weight = data
    positive = y_true == 1
    weighed = np.ones(len(y_true)) if weight is None else weight
    criterion = BINARY_CRITERIA[name]
    assume(weighed[positive].any() or not criterion.needs_positives)
    assume(weighed[~positive].any() or not criterion.needs_negatives)
    values, thresholds = metric_at_thresholds(positive, y_score, sample_weight=weight, criterion=name)
    function = {"accuracy": "accuracy_score", "matthews": "matthews_corrcoef"}.get(name, f"{name}_score")
    options = {} if function in ("accuracy_score", "matthews_corrcoef") else {"zero_division": 0.0}
    wanted, same = sklearn.metrics.metric_at_thresholds(
        positive,
        y_score,
        getattr(sklearn.metrics, function),
        sample_weight=weight,
        metric_params=options,
    )
    np.testing.assert_allclose(values, wanted, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(thresholds, same)


def test_a_function_of_counts_is_called_once():
    calls = []

    def recall(tp, fp, fn, tn):
        calls.append((tp, fp, fn, tn))
        return tp / (tp + fn)

    values, thresholds = metric_at_thresholds(Y, S, criterion=recall)
    assert values.tolist() == [0.5, 0.5, 1.0, 1.0]
    assert thresholds.tolist() == [0.8, 0.4, 0.35, 0.1]
    assert len(calls) == 1
    np.testing.assert_array_equal(calls[0], np.array(confusion_matrix_at_thresholds(Y, S)[:4])[[3, 1, 2, 0]])


def test_the_best_of_all_thresholds_is_the_best_threshold():
    generator = np.random.default_rng(0)
    y_true = generator.random(500) < 0.3
    y_score = np.round(generator.normal(size=500) + y_true, 2)
    for criterion in (*BINARY_CRITERIA, f_beta(2.0)):
        values, thresholds = metric_at_thresholds(y_true, y_score, criterion=criterion)
        choice = metrics.best_threshold(y_true, y_score, metric=criterion)
        assert choice.value == pytest.approx(max(values), abs=1e-15)
        if choice.threshold < np.inf:
            assert values[thresholds == choice.threshold] == pytest.approx(choice.value, abs=1e-15)


def test_a_criterion_takes_a_positive_class():
    values, _ = metric_at_thresholds(["n", "n", "y", "y"], S, criterion="recall", pos_label="y")
    assert values.tolist() == [0.5, 0.5, 1.0, 1.0]


def test_an_error_of_a_function_of_labels_comes_as_it_is():
    with pytest.raises(ZeroDivisionError):
        metric_at_thresholds(Y, S, lambda a, b: 1 / 0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: metric_at_thresholds(Y, S), InvalidInputError, "metric_func: got neither of"),
        (
            lambda: metric_at_thresholds(Y, S, max, criterion="f1"),
            InvalidInputError,
            "metric_func: got both of",
        ),
        (lambda: metric_at_thresholds(Y, S, "f1"), DtypeError, "metric_func: got str; wanted a function"),
        (lambda: metric_at_thresholds(Y, S, max, pos_label=1), InvalidInputError, "pos_label: got 1; wanted"),
        (
            lambda: metric_at_thresholds(Y, S, max, metric_params=1),
            DtypeError,
            "metric_params: got int; wanted",
        ),
        (
            lambda: metric_at_thresholds(Y, S, criterion="f1", metric_params={}),
            InvalidInputError,
            "metric_params: got some with a criterion; wanted",
        ),
        (
            lambda: metric_at_thresholds(Y, S, criterion="auc"),
            InvalidInputError,
            "criterion: got 'auc'; wanted",
        ),
        (
            lambda: metric_at_thresholds(Y, S, criterion=max),
            InvalidInputError,
            "criterion: got a function that rai",
        ),
        (
            lambda: metric_at_thresholds([0, 0], [1, 2], criterion="recall"),
            UndefinedMetricError,
            "no positives",
        ),
        (lambda: metric_at_thresholds(Y, S[:3], max), ShapeError, "y_score: got 3 samples; wanted 4"),
        (
            lambda: metric_at_thresholds(Y, S[:3], criterion="f1"),
            ShapeError,
            "y_score: got 3 samples; wanted 4",
        ),
        (lambda: metric_at_thresholds([], [], max), InvalidInputError, "y_true: got no samples"),
        (lambda: metric_at_thresholds([0, 1], [1, np.nan], max), InvalidInputError, "y_score: got NaN"),
        (
            lambda: confusion_matrix_at_thresholds([0, 1], [1, np.inf]),
            InvalidInputError,
            "y_score: got NaN or",
        ),
        (
            lambda: confusion_matrix_at_thresholds([0, 2], [1, 2]),
            InvalidInputError,
            "and no pos_label; wanted",
        ),
        (
            lambda: confusion_matrix_at_thresholds(3, [1, 2]),
            DtypeError,
            "y_true: got int; wanted an array-like",
        ),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_input_is_left_as_it_was():
    y_true, y_score, weight = np.array([0, 1, 1, 0]), np.array([4.0, 3.0, 2.0, 1.0]), np.ones(4)
    for each in (y_true, y_score, weight):
        each.setflags(write=False)
    metric_at_thresholds(y_true, y_score, both, sample_weight=weight)
    found = confusion_matrix_at_thresholds(y_true, y_score, sample_weight=weight)
    for each in found:
        each[0] = 7
    assert y_score.tolist() == [4, 3, 2, 1]
