"""Singular-value uniformity beyond conformance: its range, its gradient, collapsed batches and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.self_supervised.singular_value_uniformity import singular_value_uniformity
from torch.nn.functional import normalize


def batch(items: int = 7, dim: int = 4, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(items, dim, generator=generator, dtype=torch.float64) + 0.5


@given(
    seed=st.integers(0, 2**16),
    shape=st.sampled_from([(7, 4), (3, 5), (2, 1)]),
    normalized=st.booleans(),
    center=st.booleans(),
)
@settings(max_examples=30)
def test_is_the_mean_square_of_what_singular_values_differ_from_their_size(seed, shape, normalized, center):
    embeddings = batch(*shape, seed)
    rows = normalize(embeddings, dim=1) if normalized else embeddings
    rows = rows - rows.mean(0) if center else rows
    if rows.norm() < 1e-9:
        return  # one direction: nothing is left to be uneven
    values = torch.linalg.svdvals(rows)
    expected = (math.sqrt(len(values)) * values / values.norm() - 1).square().mean()
    found = singular_value_uniformity(embeddings, normalize=normalized, center=center)
    torch.testing.assert_close(found, expected)


def test_zero_exactly_where_singular_values_are_equal():
    rotation = torch.linalg.qr(batch(4, 4)).Q
    assert singular_value_uniformity(rotation, center=False).item() == pytest.approx(0, abs=1e-12)
    assert singular_value_uniformity(rotation[:2], center=False).item() == pytest.approx(0, abs=1e-12)
    assert singular_value_uniformity(batch(4, 4), center=False) > 0.01


def test_gradient_of_wide_batches_equals_finite_differences():
    embeddings = batch(3, 5).requires_grad_()  # centred, one of three singular values is 0
    assert torch.autograd.gradcheck(singular_value_uniformity, embeddings)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("value", [0.0, 0.1, 3.0])
def test_a_collapsed_batch_is_two_without_a_gradient(value, dtype):
    embeddings = torch.full((6, 3), value, dtype=dtype, requires_grad=True)
    loss = singular_value_uniformity(embeddings)
    loss.backward()
    assert loss.item() == 2
    assert not embeddings.grad.any()


def test_a_nearly_collapsed_batch_is_not_collapsed():
    embeddings = 1 + 1e-3 * batch().float()
    wanted = singular_value_uniformity(embeddings.double())
    torch.testing.assert_close(singular_value_uniformity(embeddings).double(), wanted, rtol=1e-3, atol=0)


@pytest.mark.parametrize("scale", [1e-8, 1e25])
def test_size_does_not_matter_above_eps(scale):
    embeddings = batch().float()
    found = singular_value_uniformity(embeddings * scale, normalize=False)
    torch.testing.assert_close(found, singular_value_uniformity(embeddings, normalize=False))


def test_below_eps_the_loss_fades_to_that_of_zeros():
    found = singular_value_uniformity(batch() * 1e-16, normalize=False)
    assert 1.99 < found < 2


def test_descending_evens_the_singular_values_out():
    embeddings = (batch(12, 3) * torch.tensor([5.0, 1.0, 0.1])).requires_grad_()
    optimizer = torch.optim.SGD([embeddings], lr=5.0)
    before = singular_value_uniformity(embeddings).item()
    for _ in range(50):
        optimizer.zero_grad()
        singular_value_uniformity(embeddings).backward()
        optimizer.step()
    assert singular_value_uniformity(embeddings) < before / 5


@pytest.mark.parametrize(
    ("embeddings", "options", "error", "argument"),
    [
        (batch()[0], {}, ShapeError, "embeddings"),
        (batch()[:, :0], {}, ShapeError, "embeddings: .*at least one column"),
        (batch().int(), {}, DtypeError, "embeddings"),
        (batch() * math.nan, {}, InvalidInputError, "embeddings"),
        (batch(), {"eps": 0.0}, InvalidInputError, "eps"),
    ],
)
def test_bad_input_is_named(embeddings, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        singular_value_uniformity(embeddings, **options)
