"""Weighted energy adversarial training beyond conformance: weights, variants, large energies, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError
from lossary.losses.robustness.trades import trades
from lossary.losses.robustness.weighted_energy_adversarial import weighted_energy_adversarial
from lossary.training.classifier_energy import classifier_energy


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(2, 5, 4, generator=generator, dtype=torch.float64)
    return logits[0], logits[1], torch.randint(4, (5,), generator=generator)


@given(seed=st.integers(0, 2**16), beta=st.floats(0.0, 10.0))
@settings(max_examples=20)
def test_natural_is_trades_times_the_weight_of_each_row(seed, beta):
    natural, attacked, target = batch(seed)
    energy = classifier_energy(natural, target).marginal
    wanted = trades(natural, attacked, target, beta=beta, reduction="none") / energy.abs().exp().log1p()
    found = weighted_energy_adversarial(natural, attacked, target, beta=beta, reduction="none")
    torch.testing.assert_close(found, wanted)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_adversarial_learns_the_class_from_the_attacked_logits(seed):
    natural, attacked, target = batch(seed)
    energies = [classifier_energy(logits, target) for logits in (natural, attacked)]
    weight = 1 / energies[0].marginal.abs().exp().log1p()
    found = [
        weighted_energy_adversarial(natural, attacked, target, variant=variant, reduction="none")
        for variant in ("natural", "adversarial")
    ]
    gap = energies[1].cross_entropy - energies[0].cross_entropy
    torch.testing.assert_close(found[1] - found[0], weight * gap)


def test_the_weight_is_a_constant_of_the_gradient():
    natural, attacked, target = batch(0)
    natural.requires_grad_()
    weighted_energy_adversarial(natural, attacked, target, reduction="sum").backward()
    # a constant added to a row changes its energy and nothing else
    torch.testing.assert_close(natural.grad.sum(1), torch.zeros(5, dtype=torch.float64))


@pytest.mark.parametrize("shift", [-1e3, 1e3])
def test_a_row_of_large_energy_weighs_little_and_does_not_drop_out(shift):
    natural = torch.tensor([[0.0, 0.0]]) + shift
    loss = weighted_energy_adversarial(natural, natural, torch.tensor([0]))
    assert loss.item() == pytest.approx(math.log(2) / abs(shift + math.log(2)))


def test_no_weight_is_above_one_over_log_two():
    natural, attacked = torch.full((1, 2), -math.log(2)), torch.zeros(1, 2)
    loss = weighted_energy_adversarial(natural, attacked, torch.tensor([0]))
    assert loss.item() == pytest.approx(math.log(2) / math.log(2))


@pytest.mark.parametrize(("option", "value"), [("variant", "clean"), ("beta", -0.1)])
def test_bad_options_are_named(option, value):
    natural, attacked, target = batch(0)
    with pytest.raises(InvalidInputError, match=f"^{option}"):
        weighted_energy_adversarial(natural, attacked, target, **{option: value})
