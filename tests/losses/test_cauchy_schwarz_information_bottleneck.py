"""Cauchy-Schwarz information bottleneck beyond conformance: its two parts, and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.distributions.cauchy_schwarz_information_bottleneck import (
    cauchy_schwarz_information_bottleneck,
)
from lossary.losses.distributions.cauchy_schwarz_mutual_information import cauchy_schwarz_mutual_information
from lossary.losses.distributions.conditional_cauchy_schwarz_divergence import (
    conditional_cauchy_schwarz_divergence,
)


def batch(seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = ((6, 3), (6,), (6,), (6, 2))
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


@given(
    seed=st.integers(0, 2**16),
    beta=st.floats(0, 2),
    options=st.fixed_dictionaries(
        {
            "bandwidth": st.floats(0.5, 2),
            "normalizer": st.sampled_from(["squared_sum", "sum_of_squares"]),
            "unit": st.sampled_from(["nat", "bit"]),
        }
    ),
)
@settings(max_examples=20)
def test_is_the_sum_of_its_parts_of_which_only_the_first_has_a_unit(seed, beta, options):
    x, y, guess, kept = batch(seed)
    found = cauchy_schwarz_information_bottleneck(x, y, guess, kept, beta=beta, **options)
    information = cauchy_schwarz_mutual_information(x, kept, bandwidth=options["bandwidth"], normalized=True)
    expected = conditional_cauchy_schwarz_divergence(x, y, guess, **options) + beta * information
    torch.testing.assert_close(found, expected)


def test_beta_presses_on_the_representation():
    x, y, guess, kept = batch()
    kept.requires_grad_()
    slopes = [
        torch.autograd.grad(cauchy_schwarz_information_bottleneck(x, y, guess, kept, beta=beta), kept)[0]
        for beta in (0.5, 1.0)
    ]
    assert slopes[0].any()
    torch.testing.assert_close(2 * slopes[0], slopes[1])
    assert not cauchy_schwarz_information_bottleneck(x, y, guess, kept, beta=0.0).requires_grad


@pytest.mark.parametrize("beta", [0.0, 0.01])
def test_bad_input_is_named(beta):
    x, y, guess, kept = batch()
    with pytest.raises(ShapeError, match=r"^representation: got 5 samples; wanted 6"):
        cauchy_schwarz_information_bottleneck(x, y, guess, kept[:5], beta=beta)
    with pytest.raises(InvalidInputError, match=r"^representation"):
        cauchy_schwarz_information_bottleneck(x, y, guess, kept * math.nan, beta=beta)
    with pytest.raises(InvalidInputError, match=r"^beta"):
        cauchy_schwarz_information_bottleneck(x, y, guess, kept, beta=-0.1)
