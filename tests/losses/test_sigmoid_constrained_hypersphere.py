"""SFace beyond conformance: its gradient is its definition, what is left alone, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError
from lossary.losses.margin_heads.sigmoid_constrained_hypersphere import sigmoid_constrained_hypersphere
from torch.nn import functional


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(6, 3, generator=generator, dtype=torch.float64)
    weight = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(4, (6,), generator=generator), weight


@given(seed=st.integers(0, 2**16), sharpness=st.floats(0.5, 100.0))
@settings(max_examples=25)
def test_value_and_gradient_are_those_of_cosines_with_constant_strengths(seed, sharpness):
    embeddings, labels, weight = batch(seed)
    leaves = [embeddings.requires_grad_(), weight.requires_grad_()]
    cosine = functional.normalize(embeddings) @ functional.normalize(weight).T
    angle, own = cosine.detach().acos(), functional.one_hot(labels, 4).bool()
    pull = 64 / (1 + (-sharpness * (angle - 0.8)).exp())
    push = 64 / (1 + (sharpness * (angle - 1.23)).exp())
    wanted = torch.where(own, -pull * cosine, push * cosine).sum(1)
    loss = sigmoid_constrained_hypersphere(embeddings, labels, weight, sharpness=sharpness, reduction="none")
    torch.testing.assert_close(loss, wanted)
    for gradient, expected in zip(
        torch.autograd.grad(loss.sum(), leaves), torch.autograd.grad(wanted.sum(), leaves), strict=True
    ):
        torch.testing.assert_close(gradient, expected)


def strengths(*degrees: float) -> torch.Tensor:
    """The gradient in the cosine with the own class, and with another on a right angle to the plane."""
    angle = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    embeddings = torch.stack([angle.cos(), angle.sin()], 1)
    weight = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    labels = torch.zeros(len(degrees), dtype=torch.long)
    values = sigmoid_constrained_hypersphere(embeddings, labels, weight, reduction="none")
    return values / -angle.cos()


def test_an_item_is_pulled_with_full_strength_until_it_is_near_enough():
    far, centre, near = strengths(80.0, math.degrees(0.8), 20.0)
    assert far.item() == pytest.approx(64)
    assert centre.item() == pytest.approx(32)
    assert near.item() < 1e-10


def test_other_classes_push_only_from_nearby():
    weight = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], dtype=torch.float64)
    for degrees, push in ((30.0, 64.0), (math.degrees(1.23), 32.0), (100.0, 0.0)):
        angle = math.radians(degrees)
        embeddings = torch.tensor([[math.cos(angle), math.sin(angle), 0.0]], dtype=torch.float64)
        loss = sigmoid_constrained_hypersphere(embeddings, torch.tensor([0]), weight)
        assert loss.item() == pytest.approx(push * math.cos(angle), abs=1e-6)


def test_an_item_on_its_class_has_neither_nan_nor_overflow_in_float32():
    rows = torch.tensor([[3.0, 4.0], [-3.0, -4.0]], requires_grad=True)
    loss = sigmoid_constrained_hypersphere(
        rows, torch.tensor([0, 0]), torch.tensor([[6.0, 8.0]]), sharpness=1e4, reduction="none"
    )
    loss.sum().backward()
    assert loss.isfinite().all()
    assert rows.grad.isfinite().all()


@pytest.mark.parametrize(
    ("option", "value"), [("sharpness", 0.0), ("intra_center", math.nan), ("inter_center", math.inf)]
)
def test_bad_options_are_named(option, value):
    with pytest.raises(InvalidInputError, match=f"^{option}: "):
        sigmoid_constrained_hypersphere(*batch(0), **{option: value})
