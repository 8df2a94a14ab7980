import inspect
import json
import math
from contextlib import suppress

import lossary
import numpy as np
import pytest
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricWarning
from lossary.evaluation import Categories, evaluate
from lossary.evaluation.plan import MEASURES, Reads
from lossary.evaluation.report import to_json

USUAL = [measure.name for measure in MEASURES.values() if measure.default]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y_true = (rng.random(400) < 0.3).astype(np.int8)
    y_score = 1 / (1 + np.exp(-(rng.normal(size=400) + 1.5 * y_true - 1)))
    return y_true, y_score.astype(np.float32)


def by_name(evaluation, group=None):
    return {result.metric: result for result in evaluation.results if result.group == group}


def test_each_value_is_that_of_the_metric(data):
    y_true, y_score = data
    weight = np.random.default_rng(1).random(400)
    for sample_weight in (None, weight):
        found = by_name(
            evaluate(y_true, y_score, sample_weight=sample_weight, metrics=list(MEASURES), num_resamples=0)
        )
        assert list(found) == list(MEASURES)
        for name, measure in MEASURES.items():
            prediction = y_score >= 0.5 if measure.reads is Reads.DECISIONS else y_score
            expected = getattr(metrics, name)(y_true, prediction, sample_weight=sample_weight)
            assert found[name].value == pytest.approx(expected, rel=1e-12)


def test_the_usual_metrics_each_have_an_interval_around_their_value(data):
    found = by_name(evaluate(*data, num_resamples=200))
    assert list(found) == USUAL
    for result in found.values():
        assert result.low < result.value < result.high
        assert result.reason == ""
    assert {name for name, result in found.items() if result.method != "percentile"} == {"roc_auc_score"}


def test_an_accuracy_interval_covers_the_true_accuracy_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    covered = 0
    for seed in range(150):
        y_true = rng.integers(0, 2, 150)
        y_score = np.where(rng.random(150) < 0.8, y_true, 1 - y_true)
        found = evaluate(
            y_true, y_score, metrics=["accuracy_score"], confidence=0.9, num_resamples=100, seed=seed
        ).results[0]
        covered += found.low <= 0.8 <= found.high
    assert 0.82 <= covered / 150 <= 0.96  # 0.9 with a standard error of 0.025


def test_results_are_the_same_for_any_number_of_threads(data):
    before = lossary.get_num_threads()
    try:
        found = []
        for threads in (1, 3):
            lossary.set_num_threads(threads)
            found.append(evaluate(*data, num_resamples=100, seed=4))
    finally:
        lossary.set_num_threads(before)
    assert found[0] == found[1]
    assert found[0] != evaluate(*data, num_resamples=100, seed=5)


def test_a_metrics_interval_does_not_depend_on_the_others(data):
    alone = evaluate(*data, metrics=["f1_score"], num_resamples=100)
    assert alone.results[0] == by_name(evaluate(*data, num_resamples=100))["f1_score"]


def test_a_group_is_scored_as_if_it_were_alone(data):
    y_true, y_score = data
    group = np.where(np.arange(400) % 3 == 0, "b", "a")
    weight = np.linspace(1, 2, 400)
    found = evaluate(y_true, y_score, sample_weight=weight, group=group, num_resamples=100)
    assert [part.group for part in found.parts] == [None, "a", "b"]
    for part in found.parts[1:]:
        rows = group == part.group
        alone = evaluate(y_true[rows], y_score[rows], sample_weight=weight[rows], num_resamples=100)
        assert part.rows == rows.sum()
        assert part.prevalence == alone.parts[0].prevalence
        for result, expected in zip(part.results, alone.results, strict=True):
            assert (result.value, result.low, result.high) == (expected.value, expected.low, expected.high)


def test_groups_may_be_categories_with_labels_that_no_row_has(data):
    group = Categories(np.tile([2, 0], 200), np.array(["z", "unused", "a"]))
    found = evaluate(*data, group=group, metrics=["roc_auc_score"])
    assert [part.group for part in found.parts] == [None, "a", "z"]
    assert found.parts[1].results[0].value == metrics.roc_auc_score(data[0][::2], data[1][::2])


def test_a_group_of_one_class_shows_what_is_undefined_and_why(data):
    y_true, y_score = data
    group = np.where(y_true == 1, "positive", "negative")
    found = evaluate(y_true, y_score, group=group, num_resamples=100)
    negative = by_name(found, "negative")
    for name in ("roc_auc_score", "average_precision_score", "recall_score"):
        assert negative[name].value is None
        assert negative[name].low is negative[name].high is negative[name].method is None
        assert negative[name].reason == "no positive row"
    assert negative["accuracy_score"].value is not None
    positive = by_name(found, "positive")
    assert positive["roc_auc_score"].reason == "no negative row"
    assert positive["recall_score"].value == by_name(found)["recall_score"].value


