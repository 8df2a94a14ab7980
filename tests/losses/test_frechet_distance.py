"""Frechet distance beyond conformance: the metric of given moments, singular covariances, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distributions.frechet_distance import LOSS, frechet_distance


def features(rows: int, dim: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(seed=st.integers(0, 2**16), rows=st.integers(2, 9), others=st.integers(2, 9), dim=st.integers(1, 9))
@settings(max_examples=40)
def test_equals_the_metric_for_any_number_of_rows_and_features(seed, rows, others, dim):
    x, y = features(rows, dim, seed), 2 * features(others, dim, seed + 1) + 1
    (metric,) = LOSS.pairs_with
    # the metric takes roots of eigenvalues that are 0 but for rounding
    assert frechet_distance(x, y).item() == pytest.approx(metric(prediction=x, target=y), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("rows", "others", "dim"), [(6, 7, 3), (4, 6, 8), (6, 4, 8), (5, 5, 5)])
def test_the_gradient_is_that_of_finite_differences(rows, others, dim):
    y = features(others, dim, 1)
    assert torch.autograd.gradcheck(lambda x: frechet_distance(x, y), features(rows, dim).requires_grad_())


def test_equal_samples_are_at_zero_with_no_slope():
    x = features(8, 3).requires_grad_()
    loss = frechet_distance(x, x.detach().flip(0))
    (slope,) = torch.autograd.grad(loss, x)
    torch.testing.assert_close(loss.detach(), torch.zeros((), dtype=torch.float64), rtol=0, atol=1e-12)
    torch.testing.assert_close(slope, torch.zeros_like(x), rtol=0, atol=1e-12)


def test_collapsed_samples_have_the_finite_slope_of_their_mean():
    x = torch.zeros(4, 3, requires_grad=True)
    y = features(6, 3).float() + 2
    (slope,) = torch.autograd.grad(frechet_distance(x, y), x)
    torch.testing.assert_close(slope, (-2 * y.mean(0) / 4).expand(4, 3))


def test_descent_finds_the_moments_of_the_target():
    x, y = features(40, 2), features(50, 2, 1) @ torch.tensor([[2.0, 0.0], [1.0, 0.5]]).double() + 3
    x.requires_grad_()
    optimizer = torch.optim.Adam([x], lr=0.1)
    for _ in range(150):
        optimizer.zero_grad()
        frechet_distance(x, y).backward()
        optimizer.step()
    torch.testing.assert_close(x.detach().mean(0), y.mean(0), atol=1e-2, rtol=0)
    torch.testing.assert_close(x.detach().T.cov(), y.T.cov(), atol=5e-2, rtol=0)


X, Y = features(4, 3), features(5, 3, 1)


@pytest.mark.parametrize(
    ("x", "y", "error", "argument"),
    [
        (X[:1], Y, ShapeError, "prediction"),
        (X, Y[:1], ShapeError, "target"),
        (X[:, 0], Y, ShapeError, "prediction"),
        (X, Y[:, :2], ShapeError, "target: got points of 2 dimensions; wanted 3, as prediction"),
        (X, Y.long(), DtypeError, "target"),
        (X * math.nan, Y, InvalidInputError, "prediction"),
    ],
)
def test_bad_input_is_named(x, y, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        frechet_distance(x, y)
