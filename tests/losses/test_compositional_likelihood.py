"""Compositional likelihood beyond conformance: likelihood, constants, the averaging module, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distributions.compositional_likelihood import (
    CompositionalLikelihood,
    compositional_likelihood,
)


def samples(data: int = 5, noise: int = 9, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(n, generator=generator, dtype=torch.float64) for n in (data, noise, noise)]


@given(seed=st.integers(0, 2**16), shift=st.floats(-300, 300))
@settings(max_examples=25)
def test_a_constant_of_the_model_changes_nothing(seed, shift):
    f_data, f_noise, q_noise = samples(seed=seed)
    shifted = compositional_likelihood(f_data + shift, f_noise + shift, q_noise)
    expected = (f_noise - q_noise).exp().mean().log() - f_data.mean()
    torch.testing.assert_close(shifted, expected, rtol=1e-7, atol=1e-9)


def test_of_even_noise_over_an_interval_it_is_the_likelihood():
    noise = torch.linspace(-8, 8, 20001, dtype=torch.float64)
    uniform = torch.full_like(noise, -math.log(16))
    data = torch.tensor([0.3, -1.0], dtype=torch.float64)
    expected = -torch.distributions.Normal(0.0, 1.0).log_prob(data).mean()
    found = compositional_likelihood(-data.square() / 2, -noise.square() / 2, uniform)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=0)


def test_extreme_ratios_and_noise_that_is_ruled_out_are_finite():
    f_noise = torch.tensor([-650.0, -math.inf, -651.0], requires_grad=True)
    for criterion in (compositional_likelihood, CompositionalLikelihood()):
        loss = criterion(torch.zeros(2), f_noise, torch.zeros(3))
        (slope,) = torch.autograd.grad(loss, f_noise)
        assert loss.item() == pytest.approx(-650 + math.log((1 + math.exp(-1)) / 3))
        shares = torch.tensor([-650.0, -math.inf, -651.0]).softmax(0)
        torch.testing.assert_close(slope, shares, rtol=1e-4, atol=0)  # at 650, float32 has steps of 6e-5


def test_the_module_averages_the_normalizer_and_divides_slopes_by_it():
    criterion = CompositionalLikelihood(decay=0.75)
    normalizer = None
    for seed in range(4):
        f_data, f_noise, q_noise = samples(seed=seed)
        f_noise.requires_grad_()
        ratios = (f_noise.detach() - q_noise).exp()
        now = ratios.mean()
        normalizer = now if normalizer is None else 0.75 * normalizer + 0.25 * now
        loss = criterion(f_data, f_noise, q_noise)
        (slope,) = torch.autograd.grad(loss, f_noise)
        torch.testing.assert_close(loss.detach(), normalizer.log() - f_data.mean(), rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(slope, ratios / normalizer / len(ratios), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_average_goes_on_from_a_state_dict(seed):
    criterion, resumed = CompositionalLikelihood(), CompositionalLikelihood()
    criterion(*samples(seed=seed))
    resumed.load_state_dict(criterion.state_dict())
    later = samples(seed=seed + 5)
    assert torch.equal(resumed(*later), criterion(*later))
    assert not torch.equal(resumed.log_normalizer, CompositionalLikelihood().log_normalizer)


@pytest.mark.parametrize("jump", [-600.0, 600.0])
def test_the_average_takes_jumps_of_many_orders(jump):
    criterion = CompositionalLikelihood(decay=0.5)
    zeros = torch.zeros(2)
    criterion(zeros, zeros, zeros)
    loss = criterion(zeros, zeros + jump, zeros)
    assert loss.item() == pytest.approx(max(jump, 0) - math.log(2))


def test_training_by_the_module_finds_the_deviation_of_data():
    generator = torch.Generator().manual_seed(0)
    data = 1.5 * torch.randn(4000, generator=generator)
    wide = torch.distributions.Normal(0.0, 4.0)
    log_precision = torch.zeros((), requires_grad=True)
    criterion = CompositionalLikelihood(decay=0.9)
    optimizer = torch.optim.Adam([log_precision], lr=0.05)
    for _ in range(300):
        noise = 4 * torch.randn(500, generator=generator)
        model = [-log_precision.exp() * x.square() / 2 for x in (data, noise)]
        optimizer.zero_grad()
        criterion(*model, wide.log_prob(noise)).backward()
        optimizer.step()
    assert (-log_precision / 2).exp().item() == pytest.approx(data.std().item(), rel=0.1)


GOOD = samples()


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda x: x[:0], ShapeError),
        (lambda x: x.unsqueeze(0), ShapeError),
        (lambda x: x.long(), DtypeError),
        (lambda x: x * math.nan, InvalidInputError),
    ],
)
def test_bad_input_is_named(place, spoil, error):
    given = [spoil(value) if i == place else value for i, value in enumerate(GOOD)]
    name = ("data_log_density", "noise_log_density", "noise_log_prob")[place]
    with pytest.raises(error, match=f"^{name}"):
        compositional_likelihood(*given)


@pytest.mark.parametrize(
    ("decay", "error"), [(0.0, InvalidInputError), (1.0, InvalidInputError), ("x", DtypeError)]
)
def test_a_decay_outside_the_unit_interval_is_refused(decay, error):
    with pytest.raises(error, match=r"^decay"):
        CompositionalLikelihood(decay=decay)
