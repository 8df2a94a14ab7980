"""Power laws with a constant: recorded curves, what generated them, noise, outliers, errors."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.numerics import fit_power_law, power_law_plus_constant

FOLDER = Path(__file__).parents[1] / "goldens"
CURVES = load_goldens(FOLDER / "109-power_law_plus_constant.json")
FITS = load_goldens(FOLDER / "109-fit_power_law.json")
SIZES = np.geomspace(1e3, 1e9, 12)


@pytest.mark.parametrize("case", CURVES.cases, ids=str)
def test_goldens_of_curves(case):
    loss = power_law_plus_constant(case.inputs["x"], **case.params)
    np.testing.assert_allclose(loss, case.expected["loss"], rtol=case.rtol)


@pytest.mark.parametrize("case", FITS.cases, ids=str)
def test_goldens_of_fits(case):
    fit = fit_power_law(case.inputs["x"], case.inputs["loss"], **case.params)
    for name, wanted in case.expected.items():
        assert getattr(fit, name) == pytest.approx(wanted, rel=case.rtol, abs=case.atol)
    assert fit.r2 == pytest.approx(1)


@given(
    irreducible=st.floats(0, 5),
    log_scale=st.floats(5, 14),
    exponent=st.floats(0.05, 0.8),
    robust=st.booleans(),
)
@settings(max_examples=30)
def test_a_curve_of_the_law_is_fitted_exactly(irreducible, log_scale, exponent, robust):
    law = {"irreducible": irreducible, "scale": math.exp(log_scale), "exponent": exponent}
    losses = power_law_plus_constant(SIZES, **law)
    fit = fit_power_law(SIZES, losses, robust_delta=0.01 if robust else None)
    numbers = {name: getattr(fit, name) for name in law}
    np.testing.assert_allclose(power_law_plus_constant(SIZES, **numbers), losses, rtol=1e-6)


def test_noise_gives_no_worse_a_fit_than_what_generated_it():
    law = {"irreducible": 1.5, "scale": 1e5, "exponent": 0.3}
    exact = power_law_plus_constant(SIZES, **law)
    losses = exact + np.random.default_rng(0).normal(0, 0.02, len(SIZES))
    *numbers, r2 = fit_power_law(SIZES, losses)
    fitted = power_law_plus_constant(SIZES, **dict(zip(law, numbers, strict=True)))
    assert ((fitted - losses) ** 2).sum() <= ((exact - losses) ** 2).sum()
    assert r2 == pytest.approx(1 - ((fitted - losses) ** 2).sum() / ((losses - losses.mean()) ** 2).sum())


def test_a_failed_run_counts_little_under_a_robust_threshold():
    losses = power_law_plus_constant(SIZES, irreducible=1.5, scale=1e5, exponent=0.3)
    losses[6] *= 3
    assert fit_power_law(SIZES, losses, robust_delta=1e-4).exponent == pytest.approx(0.3, rel=0.02)
    assert abs(fit_power_law(SIZES, losses).exponent - 0.3) > 0.05


def test_the_order_of_points_does_not_matter():
    losses = power_law_plus_constant(SIZES, irreducible=1.5, scale=1e5, exponent=0.3)
    order = np.random.default_rng(0).permutation(len(SIZES))
    assert fit_power_law(SIZES[order], losses[order]) == pytest.approx(fit_power_law(SIZES, losses), rel=1e-4)


@pytest.mark.parametrize(
    ("call", "error", "argument"),
    [
        (lambda: power_law_plus_constant([0.0]), InvalidInputError, "x: got 0"),
        (lambda: power_law_plus_constant([1.0], irreducible=-1.0), InvalidInputError, "irreducible"),
        (lambda: power_law_plus_constant([1.0], scale=0.0), InvalidInputError, "scale"),
        (lambda: power_law_plus_constant([1.0], exponent="a"), DtypeError, "exponent"),
        (lambda: fit_power_law([1, 2, 3], [3, 2, 1]), InvalidInputError, "x: got 3 points"),
        (lambda: fit_power_law([1, 1, 2, 2], [3, 3, 1, 1]), InvalidInputError, "x: got 4 points of 2"),
        (lambda: fit_power_law([1, 2, 3, 4], [3, 2, 1]), ShapeError, "loss: got 3 numbers; wanted 4, as x"),
        (
            lambda: fit_power_law([4, 3, 2, 1], [4, 3, 3, 1]),
            InvalidInputError,
            "loss: got losses that nowhere",
        ),
        (lambda: fit_power_law([1, 2, 3, 4], [3, 2, 1, 0]), InvalidInputError, "loss: got 0"),
        (lambda: fit_power_law([1, 2, 3, 4], [3, 2, 1, math.nan]), InvalidInputError, "loss: got NaN"),
        (
            lambda: fit_power_law([1, 2, 3, 4], [4, 3, 2, 1], robust_delta=0),
            InvalidInputError,
            "robust_delta",
        ),
    ],
)
def test_bad_input_is_named(call, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        call()
