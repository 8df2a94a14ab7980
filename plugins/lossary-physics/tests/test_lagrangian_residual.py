"""Lagrangian residuals: solutions of known equations, both norms, errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_physics.lagrangian_residual import lagrangian_residual, lagrangian_residual_terms


def points(seed: int = 0) -> tuple[torch.Tensor, ...]:
    return tuple(torch.randn(4, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))


def test_norms_are_those_of_the_two_residuals():
    position_t, velocity, state_t, state_xx = points()
    residuals = position_t - velocity, state_t - 0.3 * state_xx
    mean_square = lagrangian_residual_terms(*points(), viscosity=0.3)
    l2 = lagrangian_residual_terms(*points(), viscosity=0.3, norm="l2")
    for residual, square, length in zip(residuals, mean_square[1:], l2[1:], strict=True):
        torch.testing.assert_close(square, residual.square().mean())
        torch.testing.assert_close(length, residual.norm())
        torch.testing.assert_close(length**2 / 6, square)
    assert mean_square.loss == mean_square.characteristic + mean_square.state


def test_a_diffusing_wave_that_is_carried_along_costs_nothing():
    time = torch.linspace(0, 1, 6, dtype=torch.float64)
    speed, viscosity, label = 2.0, 0.1, 0.7
    decay = torch.exp(-viscosity * time)  # u = exp(-nu t) sin(x - c t), on x = label + c t
    state_t, state_xx = (-viscosity * decay * math.sin(label), -decay * math.sin(label))
    position_t = torch.full_like(time, speed)
    loss = lagrangian_residual(
        position_t, torch.full_like(time, speed), state_t, state_xx, viscosity=viscosity
    )
    assert loss.item() == pytest.approx(0, abs=1e-20)


def test_at_no_residual_the_l2_norm_has_no_slope():
    zero = torch.zeros(3, requires_grad=True)
    lagrangian_residual(zero, torch.zeros(3), zero, torch.zeros(3), norm="l2").backward()
    torch.testing.assert_close(zero.grad, torch.zeros(3))


A, B, C, D = points()


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((A[:0], B[:0], C[:0], D[:0]), {}, ShapeError, "position_t"),
        ((A.unsqueeze(0), B, C, D), {}, ShapeError, "position_t"),
        ((A, B[:5], C, D), {}, ShapeError, "velocity"),
        ((A, B, C.long(), D), {}, DtypeError, "state_t"),
        ((A, B, C, D * math.nan), {}, InvalidInputError, "state_xx"),
        ((A, B, C, D), {"viscosity": -0.1}, InvalidInputError, "viscosity"),
        ((A, B, C, D), {"norm": "l1"}, InvalidInputError, "norm"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        lagrangian_residual(*inputs, **options)
