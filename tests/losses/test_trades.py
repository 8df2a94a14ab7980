"""TRADES beyond conformance: cross-entropy and divergence of torch, energies, extremes, metrics, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.robustness.trades import LOSS, trades
from lossary.training.classifier_energy import classifier_energy
from torch.nn import functional


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(2, 5, 4, generator=generator, dtype=torch.float64)
    return logits[0], logits[1], torch.randint(4, (5,), generator=generator)


@given(seed=st.integers(0, 2**16), beta=st.floats(0.0, 10.0))
@settings(max_examples=20)
def test_is_cross_entropy_and_the_divergence_of_torch(seed, beta):
    natural, attacked, target = batch(seed)
    log_p, log_q = natural.log_softmax(1), attacked.log_softmax(1)
    wanted = functional.cross_entropy(natural, target)
    wanted = wanted + beta * functional.kl_div(log_q, log_p, reduction="batchmean", log_target=True)
    torch.testing.assert_close(trades(natural, attacked, target, beta=beta), wanted)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_the_divergence_is_a_difference_of_energies(seed):
    natural, attacked, target = batch(seed)
    before, after = classifier_energy(natural, target), classifier_energy(attacked, target)
    conditional = (natural.softmax(1) * (natural - attacked)).sum(1)  # of E(x*, c) - E(x, c)
    wanted = before.cross_entropy + conditional + before.marginal - after.marginal
    torch.testing.assert_close(trades(natural, attacked, target, beta=1.0, reduction="none"), wanted)


def test_without_an_attack_only_cross_entropy_has_a_gradient():
    natural, _, target = batch(0)
    natural.requires_grad_()
    attacked = natural.detach().clone().requires_grad_()
    trades(natural, attacked, target).backward()
    wanted = torch.autograd.grad(functional.cross_entropy(natural, target), natural)[0]
    torch.testing.assert_close(natural.grad, wanted)
    torch.testing.assert_close(attacked.grad, torch.zeros_like(attacked))


def test_the_divergence_reaches_both_logits():
    natural, attacked, target = batch(0)
    natural.requires_grad_()
    attacked.requires_grad_()
    (trades(natural, attacked, target, beta=1.0) - trades(natural, attacked, target, beta=0.0)).backward()
    assert natural.grad.any()
    assert attacked.grad.any()


def test_a_class_ruled_out_by_the_attack_alone_costs_by_how_far():
    natural = torch.tensor([[0.0, 0.0]])
    attacked = torch.tensor([[0.0, -1e4]], requires_grad=True)
    loss = trades(natural, attacked, torch.tensor([0]), beta=1.0)
    loss.backward()
    assert loss.item() == pytest.approx(1e4 / 2)
    torch.testing.assert_close(attacked.grad, torch.tensor([[0.5, -0.5]]))


def test_one_class_costs_nothing():
    assert trades(torch.tensor([[3.0]]), torch.tensor([[-2.0]]), torch.tensor([0])).item() == 0


def test_the_metrics_are_accuracies_without_and_under_attack():
    natural = torch.tensor([[2.0, 1.0], [2.0, 1.0]])
    inputs = {"natural_logits": natural, "adversarial_logits": natural.flip(1)}
    target = torch.tensor([0, 0])
    assert [metric(**inputs, target=target) for metric in LOSS.pairs_with] == [1.0, 0.0]


NATURAL, ATTACKED, TARGET = batch(0)


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((NATURAL, ATTACKED[:4], TARGET), {}, ShapeError, "adversarial_logits"),
        ((NATURAL[0], ATTACKED[0], TARGET), {}, ShapeError, "natural_logits"),
        ((NATURAL[:, :0], ATTACKED[:, :0], TARGET), {}, ShapeError, "natural_logits: got .* one class"),
        ((NATURAL, ATTACKED.long(), TARGET), {}, DtypeError, "adversarial_logits"),
        ((NATURAL, ATTACKED * math.nan, TARGET), {}, InvalidInputError, "adversarial_logits"),
        ((NATURAL, ATTACKED, TARGET[:3]), {}, ShapeError, "target"),
        ((NATURAL, ATTACKED, TARGET + 4), {}, InvalidInputError, "target"),
        ((NATURAL, ATTACKED, TARGET.double()), {}, DtypeError, "target"),
        ((NATURAL, ATTACKED, TARGET), {"beta": -1.0}, InvalidInputError, "beta"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        trades(*inputs, **options)
