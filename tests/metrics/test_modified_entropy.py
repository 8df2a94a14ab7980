"""Modified entropy: goldens, the formula, what it tells apart, and errors."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import modified_entropy

GOLDENS = Path(__file__).parents[1] / "goldens" / "125-modified_entropy.json"
CASES = json.loads(GOLDENS.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_goldens(case):
    proba, classes = (case["inputs"][name]["data"] for name in ("probability", "target"))
    np.testing.assert_allclose(modified_entropy(classes, proba), case["expected"]["score"], rtol=case["rtol"])


@given(seed=st.integers(0, 2**16), sharpness=st.floats(0.1, 30))
@settings(max_examples=25)
def test_equals_the_formula_read_literally(seed, sharpness):
    generator = np.random.default_rng(seed)
    exponentials = np.exp(sharpness * generator.normal(size=(6, 4)))
    proba, classes = exponentials / exponentials.sum(1, keepdims=True), generator.integers(0, 4, 6)
    for row, own, found in zip(proba, classes, modified_entropy(classes, proba), strict=True):
        wanted = -(1 - row[own]) * math.log(max(row[own], 1e-30))
        wanted -= sum(p * math.log(max(1 - p, 1e-30)) for c, p in enumerate(row) if c != own)
        assert found == pytest.approx(wanted, rel=1e-6, abs=1e-12)


def test_who_is_certain_and_wrong_is_told_from_who_is_right():
    certain = [[1.0, 0.0, 0.0]] * 2
    right, wrong = modified_entropy([0, 2], certain)
    assert (right, wrong) == (0, pytest.approx(-2 * math.log(1e-30)))


def test_small_probabilities_keep_their_digits():
    assert modified_entropy([0], [[1.0, 1e-20]])[0] == pytest.approx(1e-40, rel=1e-9, abs=0)


def test_no_samples_give_no_values():
    assert modified_entropy(np.zeros(0, int), np.zeros((0, 3))).shape == (0,)


@pytest.mark.parametrize(
    ("classes", "proba", "error", "argument"),
    [
        ([0], [[0.5, 0.6]], InvalidInputError, "y_proba: got a row that sums to 1.1"),
        ([0], [[1.5, -0.5]], InvalidInputError, "y_proba"),
        ([0], [[math.nan, 1.0]], InvalidInputError, "y_proba"),
        ([2], [[0.5, 0.5]], InvalidInputError, "y_true: got class 2"),
        ([-1], [[0.5, 0.5]], InvalidInputError, "y_true: got -1"),
        ([0, 1], [[0.5, 0.5]], ShapeError, "y_true"),
        ([0], [0.5], ShapeError, "y_proba"),
        ([0.0], [[0.5, 0.5]], DtypeError, "y_true"),
    ],
)
def test_bad_input_is_named(classes, proba, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        modified_entropy(classes, proba)
