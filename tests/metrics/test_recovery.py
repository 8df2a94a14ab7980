"""Recovered signals beside the true ones: goldens, units, scale, what is refused."""

import math
from pathlib import Path

import numpy as np
import pytest
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import normalized_mean_squared_error

GOLDENS = Path(__file__).parents[1] / "goldens"
RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.normal(size=(5, 3, 2))
FOUND = TRUTH + 0.3 * RANDOM.normal(size=TRUTH.shape)


@pytest.mark.parametrize(
    "case", load_goldens(GOLDENS / "043-normalized_mean_squared_error.json").cases, ids=lambda case: case.id
)
def test_goldens(case):
    found = normalized_mean_squared_error(case.inputs["target"], case.inputs["prediction"], **case.params)
    assert found == pytest.approx(float(case.expected["loss"]), rel=case.rtol, abs=case.atol)


def test_zeros_have_one_and_the_truth_nothing():
    assert normalized_mean_squared_error(TRUTH, 0 * TRUTH, decibel=False) == 1.0
    assert normalized_mean_squared_error(TRUTH, TRUTH, decibel=False) == 0.0
    assert normalized_mean_squared_error(TRUTH, TRUTH) == -math.inf


def test_decibels_are_ten_logarithms():
    ratio = normalized_mean_squared_error(TRUTH, FOUND, decibel=False)
    assert normalized_mean_squared_error(TRUTH, FOUND) == pytest.approx(10 * math.log10(ratio))


def test_weights_are_repeats_and_a_weight_of_zero_leaves_out():
    weight = np.array([2, 1, 0, 3, 1])
    repeated = np.repeat(np.arange(5), weight)
    found = normalized_mean_squared_error(TRUTH, FOUND, sample_weight=weight)
    assert found == pytest.approx(normalized_mean_squared_error(TRUTH[repeated], FOUND[repeated]))


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_the_unit_of_the_signals_does_not_matter(scale):
    wanted = normalized_mean_squared_error(TRUTH, FOUND)
    assert normalized_mean_squared_error(scale * TRUTH, scale * FOUND) == pytest.approx(wanted)


def test_the_interval_in_decibels_is_that_of_the_ratio():
    plain = normalized_mean_squared_error(TRUTH, FOUND, decibel=False, confidence=0.9)
    found = normalized_mean_squared_error(TRUTH, FOUND, confidence=0.9)
    assert found[:3] == pytest.approx([10 * math.log10(each) for each in plain[:3]])


def test_integers_and_one_axis_will_do():
    assert normalized_mean_squared_error([3, 4], [3, 3], decibel=False) == pytest.approx(1 / 25)


@pytest.mark.parametrize(
    ("truth", "found", "options", "error", "name"),
    [
        (np.zeros((2, 3)), np.ones((2, 3)), {}, UndefinedMetricError, "y_true"),
        ([[1.0], [0.0]], [[1.0], [1.0]], {"sample_weight": [0.0, 1.0]}, UndefinedMetricError, "y_true"),
        (np.ones((2, 3)), np.ones((2, 4)), {}, ShapeError, "y_pred"),
        (np.ones((0, 3)), np.ones((0, 3)), {}, ShapeError, "y_true"),
        ([[1.0]], [[np.nan]], {}, InvalidInputError, "y_pred"),
        ([[np.inf]], [[1.0]], {}, InvalidInputError, "y_true"),
        ([[1.0], [1.0]], [[1.0], [2.0]], {"sample_weight": [2.0, -1.0]}, InvalidInputError, "sample_weight"),
        ([[1.0]], [[1.0]], {"decibel": 1}, DtypeError, "decibel"),
        ("ab", [[1.0]], {}, DtypeError, "y_true"),
    ],
)
def test_bad_input_is_named(truth, found, options, error, name):
    with pytest.raises(error, match=f"^{name}: got"):
        normalized_mean_squared_error(truth, found, **options)
