"""SphereFace beyond conformance: the falling angle, the length in the logits, annealing and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError
from lossary.losses.margin_heads.sphereface import sphereface
from torch.nn import functional


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(6, 3, generator=generator, dtype=torch.float64)
    weight = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(4, (6,), generator=generator), weight


def falling_cosine(degrees: torch.Tensor, margin: int) -> torch.Tensor:
    """What stands for the cosine at these angles, read from losses beside a class at a right angle."""
    angle = degrees.deg2rad()
    embeddings = torch.stack([angle.cos(), angle.sin(), 0 * angle], 1)
    weight = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    labels = torch.zeros(len(degrees), dtype=torch.long)
    return -sphereface(embeddings, labels, weight, margin=margin, reduction="none").expm1().log()


@given(seed=st.integers(0, 2**16), scale=st.floats(0.1, 10.0))
@settings(max_examples=20)
def test_margin_one_is_a_softmax_on_weights_of_length_one(seed, scale):
    embeddings, labels, weight = batch(seed)
    logits = scale * embeddings @ functional.normalize(weight).T
    wanted = functional.cross_entropy(logits, labels, reduction="none")
    loss = sphereface(embeddings, labels, weight, margin=1, scale=scale, reduction="none")
    torch.testing.assert_close(loss, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("margin", [1, 2, 3, 4, 7])
def test_the_cosine_falls_over_the_whole_half_turn_without_a_jump(margin):
    degrees = torch.arange(0.5, 180, 0.5, dtype=torch.float64)
    cosine = falling_cosine(degrees, margin)
    assert (cosine.diff() < 0).all()
    assert cosine.diff().abs().max() < margin * math.radians(0.51)
    assert cosine[-1].item() == pytest.approx(1 - 2 * margin, abs=1e-2 * margin)


def test_each_part_is_the_multiple_angle_shifted_down():
    angle = torch.tensor([20.0, 50.0, 100.0, 170.0], dtype=torch.float64)
    times = (4 * angle).deg2rad().cos()
    sign, turns = torch.tensor([1.0, -1.0, 1.0, -1.0]), torch.tensor([0.0, 1.0, 2.0, 3.0])
    torch.testing.assert_close(falling_cosine(angle, 4), sign * times - 2 * turns)


@given(seed=st.integers(0, 2**16), annealing=st.floats(0.0, 50.0))
@settings(max_examples=20)
def test_annealing_makes_the_loss_smaller_down_to_that_of_the_plain_cosine(seed, annealing):
    inputs = batch(seed)
    plain, full = sphereface(*inputs, margin=1), sphereface(*inputs)
    loss = sphereface(*inputs, annealing=annealing)
    assert plain - 1e-9 <= loss <= full + 1e-9
    torch.testing.assert_close(sphereface(*inputs, annealing=1e9), plain, rtol=1e-6, atol=1e-6)


def test_the_length_of_an_embedding_is_its_scale():
    embeddings, labels, weight = batch(3)
    unit = functional.normalize(embeddings)
    torch.testing.assert_close(
        sphereface(5 * unit, labels, weight), sphereface(unit, labels, weight, scale=5.0)
    )


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"margin": 0}, InvalidInputError, "margin"),
        ({"margin": 2.5}, DtypeError, "margin"),
        ({"annealing": -1.0}, InvalidInputError, "annealing"),
    ],
)
def test_bad_options_are_named(options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        sphereface(*batch(0), **options)
