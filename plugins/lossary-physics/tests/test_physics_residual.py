"""The weighted mean of squared residuals, and derivatives of a network's output."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_physics.physics_residual import derivative, physics_residual


def test_reductions_of_weighted_squares():
    residual, weight = torch.tensor([[1.0, -2.0], [3.0, 0.5]]), torch.tensor([[2.0], [0.5]])
    values = torch.tensor([[2.0, 8.0], [4.5, 0.125]])
    torch.testing.assert_close(physics_residual(residual, weight, reduction="none"), values)
    torch.testing.assert_close(physics_residual(residual, weight, reduction="sum"), values.sum())
    torch.testing.assert_close(physics_residual(residual, weight), values.sum() / 5.0)


def test_equal_weights_change_nothing():
    residual = torch.linspace(-1.0, 2.0, 7)
    torch.testing.assert_close(physics_residual(residual, torch.full((), 3.0)), physics_residual(residual))


def test_weight_receives_its_gradient():
    weight = torch.ones(2, requires_grad=True)
    physics_residual(torch.tensor([1.0, 3.0]), weight, reduction="sum").backward()
    torch.testing.assert_close(weight.grad, torch.tensor([1.0, 9.0]))


def test_all_weights_zero_give_zero_with_a_graph():
    residual = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = physics_residual(residual, torch.zeros(2))
    loss.backward()
    assert loss.item() == 0
    torch.testing.assert_close(residual.grad, torch.zeros(2))


@pytest.mark.parametrize("shape", [(3,), (2, 1, 4)], ids=["other_length", "more_axes"])
def test_weight_must_broadcast_to_the_residual(shape):
    with pytest.raises(ShapeError, match="weight: got shape"):
        physics_residual(torch.ones(2, 4), torch.ones(shape))


def test_negative_weight_is_refused():
    with pytest.raises(InvalidInputError, match="weight: got -1"):
        physics_residual(torch.ones(2), torch.tensor([1.0, -1.0]))


def polynomial(points: torch.Tensor) -> torch.Tensor:
    x, y = points.unbind(1)
    return x**3 * y + 2 * y**2


def test_derivatives_of_a_polynomial():
    points = torch.tensor([[1.0, 2.0], [-0.5, 3.0]], requires_grad=True)
    x, y = points.detach().unbind(1)
    output = polynomial(points)
    torch.testing.assert_close(
        derivative(output, points).detach(), torch.stack([3 * x**2 * y, x**3 + 4 * y], 1)
    )
    torch.testing.assert_close(
        derivative(output, points, order=2).detach(), torch.stack([6 * x * y, torch.full_like(x, 4.0)], 1)
    )
    torch.testing.assert_close(
        derivative(output, points, order=3).detach(), torch.stack([6 * y, torch.zeros_like(y)], 1)
    )


def test_derivatives_beyond_the_degree_are_zero():
    points = torch.tensor([[2.0]], requires_grad=True)
    torch.testing.assert_close(derivative(3 * points, points, order=2), torch.zeros(1, 1))
    torch.testing.assert_close(derivative(3 * points, points, order=4), torch.zeros(1, 1))


def test_derivative_trains_the_network_behind_it():
    scale = torch.tensor(2.0, requires_grad=True)
    points = torch.tensor([[0.3], [0.8]], requires_grad=True)
    slope = derivative(torch.sin(scale * points), points, order=2)  # -s^2 sin(s x)
    slope.sum().backward()
    x = points.detach()
    expected = (-2 * 2.0 * torch.sin(2.0 * x) - 4.0 * x * torch.cos(2.0 * x)).sum()
    torch.testing.assert_close(scale.grad, expected)


def test_residual_of_a_solution_is_zero():
    time = torch.linspace(0.0, 2.0, 9, dtype=torch.float64).unsqueeze(1).requires_grad_()
    wave = torch.sin(3 * time)
    assert physics_residual(derivative(wave, time, order=2) + 9 * wave).item() == pytest.approx(
        0.0, abs=1e-24
    )


def test_unrelated_tensors_have_no_derivative():
    points = torch.ones(2, 1, requires_grad=True)
    with pytest.raises(InvalidInputError, match="output: got a tensor that does not depend"):
        derivative(torch.ones(2), points)
    with pytest.raises(InvalidInputError, match="output: got a tensor that does not depend"):
        derivative(torch.ones(2, requires_grad=True) * 2, points)
    with pytest.raises(InvalidInputError, match="coordinates: got a tensor without a graph"):
        derivative(torch.ones(2), torch.ones(2, 1))


def test_derivative_names_bad_arguments():
    points = torch.ones(2, 3, requires_grad=True)
    with pytest.raises(ShapeError, match=r"output: got shape \(2, 3\)"):
        derivative(2 * points, points)
    with pytest.raises(ShapeError, match="coordinates"):
        derivative(points.sum(1), points[0])
    with pytest.raises(InvalidInputError, match="order: got 0"):
        derivative(points.sum(1), points, order=0)
    with pytest.raises(DtypeError, match="order: got float"):
        derivative(points.sum(1), points, order=math.pi)
    with pytest.raises(DtypeError, match="coordinates"):
        derivative(points.sum(1), torch.ones(2, 3, dtype=torch.int64))


@pytest.mark.parametrize("scale", [1e-37, 1.0, 3e38])
def test_only_ratios_of_weights_count(scale):
    residual = torch.tensor([1.0, 2.0, 3.0])
    weight = (scale * torch.tensor([1.0, 0.5, 0.25])).requires_grad_()

    loss = physics_residual(residual, weight)
    loss.backward()

    torch.testing.assert_close(loss, torch.tensor((1 + 0.5 * 4 + 0.25 * 9) / 1.75))
    torch.testing.assert_close(
        weight.grad * scale, (residual.square() - loss.detach()) / 1.75, rtol=1e-4, atol=0
    )
