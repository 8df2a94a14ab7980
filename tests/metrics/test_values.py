"""Values from the goldens, from formulas, and of scores that scikit-learn does not have."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import UndefinedMetricWarning

GOLDENS = Path(__file__).parents[1] / "goldens"


def cases(file):
    found = []
    for case in json.loads((GOLDENS / file).read_text())["cases"]:
        inputs = {
            name: np.array(given["data"], given["dtype"]).reshape(given["shape"])
            for name, given in case["inputs"].items()
        }
        found.append(pytest.param(inputs, case["expected"], case["rtol"], id=case["id"]))
    return found


@pytest.mark.parametrize(("inputs", "expected", "rtol"), cases("003-auc.json"))
def test_auc_golden(inputs, expected, rtol):
    value = metrics.roc_auc_score(inputs["target"], inputs["score"])
    assert value == pytest.approx(expected["auc"], rel=rtol)


@pytest.mark.parametrize(("inputs", "expected", "rtol"), cases("025-brier_score.json"))
def test_brier_golden(inputs, expected, rtol):
    probability = inputs["probability"]
    labels = np.arange(probability.shape[1])
    value = metrics.brier_score_loss(inputs["target"], probability, labels=labels, scale_by_half=False)
    assert value == pytest.approx(expected["brier_score"], rel=rtol)
    if probability.shape[1] == 2:
        half = metrics.brier_score_loss(inputs["target"], probability[:, 1])
        assert half == pytest.approx(expected["brier_score"] / 2, rel=rtol)


@settings(max_examples=300)
@given(
    seed=st.integers(0, 2**32),
    classes=st.integers(1, 4),
    weigh=st.booleans(),
    half=st.sampled_from(("auto", True, False)),
)
def test_brier_score_agrees_with_scikit_learn(agree, seed, classes, weigh, half):
    generator = np.random.default_rng(seed)
    count = int(generator.integers(2, 30))
    weight = generator.random(count) if weigh else None
    y_true = generator.integers(0, max(2, classes), count)
    y_true[: max(2, classes)] = np.arange(max(2, classes))[:count]
    if classes == 1:
        agree("brier_score_loss", y_true, generator.random(count), sample_weight=weight, scale_by_half=half)
        agree("brier_score_loss", y_true, generator.random(count), pos_label=0, sample_weight=weight)
    else:
        proba = generator.dirichlet(np.ones(classes), count)
        options = {"sample_weight": weight, "scale_by_half": half, "labels": list(range(classes))}
        agree("brier_score_loss", y_true, proba, **options)


@pytest.mark.parametrize("labels", [[0, 0], [1, 1], [-1, -1], [-1, 1], [1, 2], [5, 5], [False, True]])
def test_brier_score_chooses_the_positive_class_as_scikit_learn(agree, labels):
    agree("brier_score_loss", labels, [0.25, 0.5])


def test_brier_score_warns_about_rows_and_labels_as_scikit_learn(agree):
    agree("brier_score_loss", [0, 1], [[0.5, 0.4], [0.2, 0.2]])
    agree("brier_score_loss", ["b", "a"], [[0.5, 0.5], [0.25, 0.75]], labels=["b", "a"])


def test_brier_score_of_float32_is_summed_in_double():
    y_true, proba = np.array([0, 1, 1]), np.array([0.1, 0.2, 0.3], np.float32)
    exact = math.fsum((float(p) - t) ** 2 for p, t in zip(proba, y_true, strict=True)) / 3
    assert metrics.brier_score_loss(y_true, proba) == pytest.approx(exact, rel=1e-15)


def test_geometric_mean_of_two_classes_is_the_root_of_sensitivity_times_specificity():
    y_true, y_pred = [0, 0, 0, 1, 1], [0, 1, 0, 1, 0]
    assert metrics.geometric_mean_score(y_true, y_pred) == pytest.approx(math.sqrt(2 / 3 * 1 / 2), rel=1e-15)


def test_geometric_mean_of_many_classes_is_that_of_the_recalls():
    y_true, y_pred = [0, 0, 1, 1, 2, 2], [0, 1, 1, 1, 2, 0]
    recalls = metrics.recall_score(y_true, y_pred, average=None)
    assert metrics.geometric_mean_score(y_true, y_pred) == pytest.approx(
        np.prod(recalls) ** (1 / 3), rel=1e-15
    )


def test_geometric_mean_is_zero_when_a_class_is_never_found():
    assert metrics.geometric_mean_score([0, 1, 2], [0, 1, 1]) == 0.0


def test_geometric_mean_counts_weights():
    assert metrics.geometric_mean_score([0, 0, 1], [0, 1, 1], sample_weight=[3, 1, 1]) == pytest.approx(
        0.75**0.5
    )


def test_geometric_mean_of_one_class_is_undefined():
    with pytest.warns(UndefinedMetricWarning):
        assert math.isnan(metrics.geometric_mean_score([1, 1], [1, 1]))


def test_adjusted_balanced_accuracy_of_one_class_is_undefined():
    with pytest.warns(UndefinedMetricWarning):
        assert math.isnan(metrics.balanced_accuracy_score([1, 1], [1, 1], adjusted=True))


def test_matthews_of_weights_without_variance_is_undefined():
    y_true, y_pred = [0, 1, 1, 0, 1, 0], [0, 0, 0, 0, 1, 0]
    weight = [0.65, 0.23, 0.43, -0.08, -0.01, 0.3]
    with pytest.warns(UndefinedMetricWarning):
        assert math.isnan(metrics.matthews_corrcoef(y_true, y_pred, sample_weight=weight))


def test_one_class_is_nan_with_a_warning_at_the_caller():
    with pytest.warns(UndefinedMetricWarning) as caught:
        assert math.isnan(metrics.roc_auc_score([1, 1], [0.1, 0.2]))
    assert caught[0].filename == __file__


def test_public_names_are_sorted_and_importable():
    assert list(metrics.__all__) == sorted(metrics.__all__)
    assert all(callable(getattr(metrics, name)) for name in metrics.__all__)
