"""Cauchy-Schwarz divergence beyond conformance: its formula, symmetry, far samples, bandwidths, errors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distributions.cauchy_schwarz_divergence import cauchy_schwarz_divergence


def points(count: int, dim: int = 2, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def kernel_mean(p: torch.Tensor, q: torch.Tensor, bandwidth: float) -> torch.Tensor:
    squares = (p.unsqueeze(1) - q).square().sum(-1)
    return (-squares / (2 * bandwidth**2)).exp().mean()


@given(
    seed=st.integers(0, 2**16),
    sizes=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    bandwidth=st.floats(0.3, 4),
)
@settings(max_examples=25)
def test_is_minus_the_logarithm_of_a_squared_cosine(seed, sizes, bandwidth):
    p, q = points(sizes[0], seed=seed), points(sizes[1], seed=seed + 1)
    cosine = (
        kernel_mean(p, q, bandwidth) / (kernel_mean(p, p, bandwidth) * kernel_mean(q, q, bandwidth)).sqrt()
    )
    found = cauchy_schwarz_divergence(p, q, bandwidth=bandwidth)
    torch.testing.assert_close(found, -2 * cosine.log())
    torch.testing.assert_close(cauchy_schwarz_divergence(q, p, bandwidth=bandwidth), found)
    bits = cauchy_schwarz_divergence(p, q, bandwidth=bandwidth, unit="bit")
    torch.testing.assert_close(bits * math.log(2), found)


def test_equal_samples_in_any_order_are_at_zero_with_no_slope():
    p = points(7).requires_grad_()
    loss = cauchy_schwarz_divergence(p, p.detach().flip(0))
    (slope,) = torch.autograd.grad(loss, p)
    torch.testing.assert_close(loss.detach(), torch.zeros((), dtype=torch.float64), rtol=0, atol=1e-12)
    torch.testing.assert_close(slope, torch.zeros_like(p), rtol=0, atol=1e-12)


def test_clouds_a_thousand_bandwidths_apart_still_attract():
    p = (points(4).float() + 1000).requires_grad_()
    loss = cauchy_schwarz_divergence(p, points(5).float())
    (slope,) = torch.autograd.grad(loss, p)
    assert loss.item() == pytest.approx(2 * 1000**2, rel=0.02)
    assert slope.isfinite().all()
    assert (slope.sum(0) > 0).all()


@pytest.mark.parametrize("sizes", [(3, 3), (3, 4)])
def test_the_median_bandwidth_is_that_of_all_pairs_and_has_no_slope(sizes):
    p, q = points(sizes[0]).requires_grad_(), points(sizes[1], seed=1)
    pooled = torch.cat([p.detach(), q]).numpy()
    gaps = [np.linalg.norm(pooled[i] - pooled[j]) for i in range(len(pooled)) for j in range(i)]
    fixed = cauchy_schwarz_divergence(p, q, bandwidth=float(np.median(gaps)))
    found = cauchy_schwarz_divergence(p, q, bandwidth="median")
    torch.testing.assert_close(found, fixed)
    torch.testing.assert_close(torch.autograd.grad(found, p), torch.autograd.grad(fixed, p))


def test_a_median_of_zero_is_one():
    p, q = torch.zeros(4, 2), torch.tensor([[2.0, 0.0]])
    found = cauchy_schwarz_divergence(p, q, bandwidth="median")
    assert found.item() == pytest.approx(cauchy_schwarz_divergence(p, q).item()) == pytest.approx(4.0)


def test_numbers_are_points_of_one_dimension():
    p, q = points(4, 1), points(5, 1, seed=1)
    assert torch.equal(cauchy_schwarz_divergence(p[:, 0], q[:, 0]), cauchy_schwarz_divergence(p, q))


P, Q = points(4), points(5, seed=1)


@pytest.mark.parametrize(
    ("p", "q", "options", "error", "argument"),
    [
        (P[:0], Q, {}, ShapeError, "samples_p"),
        (P, Q[:0], {}, ShapeError, "samples_q"),
        (P, Q[:, :1], {}, ShapeError, "samples_q: got points of 1 dimensions; wanted 2"),
        (P.long(), Q, {}, DtypeError, "samples_p"),
        (P, Q * math.inf, {}, InvalidInputError, "samples_q"),
        (P * 1e200, Q, {}, InvalidInputError, "samples_p: got squared distances that overflow"),
        (P, Q, {"bandwidth": 0.0}, InvalidInputError, "bandwidth"),
        (P, Q, {"bandwidth": "mean"}, InvalidInputError, "bandwidth"),
        (P, Q, {"unit": "ban"}, InvalidInputError, "unit"),
    ],
)
def test_bad_input_is_named(p, q, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        cauchy_schwarz_divergence(p, q, **options)
