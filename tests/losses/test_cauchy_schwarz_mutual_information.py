"""Cauchy-Schwarz mutual information beyond conformance: its formula, independence, constants, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distributions.cauchy_schwarz_mutual_information import cauchy_schwarz_mutual_information


def points(count: int, dim: int = 2, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gram(rows: torch.Tensor, bandwidth: float) -> torch.Tensor:
    return (-(rows.unsqueeze(1) - rows).square().sum(-1) / (2 * bandwidth**2)).exp()


def literally(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    joint, margins = (a * b).mean(), a.mean() * b.mean()
    mixed = (a.mean(1) * b.mean(1)).mean()
    return (joint * margins / mixed**2).log()


@given(seed=st.integers(0, 2**16), count=st.integers(2, 8), bandwidth=st.floats(0.3, 3))
@settings(max_examples=25)
def test_equals_the_formula_read_literally(seed, count, bandwidth):
    x, y = points(count, 3, seed), points(count, 1, seed + 1)
    a, b = gram(x, bandwidth), gram(y, bandwidth)
    found = cauchy_schwarz_mutual_information(x, y, bandwidth=bandwidth)
    torch.testing.assert_close(found, literally(a, b), rtol=1e-6, atol=1e-12)
    expected = literally(a, b) / (literally(a, a) * literally(b, b)).sqrt()
    normalized = cauchy_schwarz_mutual_information(x, y, bandwidth=bandwidth, normalized=True, unit="bit")
    torch.testing.assert_close(normalized, expected, rtol=1e-5, atol=1e-9)
    torch.testing.assert_close(cauchy_schwarz_mutual_information(y, x, bandwidth=bandwidth), found)


def test_a_grid_of_all_combinations_is_independent():
    x, y = torch.meshgrid(points(3, 1)[:, 0], points(4, 1, seed=1)[:, 0], indexing="ij")
    found = cauchy_schwarz_mutual_information(x.flatten(), y.flatten())
    torch.testing.assert_close(found, torch.zeros((), dtype=torch.float64), rtol=0, atol=1e-12)


def test_a_variable_knows_all_of_itself():
    x = points(6)
    found = cauchy_schwarz_mutual_information(x, x, normalized=True)
    torch.testing.assert_close(found, torch.ones((), dtype=torch.float64))


@pytest.mark.parametrize(("rows", "dtype"), [(1, torch.float32), (50, torch.float32), (50, torch.float64)])
@pytest.mark.parametrize("bandwidth", [1.0, "median"])
def test_a_constant_variable_is_worth_nothing(rows, dtype, bandwidth):
    x = points(rows).to(dtype).requires_grad_()
    y = torch.full((rows,), 0.3, dtype=dtype, requires_grad=True)
    loss = cauchy_schwarz_mutual_information(x, y, normalized=True, bandwidth=bandwidth)
    slopes = torch.autograd.grad(loss, [x, y])
    assert loss.item() == 0
    assert not any(slope.any() for slope in slopes)


def test_each_variable_has_a_median_of_its_own():
    x, y = points(6), points(6, seed=1)
    found = cauchy_schwarz_mutual_information(x, y, bandwidth="median")
    torch.testing.assert_close(cauchy_schwarz_mutual_information(x, 1e3 * y, bandwidth="median"), found)


X, Y = points(4), points(4, seed=1)


@pytest.mark.parametrize(
    ("x", "y", "options", "error", "argument"),
    [
        (X[:0], Y[:0], {}, ShapeError, "first"),
        (X, Y[:3], {}, ShapeError, "second: got 3 samples; wanted 4, as first"),
        (X, Y.long(), {}, DtypeError, "second"),
        (X * math.nan, Y, {}, InvalidInputError, "first"),
        (X, Y, {"bandwidth": -1.0}, InvalidInputError, "bandwidth"),
        (X, Y, {"unit": "ban"}, InvalidInputError, "unit"),
    ],
)
def test_bad_input_is_named(x, y, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        cauchy_schwarz_mutual_information(x, y, **options)
