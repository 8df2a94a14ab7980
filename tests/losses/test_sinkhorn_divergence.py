"""Sinkhorn divergence beyond conformance: equal sets, translations, transport, moving points, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import ConvergenceWarning, DtypeError, InvalidInputError, ShapeError
from lossary.losses.distributions.kernel_distance import kernel_distance
from lossary.losses.distributions.sinkhorn_divergence import sinkhorn_divergence


def sets(points: int = 4, others: int = 5, dim: int = 3, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = ((2, points, dim), (2, others, dim))
    x, y = (torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes)
    return x, y


@pytest.mark.parametrize("p", [1, 2])
def test_equal_sets_in_any_order_are_at_zero_with_no_slope(p):
    x, _ = sets()
    x.requires_grad_()
    loss = sinkhorn_divergence(x, x.detach().flip(1), p=p, blur=1.0, reduction="none")
    (slope,) = torch.autograd.grad(loss.sum(), x)
    torch.testing.assert_close(loss.detach(), torch.zeros(2, dtype=torch.float64), rtol=0, atol=1e-9)
    torch.testing.assert_close(slope, torch.zeros_like(x), rtol=0, atol=1e-6)


@given(seed=st.integers(0, 2**16), shift=st.floats(0.5, 3))
@settings(max_examples=4)
def test_a_set_that_is_moved_costs_half_its_squared_way(seed, shift):
    x, _ = sets(seed=seed)
    loss = sinkhorn_divergence(x, x + shift, blur=1.0, tolerance=1e-9)
    assert loss.item() == pytest.approx(3 * shift**2 / 2, rel=1e-6)


def test_a_large_blur_leaves_the_squared_distance_of_means():
    x, y = sets()
    expected = (x.mean(1) - y.mean(1)).square().sum(-1) / 2
    torch.testing.assert_close(
        sinkhorn_divergence(x, y, blur=100.0, reduction="none"), expected, rtol=1e-3, atol=0
    )


def test_a_large_blur_of_distances_leaves_the_energy_distance():
    x, y = sets()
    expected = kernel_distance(x, y, reduction="none")
    found = sinkhorn_divergence(x, y, p=1, blur=1e3, reduction="none")
    torch.testing.assert_close(found, expected, rtol=1e-2, atol=0)


@given(seed=st.integers(0, 2**16), p=st.sampled_from([1, 2]), debias=st.booleans())
@settings(max_examples=4)
def test_the_gradient_is_that_of_finite_differences(seed, p, debias):
    x, y = (each[:1] for each in sets(3, 2, 2, seed))

    def loss(points: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        return sinkhorn_divergence(points, others, p=p, blur=1.0, debias=debias)

    assert torch.autograd.gradcheck(loss, (x.requires_grad_(), y.requires_grad_()), atol=1e-5)


def test_descent_moves_points_onto_the_others():
    x, y = sets(6, 6, 2)
    x = (x + 5).requires_grad_()
    options = {"blur": 0.5, "tolerance": 1e-6, "reduction": "sum"}
    before = torch.cdist(x.detach(), y).amin(2).max()
    for _ in range(10):
        (slope,) = torch.autograd.grad(sinkhorn_divergence(x, y, **options), x)
        x = (x - 0.8 * 6 * slope).detach().requires_grad_()
    assert torch.cdist(x.detach(), y).amin(2).max() < before / 10


def test_segmentations_are_flattened_and_values_reduced():
    x, y = sets(3, 4, 6)
    maps = sinkhorn_divergence(x.unflatten(2, (2, 3)), y.unflatten(2, (2, 3)), blur=1.0, reduction="none")
    alone = [sinkhorn_divergence(a, b, blur=1.0) for a, b in zip(x.split(1), y.split(1), strict=True)]
    torch.testing.assert_close(maps, torch.stack(alone))
    assert sinkhorn_divergence(x, y, blur=1.0, reduction="sum").item() == pytest.approx(maps.sum().item())


def test_too_few_iterations_are_told():
    with pytest.warns(ConvergenceWarning):
        sinkhorn_divergence(*sets(), max_iterations=1)


X, Y = sets()


@pytest.mark.parametrize(
    ("x", "y", "options", "error", "argument"),
    [
        (X[:, :0], Y, {}, ShapeError, "prediction"),
        (X, Y[:, :0], {}, ShapeError, "target"),
        (X[:0], Y[:0], {}, ShapeError, "prediction"),
        (X, Y[:1], {}, ShapeError, "target: got 1 sets; wanted 2"),
        (X, Y[..., :2], {}, ShapeError, "target: got points of 2 dimensions; wanted 3"),
        (X[0], Y[0], {}, ShapeError, "prediction"),
        (X.long(), Y, {}, DtypeError, "prediction"),
        (X, Y * math.nan, {}, InvalidInputError, "target"),
        (X, Y, {"p": 3}, InvalidInputError, "p: got 3; wanted 1 or 2"),
        (X, Y, {"blur": 0.0}, InvalidInputError, "blur"),
        (X, Y, {"tolerance": 0.0}, InvalidInputError, "tolerance"),
        (X, Y, {"max_iterations": 0}, InvalidInputError, "max_iterations"),
    ],
)
def test_bad_input_is_named(x, y, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        sinkhorn_divergence(x, y, **options)
