"""Verification metrics: goldens, and the naive definition over all thresholds in exact arithmetic."""

import json
import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import lossary
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import equal_error_rate, tar_at_far, true_accept_rate, verification_accuracy

GOLDENS = Path(__file__).parents[1] / "goldens"
SCORES = st.sampled_from((0.0, -0.0, 1.0, 2.0, -1.5)) | st.floats(-10, 10)
FARS = (0.0, 0.1, 0.25, 0.3, 0.5, 0.99, 1.0)


def cases(file):
    found = []
    for case in json.loads((GOLDENS / file).read_text())["cases"]:
        inputs = {
            name: np.array(given["data"], given["dtype"]).reshape(given["shape"])
            for name, given in case["inputs"].items()
        }
        found.append(pytest.param(inputs, case["params"], case["expected"], id=case["id"]))
    return found


@pytest.mark.parametrize(("inputs", "params", "expected"), cases("000-tar_at_far.json"))
def test_tar_at_far_golden(inputs, params, expected):
    value = tar_at_far(inputs["target"], inputs["score"], **params)
    assert value == pytest.approx(expected["value"], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("inputs", "params", "expected"), cases("000-equal_error_rate.json"))
def test_equal_error_rate_golden(inputs, params, expected):
    value = equal_error_rate(inputs["target"], inputs["score"], **params)
    assert value == pytest.approx(expected["value"], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("inputs", "params", "expected"), cases("000-verification_accuracy.json"))
def test_verification_accuracy_golden(inputs, params, expected):
    found = verification_accuracy(inputs["target"], inputs["score"], fold=inputs.get("fold"), **params)
    assert found.value == pytest.approx(expected["value"], rel=1e-6, abs=1e-9)
    if "threshold" in expected:
        assert found.threshold == pytest.approx(expected["threshold"], rel=1e-6)
    if "per_fold" in expected:
        assert found.per_fold == pytest.approx(expected["per_fold"], rel=1e-6)


def roc_points(y_true, y_score, weight=None):
    """(FAR, TAR) at infinity and every distinct score, as fractions."""
    weight = [1] * len(y_true) if weight is None else weight
    samples = list(zip(y_true, y_score, map(Fraction, weight), strict=True))
    negatives = sum(w for label, _, w in samples if not label)
    positives = sum(w for label, _, w in samples if label)
    points = [(Fraction(0), Fraction(0))]
    for threshold in sorted({score + 0.0 for _, score, w in samples if w}, reverse=True):
        accepted = [(label, w) for label, score, w in samples if score >= threshold]
        far = sum((w for label, w in accepted if not label), Fraction(0)) / negatives
        points.append((far, sum((w for label, w in accepted if label), Fraction(0)) / positives))
    return points


def naive_tar(points, far, linear):
    index = max(i for i, point in enumerate(points) if float(point[0]) <= far)
    (x0, y0), far = points[index], Fraction(far)
    if not linear or index + 1 == len(points) or x0 >= far:
        return float(y0)
    x1, y1 = points[index + 1]
    return float(y0 + (far - x0) / (x1 - x0) * (y1 - y0))


def naive_equal_error_rate(points):
    for (x0, y0), (x1, y1) in pairwise(points):
        before, after = x0 - (1 - y0), x1 - (1 - y1)
        if after >= 0:
            return float(x0 - before / (after - before) * (x1 - x0))
    raise AssertionError


@st.composite
def both_classes(draw):
    samples = draw(st.lists(st.tuples(st.booleans(), SCORES), max_size=40))
    samples += [(True, draw(SCORES)), (False, draw(SCORES))]
    order = draw(st.permutations(range(len(samples))))
    y_true, y_score = zip(*(samples[i] for i in order), strict=True)
    weight = draw(st.none() | st.lists(st.integers(1, 9), min_size=len(order), max_size=len(order)))
    return np.array(y_true), np.array(y_score), weight


