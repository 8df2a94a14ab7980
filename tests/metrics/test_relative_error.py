"""relative_l2_error: goldens, the definition, invariances, extreme sizes, what is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import relative_l2_error

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "027-relative_l2_error.json")
FIELDS = array_shapes(max_dims=3, max_side=4).flatmap(
    lambda shape: st.tuples(*[arrays(np.float64, shape, elements=st.floats(-1e3, 1e3))] * 2)
)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_goldens(case):
    value = relative_l2_error(case.inputs["target"], case.inputs["prediction"])
    assert type(value) is float
    assert value == pytest.approx(case.expected["loss"], rel=case.rtol, abs=case.atol)


@given(fields=FIELDS)
@settings(max_examples=50)
def test_is_the_ratio_of_the_lengths_of_the_flat_fields(fields):
    truth, prediction = fields
    assume(np.abs(truth).max() > 1e-3)
    wanted = np.linalg.norm((prediction - truth).ravel()) / np.linalg.norm(truth.ravel())
    assert relative_l2_error(truth, prediction) == pytest.approx(wanted, rel=1e-12)


@given(fields=FIELDS, factor=st.floats(-1e3, 1e3).filter(lambda value: abs(value) > 1e-3))
@settings(max_examples=25)
def test_depends_on_no_unit(fields, factor):
    truth, prediction = fields
    assume(np.abs(truth).max() > 1e-3)
    scaled = relative_l2_error(factor * truth, factor * prediction)
    assert scaled == pytest.approx(relative_l2_error(truth, prediction), rel=1e-9, abs=1e-12)


def test_zeros_are_wrong_by_the_whole():
    assert relative_l2_error([3.0, -4.0], [0.0, 0.0]) == 1.0


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e160, 1.5e308])
def test_squares_neither_overflow_nor_vanish(size):
    assert relative_l2_error([size, size], [size, 0.5 * size]) == pytest.approx(0.125**0.5)
    assert relative_l2_error([size], [-size]) == pytest.approx(2.0)


def test_numbers_of_other_types_are_compared_as_doubles():
    assert relative_l2_error(np.array([3, 4]), np.array([3, 5], np.float32)) == pytest.approx(0.2)
    assert relative_l2_error(np.float32([1e30]), np.float32([2e30])) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("truth", "prediction", "error", "argument"),
    [
        ([1.0, 2.0], [1.0], ShapeError, r"y_pred: got shape \(1,\); wanted \(2,\)"),
        (np.ones((2, 1)), np.ones(2), ShapeError, "y_pred"),
        ([], [], InvalidInputError, "y_true: got no values"),
        ([0.0, 0.0], [1.0, 0.0], UndefinedMetricError, "y_true: got only zeros"),
        ([1.0, np.nan], [1.0, 1.0], InvalidInputError, "y_true: got NaN"),
        ([1.0, 1.0], [1.0, np.inf], InvalidInputError, "y_pred: got NaN or infinity"),
        ([1.0 + 1j], [1.0], InvalidInputError, "y_true"),
        (["a"], [1.0], InvalidInputError, "y_true"),
        (3, [1.0], DtypeError, "y_true"),
    ],
)
def test_bad_input_is_named(truth, prediction, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        relative_l2_error(truth, prediction)
