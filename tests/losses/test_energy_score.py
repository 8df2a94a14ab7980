"""Energy score beyond conformance: the metric, one dimension, members that meet, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distributions.crps_ensemble import crps_ensemble
from lossary.losses.distributions.energy_score import energy_score


def forecasts(members: int = 4, dim: int = 2, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = ((3, 2, members, dim), (3, 2, dim))
    x, y = (torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes)
    return x, y


@given(
    seed=st.integers(0, 2**16),
    members=st.integers(1, 5),
    alpha=st.floats(0, 1),
    beta=st.floats(0.2, 1.9),
    p=st.sampled_from([1.0, 1.5, 2.0, 3.0, math.inf]),
)
@settings(max_examples=30)
def test_equals_the_metric(seed, members, alpha, beta, p):
    x, y = forecasts(members, seed=seed)
    options = {"alpha": alpha, "beta": beta, "p": p, "reduction": "none"}
    expected = metrics.energy_score(x, y, **options)
    torch.testing.assert_close(energy_score(x, y, **options), torch.from_numpy(expected))


@pytest.mark.parametrize("alpha", [0.0, 0.7, 1.0])
def test_in_one_dimension_it_is_the_crps(alpha):
    x, y = forecasts(dim=1)
    torch.testing.assert_close(
        energy_score(x, y, alpha=alpha), crps_ensemble(x[..., 0], y[..., 0], alpha=alpha)
    )


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("beta", [0.5, 1.0, 1.5])
def test_members_that_meet_have_finite_slopes(p, beta):
    x = torch.ones(2, 3, 2, requires_grad=True)
    loss = energy_score(x, torch.ones(2, 2), beta=beta, p=p)
    (slope,) = torch.autograd.grad(loss, x)
    assert loss.item() == 0
    assert not slope.any()


@pytest.mark.parametrize(("p", "beta"), [(1.0, 0.5), (1.5, 1.0), (2.0, 1.9)])
def test_the_gradient_is_that_of_finite_differences(p, beta):
    x, y = forecasts(3)
    assert torch.autograd.gradcheck(
        lambda a, b: energy_score(a, b, p=p, beta=beta), (x.requires_grad_(), y.requires_grad_())
    )


X, Y = forecasts()


@pytest.mark.parametrize(
    ("x", "y", "options", "error", "argument"),
    [
        (X[..., :0, :], Y, {}, ShapeError, "ensemble"),
        (X, Y[..., :1], {}, ShapeError, "target"),
        (X[0, 0, 0], Y, {}, ShapeError, "ensemble"),
        (X, Y.long(), {}, DtypeError, "target"),
        (X * math.nan, Y, {}, InvalidInputError, "ensemble"),
        (X, Y, {"beta": 2.0}, InvalidInputError, "beta"),
        (X, Y, {"p": 0.5}, InvalidInputError, "p: got 0.5; wanted a number of 1 or above"),
        (X, Y, {"p": "2"}, DtypeError, "p"),
        (X, Y, {"alpha": -0.1}, InvalidInputError, "alpha"),
    ],
)
def test_bad_input_is_named(x, y, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        energy_score(x, y, **options)
