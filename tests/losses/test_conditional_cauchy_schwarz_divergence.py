"""Conditional Cauchy-Schwarz divergence beyond conformance: its formula by loops, far guesses, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distributions.conditional_cauchy_schwarz_divergence import (
    conditional_cauchy_schwarz_divergence,
)


def points(count: int, dim: int = 2, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_loops(x, y, guess, bandwidth, input_bandwidth, normalizer):
    def kernel(a, b, width):
        return math.exp(-(a - b).square().sum().item() / (2 * width**2))

    def total(rows, columns):
        value = 0.0
        for j in range(len(x)):
            near = [kernel(x[j], x[i], input_bandwidth) for i in range(len(x))]
            scale = sum(near) ** 2 if normalizer == "squared_sum" else sum(k * k for k in near)
            value += (
                sum(k * kernel(rows[j], c, bandwidth) for k, c in zip(near, columns, strict=True)) / scale
            )
        return math.log(value)

    return total(y, y) + total(guess, guess) - 2 * total(guess, y)


@given(
    seed=st.integers(0, 2**16),
    count=st.integers(1, 5),
    widths=st.tuples(st.floats(0.5, 3), st.floats(0.5, 3)),
    normalizer=st.sampled_from(["squared_sum", "sum_of_squares"]),
)
@settings(max_examples=20)
def test_equals_the_formula_by_loops(seed, count, widths, normalizer):
    x, y, guess = points(count, 3, seed), points(count, 2, seed + 1), points(count, 2, seed + 2)
    found = conditional_cauchy_schwarz_divergence(
        x, y, guess, bandwidth=widths[0], input_bandwidth=widths[1], normalizer=normalizer
    )
    assert found.item() == pytest.approx(by_loops(x, y, guess, *widths, normalizer), rel=1e-9, abs=1e-12)


def test_inputs_have_the_bandwidth_of_targets_unless_they_have_their_own():
    x, y, guess = points(5), points(5, seed=1), points(5, seed=2)
    found = conditional_cauchy_schwarz_divergence(x, y, guess, bandwidth=0.5)
    assert torch.equal(
        found, conditional_cauchy_schwarz_divergence(x, y, guess, bandwidth=0.5, input_bandwidth=0.5)
    )
    other = conditional_cauchy_schwarz_divergence(x, y, guess, bandwidth=0.5, input_bandwidth=2.0)
    assert not torch.equal(found, other)


def test_a_guess_hundreds_of_bandwidths_off_still_has_a_slope_towards_the_target():
    x, y = points(6).float(), points(6, 1, seed=1)[:, 0].float()
    guess = (y + 500).requires_grad_()
    loss = conditional_cauchy_schwarz_divergence(x, y, guess)
    (slope,) = torch.autograd.grad(loss, guess)
    assert loss.isfinite()
    assert slope.isfinite().all()
    assert slope.sum() > 0


def test_targets_of_one_column_are_numbers():
    x, y, guess = points(5), points(5, 1, seed=1), points(5, 1, seed=2)
    found = conditional_cauchy_schwarz_divergence(x, y[:, 0], guess[:, 0])
    assert torch.equal(found, conditional_cauchy_schwarz_divergence(x, y, guess))


X, Y = points(4), points(4, 1, seed=1)[:, 0]


@pytest.mark.parametrize(
    ("x", "y", "guess", "options", "error", "argument"),
    [
        (X[:0], Y[:0], Y[:0], {}, ShapeError, "inputs"),
        (X, Y[:3], Y[:3], {}, ShapeError, "target: got 3 samples; wanted 4, as inputs"),
        (X, Y, Y.unsqueeze(1), {}, ShapeError, "prediction"),
        (X, Y.long(), Y, {}, DtypeError, "target"),
        (X, Y, Y * math.nan, {}, InvalidInputError, "prediction"),
        (X, Y, Y, {"bandwidth": "median"}, DtypeError, "bandwidth"),
        (X, Y, Y, {"input_bandwidth": 0.0}, InvalidInputError, "input_bandwidth"),
        (X, Y, Y, {"normalizer": "sum"}, InvalidInputError, "normalizer"),
        (X, Y, Y, {"unit": "ban"}, InvalidInputError, "unit"),
    ],
)
def test_bad_input_is_named(x, y, guess, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        conditional_cauchy_schwarz_divergence(x, y, guess, **options)
