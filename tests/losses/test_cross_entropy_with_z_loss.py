"""Cross-entropy with z-loss beyond conformance: its two terms, ignored positions, digits and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.cross_entropy_with_z_loss import LOSS, cross_entropy_with_z_loss
from lossary.losses.classification.logit_z_loss import logit_z_loss
from torch.nn import functional

LOGITS, TARGET = torch.tensor([[0.3, -2.0], [0.1, 0.2]]), torch.tensor([1, 0])


@given(seed=st.integers(0, 2**16), coefficient=st.floats(0, 10), reduction=st.sampled_from(["mean", "sum"]))
@settings(max_examples=25)
def test_is_cross_entropy_and_z_loss_of_the_positions_that_count(seed, coefficient, reduction):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, 3, 4, generator=generator, dtype=torch.float64)
    target = torch.randint(4, (2, 3), generator=generator)
    target[0, 1] = -100
    leaf = logits.clone().requires_grad_()
    loss = cross_entropy_with_z_loss(leaf, target, coefficient=coefficient, reduction=reduction)
    plain = functional.cross_entropy(logits.transpose(1, 2), target, reduction=reduction)
    scale = logit_z_loss(logits, target != -100, coefficient=coefficient, reduction=reduction)
    torch.testing.assert_close(loss, plain + scale)
    other = logits.clone().requires_grad_()
    loss.backward()
    (
        functional.cross_entropy(other.transpose(1, 2), target, reduction=reduction)
        + logit_z_loss(other, target != -100, coefficient=coefficient, reduction=reduction)
    ).backward()
    torch.testing.assert_close(leaf.grad, other.grad)


def test_without_a_coefficient_it_is_the_exact_log_loss():
    metric, _ = LOSS.pairs_with
    assert metric.name == "log_loss"
    loss = cross_entropy_with_z_loss(LOGITS.double(), TARGET, coefficient=0.0)
    assert loss.item() == pytest.approx(metric(logits=LOGITS.double(), target=TARGET))


def test_the_metrics_leave_ignored_positions_of_a_sequence_out():
    sequence, target = LOGITS.double()[None], torch.tensor([[1, -100]])
    for metric in LOSS.pairs_with:
        assert metric(logits=sequence, target=target) == metric(logits=LOGITS[:1].double(), target=TARGET[:1])


def test_ignored_positions_are_zero_and_may_overflow():
    logits = torch.tensor([[0.0, 0.0], [3e38, 0.0]], requires_grad=True)
    values = cross_entropy_with_z_loss(logits, torch.tensor([0, -100]), coefficient=1.0, reduction="none")
    values.sum().backward()
    torch.testing.assert_close(values.detach(), torch.tensor([math.log(2) + math.log(2) ** 2, 0.0]))
    assert logits.grad.isfinite().all()


def test_only_ignored_positions_give_zero_with_a_graph():
    logits = LOGITS.clone().requires_grad_()
    loss = cross_entropy_with_z_loss(logits, torch.tensor([5, 5]), ignore_index=5)
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_the_cross_entropy_of_large_logits_keeps_its_digits():
    logits = torch.tensor([[1000.0, 990.0]])
    loss = cross_entropy_with_z_loss(logits, torch.tensor([0]), coefficient=0.0)
    assert loss.item() == pytest.approx(math.log1p(math.exp(-10)), rel=1e-2)


def test_the_scale_of_a_row_far_below_its_largest_logit_keeps_its_digits():
    logits = torch.tensor([[1.5, -20000.0]])
    with_scale = cross_entropy_with_z_loss(logits, torch.tensor([1]), coefficient=1000.0)
    without = cross_entropy_with_z_loss(logits, torch.tensor([1]), coefficient=0.0)
    assert (with_scale - without).item() == pytest.approx(2250.0)


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (LOGITS[:, :0], TARGET, {}, ShapeError, "logits"),
        (LOGITS.long(), TARGET, {}, DtypeError, "logits"),
        (LOGITS * math.inf, TARGET, {}, InvalidInputError, "logits"),
        (LOGITS, TARGET[:1], {}, ShapeError, "target"),
        (LOGITS, TARGET.float(), {}, DtypeError, "target"),
        (LOGITS, TARGET + 1, {}, InvalidInputError, "target"),
        (LOGITS, TARGET, {"coefficient": -1.0}, InvalidInputError, "coefficient"),
        (LOGITS, TARGET, {"ignore_index": 0.5}, DtypeError, "ignore_index"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        cross_entropy_with_z_loss(logits, target, **options)
