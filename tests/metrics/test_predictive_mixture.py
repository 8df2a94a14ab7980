"""Predictive mixture: goldens, densities, the two parts of the variance, extremes, and errors."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import predictive_mixture

GOLDENS = Path(__file__).parents[1] / "goldens" / "118-predictive_mixture.json"
CASES = json.loads(GOLDENS.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_goldens(case):
    arrays = {name: value["data"] for name, value in case["inputs"].items()}
    found = predictive_mixture(**arrays, **case["params"])
    assert found._fields == tuple(case["expected"])
    for name, wanted in case["expected"].items():
        np.testing.assert_allclose(getattr(found, name), wanted, rtol=case["rtol"], atol=1e-9, err_msg=name)


@given(seed=st.integers(0, 2**16), members=st.integers(1, 5))
@settings(max_examples=25)
def test_equals_the_mean_of_the_densities(seed, members):
    generator = np.random.default_rng(seed)
    mean, variance = generator.normal(size=(members, 3)), generator.random((members, 3)) + 0.1
    target = generator.normal(size=3)
    density = np.exp(-((target - mean) ** 2) / (2 * variance)) / np.sqrt(2 * math.pi * variance)
    wanted = -np.log(density.mean(0))
    found = predictive_mixture(mean, variance, target, reduction="none")
    np.testing.assert_allclose(found.nll, wanted, rtol=1e-10, atol=1e-12)
    assert predictive_mixture(mean, variance, target).nll == pytest.approx(wanted.mean())
    assert predictive_mixture(mean, variance, target, reduction="sum").nll == pytest.approx(wanted.sum())
    second = (variance + mean**2).mean(0)
    np.testing.assert_allclose(found.total, second - mean.mean(0) ** 2, rtol=1e-9, atol=1e-12)


def test_members_that_agree_leave_no_epistemic_doubt():
    found = predictive_mixture([[1.0], [1.0]], [[2.0], [4.0]], [0.0])
    assert found.epistemic.tolist() == [0.0]
    assert found.aleatoric.tolist() == [3.0]


def test_far_targets_have_a_finite_likelihood_and_small_variances_a_floor():
    far = predictive_mixture([[0.0], [1.0]], [[1e-4], [1e-4]], [1e3])
    assert far.nll == pytest.approx(0.5 * 999**2 / 1e-4, rel=1e-3)
    floored = predictive_mixture([[0.0]], [[0.0]], [0.0], eps=0.25)
    assert floored.aleatoric.tolist() == [0.25]
    assert floored.nll == pytest.approx(0.5 * math.log(2 * math.pi * 0.25))


ONE = [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("mean", "variance", "target", "options", "error", "argument"),
    [
        ([1.0], [1.0], [1.0], {}, ShapeError, "mean"),
        (np.zeros((0, 2)), np.zeros((0, 2)), [1.0, 2.0], {}, ShapeError, "mean"),
        (ONE, [[1.0]], [1.0, 2.0], {}, ShapeError, "variance"),
        (ONE, ONE, [1.0], {}, ShapeError, "target"),
        (ONE, [[-1.0, 1.0]], [1.0, 2.0], {}, InvalidInputError, "variance: got -1"),
        (ONE, ONE, [math.nan, 2.0], {}, InvalidInputError, "target"),
        (ONE, ONE, [1.0, 2.0], {"eps": 0.0}, InvalidInputError, "eps"),
        (ONE, ONE, [1.0, 2.0], {"eps": "1"}, DtypeError, "eps"),
        (ONE, ONE, [1.0, 2.0], {"reduction": "max"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(mean, variance, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        predictive_mixture(mean, variance, target, **options)
