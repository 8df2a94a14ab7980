"""KL-robust reweighting beyond conformance: its dual, its limits, weights as gradients, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.robustness.kl_robust_reweighting import kl_robust_reweighting, kl_robust_weights


def losses(seed: int, count: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 4 * torch.rand(count, generator=generator, dtype=torch.float64)


def price(weights: torch.Tensor) -> torch.Tensor:
    return torch.special.xlogy(weights, len(weights) * weights).sum()


@given(seed=st.integers(0, 2**16), count=st.integers(1, 9), temperature=st.floats(0.05, 50.0))
@settings(max_examples=25)
def test_it_is_reached_at_its_weights_and_exceeded_at_no_others(seed, count, temperature):
    loss = losses(seed, count)
    found = kl_robust_reweighting(loss, temperature=temperature)
    weights = kl_robust_weights(loss, temperature=temperature)
    torch.testing.assert_close(found, weights @ loss - temperature * price(weights))
    others = losses(seed + 1, count).softmax(0)
    assert others @ loss - temperature * price(others) <= found + 1e-9


@given(seed=st.integers(0, 2**16), temperature=st.floats(0.05, 50.0))
@settings(max_examples=25)
def test_the_gradient_of_a_loss_is_its_weight(seed, temperature):
    loss = losses(seed).requires_grad_()
    kl_robust_reweighting(loss, temperature=temperature).backward()
    torch.testing.assert_close(loss.grad, kl_robust_weights(loss, temperature=temperature))


def test_from_the_maximum_to_the_mean():
    loss = losses(0).float()
    torch.testing.assert_close(kl_robust_reweighting(loss, temperature=1e-30), loss.max())
    torch.testing.assert_close(kl_robust_reweighting(loss, temperature=1e30), loss.mean())
    values = [kl_robust_reweighting(loss, temperature=t).item() for t in (0.1, 0.5, 1.0, 3.0, 10.0)]
    assert values == sorted(values, reverse=True)


def test_one_loss_is_itself_however_large():
    assert kl_robust_reweighting(torch.tensor([1e6]), temperature=1e-3).item() == 1e6


def test_without_losses_there_is_no_weight():
    assert kl_robust_weights(torch.zeros(0)).shape == (0,)


@pytest.mark.parametrize("function", [kl_robust_reweighting, kl_robust_weights])
@pytest.mark.parametrize(
    ("loss", "temperature", "error", "argument"),
    [
        (torch.ones(2, 3), 1.0, ShapeError, "loss"),
        (torch.ones(3).long(), 1.0, DtypeError, "loss"),
        (torch.tensor([1.0, math.nan]), 1.0, InvalidInputError, "loss"),
        (torch.ones(3), 0.0, InvalidInputError, "temperature"),
        (torch.ones(3), -1.0, InvalidInputError, "temperature"),
    ],
)
def test_bad_input_is_named(function, loss, temperature, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        function(loss, temperature=temperature)