@settings(max_examples=300)
@given(both_classes(), st.booleans())
def test_tar_at_far_is_that_of_all_thresholds(samples, linear):
    y_true, y_score, weight = samples
    points = roc_points(y_true, y_score.tolist(), weight)
    interpolation = "linear" if linear else "step"
    rates = tar_at_far(y_true, y_score, FARS, interpolation=interpolation, sample_weight=weight)
    assert rates == pytest.approx([naive_tar(points, far, linear) for far in FARS], rel=1e-12, abs=1e-14)


@settings(max_examples=300)
@given(both_classes())
def test_equal_error_rate_is_that_of_all_thresholds(samples):
    y_true, y_score, weight = samples
    wanted = naive_equal_error_rate(roc_points(y_true, y_score.tolist(), weight))
    found = equal_error_rate(y_true, y_score, sample_weight=weight)
    assert found == pytest.approx(wanted, rel=1e-12, abs=1e-14)


def test_integer_weights_are_repeats():
    generator = np.random.default_rng(0)
    y_true, y_score = generator.integers(0, 2, 300), np.round(generator.normal(size=300), 1)
    weight = generator.integers(0, 4, 300)
    repeated = np.repeat(y_true, weight), np.repeat(y_score, weight)
    for interpolation in ("step", "linear"):
        weighted = tar_at_far(y_true, y_score, FARS, sample_weight=weight, interpolation=interpolation)
        assert weighted == pytest.approx(tar_at_far(*repeated, FARS, interpolation=interpolation), rel=1e-12)
    weighted = equal_error_rate(y_true, y_score, sample_weight=weight)
    assert weighted == pytest.approx(equal_error_rate(*repeated), rel=1e-12)


def naive_best_accuracy(y_true, y_score):
    best = (Fraction(-1), 0.0)
    for threshold in {math.inf, *y_score.tolist()}:
        best = max(best, (Fraction(int(np.sum((y_score >= threshold) == y_true)), len(y_true)), threshold))
    return best


@settings(max_examples=200)
@given(
    samples=st.lists(st.tuples(st.booleans(), SCORES, st.integers(0, 3)), min_size=1, max_size=40),
)
def test_verification_accuracy_is_that_of_all_thresholds(samples):
    y_true, y_score, fold = (np.array(each) for each in zip(*samples, strict=True))
    found = verification_accuracy(y_true, y_score)
    value, threshold = naive_best_accuracy(y_true, y_score)
    assert (found.value, found.threshold, found.per_fold) == (float(value), threshold, None)
    folds = np.unique(fold)
    if len(folds) > 1:
        wanted = []
        for each in folds:
            own = fold == each
            _, threshold = naive_best_accuracy(y_true[~own], y_score[~own])
            wanted.append(np.mean((y_score[own] >= threshold) == y_true[own]))
        cross = verification_accuracy(y_true, y_score, fold=fold)
        assert cross.per_fold.tolist() == wanted
        assert cross.value == pytest.approx(np.mean(wanted), rel=1e-15)
        assert cross.threshold == found.threshold


def test_folds_are_labels_of_any_kind_in_ascending_order():
    y_true, y_score = [1, 0, 1, 0], [3.0, 1.0, 2.0, 0.0]
    by_name = verification_accuracy(y_true, y_score, fold=["b", "b", "a", "a"])
    assert (
        by_name.per_fold.tolist()
        == verification_accuracy(y_true, y_score, fold=[9, 9, 4, 4]).per_fold.tolist()
    )


@pytest.mark.parametrize(("y_true", "threshold"), [([0, 0], math.inf), ([1, 1], 1.0)])
def test_one_class_alone_has_a_verification_accuracy(y_true, threshold):
    assert verification_accuracy(y_true, [1.0, 2.0])[:2] == (1.0, threshold)


@pytest.mark.parametrize(
    "function", [equal_error_rate, lambda y, s, **options: tar_at_far(y, s, 0.1, **options)]
)
def test_rates_of_one_class_are_undefined(function):
    for y_true in ([0, 0, 0], [1, 1, 1]):
        with pytest.raises(UndefinedMetricError, match="y_true: got one class"):
            function(y_true, [1, 2, 3])
    with pytest.raises(UndefinedMetricError, match="y_true: got one class"):
        function([0, 1, 1], [1, 2, 3], sample_weight=[0, 1, 1])