def test_a_precision_without_a_predicted_positive_is_undefined_not_zero(data):
    found = evaluate(*data, threshold=1.5, metrics=["precision_score"], num_resamples=100).results[0]
    assert found.value is None
    assert found.reason == "no row is predicted positive"


@pytest.mark.parametrize("threshold", [0.5, 1.5])
def test_a_bootstrap_that_never_varies_gives_no_interval(threshold):
    """All of 10 positives found is not certainty: at 95 % the true recall may be as low as 0.74."""
    y_true = np.arange(20) % 2
    found = by_name(evaluate(y_true, y_true.astype(float), threshold=threshold, num_resamples=100))
    recall = found["recall_score"]
    assert recall.value == (threshold == 0.5)
    assert recall.low is recall.high is recall.method is None
    assert recall.reason.startswith("no interval")
    assert found["average_precision_score"].low is None  # it differs from 1 in the last digit


def test_the_unit_of_the_weights_does_not_matter(data):
    y_true, y_score = data
    weight = np.random.default_rng(3).random(400) + 0.1
    ordinary, *others = (
        evaluate(y_true, y_score, sample_weight=weight * unit, num_resamples=100, seed=1)
        for unit in (1.0, 2.0**1022, 2.0**-1000)  # sums and products beyond the range of a float
    )
    assert all(other == ordinary for other in others)


def test_undefined_resamples_are_counted():
    y_true = np.array([1] * 2 + [0] * 30)
    y_score = np.array([1.0] + [0.0] * 31)
    found = evaluate(y_true, y_score, metrics=["recall_score"], num_resamples=400).results[0]
    assert found.undefined_resamples == pytest.approx(400 * (30 / 32) ** 32, abs=40)
    assert found.low is not None


def test_perfect_separation_has_the_interval_of_the_metric():
    found = evaluate([0, 0, 1, 1], [1, 2, 3, 4], metrics=["roc_auc_score"]).results[0]
    assert found.value == found.high == 1.0
    assert found.low < 0.7
    assert found.method == "newcombe"


def test_zero_resamples_leave_out_bootstrap_intervals_only(data):
    found = by_name(evaluate(*data, num_resamples=0))
    assert found["roc_auc_score"].low is not None
    assert found["f1_score"].low is found["f1_score"].method is None


def test_a_score_at_the_threshold_is_positive():
    found = evaluate([0, 1], [0.4, 0.5], metrics=["accuracy_score"], num_resamples=0).results[0]
    assert found.value == 1.0


def test_a_float32_score_at_the_threshold_is_positive():
    y_score = np.array([0.2, 0.3], dtype=np.float32)
    assert (
        evaluate([0, 1], y_score, threshold=0.3, metrics=["f1_score"], num_resamples=0).results[0].value == 1
    )


def test_the_brier_score_is_left_out_of_the_usual_metrics_where_scores_are_no_probabilities(data):
    y_true, y_score = data
    found = evaluate(y_true, 3 * y_score, num_resamples=0)
    assert [result.metric for result in found.results] == [name for name in USUAL if "brier" not in name]
    assert found.notes == ("brier_score_loss is left out: scores outside [0, 1]",)
    assert evaluate(y_true, y_score, num_resamples=0).notes == ()


def test_the_brier_score_asked_for_by_name_needs_probabilities(data):
    with pytest.raises(InvalidInputError, match=r"y_score: got scores outside \[0, 1\].*brier_score_loss"):
        evaluate(data[0], 3 * data[1], metrics=["brier_score_loss"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": ["f1_scor"]}, "metrics: got 'f1_scor'; wanted one such as f1_score"),
        ({"threshold": math.nan}, "threshold: got nan"),
        ({"confidence": 1.0}, "confidence: got 1"),
        ({"num_resamples": 10}, "num_resamples: got 10; wanted 0"),
        ({"num_resamples": -1}, "num_resamples: got -1"),
        ({"num_resamples": 10**9}, "num_resamples: got 1000000000; wanted 0 or 100 to 1000000"),
        ({"seed": -1}, "seed: got -1"),
        ({"seed": 2**64}, "seed: got 18446744073709551616"),
        ({"sample_weight": [1.0, -1.0, 1.0, 1.0]}, "sample_weight: got -1 at index 1"),
        ({"sample_weight": [0.0] * 4}, "sample_weight: got only zeros"),
        ({"sample_weight": [1.0, 1.0, math.nan, 1.0]}, "sample_weight: got nan at index 2"),
        ({"y_score": [0.1, math.nan, 0.2, 0.3]}, "y_score: got nan at index 1"),
        ({"y_score": [0.1, math.inf, 0.2, 0.3]}, "y_score: got inf at index 1"),
        ({"y_true": [], "y_score": []}, "y_true: got no rows"),
    ],
)
def test_a_bad_value_is_refused_naming_the_argument(options, message):
    arguments = {"y_true": [0, 0, 1, 1], "y_score": [0.1, 0.4, 0.35, 0.8]} | options
    with pytest.raises(InvalidInputError, match=message):
        evaluate(**arguments)


