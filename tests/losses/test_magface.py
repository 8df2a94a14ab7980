"""MagFace beyond conformance: the margin and the price by length, ArcFace inside it, gradients and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError
from lossary.losses.margin_heads.arcface import arcface
from lossary.losses.margin_heads.magface import magface
from torch.nn import functional


def batch(seed: int, length: float = 60.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    rows = functional.normalize(torch.randn(6, 3, generator=generator, dtype=torch.float64))
    weight = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    return length * rows, torch.randint(4, (6,), generator=generator), weight


@given(seed=st.integers(0, 2**16), length=st.floats(1.0, 200.0))
@pytest.mark.parametrize("boundary", ["linear", "easy", "none"])
@settings(max_examples=15)
def test_items_of_one_length_have_the_margin_of_arcface_and_one_price(boundary, seed, length):
    inputs = batch(seed, length)
    cut = min(max(length, 10.0), 110.0)
    margin = 0.45 + (0.8 - 0.45) * (cut - 10) / 100
    wanted = arcface(*inputs, margin=margin, scale=16.0, boundary=boundary) + 35 * (cut / 110**2 + 1 / cut)
    torch.testing.assert_close(magface(*inputs, scale=16.0, boundary=boundary), wanted)


def test_the_price_alone_falls_with_the_length_up_to_the_upper_bound():
    prices = torch.stack(
        [magface(*batch(0, length), scale=1e-6) for length in (5.0, 10.0, 50.0, 110.0, 500.0)]
    )
    assert prices[0] == pytest.approx(prices[1])
    assert prices[1] > prices[2] > prices[3]
    assert prices[3] == pytest.approx(prices[4])


@pytest.mark.parametrize(("length", "moves"), [(5.0, False), (60.0, True), (200.0, False)])
def test_the_length_has_a_gradient_between_the_bounds_alone(length, moves):
    embeddings, labels, weight = batch(1, length)
    embeddings.requires_grad_()
    magface(embeddings, labels, weight).backward()
    along = (embeddings.grad * embeddings).sum(1)
    assert bool((along.abs() > 1e-6).all()) is moves
    if not moves:
        torch.testing.assert_close(along, torch.zeros_like(along), rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"lower_norm": 0.0}, "lower_norm"),
        ({"upper_norm": 10.0}, "upper_norm: got 10.0; wanted more than lower_norm"),
        ({"upper_norm": math.inf}, "upper_norm"),
        ({"lower_margin": -0.1}, "lower_margin"),
        ({"upper_margin": 45.0}, "upper_margin"),
        ({"regularizer": -1.0}, "regularizer"),
        ({"boundary": "hard"}, "boundary"),
    ],
)
def test_bad_options_are_named(options, argument):
    with pytest.raises(InvalidInputError, match=f"^{argument}"):
        magface(*batch(0), **options)