def test_pos_label_turns_the_question_round():
    y_true, y_score = np.array(["same", "other", "same", "other"]), np.array([4.0, 3.0, 2.0, 1.0])
    assert tar_at_far(y_true, y_score, 0.5, pos_label="same") == 1.0
    assert equal_error_rate(y_true, -y_score, pos_label="other") == 0.5
    assert verification_accuracy(y_true, y_score, pos_label="same").value == 0.75


@pytest.mark.parametrize(
    ("far", "error"),
    [
        (-0.1, InvalidInputError),
        (1.5, InvalidInputError),
        (math.nan, InvalidInputError),
        ([0.1, 2.0], InvalidInputError),
        ([[0.1]], ShapeError),
        (True, DtypeError),
        ("0.1", DtypeError),
        (None, DtypeError),
    ],
)
def test_far_is_a_rate(far, error):
    with pytest.raises(error, match=r"far: got .*; wanted"):
        tar_at_far([0, 1], [0.0, 1.0], far)


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"fold": [0, 0, 0]}, InvalidInputError, "fold"),
        ({"fold": [0, 1]}, ShapeError, "fold"),
        ({"fold": [0.5, 1, 2]}, InvalidInputError, "fold"),
        ({"pos_label": [1]}, DtypeError, "pos_label"),
    ],
)
def test_bad_options_of_verification_accuracy(options, error, argument):
    with pytest.raises(error, match=f"{argument}: got .*; wanted"):
        verification_accuracy([0, 1, 1], [0.0, 1.0, 2.0], **options)


@pytest.mark.parametrize(
    "function",
    [equal_error_rate, verification_accuracy, lambda y, s, **options: tar_at_far(y, s, 0.1, **options)],
)
def test_bad_scores_are_refused(function):
    for y_score in ([0.0, math.nan, 1.0], [0.0, math.inf, 1.0]):
        with pytest.raises(InvalidInputError, match="y_score: got NaN or infinity at position 1"):
            function([0, 1, 1], y_score)
    with pytest.raises(ShapeError, match="y_score"):
        function([0, 1, 1], [0.0, 1.0])
    with pytest.raises(InvalidInputError, match="no samples"):
        function([], [])
    with pytest.raises(InvalidInputError, match="pos_label"):
        function([1, 2, 2], [0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    "function", [equal_error_rate, lambda y, s, **options: tar_at_far(y, s, 0.1, **options)]
)
def test_negative_weights_are_refused(function):
    with pytest.raises(InvalidInputError, match="sample_weight: got negative"):
        function([0, 1, 1], [0.0, 1.0, 2.0], sample_weight=[1, -1, 1])


def test_an_unknown_interpolation_is_refused():
    with pytest.raises(InvalidInputError, match="interpolation: got 'nearest'; wanted"):
        tar_at_far([0, 1], [0.0, 1.0], 0.5, interpolation="nearest")


def test_the_alias_is_the_same_function():
    assert true_accept_rate is tar_at_far


@pytest.mark.parametrize("kind", ["normal", "rounded", "one fine bin"])
def test_rates_have_the_same_bits_for_any_number_of_threads(kind):
    generator = np.random.default_rng(2)
    count = 2**18 + 5
    y_true = generator.random(count) < 0.3
    y_score = generator.normal(size=count) + y_true
    y_score = {"normal": y_score, "rounded": np.round(y_score, 1), "one fine bin": 1 + y_score * 1e-15}[kind]
    weight = generator.random(count)
    seen = []
    try:
        for threads in (1, 2, 3):
            lossary.set_num_threads(threads)
            seen.append(
                (
                    tar_at_far(y_true, y_score, FARS).tobytes(),
                    tar_at_far(y_true, y_score, FARS, interpolation="linear", sample_weight=weight).tobytes(),
                    equal_error_rate(y_true, y_score),
                    equal_error_rate(y_true, y_score, sample_weight=weight),
                    verification_accuracy(y_true, y_score)[:2],
                )
            )
    finally:
        lossary.set_num_threads(None)
    assert seen[0] == seen[1] == seen[2]