@pytest.mark.parametrize("name", ["y_score", "sample_weight", "group"])
def test_lengths_that_differ_are_refused(name):
    arguments = {"y_true": [0, 0, 1, 1], "y_score": [0.1, 0.4, 0.35, 0.8]} | {name: [0.5, 0.5, 1.0]}
    with pytest.raises(ShapeError, match=name):
        evaluate(**arguments)


@pytest.mark.parametrize("name", ["y_score", "sample_weight"])
def test_text_where_numbers_belong_is_refused(name):
    arguments = {"y_true": [0, 0, 1, 1], "y_score": [0.1, 0.4, 0.35, 0.8]} | {name: list("abcd")}
    with pytest.raises(DtypeError, match=f"{name}: got dtype <U1; wanted numbers"):
        evaluate(**arguments)


def test_one_metric_instead_of_a_sequence_is_refused():
    with pytest.raises(DtypeError, match="metrics: got the str 'f1_score'"):
        evaluate([0, 1], [0.1, 0.4], metrics="f1_score")


def test_a_column_of_identifiers_is_no_group():
    with pytest.raises(InvalidInputError, match="group: got 1001 groups; wanted at most 1000"):
        evaluate(np.arange(1001) % 2, np.ones(1001), group=np.arange(1001))


def test_the_inputs_are_not_changed(data):
    arrays = [data[0].copy(), data[1].copy(), np.ones(400), np.arange(400) % 2]
    for array in arrays:
        array.setflags(write=False)
    evaluate(arrays[0], arrays[1], sample_weight=arrays[2], group=arrays[3], num_resamples=100)
    np.testing.assert_array_equal(arrays[1], data[1])


def test_progress_rises_to_one(data):
    shares = []
    evaluate(*data, group=np.arange(400) % 2, num_resamples=100, advance=shares.append)
    assert shares[-1] == 1.0
    assert shares == sorted(shares)


def test_every_metric_of_a_binary_target_can_be_asked_for():
    """A metric that takes a target and one prediction, and no further choice, belongs in a plan.

    Metrics of several labels refuse such a target; for several classes it is too easy, and they warn.
    """
    scoring = set()
    for name in metrics.__all__:
        function = getattr(metrics, name)
        if not callable(function) or not name.endswith(("_score", "_loss", "_corrcoef")):
            continue
        parameters = inspect.signature(function).parameters.values()
        required = [each.name for each in parameters if each.default is each.empty]
        if len(required) == 2 and "sample_weight" in inspect.signature(function).parameters:
            with suppress(ShapeError, UndefinedMetricWarning):  # warnings are errors here
                function([0, 1, 1, 0], [0, 1, 0, 1])
                scoring.add(name)
    assert scoring == set(MEASURES)


def test_json_is_strict_and_has_the_stated_keys(data):
    y_true, y_score = data
    found = evaluate(y_true, y_score, group=y_true, metrics=["roc_auc_score", "f1_score"], num_resamples=100)
    document = json.loads(to_json(found, file="a.csv"), parse_constant=pytest.fail)
    assert {
        "lossary": lossary.__version__,
        "file": "a.csv",
        "rows": 400,
        "positives": int(y_true.sum()),
        "threshold": 0.5,
    }.items() <= document.items()
    assert len(document["results"]) == 6
    keys = {"metric", "group", "value", "low", "high", "method", "confidence"}
    assert all(keys <= result.keys() for result in document["results"])
    assert document["results"][2] == {
        "metric": "roc_auc_score",
        "group": "0",
        "value": None,
        "low": None,
        "high": None,
        "method": None,
        "confidence": 0.95,
        "reason": "no positive row",
        "undefined_resamples": 0,
    }
