"""Sensitivity to the learning rate: goldens, what a diverged run costs, invariance, refusals."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import learning_rate_sensitivity

GOLDEN = Path(__file__).parents[1] / "goldens" / "102-learning_rate_sensitivity.json"


@pytest.mark.parametrize("case", json.loads(GOLDEN.read_text())["cases"], ids=lambda case: case["id"])
def test_golden(case):
    loss = np.array(case["inputs"]["loss"]["data"], np.float64)
    found = learning_rate_sensitivity(loss, **case["params"])
    assert found._asdict() == pytest.approx(case["expected"], rel=1e-6, abs=1e-9)


@given(st.lists(st.floats(0, 20), min_size=1, max_size=8), st.floats(0, 20), st.floats(-5, 5))
def test_moves_with_the_losses_and_is_between_zero_and_the_gain_of_training(losses, initial_loss, shift):
    found = learning_rate_sensitivity(losses, initial_loss=initial_loss)
    assert 0 <= found.sensitivity <= initial_loss - found.best + 1e-12
    moved = learning_rate_sensitivity(np.array(losses) + shift, initial_loss=initial_loss + shift)
    assert moved == pytest.approx((found.sensitivity, found.best + shift), abs=1e-9)


@pytest.mark.parametrize("diverged", [math.nan, math.inf, -math.inf, 1e300, 10.0])
def test_a_diverged_run_costs_as_much_as_an_untrained_one(diverged):
    assert learning_rate_sensitivity([2.0, diverged], initial_loss=10.0) == (4.0, 2.0)


def test_where_all_diverge_best_tells():
    assert learning_rate_sensitivity([math.nan, math.inf], initial_loss=7.0) == (0.0, 7.0)


@pytest.mark.parametrize(
    ("loss", "options", "error", "message"),
    [
        ([], {}, InvalidInputError, "loss: got no runs"),
        ([1.0, math.nan], {"nan_policy": "raise"}, InvalidInputError, "loss: got nan at position 1"),
        ([1.0], {"nan_policy": "omit"}, InvalidInputError, "nan_policy: got 'omit'"),
        ([1.0], {"initial_loss": math.nan}, InvalidInputError, "initial_loss: got nan"),
        ([1.0], {"initial_loss": "9"}, DtypeError, "initial_loss: got '9'"),
        ([[1.0, 2.0], [1.0, 2.0]], {}, ShapeError, "loss: got shape"),
    ],
)
def test_bad_input_is_named(loss, options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        learning_rate_sensitivity(loss, **{"initial_loss": 9.0} | options)
