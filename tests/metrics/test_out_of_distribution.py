"""Mahalanobis confidence, FPR at a TPR, detection accuracy: goldens, brute force, degenerate data, errors."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import detection_accuracy, fpr_at_tpr, mahalanobis_confidence, tar_at_far

GOLDENS = Path(__file__).parents[1] / "goldens"


def cases(name):
    return json.loads((GOLDENS / f"{name}.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", cases("139-mahalanobis_confidence"), ids=lambda case: case["id"])
def test_goldens_of_confidence(case):
    found = mahalanobis_confidence(
        **{name: np.array(value["data"]) for name, value in case["inputs"].items()}, **case["params"]
    )
    assert found._fields == tuple(case["expected"])
    for name, wanted in case["expected"].items():
        np.testing.assert_allclose(
            getattr(found, name), wanted, rtol=case["rtol"], atol=case["atol"], err_msg=name
        )


@pytest.mark.parametrize("case", cases("139-fpr_at_tpr"), ids=lambda case: case["id"])
def test_goldens_of_detection(case):
    y_score, y_true = (case["inputs"][name]["data"] for name in ("score", "target"))
    expected = case["expected"]
    assert fpr_at_tpr(y_true, y_score, **case["params"]) == pytest.approx(expected["fpr_at_tpr"])
    assert detection_accuracy(y_true, y_score) == pytest.approx(expected["detection_accuracy"])


SAMPLES = st.lists(st.tuples(st.booleans(), st.integers(-3, 3), st.integers(1, 4)), min_size=2, max_size=12)


@given(samples=SAMPLES, tpr=st.sampled_from([0.0, 0.25, 0.5, 0.8, 0.95, 1.0]), weighted=st.booleans())
@settings(max_examples=60)
def test_detection_is_the_best_of_all_thresholds(samples, tpr, weighted):
    target, score, weight = map(np.array, zip(*samples, strict=True))
    weight = weight if weighted else np.ones(len(score))
    if target.all() or not target.any():
        with pytest.raises(UndefinedMetricError, match=r"^y_true"):
            fpr_at_tpr(target, score)
        return
    rates = [
        [weight[accepted & (target == each)].sum() / weight[target == each].sum() for each in (True, False)]
        for accepted in (score >= threshold for threshold in [*score, math.inf])
    ]
    options = {"sample_weight": weight} if weighted else {}
    wanted = min(false for true, false in rates if true >= tpr - 1e-12)
    assert fpr_at_tpr(target, score, tpr=tpr, **options) == pytest.approx(wanted)
    best = max((true + 1 - false) / 2 for true, false in rates)
    assert detection_accuracy(target, score, **options) == pytest.approx(best)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.int8, np.uint8])
def test_scores_of_any_dtype_are_ranked_as_they_are(dtype):
    low, high = (-128, 127) if np.dtype(dtype).kind != "u" else (0, 255)
    score = np.array([low, high, low + 1, high - 1]).astype(dtype)
    assert fpr_at_tpr([0, 1, 0, 1], score, tpr=1.0) == 0
    assert fpr_at_tpr([1, 0, 1, 0], score, tpr=0.5) == 1


def test_fpr_at_tpr_mirrors_tar_at_far():
    generator = np.random.default_rng(0)
    target, score = generator.random(200) < 0.4, generator.normal(size=200)
    score = score + target
    for tpr in (0.5, 0.9):
        fpr = fpr_at_tpr(target, score, tpr=tpr)
        assert tar_at_far(target, score, fpr + 1e-9) >= tpr
        assert tar_at_far(target, score, max(fpr - 1e-9, 0)) < tpr


def test_the_interval_of_fpr_holds_it_and_falls_with_the_separation():
    generator = np.random.default_rng(1)
    target = np.arange(300) % 2
    noise = generator.normal(size=300)
    near, far = (fpr_at_tpr(target, noise + gap * target, confidence=0.9) for gap in (1, 4))
    assert near.low <= near.value <= near.high
    assert far.high < near.low


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_confidence_is_minus_the_least_mahalanobis_distance(seed):
    generator = np.random.default_rng(seed)
    features, query = generator.normal(size=(30, 3)), generator.normal(size=(5, 3))
    labels = np.arange(30) % 4
    found = mahalanobis_confidence(features, labels, query)
    means = np.array([features[labels == each].mean(0) for each in range(4)])
    precision = np.linalg.inv(np.cov((features - means[labels]).T, bias=True))
    distance = np.array([[(q - mean) @ precision @ (q - mean) for mean in means] for q in query])
    np.testing.assert_allclose(found.score, -distance.min(1), rtol=1e-8)
    np.testing.assert_array_equal(found.nearest_class, distance.argmin(1))
    np.testing.assert_allclose(found.precision, precision, rtol=1e-8, atol=1e-8)


def test_confidence_does_not_know_the_units_of_the_features():
    generator = np.random.default_rng(2)
    features, query, labels = generator.normal(size=(20, 3)), generator.normal(size=(4, 3)), np.arange(20) % 2
    mixing = generator.normal(size=(3, 3))
    plain = mahalanobis_confidence(features, labels, query).score
    np.testing.assert_allclose(mahalanobis_confidence(features @ mixing, labels, query @ mixing).score, plain)


def test_what_lies_beyond_the_span_of_the_features_counts_nothing():
    features = np.array([[-1.0, 0.0], [1.0, 0.0]])
    found = mahalanobis_confidence(features, [0, 0], [[2.0, 0.0], [2.0, 50.0]])
    np.testing.assert_allclose(found.score, [-4, -4])
    same = mahalanobis_confidence(np.ones((3, 2)), [0, 0, 0], [[5.0, 5.0]])
    assert not same.precision.any()
    assert same.score.tolist() == [0.0]


def test_of_equally_near_classes_the_first_is_taken():
    found = mahalanobis_confidence([[-1.0], [1.0], [3.0], [5.0]], [0, 0, 1, 1], [[2.0]])
    assert found.nearest_class.tolist() == [0]


F, L = np.arange(8.0).reshape(4, 2), [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("features", "labels", "query", "options", "error", "argument"),
    [
        (F, [0, 0, 2, 2], F, {}, InvalidInputError, "labels: got no sample of class 1"),
        (F, [0, 0, -1, 1], F, {}, InvalidInputError, "labels: got -1"),
        (F, [0, 0, 1], F, {}, ShapeError, "labels: got 3 labels"),
        (F, [0.0, 0.0, 1.0, 1.0], F, {}, DtypeError, "labels: got dtype"),
        (F[:0], [], F, {}, ShapeError, "features"),
        (F, L, F[:, :1], {}, ShapeError, "query"),
        (F, L, F * math.nan, {}, InvalidInputError, "query"),
        (F, L, F, {"factor": 0.0}, InvalidInputError, "factor"),
        (F, L, F, {"factor": math.inf}, InvalidInputError, "factor"),
        (F, L, F, {"factor": "1"}, DtypeError, "factor"),
    ],
)
def test_confidence_refuses_bad_input(features, labels, query, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        mahalanobis_confidence(features, labels, query, **options)


def test_detection_refuses_bad_input():
    for tpr, error in ((1.5, InvalidInputError), (-0.1, InvalidInputError), ("1", DtypeError)):
        with pytest.raises(error, match=r"^tpr"):
            fpr_at_tpr([0, 1], [0.0, 1.0], tpr=tpr)
    with pytest.raises(UndefinedMetricError, match=r"^y_true"):
        detection_accuracy([1, 1], [0.0, 1.0])
    with pytest.raises(ShapeError, match=r"^y_true"):
        detection_accuracy([[0, 1], [1, 0]], [[0.1, 0.2], [0.3, 0.4]])
