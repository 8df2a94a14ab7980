"""Logit z-loss beyond conformance: what makes it zero, its gradient, masks and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.logit_z_loss import logit_z_loss

LOGITS = torch.tensor([[0.3, -2.0], [0.1, 0.2]])
MASK = torch.tensor([True, False])


@given(seed=st.integers(0, 2**16), coefficient=st.floats(0, 10))
@settings(max_examples=25)
def test_equals_the_formula_read_literally(seed, coefficient):
    logits = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    wanted = coefficient * logits.exp().sum(-1).log() ** 2
    torch.testing.assert_close(logit_z_loss(logits, coefficient=coefficient, reduction="none"), wanted)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_the_gradient_is_the_softmax_times_twice_the_logarithm(seed):
    logits = torch.randn(3, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    leaf = logits.clone().requires_grad_()
    logit_z_loss(leaf, coefficient=0.5).backward()
    torch.testing.assert_close(leaf.grad, logits.logsumexp(1, keepdim=True) * logits.softmax(1) / 3)


def test_log_probabilities_cost_nothing():
    assert logit_z_loss(LOGITS.log_softmax(1), coefficient=1.0).item() == pytest.approx(0, abs=1e-12)


def test_a_common_shift_does_cost():
    torch.testing.assert_close(logit_z_loss(LOGITS.log_softmax(1) + 3, coefficient=1.0), torch.tensor(9.0))


def test_positions_out_of_the_mask_do_not_count():
    assert logit_z_loss(LOGITS, MASK) == logit_z_loss(LOGITS[:1])
    values = logit_z_loss(LOGITS, mask=MASK, reduction="none")
    assert values[1] == 0
    assert values.shape == (2,)


def test_without_any_position_it_is_zero_with_a_graph():
    logits = LOGITS.clone().requires_grad_()
    loss = logit_z_loss(logits, torch.zeros(2, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_what_does_not_count_may_overflow():
    logits = torch.tensor([[0.0, 0.0], [3e38, 0.0]], requires_grad=True)
    logit_z_loss(logits, MASK, coefficient=1.0).backward()
    torch.testing.assert_close(logits.grad, torch.tensor([[math.log(2)] * 2, [0.0, 0.0]]))


def test_logits_of_a_thousand_keep_their_digits_in_half_precision():
    logits = torch.full((1, 2), 1000.0, dtype=torch.bfloat16)
    loss = logit_z_loss(logits, coefficient=1e-6)
    assert loss.dtype == torch.bfloat16
    assert loss.item() == pytest.approx((1000 + math.log(2)) ** 2 * 1e-6, rel=0.01)


def test_a_single_position_needs_no_batch():
    assert logit_z_loss(LOGITS[0]) == logit_z_loss(LOGITS[:1])


@pytest.mark.parametrize(
    ("logits", "options", "error", "argument"),
    [
        (LOGITS[:, :0], {}, ShapeError, "logits"),
        (LOGITS.sum(), {}, ShapeError, "logits"),
        (LOGITS.long(), {}, DtypeError, "logits"),
        (LOGITS * math.nan, {}, InvalidInputError, "logits"),
        (LOGITS, {"mask": MASK[:1]}, ShapeError, "mask"),
        (LOGITS, {"mask": MASK.long()}, DtypeError, "mask"),
        (LOGITS, {"mask": [True, False]}, DtypeError, "mask"),
        (LOGITS, {"coefficient": -1.0}, InvalidInputError, "coefficient"),
    ],
)
def test_bad_input_is_named(logits, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        logit_z_loss(logits, **options)
