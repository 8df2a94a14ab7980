"""Uniformity beyond conformance: a loop over pairs, collapsed and far rows, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import checks
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.contrastive_learning.uniformity import uniformity
from torch.nn.functional import normalize as unit
from torch.nn.functional import pdist


def batch(items: int = 6, seed: int = 0) -> torch.Tensor:
    return torch.randn(items, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(seed=st.integers(0, 2**16), items=st.integers(2, 8), scale=st.floats(0.1, 5), normalize=st.booleans())
@settings(max_examples=25)
def test_is_the_mean_potential_of_pairs(seed, items, scale, normalize):
    rows = batch(items, seed)
    distance = pdist(unit(rows) if normalize else rows)
    expected = distance.square().mul(-scale).exp().mean().log()
    torch.testing.assert_close(uniformity(rows, scale=scale, normalize=normalize), expected)


@pytest.mark.parametrize("normalize", [True, False])
def test_collapsed_rows_are_zero_without_a_gradient(normalize):
    rows = batch()[:1].expand(4, -1).clone().requires_grad_()
    loss = uniformity(rows, normalize=normalize)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-12)
    torch.testing.assert_close(rows.grad, torch.zeros_like(rows), rtol=0, atol=1e-12)


def test_corners_of_a_square_are_as_far_apart_as_they_can_be():
    corners = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]], dtype=torch.float64)
    expected = math.log((4 * math.exp(-4) + 2 * math.exp(-8)) / 6)
    assert uniformity(corners).item() == pytest.approx(expected)


def test_a_row_of_zeros_is_at_the_centre():
    rows = torch.tensor([[0.0, 0.0], [1.0, 0.0]], requires_grad=True)
    loss = uniformity(rows)
    loss.backward()
    assert loss.item() == pytest.approx(-2)
    assert rows.grad.isfinite().all()


def test_near_rows_far_from_the_origin_keep_their_distance():
    rows = torch.tensor([[1000.0], [1001.0]])
    assert uniformity(rows, normalize=False).item() == -2


def test_potentials_that_underflow_are_finite():
    assert uniformity(1e3 * batch(), normalize=False).item() < -1e4


@pytest.mark.parametrize(
    ("rows", "options", "error", "message"),
    [
        (batch(1), {}, ShapeError, "embeddings: .*at least two rows"),
        (batch()[:, :0], {}, ShapeError, "embeddings: .*one column"),
        (batch()[0], {}, ShapeError, "embeddings"),
        (batch().int(), {}, DtypeError, "embeddings"),
        (batch() * math.inf, {}, InvalidInputError, "embeddings"),
        (batch().float() * 1e25, {"normalize": False}, InvalidInputError, "embeddings: .*overflow"),
        (batch(), {"scale": 0.0}, InvalidInputError, "scale"),
    ],
)
def test_bad_input_is_named(rows, options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        uniformity(rows, **options)


def test_nan_reaches_the_loss_where_values_are_not_checked():
    with checks(False):
        assert uniformity(batch() * math.nan).isnan()
