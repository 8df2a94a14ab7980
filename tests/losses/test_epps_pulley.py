"""Epps-Pulley beyond conformance: its closed form, normal samples, its bounded gradient, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.self_supervised.epps_pulley import epps_pulley


def sample(items: int = 9, columns: int = 3, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 1.5 * torch.randn(items, columns, generator=generator, dtype=torch.float64) + 0.5


@given(seed=st.integers(0, 2**16), t_max=st.floats(0.5, 6), num_points=st.integers(2, 30))
@settings(max_examples=25)
def test_is_the_trapezoidal_rule_over_both_halves(seed, t_max, num_points):
    values = sample(seed=seed)
    knots = torch.linspace(-t_max, t_max, 2 * num_points - 1, dtype=torch.float64)
    normal = (-knots.square() / 2).exp()
    empirical = torch.exp(1j * values.unsqueeze(-1) * knots).mean(0)
    expected = len(values) * torch.trapezoid((empirical - normal).abs().square() * normal, knots)
    found = epps_pulley(values, t_max=t_max, num_points=num_points, reduction="none")
    torch.testing.assert_close(found, expected)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=10)
def test_a_wide_and_fine_rule_is_the_closed_form(seed):
    values = sample(columns=1, seed=seed)[:, 0]
    gaps = values.unsqueeze(1) - values
    between, within = (-gaps.square() / 2).exp().mean(), (-values.square() / 4).exp().mean()
    whole = math.sqrt(2 * math.pi) * (between - math.sqrt(2) * within + 1 / math.sqrt(3))
    found = epps_pulley(values, t_max=6.0, num_points=400)
    torch.testing.assert_close(found, len(values) * whole, rtol=1e-5, atol=0)


def test_normal_samples_of_any_size_have_about_the_same_value():
    generator = torch.Generator().manual_seed(0)
    for items in (20, 2000):
        value = epps_pulley(torch.randn(items, 200, generator=generator), t_max=5.0, num_points=33)
        expected = math.sqrt(2 * math.pi) * (1 - 1 / math.sqrt(3))  # of 1 - e^{-t^2} under the weight
        assert value.item() == pytest.approx(expected, abs=0.25)


@pytest.mark.parametrize("spoil", [lambda x: x + 1, lambda x: 2 * x, lambda x: 0 * x, lambda x: x.sign()])
def test_it_grows_where_mean_variance_or_shape_are_not_normal(spoil):
    values = torch.randn(500, generator=torch.Generator().manual_seed(0))
    assert epps_pulley(spoil(values)) > 10 * epps_pulley(values)


def test_a_vector_is_one_column():
    values = sample(columns=1)
    assert torch.equal(epps_pulley(values[:, 0], reduction="none"), epps_pulley(values, reduction="none"))


def test_gradient_is_bounded_however_far_out():
    values = torch.tensor([1e4, -1e6, 0.0], requires_grad=True)
    epps_pulley(values).backward()
    step = 3 / 16
    knots = [step * p for p in range(17)]
    bound = 4 * sum(2 * step * math.exp(-t * t / 2) * t for t in knots)
    assert values.grad.abs().max() <= bound


def test_gradient_is_that_of_the_closed_form():
    values = sample(columns=1)[:, 0].requires_grad_()
    epps_pulley(values, t_max=2.0, num_points=5).backward()
    expected = torch.zeros_like(values)
    for p, t in enumerate([0.0, 0.5, 1.0, 1.5, 2.0]):
        weight = (0.5 if p in (0, 4) else 1.0) * math.exp(-t * t / 2)
        real, imaginary = (values * t).cos().mean() - math.exp(-t * t / 2), (values * t).sin().mean()
        slope = imaginary * (values * t).cos() - real * (values * t).sin()
        expected += 2 * weight * t * slope
    torch.testing.assert_close(values.grad, expected.detach())


@pytest.mark.parametrize(
    ("values", "options", "error", "argument"),
    [
        (sample().unsqueeze(0), {}, ShapeError, "sample"),
        (sample()[:0], {}, ShapeError, "sample: .*not empty"),
        (sample()[:, :0], {}, ShapeError, "sample: .*not empty"),
        (sample().int(), {}, DtypeError, "sample"),
        (sample() * math.inf, {}, InvalidInputError, "sample"),
        (sample(), {"t_max": 0.0}, InvalidInputError, "t_max"),
        (sample(), {"num_points": 1}, InvalidInputError, "num_points"),
        (sample(), {"num_points": 17.0}, DtypeError, "num_points"),
    ],
)
def test_bad_input_is_named(values, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        epps_pulley(values, **options)
