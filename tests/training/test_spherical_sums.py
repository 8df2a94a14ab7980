"""The losses of sums against the losses of all logits: values, gradients, rows without spread, errors."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError
from lossary.losses import spherical_softmax, spherical_z, taylor_softmax
from lossary.training.spherical_sums import (
    LogitSums,
    spherical_softmax_of_sums,
    spherical_z_of_sums,
    taylor_softmax_of_sums,
)

PAIRS = {
    "softmax": (spherical_softmax_of_sums, spherical_softmax),
    "softmax_wide": (partial(spherical_softmax_of_sums, eps=0.5), partial(spherical_softmax, eps=0.5)),
    "taylor": (taylor_softmax_of_sums, taylor_softmax),
    "z": (spherical_z_of_sums, spherical_z),
    "z_sharp": (
        partial(spherical_z_of_sums, sharpness=4.0, shift=2.0, eps=0.1),
        partial(spherical_z, sharpness=4.0, shift=2.0, eps=0.1),
    ),
}


def sums_of(logits: torch.Tensor, target: torch.Tensor) -> LogitSums:
    mean = logits.mean(1)
    spread = (logits - mean.unsqueeze(1)).square().sum(1)
    return LogitSums(mean, spread, logits.gather(1, target.unsqueeze(1)).squeeze(1), logits.shape[1])


@pytest.mark.parametrize("name", PAIRS)
@given(seed=st.integers(0, 2**16), num_classes=st.integers(2, 9), shift=st.floats(-50, 50))
@settings(max_examples=15)
def test_equals_the_loss_of_all_logits_and_its_gradient(name, seed, num_classes, shift):
    of_sums, of_logits = PAIRS[name]
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(6, num_classes, generator=generator, dtype=torch.float64) + shift
    target = torch.randint(num_classes, (6,), generator=generator)
    logits.requires_grad_()
    actual, wanted = of_sums(sums_of(logits, target)), of_logits(logits, target, reduction="none")
    torch.testing.assert_close(actual, wanted, rtol=1e-9, atol=1e-12)
    (of_actual,), (of_wanted,) = (torch.autograd.grad(loss.sum(), logits) for loss in (actual, wanted))
    torch.testing.assert_close(of_actual, of_wanted, rtol=1e-7, atol=1e-9)


def test_a_row_without_spread_has_a_standard_score_of_zero_and_no_gradient():
    inputs = [torch.tensor([value], requires_grad=True) for value in (3.0, 0.0, 3.0)]
    loss = spherical_z_of_sums(LogitSums(*inputs, 4), shift=1.0)
    torch.testing.assert_close(loss, torch.nn.functional.softplus(torch.ones(1)))
    assert [slope.item() for slope in torch.autograd.grad(loss.sum(), inputs)] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        (spherical_softmax_of_sums, {"eps": 0.0}),
        (spherical_z_of_sums, {"eps": -1.0}),
        (spherical_z_of_sums, {"sharpness": 0.0}),
        (spherical_z_of_sums, {"shift": float("nan")}),
    ],
)
def test_bad_options_are_named(loss, options):
    sums = sums_of(torch.tensor([[1.0, 2.0]]), torch.tensor([0]))
    with pytest.raises(InvalidInputError, match=f"^{next(iter(options))}: "):
        loss(sums, **options)
