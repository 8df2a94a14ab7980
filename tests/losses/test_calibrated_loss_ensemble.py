"""Calibrated loss ensemble beyond conformance: its slopes, the noise, its module and errors."""

import math
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.calibrated_loss_ensemble import (
    CalibratedLossEnsemble,
    calibrated_loss_ensemble,
)


def samples(seed: int = 0, size: int = 12) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits, noise = 2 * torch.randn(2, size, generator=generator, dtype=torch.float64)
    return logits, (torch.rand(size, generator=generator) > 0.5).long(), noise / 2


def slopes(logits, target, noise, **options) -> torch.Tensor:
    """G of each sample, from the gradient."""
    leaf = logits.clone().requires_grad_()
    calibrated_loss_ensemble(leaf, target, noise, **options).backward()
    return leaf.grad * len(leaf) * (2 * target - 1)


@given(seed=st.integers(0, 2**16), box_cox=st.floats(-1.0, 1.0))
@settings(max_examples=25)
def test_slopes_are_negative_bounded_and_rise_with_the_margin(seed, box_cox):
    logits, target, noise = samples(seed)
    found = slopes(logits, target, noise, box_cox=box_cox)
    assert (found < 0).all()
    assert (found >= -1 - 1e-6 - 1e-12).all()
    rising = found[((2 * target - 1) * logits).argsort()]
    assert (rising.diff() >= -1e-12).all()


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_log_normal_slopes_go_to_the_margins_in_order(seed):
    logits, target, noise = samples(seed)
    margin = (2 * target - 1) * logits
    expected = torch.empty_like(margin)
    ranked = sorted(-value for value in noise.exp().tolist())
    for place, row in enumerate(margin.argsort().tolist()):
        expected[row] = max(ranked[place], -1.0) / max(margin[row].item(), 1.0) - 1e-6
    torch.testing.assert_close(slopes(logits, target, noise), expected)


def test_the_value_carries_the_slopes():
    logits, target, noise = samples(1)
    value = (slopes(logits, target, noise, box_cox=0.4) * (2 * target - 1) * logits).mean()
    torch.testing.assert_close(calibrated_loss_ensemble(logits, target, noise, box_cox=0.4), value)


def test_near_zero_the_exponent_runs_into_the_logarithm():
    logits, target, noise = samples(2)
    torch.testing.assert_close(
        slopes(logits, target, noise, box_cox=2e-6), slopes(logits, target, noise), rtol=1e-4, atol=0.0
    )


def test_a_negative_exponent_makes_impossible_noise_the_steepest_slope():
    logits, target = torch.tensor([0.0]), torch.tensor([1])
    assert slopes(logits, target, torch.tensor([5.0]), box_cox=-0.8).item() == pytest.approx(-1.0, abs=1e-5)
    assert slopes(logits, target, torch.tensor([-5.0]), box_cox=0.8).item() == pytest.approx(-1e-6)


def test_a_column_is_read_as_a_vector():
    logits, target, noise = samples(3)
    wanted = calibrated_loss_ensemble(logits, target, noise)
    assert torch.equal(calibrated_loss_ensemble(logits.unsqueeze(1), target, noise), wanted)
    assert torch.equal(calibrated_loss_ensemble(logits.unsqueeze(1), target.unsqueeze(1), noise), wanted)


@pytest.mark.parametrize("size", [0, 1])
def test_no_sample_and_one_sample_have_a_graph(size):
    logits = torch.zeros(size, requires_grad=True)
    loss = calibrated_loss_ensemble(logits, torch.ones(size), torch.zeros(size))
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad < 0).all()


def test_the_module_draws_what_its_generator_gives():
    logits, target, _ = samples(4)
    first, second = (CalibratedLossEnsemble(generator=torch.Generator().manual_seed(7)) for _ in range(2))
    noise = torch.randn(12, generator=torch.Generator().manual_seed(7))
    loss = first(logits.float(), target)
    torch.testing.assert_close(loss, calibrated_loss_ensemble(logits.float(), target, noise))
    assert torch.equal(loss, second(logits.float(), target))
    assert not torch.equal(loss, first(logits.float(), target))
    assert first(logits.unsqueeze(1), target).dtype == torch.float64


def test_resample_redraws_the_exponent_which_the_state_keeps():
    first, second = (
        CalibratedLossEnsemble(generator=torch.Generator().manual_seed(1)),
        CalibratedLossEnsemble(),
    )
    drawn = []
    for _ in range(50):
        first.resample()
        drawn.append(first.box_cox)
    assert -1 <= min(drawn) < -0.5 < 0.5 < max(drawn) <= 1
    second.load_state_dict(first.state_dict())
    assert second.box_cox == first.box_cox
    assert pickle.loads(pickle.dumps(second)).box_cox == first.box_cox


LOGITS, TARGET, NOISE = samples()


@pytest.mark.parametrize(
    ("logits", "target", "noise", "options", "error", "argument"),
    [
        (LOGITS.reshape(6, 2), TARGET, NOISE, {}, ShapeError, "logits"),
        (LOGITS.long(), TARGET, NOISE, {}, DtypeError, "logits"),
        (LOGITS * math.nan, TARGET, NOISE, {}, InvalidInputError, "logits"),
        (LOGITS, TARGET[:3], NOISE, {}, ShapeError, "target"),
        (LOGITS.unsqueeze(1), TARGET[:3].unsqueeze(1), NOISE, {}, ShapeError, "target"),
        (LOGITS, TARGET - 1, NOISE, {}, InvalidInputError, "target"),
        (LOGITS, TARGET, NOISE[:3], {}, ShapeError, "noise"),
        (LOGITS, TARGET, NOISE.long(), {}, DtypeError, "noise"),
        (LOGITS, TARGET, NOISE * math.inf, {}, InvalidInputError, "noise"),
        (LOGITS, TARGET, NOISE, {"floor": 0.0}, InvalidInputError, "floor"),
        (LOGITS, TARGET, NOISE, {"box_cox": math.nan}, InvalidInputError, "box_cox"),
    ],
)
def test_bad_input_is_named(logits, target, noise, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        calibrated_loss_ensemble(logits, target, noise, **options)
