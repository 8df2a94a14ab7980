"""Binary hinge beyond conformance: its metrics, the kink, kinds of labels and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.binary_hinge import LOSS, binary_hinge


def scores(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(12, generator=generator, dtype=torch.float64)
    return logits, (torch.rand(12, generator=generator) > 0.4).long()


@given(seed=st.integers(0, 2**16), margin=st.floats(0.1, 4.0))
@settings(max_examples=25)
def test_equals_the_formula_and_its_square(seed, margin):
    logits, target = scores(seed)
    short = (margin - (2 * target - 1) * logits).clamp(min=0)
    torch.testing.assert_close(binary_hinge(logits, target, margin=margin, reduction="none"), short)
    torch.testing.assert_close(
        binary_hinge(logits, target, margin=margin, squared=True, reduction="none"), short**2
    )


def test_is_the_exact_hinge_loss_and_bounds_the_zero_one_loss():
    logits, target = scores(1)
    loss = binary_hinge(logits, target).item()
    accuracy, zero_one, hinge = (metric(logits=logits, target=target) for metric in LOSS.pairs_with)
    assert loss == pytest.approx(hinge)
    assert zero_one == pytest.approx(1 - accuracy)
    assert loss >= zero_one
    assert zero_one == metrics.zero_one_loss(target.numpy(), (logits > 0).long().numpy())


@pytest.mark.parametrize("squared", [False, True])
def test_on_the_margin_the_gradient_is_zero(squared):
    logits = torch.tensor([1.0, -1.0], requires_grad=True)
    binary_hinge(logits, torch.tensor([1, 0]), squared=squared).backward()
    assert not logits.grad.any()


def test_labels_may_be_bool_integer_or_floating():
    logits, target = scores(2)
    for labels in (target.bool(), target.byte(), target.float()):
        assert torch.equal(binary_hinge(logits, labels), binary_hinge(logits, target))


def test_empty_batch_gives_zero_with_a_graph():
    logits = torch.zeros(0, requires_grad=True)
    loss = binary_hinge(logits, torch.zeros(0))
    loss.backward()
    assert loss.item() == 0


LOGITS, TARGET = scores()


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (LOGITS.unsqueeze(1), TARGET, {}, ShapeError, "logits"),
        (LOGITS.long(), TARGET, {}, DtypeError, "logits"),
        (LOGITS * math.nan, TARGET, {}, InvalidInputError, "logits"),
        (LOGITS, TARGET[:3], {}, ShapeError, "target"),
        (LOGITS, 2 * TARGET - 1, {}, InvalidInputError, "target: got -1; wanted only 0 and 1"),
        (LOGITS, TARGET, {"margin": 0.0}, InvalidInputError, "margin"),
        (LOGITS, TARGET, {"reduction": "max"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        binary_hinge(logits, target, **options)
