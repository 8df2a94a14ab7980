"""The law of learning-rate annealing: recorded areas, curves and fits, the double sum, noise, errors."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricWarning
from lossary.numerics import (
    annealing_fit_objective,
    annealing_loss_curve,
    fit_annealing_scaling_law,
    learning_rate_areas,
)

FOLDER = Path(__file__).parents[1] / "goldens"
NAMES = ("irreducible", "scale", "exponent", "annealing")


def cases_of(name):
    return load_goldens(FOLDER / f"127-{name}.json").cases


def schedule():
    """A constant rate, then a fall by a cosine, every fifth step of it."""
    rates = np.append(np.ones(60), (1 + np.cos(np.linspace(0, np.pi, 80))) / 2)
    return tuple(area[4::5] for area in learning_rate_areas(rates, decay=0.99))


@pytest.mark.parametrize("case", cases_of("learning_rate_areas"), ids=str)
def test_goldens_of_areas(case):
    areas = learning_rate_areas(case.inputs["learning_rate"], **case.params)
    for name, wanted in case.expected.items():
        np.testing.assert_allclose(getattr(areas, name), wanted, rtol=case.rtol, atol=case.atol)


@pytest.mark.parametrize("case", cases_of("annealing_loss_curve"), ids=str)
def test_goldens_of_curves(case):
    loss = annealing_loss_curve(**case.inputs, **case.params)
    np.testing.assert_allclose(loss, case.expected["loss_curve"], rtol=case.rtol)


@pytest.mark.parametrize("case", cases_of("annealing_fit_objective"), ids=str)
def test_goldens_of_objectives(case):
    objective = annealing_fit_objective(**case.inputs, **case.params)
    assert objective == pytest.approx(case.expected["objective"], rel=case.rtol, abs=case.atol)


@pytest.mark.parametrize("case", cases_of("fit_annealing_scaling_law"), ids=str)
def test_goldens_of_fits(case):
    fit = fit_annealing_scaling_law(**case.inputs, **case.params)
    for name in NAMES:
        assert getattr(fit, name) == pytest.approx(case.expected[name], rel=case.rtol)
    assert fit.objective <= 1.001 * case.expected.get("objective", 1e-9)
    assert fit.r2 == pytest.approx(case.expected.get("r2", 1), rel=1e-4)


@given(rates=st.lists(st.floats(0, 3), min_size=1, max_size=12), decay=st.floats(0, 1))
@settings(max_examples=30)
def test_areas_are_the_double_sum_of_the_definition(rates, decay):
    forward, annealed = learning_rate_areas(rates, decay=decay)
    for step in range(len(rates)):
        assert forward[step] == pytest.approx(sum(rates[: step + 1]))
        wanted = sum(
            (rates[k - 1] - rates[k]) * decay ** (i - k) for i in range(1, step + 1) for k in range(1, i + 1)
        )
        assert annealed[step] == pytest.approx(wanted, abs=1e-9)


def test_steps_of_warmup_count_as_the_rate_after_them():
    given = np.array([0.0, 0.5, 1.0, 0.5])
    areas = learning_rate_areas(given, warmup_steps=2)
    for found, wanted in zip(areas, learning_rate_areas([1.0, 1.0, 1.0, 0.5]), strict=True):
        assert found.tolist() == wanted.tolist()
    assert given.tolist() == [0.0, 0.5, 1.0, 0.5]


@given(
    irreducible=st.floats(0.5, 4),
    scale=st.floats(0.1, 2),
    exponent=st.floats(0.1, 1),
    annealing=st.floats(0, 0.02),
)
@settings(max_examples=20)
def test_a_curve_of_the_law_is_fitted_exactly(irreducible, scale, exponent, annealing):
    areas = schedule()
    law = dict(zip(NAMES, (irreducible, scale, exponent, annealing), strict=True))
    fit = fit_annealing_scaling_law(*areas, annealing_loss_curve(*areas, **law))
    for name, wanted in law.items():
        assert getattr(fit, name) == pytest.approx(wanted, rel=1e-3, abs=1e-5)


def test_noise_gives_no_worse_an_objective_than_what_generated_it():
    areas = schedule()
    law = {"irreducible": 2.0, "scale": 0.8, "exponent": 0.4, "annealing": 0.005}
    losses = annealing_loss_curve(*areas, **law) * np.random.default_rng(0).normal(1, 0.003, len(areas[0]))
    fit = fit_annealing_scaling_law(*areas, losses)
    assert fit.objective <= annealing_fit_objective(*areas, losses, **law)
    numbers = {name: getattr(fit, name) for name in NAMES}
    assert annealing_fit_objective(*areas, losses, **numbers) == pytest.approx(fit.objective)
    for name, number in numbers.items():
        for factor in (0.999, 1.001):
            assert (
                annealing_fit_objective(*areas, losses, **numbers | {name: factor * number}) >= fit.objective
            )


def test_starts_of_the_caller_lead_to_the_same_law():
    areas = schedule()
    losses = annealing_loss_curve(*areas, irreducible=2.0, scale=0.8, exponent=0.4, annealing=0.005)
    fit = fit_annealing_scaling_law(*areas, losses, starts=[[0.1, 1.0, 0.8, 0.001], [2.1, 1.0, 0.4, 0.0]])
    assert fit[:4] == pytest.approx((2.0, 0.8, 0.4, 0.005), rel=1e-3)


def test_of_a_constant_rate_annealing_cannot_be_told():
    areas = learning_rate_areas(np.full(20, 0.5))
    losses = annealing_loss_curve(*areas, irreducible=2.0, scale=0.8, exponent=0.4)
    with pytest.warns(UndefinedMetricWarning, match="^annealing_area"):
        fit = fit_annealing_scaling_law(*areas, losses)
    assert fit[:4] == pytest.approx((2.0, 0.8, 0.4, 0.0), rel=1e-3)


ONES = [1.0] * 5


@pytest.mark.parametrize(
    ("call", "error", "argument"),
    [
        (lambda: learning_rate_areas([]), InvalidInputError, "learning_rate: got no step"),
        (lambda: learning_rate_areas([1.0, -1.0]), InvalidInputError, "learning_rate: got -1"),
        (lambda: learning_rate_areas([math.inf]), InvalidInputError, "learning_rate: got NaN or infinity"),
        (lambda: learning_rate_areas([[1.0, 1.0]]), ShapeError, "learning_rate"),
        (lambda: learning_rate_areas([1.0], decay=1.5), InvalidInputError, "decay"),
        (lambda: learning_rate_areas([1.0], warmup_steps=1), InvalidInputError, "warmup_steps"),
        (lambda: annealing_loss_curve([0.0], [0.0]), InvalidInputError, "forward_area: got 0"),
        (lambda: annealing_loss_curve([1.0], [0.0, 1.0]), ShapeError, "annealing_area: got 2"),
        (lambda: annealing_loss_curve([1.0], [0.0], scale=-1.0), InvalidInputError, "scale"),
        (lambda: annealing_fit_objective([1.0], [0.0], [0.0]), InvalidInputError, "loss: got 0"),
        (lambda: annealing_fit_objective([1.0], [9.0], [1.0]), InvalidInputError, "annealing: got 2.0"),
        (lambda: annealing_fit_objective([1.0], [0.0], [1.0], delta=0.0), InvalidInputError, "delta"),
        (
            lambda: fit_annealing_scaling_law(ONES[1:], ONES[1:], ONES[1:]),
            InvalidInputError,
            "forward_area: got 4",
        ),
        (lambda: fit_annealing_scaling_law(ONES, ONES, ONES, starts=[1.0]), ShapeError, "starts"),
        (
            lambda: fit_annealing_scaling_law(ONES, ONES, ONES, starts=[[-1.0] * 4]),
            InvalidInputError,
            "starts",
        ),
        (
            lambda: fit_annealing_scaling_law(ONES, ONES, ONES, starts=[[0, 0, 0, 1]]),
            InvalidInputError,
            "starts: got no law",
        ),
        (lambda: fit_annealing_scaling_law("a", ONES, ONES), DtypeError, "forward_area"),
    ],
)
def test_bad_input_is_named(call, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        call()
