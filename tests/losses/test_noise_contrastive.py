"""Noise-contrastive estimation beyond conformance: the classifier, what fits best, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distributions.noise_contrastive import LOSS, noise_contrastive


def samples(data: int = 5, noise: int = 9, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(n, generator=generator, dtype=torch.float64) for n in (data, data, noise, noise)]


@given(seed=st.integers(0, 2**16), data=st.integers(1, 9), noise=st.integers(1, 9))
@settings(max_examples=25)
def test_is_the_cross_entropy_of_a_classifier_of_data_and_noise(seed, data, noise):
    f_data, q_data, f_noise, q_noise = samples(data, noise, seed)
    ratio = noise / data
    is_data = f_data.exp() / (f_data.exp() + ratio * q_data.exp())
    is_noise = ratio * q_noise.exp() / (f_noise.exp() + ratio * q_noise.exp())
    expected = -(is_data.log().sum() + is_noise.log().sum()) / data
    torch.testing.assert_close(noise_contrastive(f_data, q_data, f_noise, q_noise), expected)


def test_of_many_samples_the_normalized_density_fits_best():
    generator = torch.Generator().manual_seed(0)
    data = torch.randn(20000, generator=generator)
    noise = 2 * torch.randn(20000, generator=generator)
    wide = torch.distributions.Normal(0.0, 2.0)

    def loss(shift: float) -> float:
        model = [-x.square() / 2 - math.log(2 * math.pi) / 2 + shift for x in (data, noise)]
        return noise_contrastive(model[0], wide.log_prob(data), model[1], wide.log_prob(noise)).item()

    assert loss(0.0) < min(loss(-0.2), loss(0.2))


def test_noise_that_the_model_rules_out_costs_nothing_and_has_no_slope():
    f_data, q_data, f_noise, q_noise = samples()
    f_noise[2] = -math.inf
    f_noise.requires_grad_()
    loss = noise_contrastive(f_data, q_data, f_noise, q_noise)
    (slope,) = torch.autograd.grad(loss, f_noise)
    f_noise = f_noise.detach().clone()
    f_noise[2] = -800
    torch.testing.assert_close(loss, noise_contrastive(f_data, q_data, f_noise, q_noise))
    assert slope[2] == 0
    assert slope.isfinite().all()


def test_the_metric_is_the_area_of_telling_data_from_noise():
    (metric,) = LOSS.pairs_with
    one = torch.ones(3)
    values = {"data_noise_log_prob": one, "noise_log_prob": one}
    assert metric(data_log_density=2 * one, noise_log_density=one, **values) == 1
    assert metric(data_log_density=one, noise_log_density=one, **values) == 0.5


GOOD = samples()


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda x: x[:0], ShapeError),
        (lambda x: x.unsqueeze(0), ShapeError),
        (lambda x: x.long(), DtypeError),
        (lambda x: x * math.nan, InvalidInputError),
        (lambda x: x.abs() * math.inf, InvalidInputError),
    ],
)
def test_bad_input_is_named(place, spoil, error):
    given = [spoil(value) if i == place else value for i, value in enumerate(GOOD)]
    names = ("data_log_density", "data_noise_log_prob", "noise_log_density", "noise_log_prob")
    with pytest.raises(error, match=f"^{names[place]}"):
        noise_contrastive(*given)


def test_only_noise_that_is_ruled_out_is_refused():
    nothing = torch.full_like(GOOD[2], -math.inf)
    with pytest.raises(InvalidInputError, match=r"^noise_log_density: got -inf only"):
        noise_contrastive(GOOD[0], GOOD[1], nothing, GOOD[3])
