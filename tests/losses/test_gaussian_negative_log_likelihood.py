"""Gaussian likelihood beyond conformance: torch's distribution, the floor of the variance, and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.gaussian_negative_log_likelihood import gaussian_negative_log_likelihood
from torch.distributions import Normal

MEAN, VARIANCE, TARGET = torch.tensor([0.3, -2.0]), torch.tensor([0.5, 2.0]), torch.tensor([1.0, 0.0])


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_is_minus_the_log_density_of_a_normal_distribution(seed):
    generator = torch.Generator().manual_seed(seed)
    mean, target = torch.randn(2, 4, 3, generator=generator, dtype=torch.float64)
    variance = torch.rand(4, 3, generator=generator, dtype=torch.float64) + 0.01
    values = gaussian_negative_log_likelihood(mean, variance, target, reduction="none")
    torch.testing.assert_close(values, -Normal(mean, variance.sqrt()).log_prob(target))


def test_without_the_constant_it_is_torchs_loss():
    loss = gaussian_negative_log_likelihood(MEAN, VARIANCE, TARGET, full=False)
    torch.testing.assert_close(loss, torch.nn.functional.gaussian_nll_loss(MEAN, TARGET, VARIANCE))
    with_constant = gaussian_negative_log_likelihood(MEAN, VARIANCE, TARGET)
    torch.testing.assert_close(with_constant - loss, torch.tensor(0.5 * math.log(2 * math.pi)))


def test_the_best_variance_is_the_squared_error():
    variance = (TARGET - MEAN).square().requires_grad_()
    gaussian_negative_log_likelihood(MEAN, variance, TARGET).backward()
    torch.testing.assert_close(variance.grad, torch.zeros(2))


def test_below_the_floor_the_variance_has_no_gradient_and_the_mean_has():
    mean, variance = MEAN.clone().requires_grad_(), torch.tensor([0.0, 1e-3], requires_grad=True)
    loss = gaussian_negative_log_likelihood(mean, variance, TARGET, eps=0.25, reduction="sum")
    loss.backward()
    assert not variance.grad.any()
    torch.testing.assert_close(mean.grad, (MEAN - TARGET) / 0.25)


def test_the_target_receives_no_gradient():
    target = TARGET.clone().requires_grad_()
    gaussian_negative_log_likelihood(MEAN.clone().requires_grad_(), VARIANCE, target).backward()
    assert target.grad is None


def test_an_empty_batch_gives_zero_with_a_graph():
    mean = torch.zeros(0, 2, requires_grad=True)
    loss = gaussian_negative_log_likelihood(mean, torch.ones(0, 2), torch.ones(0, 2))
    loss.backward()
    assert loss.item() == 0


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((MEAN, VARIANCE[:1], TARGET), {}, ShapeError, "variance"),
        ((MEAN, VARIANCE, TARGET[:1]), {}, ShapeError, "target"),
        ((MEAN.long(), VARIANCE, TARGET), {}, DtypeError, "mean"),
        ((MEAN, VARIANCE, TARGET.long()), {}, DtypeError, "target"),
        ((MEAN, -VARIANCE, TARGET), {}, InvalidInputError, "variance: got -2;"),
        ((MEAN, VARIANCE * math.inf, TARGET), {}, InvalidInputError, "variance"),
        ((MEAN, VARIANCE, TARGET * math.nan), {}, InvalidInputError, "target"),
        ((MEAN, VARIANCE, TARGET), {"eps": 0.0}, InvalidInputError, "eps"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        gaussian_negative_log_likelihood(*inputs, **options)
