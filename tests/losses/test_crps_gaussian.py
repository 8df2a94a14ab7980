"""CRPS of normal forecasts beyond conformance: the metric, closed slopes, far errors, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.distributions.crps_gaussian import crps_gaussian


def forecasts(seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    mean, std, target = torch.randn(3, 4, 2, generator=generator, dtype=torch.float64)
    return [mean, std.exp(), 3 * target]


@given(seed=st.integers(0, 2**16), reduction=st.sampled_from(["mean", "sum", "none"]))
@settings(max_examples=15)
def test_equals_the_metric_with_the_closed_slopes(seed, reduction):
    given_inputs = [value.requires_grad_() for value in forecasts(seed)]
    loss = crps_gaussian(*given_inputs, reduction=reduction)
    mean, std, target = (value.detach() for value in given_inputs)
    expected = metrics.crps_gaussian(mean, std, target, reduction=reduction)
    torch.testing.assert_close(loss.detach(), torch.as_tensor(expected, dtype=torch.float64))
    slopes = torch.autograd.grad(crps_gaussian(*given_inputs, reduction="sum"), given_inputs)
    normal, z = torch.distributions.Normal(0.0, 1.0), (target - mean) / std
    rise = 2 * normal.cdf(z) - 1
    width = 2 * normal.log_prob(z).exp() - 1 / math.sqrt(math.pi)
    for slope, wanted in zip(slopes, (-rise, width, rise), strict=True):
        torch.testing.assert_close(slope, wanted, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("std", [1e-30, 1e-20, 1e-3])
def test_far_from_a_sharp_forecast_it_is_the_distance(std):
    given_inputs = [torch.tensor(value, requires_grad=True) for value in (0.0, std, 1e8)]
    loss = crps_gaussian(*given_inputs)
    slopes = torch.autograd.grad(loss, given_inputs)
    assert loss.item() == pytest.approx(1e8)
    assert [slope.item() for slope in slopes] == pytest.approx([-1.0, -1 / math.sqrt(math.pi), 1.0])


MEAN, STD, TARGET = forecasts()


@pytest.mark.parametrize(
    ("given_inputs", "error", "argument"),
    [
        ((MEAN[:0], STD[:0], TARGET[:0]), ShapeError, "mean"),
        ((MEAN, STD[:1], TARGET), ShapeError, "std"),
        ((MEAN, 0 * STD, TARGET), InvalidInputError, "std: got 0; wanted deviations above 0"),
        ((MEAN, STD, TARGET.long()), DtypeError, "target"),
        ((MEAN * math.inf, STD, TARGET), InvalidInputError, "mean"),
    ],
)
def test_bad_input_is_named(given_inputs, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        crps_gaussian(*given_inputs)
