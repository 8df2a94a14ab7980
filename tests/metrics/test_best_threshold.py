"""The choice of a threshold, against every threshold in turn."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, LossaryError, ShapeError, UndefinedMetricError
from lossary.metrics import Confidence, Interval, ThresholdChoice, best_threshold
from lossary.metrics.binary_criteria import BINARY_CRITERIA, f1, f_beta
from lossary.metrics.bootstrap import of_reweighted
from lossary.metrics.threshold_goals import mean_cost

Y, S = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
CELLS = ("tp", "fp", "fn", "tn")


def every_choice(score, y_true, y_score, weight=None):
    """Value, threshold and counts at infinity and every distinct score with weight, from the top."""
    y_true, y_score = np.asarray(y_true) == 1, np.asarray(y_score, np.float64)
    weight = np.ones(len(y_true)) if weight is None else np.asarray(weight)
    found = []
    for threshold in [math.inf, *sorted({*y_score[weight != 0].tolist()}, reverse=True)]:
        accepted = y_score >= threshold
        cells = (accepted & y_true, accepted & ~y_true, ~accepted & y_true, ~accepted & ~y_true)
        counts = [float(weight[cell].sum()) for cell in cells]
        found.append((float(score(*counts)), threshold, *counts))
    return found


def naive_best(score, y_true, y_score, weight=None, allowed=lambda *counts: True):
    """The highest value, and of equal ones the first."""
    found = [each for each in every_choice(score, y_true, y_score, weight) if allowed(*each[2:])]
    return max(found, key=lambda each: (each[0], each[1])) if found else None


@st.composite
def samples(draw, both=True):
    """Labels, scores with ties, and weights whose sums are exact."""
    count = draw(st.integers(2, 25))
    y_true = draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    if both:
        y_true[:2] = 0, 1
    y_score = draw(st.lists(st.integers(-4, 4), min_size=count, max_size=count))
    weight = draw(st.lists(st.integers(1, 4), min_size=count, max_size=count))
    return np.array(y_true), np.array(y_score) / 4, np.array(weight) / 2


@settings(max_examples=100)
@given(data=samples(), name=st.sampled_from(sorted(BINARY_CRITERIA)), weighted=st.booleans())
def test_named_metrics_are_best_at_the_chosen_threshold(data, name, weighted):
    y_true, y_score, weight = data
    weight = weight if weighted else None
    choice = best_threshold(y_true, y_score, metric=name, sample_weight=weight)
    score = BINARY_CRITERIA[name].score
    wanted = naive_best(score, y_true, y_score, weight)
    assert choice.value == pytest.approx(wanted[0], abs=1e-15)
    assert choice[:1] + choice[2:6] == (score(*choice[2:6]), *choice[2:6])
    chosen = {each[1]: each for each in every_choice(score, y_true, y_score, weight)}[choice.threshold]
    assert choice[2:6] == chosen[2:]
    better = [each for each in chosen[:1] if each > choice.value + 1e-12]
    assert not better


@settings(max_examples=60)
@given(data=samples(), beta=st.sampled_from((0.0, 0.5, 1.0, 2.0, math.inf)))
def test_f_beta_and_a_function_of_the_same_formula_choose_alike(data, beta):
    y_true, y_score, _ = data
    found = best_threshold(y_true, y_score, metric=f_beta(beta))
    by_function = best_threshold(y_true, y_score, metric=lambda *counts: f_beta(beta)(*counts))
    assert found.value == pytest.approx(by_function.value, abs=1e-15)
    assert found.value == pytest.approx(naive_best(f_beta(beta), y_true, y_score)[0], abs=1e-15)


COSTS = st.fixed_dictionaries({}, optional={cell: st.integers(-3, 6) for cell in CELLS}).filter(bool)


@settings(max_examples=100)
@given(data=samples(both=False), costs=COSTS, weighted=st.booleans())
def test_costs_are_lowest_at_the_chosen_threshold(data, costs, weighted):
    y_true, y_score, weight = data
    weight = weight if weighted else None
    choice = best_threshold(y_true, y_score, costs=costs, sample_weight=weight)
    full = {cell: costs.get(cell, 0) for cell in CELLS}

    def gain(*counts):
        return -sum(full[cell] * count for cell, count in zip(CELLS, counts, strict=True)) / sum(counts)

    wanted = naive_best(gain, y_true, y_score, weight)
    assert choice.value == pytest.approx(-wanted[0], abs=1e-12)
    assert choice.value == mean_cost(full, *map(float, choice[2:6]))


@settings(max_examples=100)
@given(data=samples(), recall=st.sampled_from((0.0, 0.3, 0.5, 1.0)), share=st.sampled_from((0.0, 0.25, 0.7)))
def test_constraints_hold_at_the_chosen_threshold(data, recall, share):
    y_true, y_score, _ = data
    constraints = [f"recall >= {recall}", f"false_positive_rate <= {share!r}"]

    def allowed(tp, fp, fn, tn):
        return tp >= recall * (tp + fn) and fp / (fp + tn) <= share

    wanted = naive_best(f1, y_true, y_score, allowed=allowed)
    if wanted is None:
        with pytest.raises(
            UndefinedMetricError, match=r"constraints: got .*, which no threshold meets; wanted"
        ):
            best_threshold(y_true, y_score, constraints=constraints)
    else:
        choice = best_threshold(y_true, y_score, constraints=constraints)
        assert choice[:2] == pytest.approx(wanted[:2])
        assert allowed(*choice[2:6])


def test_accepting_nothing_is_a_choice():
    choice = best_threshold([0, 0, 1], [3.0, 2.0, 1.0], metric="accuracy")
    assert choice == ThresholdChoice(2 / 3, math.inf, 0, 0, 1, 2)


def test_of_equally_good_thresholds_the_largest_is_taken():
    y_true, y_score = [1, 0, 1, 0], [4.0, 3.0, 2.0, 1.0]  # accuracy 3/4 at 4 and at 2
    for metric in ("accuracy", lambda tp, fp, fn, tn: tp + tn):
        assert best_threshold(y_true, y_score, metric=metric).threshold == 4.0


def test_a_named_function_of_the_table_is_the_name():
    assert best_threshold(Y, S, metric=f1) == best_threshold(Y, S, metric="f1") == best_threshold(Y, S)


def test_points_where_a_function_is_nan_are_not_chosen():
    choice = best_threshold(Y, S, metric=lambda tp, fp, fn, tn: tp / (tp + fp))  # 0 / 0 at infinity
    assert choice[:2] == (1.0, 0.8)


def test_an_infinite_value_can_be_best():
    assert best_threshold(Y, S, metric=lambda tp, fp, fn, tn: tp / fp)[:2] == (math.inf, 0.8)


def test_a_function_is_called_once_for_all_thresholds():
    calls = []
    best_threshold(Y, S, metric=lambda tp, fp, fn, tn: calls.append(tp.tolist()) or tp)
    assert calls == [[0, 1, 1, 2, 2]]


def test_unit_weights_change_nothing():
    plain = best_threshold(Y, S, metric="matthews")
    assert best_threshold(Y, S, metric="matthews", sample_weight=np.ones(4)) == plain


def test_labels_of_other_kinds_have_a_positive_one():
    assert best_threshold(np.array(["no", "no", "yes", "yes"]), S, pos_label="yes") == best_threshold(Y, S)
    assert best_threshold(np.where(Y == 1, 1, -1), S) == best_threshold(Y, S)


INDICATORS = np.column_stack([Y, 1 - Y, [1, 0, 1, 1]])
SCORES = np.column_stack([S, S, [0.2, 0.3, 0.1, 0.9]])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("weight", [None, np.array([1.0, 2.0, 1.0, 3.0])])
def test_every_label_has_its_own_choice(order, weight):
    found = best_threshold(INDICATORS, np.asarray(SCORES, order=order), metric="youden", sample_weight=weight)
    assert found.names.tolist() == [0, 1, 2]
    for place in range(3):
        alone = best_threshold(INDICATORS[:, place], SCORES[:, place], metric="youden", sample_weight=weight)
        assert tuple(field[place] for field in found[1:]) == alone[:6]


def test_every_class_is_chosen_for_against_the_rest():
    classes = np.array(["b", "a", "c", "b"])
    found = best_threshold(classes, SCORES)
    assert found.names.tolist() == ["a", "b", "c"]
    for place, name in enumerate(found.names):
        assert found.thresholds[place] == best_threshold(classes == name, SCORES[:, place]).threshold


@pytest.mark.parametrize("weight", [None, np.arange(1.0, 7.0)])
def test_every_group_has_its_own_choice(weight):
    y_true, y_score = np.array([1, 0, 1, 0, 1, 0]), np.array([0.9, 0.2, 0.1, 0.5, 0.7, 0.6])
    groups = np.array(["b", "b", "a", "a", "a", "b"])
    found = best_threshold(y_true, y_score, metric="accuracy", groups=groups, sample_weight=weight)
    assert found.names.tolist() == ["a", "b"]
    for place, name in enumerate("ab"):
        own = groups == name
        options = {} if weight is None else {"sample_weight": weight[own]}
        alone = best_threshold(y_true[own], y_score[own], metric="accuracy", **options)
        assert tuple(field[place] for field in found[1:]) == alone[:6]


def test_a_group_or_column_without_a_class_is_named():
    with pytest.raises(UndefinedMetricError, match=r"no positives, .*, in group 'x'"):
        best_threshold([0, 1, 0, 0], S, metric="recall", groups=["y", "y", "x", "x"])
    with pytest.raises(UndefinedMetricError, match=r"no negatives, .*, in column 1"):
        best_threshold([[0, 1], [1, 1]], [[0.1, 0.2], [0.3, 0.4]], metric="specificity")


@pytest.mark.parametrize("name", sorted(BINARY_CRITERIA))
@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("weight", [None, [1.0, 2.0]])
def test_a_missing_class_is_undefined_where_the_table_says_so(name, label, weight):
    criterion = BINARY_CRITERIA[name]
    call = {"metric": name, "sample_weight": weight}
    if criterion.needs_negatives if label else criterion.needs_positives:
        missing = "negatives" if label else "positives"
        with pytest.raises(UndefinedMetricError, match=f"y_true: got no {missing}"):
            best_threshold([label] * 2, [1.0, 2.0], **call)
    else:
        assert 0 <= best_threshold([label] * 2, [1.0, 2.0], **call).value <= 1


def noisy(count=80):
    generator = np.random.default_rng(3)
    y_true = np.arange(count) % 2
    return y_true, np.round(generator.normal(size=count) + 1.5 * y_true, 1)


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"metric": lambda tp, fp, fn, tn: (tp + tn) / (tp + fp + fn + tn)},
        {"costs": {"fp": 1, "fn": 2}},
        {"metric": "matthews", "constraints": "recall >= 0.7"},
        {"sample_weight": np.arange(80) % 3 + 0.5},
    ],
)
def test_an_interval_chooses_anew_in_every_resample(method, options):
    y_true, y_score = noisy()
    settings = Confidence(level=0.8, method=method, resamples=100)
    plain = best_threshold(y_true, y_score, **options)
    found = best_threshold(y_true, y_score, confidence=settings, **options)
    assert isinstance(found.value, Interval)
    assert found._replace(value=plain.value, threshold_range=None) == plain
    assert found.value.value == plain.value
    assert found.value.low < found.value.high
    low, high = found.threshold_range
    assert low <= high
    assert {low, high} <= {math.inf, *y_score.tolist()}


@pytest.mark.parametrize("stratified", [False, True])
def test_an_interval_is_that_of_choices_on_reweighted_samples(stratified):
    y_true, y_score = noisy()
    settings = Confidence(resamples=100, stratified=stratified)

    def chosen(times):
        return best_threshold(y_true, y_score, metric="youden", sample_weight=times).value

    found = best_threshold(y_true, y_score, metric="youden", confidence=settings).value
    wanted = of_reweighted(chosen, len(y_true), settings, classes=y_true)
    assert found[:3] == pytest.approx(wanted[:3])


ONE, TWO = ([0, 1], [1.0, 2.0]), (INDICATORS, SCORES)
BAD = [
    (ONE, {"metric": "auc"}, InvalidInputError, "metric: got 'auc'; wanted one of 'accuracy'"),
    (ONE, {"metric": "f1", "costs": {"fp": 1}}, InvalidInputError, "metric: got 'f1' with costs; wanted"),
    (ONE, {"costs": (1, 2)}, DtypeError, "costs: got tuple; wanted a mapping"),
    (ONE, {"costs": {}}, InvalidInputError, r"costs: got the keys \[\]; wanted some of tp"),
    (ONE, {"costs": {"FP": 1}}, InvalidInputError, r"costs: got the keys \['FP'\]; wanted some of tp"),
    (ONE, {"costs": {"fp": "1"}}, DtypeError, "costs: got '1' for fp; wanted a number"),
    (ONE, {"costs": {"fp": math.nan}}, InvalidInputError, "costs: got nan for fp; wanted"),
    (ONE, {"constraints": 0.9}, DtypeError, "constraints: got 0.9; wanted one string or several"),
    (ONE, {"constraints": [0.9]}, DtypeError, "constraints: got .*; wanted one string or several"),
    (ONE, {"constraints": "recall > 0.9"}, InvalidInputError, "constraints: got 'recall > 0.9'; wanted"),
    (ONE, {"constraints": "rec >= 0.9"}, InvalidInputError, "constraints: got 'rec'; wanted one of"),
    (ONE, {"constraints": "recall >= x"}, InvalidInputError, "constraints: got .*; wanted a number"),
    (ONE, {"constraints": "recall >= nan"}, InvalidInputError, "constraints: got .*; wanted a finite"),
    (ONE, {"constraints": "recall >= 1.5"}, UndefinedMetricError, "wanted 1 at most, which can be had$"),
    (ONE, {"metric": lambda *counts: 1 / 0}, InvalidInputError, "metric: got a function that raises Zero"),
    (ONE, {"metric": lambda tp: tp}, InvalidInputError, "metric: got a function that raises TypeError"),
    (ONE, {"metric": lambda *counts: 1.0}, ShapeError, r"returns shape \(\); wanted \(3,\)"),
    (ONE, {"metric": lambda *counts: counts[0] * 1j}, InvalidInputError, "returns complex128; wanted real"),
    (ONE, {"metric": lambda *counts: ["a"] * 3}, InvalidInputError, "returns <U1; wanted real numbers"),
    (ONE, {"metric": lambda *counts: counts[0] * math.nan}, UndefinedMetricError, "metric: got NaN at every"),
    (ONE, {"confidence": 0.9, "groups": [1, 2]}, InvalidInputError, "confidence: got a level with several"),
    (TWO, {"confidence": 0.9}, InvalidInputError, "confidence: got a level with several"),
    (TWO, {"groups": Y}, InvalidInputError, "groups: got .* with several columns; wanted None"),
    (TWO, {"pos_label": 1}, InvalidInputError, "pos_label: got 1 with several columns; wanted None"),
    ((Y, SCORES), {}, ShapeError, r"y_score: got shape \(4, 3\); wanted \(4, 2\)"),
    (TWO, {"sample_weight": [1, -1, 1, 1]}, InvalidInputError, "sample_weight: got negative weights"),
    (ONE, {"sample_weight": [1, -1]}, InvalidInputError, "sample_weight: got negative weights"),
    (ONE, {"groups": [1]}, ShapeError, "groups: got 1 samples; wanted 2"),
    (([0, 1], [1.0]), {}, ShapeError, "y_score: got 1 samples; wanted 2"),
    (([0, 2], [1.0, 2.0]), {}, InvalidInputError, "y_true: got values {0, 2} and no pos_label"),
    (([0, 1], [1.0, math.nan]), {}, InvalidInputError, "y_score: got NaN"),
    (([0, 1], [1.0, math.inf]), {"sample_weight": [1, 1]}, InvalidInputError, "y_score: got NaN or inf"),
    (([], []), {}, InvalidInputError, "got no samples"),
    (([], []), {"costs": {"tp": 1}}, InvalidInputError, "got no samples"),
    (([1], [1.0]), {"confidence": 0.9}, UndefinedMetricError, "confidence: got 1 row"),
]


@pytest.mark.parametrize(("args", "options", "error", "message"), BAD)
def test_bad_input_is_refused(args, options, error, message):
    with pytest.raises(error, match=message) as caught:
        best_threshold(*args, **options)
    assert isinstance(caught.value, LossaryError)
    assert re.search(r"got .*; wanted ", str(caught.value))


def test_what_no_threshold_meets_says_what_can_be_had():
    y_true, y_score = [1, 0, 1, 0], [4.0, 3.0, 2.0, 1.0]
    message = (
        "got precision >= 0.9, which no threshold meets; wanted 0.666667 at most, .* where recall >= 1.0"
    )
    with pytest.raises(UndefinedMetricError, match=message):
        best_threshold(y_true, y_score, constraints=["recall >= 1", "precision >= 0.9"])
    with pytest.raises(UndefinedMetricError, match=r"got acceptance_rate <= 0.5, .* wanted 0.75 at least"):
        best_threshold(y_true, y_score, constraints=["recall >= 1", "acceptance_rate <= 0.5"])


def test_the_input_is_left_as_it_was():
    y_true, y_score, weight = np.array([0, 1, 1, 0]), np.array([4.0, 3.0, 2.0, 1.0]), np.ones(4)
    for each in (y_true, y_score, weight):
        each.setflags(write=False)
    best_threshold(y_true, y_score, sample_weight=weight, constraints="acceptance_rate >= 0.1", groups=y_true)
    best_threshold(y_true, y_score, metric=lambda tp, fp, fn, tn: tp)


def test_groups_of_no_samples_are_refused():
    with pytest.raises(InvalidInputError, match="y_score: got no samples; wanted at least one"):
        best_threshold([], [], groups=[])


@pytest.mark.parametrize("groups", [None, [0, 0, 0, 0]])
@pytest.mark.parametrize("unit", [2.0**-120, 2.0**-600, 2.0**-1030, 2.0**1000])
def test_counts_are_in_the_units_of_extreme_weights(unit, groups):
    """They were scaled so that no sum overflows, and came back so; sums below 1e-30 counted as nothing."""
    labels, scores, weight = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], np.array([1.0, 2.0, 3.0, 4.0])
    plain = best_threshold(labels, scores, sample_weight=weight, groups=groups)
    extreme = best_threshold(labels, scores, sample_weight=weight * unit, groups=groups)
    assert (extreme.tp, extreme.fp, extreme.fn, extreme.tn) == tuple(
        count * unit for count in (plain.tp, plain.fp, plain.fn, plain.tn)
    )
