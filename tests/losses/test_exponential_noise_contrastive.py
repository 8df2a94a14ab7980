"""Exponential noise-contrastive estimation beyond conformance: its formula, its best shift, its limit."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.distributions.exponential_noise_contrastive import exponential_noise_contrastive


def samples(data: int = 5, noise: int = 9, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(n, generator=generator, dtype=torch.float64) for n in (data, data, noise, noise)]


@given(seed=st.integers(0, 2**16), data=st.integers(1, 9), noise=st.integers(1, 9))
@settings(max_examples=25)
def test_is_the_mean_of_roots_of_density_ratios(seed, data, noise):
    f_data, q_data, f_noise, q_noise = samples(data, noise, seed)
    expected = (
        (q_data.exp() / f_data.exp()).sqrt().mean() + (f_noise.exp() / q_noise.exp()).sqrt().mean()
    ) / 2
    torch.testing.assert_close(exponential_noise_contrastive(f_data, q_data, f_noise, q_noise), expected)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=10)
def test_of_all_constants_that_of_the_geometric_balance_is_best(seed):
    f_data, q_data, f_noise, q_noise = samples(seed=seed)
    parts = ((q_data - f_data) / 2).exp().mean(), ((f_noise - q_noise) / 2).exp().mean()
    best = parts[0].log() - parts[1].log()
    found = exponential_noise_contrastive(f_data + best, q_data, f_noise + best, q_noise)
    torch.testing.assert_close(found, (parts[0] * parts[1]).sqrt())
    for shift in (best - 0.1, best + 0.1):
        assert exponential_noise_contrastive(f_data + shift, q_data, f_noise + shift, q_noise) > found


@pytest.mark.parametrize(("place", "name"), [(0, "data_log_density"), (2, "noise_log_density")])
def test_an_exponential_that_overflows_is_refused(place, name):
    given = [value.float() for value in samples()]
    given[place] = torch.full_like(given[place], -200.0 if place == 0 else 200.0)
    with pytest.raises(InvalidInputError, match=f"^{name}: got a value 20.*noise_contrastive"):
        exponential_noise_contrastive(*given)


def test_nothing_is_refused():
    given = samples()
    given[2:] = [value[:0] for value in given[2:]]
    with pytest.raises(ShapeError, match=r"^noise_log_density: got no value"):
        exponential_noise_contrastive(*given)
    given = samples()
    given[2] = given[2] - math.inf
    with pytest.raises(InvalidInputError, match=r"^noise_log_density"):
        exponential_noise_contrastive(*given)
