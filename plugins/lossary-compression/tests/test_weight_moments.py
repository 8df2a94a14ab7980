"""Kurtosis and skewness of weights: known distributions, invariances, several layers, extremes."""

import numpy as np
import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_compression.weight_kurtosis import weight_kurtosis
from lossary_compression.weight_skewness import weight_skewness

both = pytest.mark.parametrize("loss", [weight_kurtosis, weight_skewness])


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("loss", "power", "target"), [(weight_kurtosis, 4, 1.8), (weight_skewness, 3, 0.0)])
def test_equals_the_formula(loss, power, target):
    weight = drawn(4, 5, 3)
    values = weight.numpy().ravel()
    z = (values - values.mean()) / values.std(ddof=1)
    assert loss(weight).item() == pytest.approx((np.mean(z**power) - target) ** 2, rel=1e-12)


def test_an_even_spread_is_best():
    even = torch.linspace(-1.0, 1.0, 10_001, dtype=torch.float64)
    assert weight_kurtosis(even).item() == pytest.approx(0.0, abs=1e-6)
    assert weight_skewness(even).item() == pytest.approx(0.0, abs=1e-12)
    assert weight_kurtosis(drawn(10_000)) > 1.0


@both
def test_several_layers_have_the_mean_of_theirs(loss):
    layers = [drawn(3, 4), drawn(7, seed=1), drawn(2, 2, 2, seed=2)]
    torch.testing.assert_close(loss(layers), torch.stack([loss(layer) for layer in layers]).mean())
    assert loss([layer.half() for layer in layers]).dtype == torch.float16


@both
@pytest.mark.parametrize("scale", [1e-38, 1e-20, 1e37])
def test_scale_and_shift_do_not_matter_in_float32(loss, scale):
    weight = drawn(40).float()
    moved = (scale * weight).requires_grad_()
    found = loss(moved)
    torch.testing.assert_close(found, loss(weight), rtol=1e-4, atol=1e-6)
    assert torch.autograd.grad(found, moved)[0].isfinite().all()
    torch.testing.assert_close(loss(weight + 100), loss(weight), rtol=1e-3, atol=1e-4)


@both
def test_descent_reaches_the_target(loss):
    weight = drawn(200).exp().requires_grad_()  # skewed, with a heavy tail
    optimizer = torch.optim.Adam([weight], lr=0.05)
    start = loss(weight).item()
    for _ in range(150):
        optimizer.zero_grad()
        loss(weight).backward()
        optimizer.step()
    assert loss(weight).item() < 0.05 * start


@both
@pytest.mark.parametrize("value", [0.0, 0.1, -3.7])
def test_equal_weights_have_no_shape(loss, value):
    with pytest.raises(InvalidInputError, match="weight: got equal values"):
        loss(torch.full((5,), value))


@both
def test_bad_weights_are_named(loss):
    with pytest.raises(ShapeError, match=r"weight: got shape \(1,\)"):
        loss(torch.ones(1))
    with pytest.raises(InvalidInputError, match="weight: got no tensor"):
        loss([])
    with pytest.raises(DtypeError, match="weight: got float"):
        loss([1.0, 2.0])
    with pytest.raises(DtypeError, match="weight: got dict"):
        loss({})
    with pytest.raises(InvalidInputError, match="target"):
        loss(torch.arange(3.0), target=torch.nan)
