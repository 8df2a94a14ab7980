"""ArcFace beyond conformance: the angle read literally, its boundaries, its special case and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError
from lossary.losses.margin_heads.arcface import arcface
from lossary.losses.margin_heads.normalized_softmax import normalized_softmax


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(6, 3, generator=generator, dtype=torch.float64)
    weight = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(4, (6,), generator=generator), weight


def at_angle(*degrees: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Items at these angles to their own class; the other class stands on a right angle to both."""
    angle = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    embeddings = torch.stack([angle.cos(), angle.sin(), 0 * angle], 1)
    weight = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    return embeddings, torch.zeros(len(degrees), dtype=torch.long), weight


def target_cosine(loss: torch.Tensor) -> torch.Tensor:
    """What stands for the cosine with the own class, with scale 1 and another class at 0."""
    return -loss.expm1().log()


@given(seed=st.integers(0, 2**16), margin=st.floats(0.0, 1.5))
@settings(max_examples=25)
def test_equals_the_formula_read_literally(seed, margin):
    embeddings, labels, weight = batch(seed)
    cosine = torch.nn.functional.normalize(embeddings) @ torch.nn.functional.normalize(weight).T
    one_hot = torch.nn.functional.one_hot(labels, 4)
    logits = 8 * torch.cos(cosine.acos() + margin * one_hot)
    wanted = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
    options = {"margin": margin, "scale": 8.0, "boundary": "none", "reduction": "none"}
    torch.testing.assert_close(arcface(embeddings, labels, weight, **options), wanted)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=10)
@pytest.mark.parametrize("boundary", ["linear", "none", "easy"])
def test_without_a_margin_it_is_the_normalized_softmax(boundary, seed):
    inputs = batch(seed)
    loss = arcface(*inputs, margin=0.0, scale=20.0, boundary=boundary)
    torch.testing.assert_close(loss, normalized_softmax(*inputs))


def test_beyond_the_boundary_the_linear_form_goes_on_falling():
    inputs = at_angle(*range(1, 180, 2))
    values = {
        boundary: target_cosine(arcface(*inputs, scale=1.0, boundary=boundary, reduction="none"))
        for boundary in ("linear", "none", "easy")
    }
    assert (values["linear"].diff() < 0).all()
    assert (values["none"].diff() > 0).any()
    within = torch.arange(1, 180, 2) < math.degrees(math.pi - 0.5)
    torch.testing.assert_close(values["linear"][within], values["none"][within])
    torch.testing.assert_close(values["linear"][~within], inputs[0][~within][:, 0] - 0.5 * math.sin(0.5))


def test_the_easy_form_has_a_margin_below_a_right_angle_only():
    cosine = target_cosine(arcface(*at_angle(60.0, 120.0), scale=1.0, boundary="easy", reduction="none"))
    wanted = torch.tensor(
        [math.cos(math.radians(60) + 0.5), math.cos(math.radians(120))], dtype=torch.float64
    )
    torch.testing.assert_close(cosine, wanted)


def test_a_small_change_of_a_large_problem_is_the_same_in_float32():
    generator = torch.Generator().manual_seed(0)
    embeddings, weight = torch.randn(16, 32, generator=generator), torch.randn(5000, 32, generator=generator)
    labels = torch.randint(5000, (16,), generator=generator)
    wide = arcface(embeddings.double(), labels, weight.double())
    torch.testing.assert_close(arcface(embeddings, labels, weight).double(), wide, rtol=1e-5, atol=0)


@pytest.mark.parametrize("margin", [-0.1, math.pi, 28.6, math.nan, True, "0.5"])
def test_a_margin_in_degrees_or_of_another_kind_is_refused(margin):
    with pytest.raises(InvalidInputError, match=r"^margin: got .*; wanted radians"):
        arcface(*batch(0), margin=margin)


def test_an_unknown_boundary_is_refused():
    with pytest.raises(InvalidInputError, match=r"^boundary: "):
        arcface(*batch(0), boundary="hard")
