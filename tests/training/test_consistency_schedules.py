"""Schedules of consistency training: recorded values, counts that double, spacing, tails, errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.consistency_schedules import (
    adaptive_scale,
    discretization_schedule,
    lognormal_step_probability,
    noise_levels,
)

FUNCTIONS = (adaptive_scale, discretization_schedule, noise_levels, lognormal_step_probability)
CASES = [
    pytest.param(function, case, id=f"{function.__name__}-{case}")
    for function in FUNCTIONS
    for case in load_goldens(Path(__file__).parents[1] / "goldens" / f"070-{function.__name__}.json").cases
]


@pytest.mark.parametrize(("function", "case"), CASES)
def test_equal_the_recorded_values(function, case):
    inputs = {name: torch.from_numpy(value) for name, value in case.inputs.items()}
    found = function(**inputs, **case.params)
    (wanted,) = case.expected.values()
    assert torch.as_tensor(found).tolist() == pytest.approx(wanted, rel=case.rtol)


def test_levels_double_at_equal_intervals_up_to_the_final_number():
    counts = [discretization_schedule(step, total_steps=800, initial=10, final=1280) for step in range(800)]
    assert [counts[start] for start in range(0, 800, 100)] == [11, 21, 41, 81, 161, 321, 641, 1281]
    assert all(len(set(counts[start : start + 100])) == 1 for start in range(0, 800, 100))
    assert discretization_schedule(10**9, total_steps=800) == 1281


def test_a_final_number_that_is_no_power_times_the_first_is_kept():
    assert discretization_schedule(999, total_steps=100, initial=10, final=25) == 26
    assert discretization_schedule(0, total_steps=1, initial=7, final=7) == 8


@given(
    count=st.integers(2, 40),
    least=st.floats(1e-3, 1.0),
    factor=st.floats(1.5, 1e4),
    rho=st.floats(0.5, 10.0),
)
@settings(max_examples=25)
def test_levels_rise_from_the_least_to_the_greatest_in_equal_steps_of_their_root(count, least, factor, rho):
    levels = noise_levels(count, sigma_min=least, sigma_max=least * factor, rho=rho).double()
    assert levels[0].item() == pytest.approx(least, rel=1e-5)
    assert levels[-1].item() == pytest.approx(least * factor, rel=1e-5)
    roots = levels ** (1 / rho)
    torch.testing.assert_close(
        roots, torch.linspace(roots[0], roots[-1], count).double(), rtol=1e-4, atol=1e-6
    )


def test_probabilities_are_those_of_the_normal_distribution_and_sum_to_one():
    sigmas = noise_levels(11).double()
    normal = torch.distributions.Normal(-1.1, 2.0)
    mass = normal.cdf(sigmas.log()).diff()
    found = lognormal_step_probability(sigmas)
    torch.testing.assert_close(found, mass / mass.sum(), rtol=1e-6, atol=0)
    assert lognormal_step_probability(sigmas.float()).dtype == torch.float32


@pytest.mark.parametrize("sign", [-1, 1])
def test_steps_far_in_a_tail_still_have_shares(sign):
    sigmas = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    found = lognormal_step_probability(sigmas, mean=sign * 60.0, std=1.0)
    assert found.sum().item() == pytest.approx(1)
    assert found[1 if sign > 0 else 0].item() > 0.99


SIGMAS = torch.tensor([0.5, 1.0, 2.0])


@pytest.mark.parametrize(
    ("call", "error", "argument"),
    [
        (lambda: adaptive_scale(1), InvalidInputError, "num_steps"),
        (lambda: adaptive_scale(11.0), DtypeError, "num_steps"),
        (lambda: discretization_schedule(-1, total_steps=9), InvalidInputError, "step"),
        (lambda: discretization_schedule(0, total_steps=7), InvalidInputError, "total_steps"),
        (lambda: discretization_schedule(0, total_steps=0), InvalidInputError, "total_steps"),
        (lambda: discretization_schedule(0, total_steps=9, initial=0), InvalidInputError, "initial"),
        (lambda: discretization_schedule(0, total_steps=9, final=9), InvalidInputError, "final: got 9"),
        (lambda: discretization_schedule(0.0, total_steps=9), DtypeError, "step"),
        (lambda: noise_levels(1), InvalidInputError, "num_steps"),
        (lambda: noise_levels(3, sigma_min=0.0), InvalidInputError, "sigma_min"),
        (lambda: noise_levels(3, sigma_max=0.001), InvalidInputError, "sigma_max: got 0.001"),
        (lambda: noise_levels(3, rho=0.0), InvalidInputError, "rho"),
        (lambda: lognormal_step_probability(SIGMAS[:1]), ShapeError, "sigmas"),
        (lambda: lognormal_step_probability(SIGMAS.unsqueeze(0)), ShapeError, "sigmas"),
        (lambda: lognormal_step_probability(SIGMAS.long()), DtypeError, "sigmas"),
        (lambda: lognormal_step_probability(SIGMAS * math.nan), InvalidInputError, "sigmas"),
        (lambda: lognormal_step_probability(SIGMAS - 0.5), InvalidInputError, "sigmas: got 0"),
        (lambda: lognormal_step_probability(SIGMAS.flip(0)), InvalidInputError, "sigmas: .* rising"),
        (lambda: lognormal_step_probability(SIGMAS, std=0.0), InvalidInputError, "std"),
        (lambda: lognormal_step_probability(SIGMAS, mean=math.inf), InvalidInputError, "mean"),
    ],
)
def test_bad_input_is_named(call, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        call()
