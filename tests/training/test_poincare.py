"""The Poincare ball: recorded values, axioms of the space, both ends of every length, gradients, errors."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.poincare import (
    clip_features,
    exp_map_zero,
    log_map_zero,
    mobius_add,
    poincare_distance,
    project_to_ball,
)

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "076-poincare_ball.json")
MAPS = [exp_map_zero, log_map_zero, project_to_ball]
SUMS = [mobius_add, poincare_distance]


def points(count: int = 6, curvature: float = 0.5, seed: int = 0, dim: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(count, dim, generator=generator, dtype=torch.float64)
    return rows / rows.norm(dim=1, keepdim=True).clamp(min=1) * 0.95 / math.sqrt(curvature)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_goldens(case):
    x, y = (torch.from_numpy(case.inputs[name]) for name in ("x", "y"))
    found = {
        "mobius_add": mobius_add(x, y, **case.params),
        "distance": poincare_distance(x, y, **case.params),
        "exp_map_zero": exp_map_zero(3 * x, **case.params),
        "log_map_zero": log_map_zero(y, **case.params),
        "project": project_to_ball(5 * x, **case.params),
    }
    assert found.keys() == case.expected.keys()
    for name, value in found.items():
        np.testing.assert_allclose(value, case.expected[name], rtol=case.rtol, atol=case.atol)


SEEDS, CURVATURES = st.integers(0, 2**16), st.floats(0.01, 10)


@given(seed=SEEDS, curvature=CURVATURES)
@settings(max_examples=25)
def test_the_maps_are_inverses_and_the_distance_from_the_origin_is_twice_the_length(seed, curvature):
    x = points(seed=seed, curvature=curvature)
    rows = log_map_zero(x, curvature=curvature)
    torch.testing.assert_close(exp_map_zero(rows, curvature=curvature), x)
    distance = poincare_distance(torch.zeros_like(x), x, curvature=curvature)
    torch.testing.assert_close(distance, 2 * rows.norm(dim=1))


@given(seed=SEEDS, curvature=CURVATURES)
@settings(max_examples=25)
def test_the_distance_is_that_of_the_sum_and_a_metric(seed, curvature):
    x, y, z = (points(seed=seed + shift, curvature=curvature) for shift in range(3))
    options = {"curvature": curvature}
    apart = (math.sqrt(curvature) * mobius_add(-x, y, **options).norm(dim=1)).atanh()
    distance = poincare_distance(x, y, **options)
    torch.testing.assert_close(distance, 2 / math.sqrt(curvature) * apart)
    torch.testing.assert_close(poincare_distance(y, x, **options), distance)
    there = poincare_distance(x, z, **options) + poincare_distance(z, y, **options)
    assert (distance <= there + 1e-12).all()


@given(seed=SEEDS, curvature=CURVATURES)
@settings(max_examples=25)
def test_sums_cancel_from_the_left_and_move_without_changing_distances(seed, curvature):
    x, y, z = (points(seed=seed + shift, curvature=curvature) for shift in range(3))
    options = {"curvature": curvature}
    torch.testing.assert_close(mobius_add(-x, mobius_add(x, y, **options), **options), y)
    torch.testing.assert_close(mobius_add(torch.zeros_like(x), y, **options), y)
    moved = [mobius_add(z, each, **options) for each in (x, y)]
    torch.testing.assert_close(poincare_distance(*moved, **options), poincare_distance(x, y, **options))


def test_without_curvature_the_space_is_flat_and_distances_are_twice_the_euclidean_ones():
    x, y = points(seed=1, curvature=1.0), points(seed=2, curvature=1.0)
    torch.testing.assert_close(mobius_add(x, y, curvature=1e-14), x + y)
    distance = poincare_distance(x, y, curvature=1e-14)
    torch.testing.assert_close(distance, 2 * (x - y).norm(dim=1))


def test_near_and_equal_points_keep_their_digits_far_from_the_origin():
    x = torch.tensor([[0.6, 0.7]])
    assert poincare_distance(x, x.clone(), curvature=1.0).item() == 0
    near = x + torch.tensor([[2**-20, 0.0]])
    wanted = 2 * 2**-20 / (1 - 0.36 - 0.49)
    assert poincare_distance(x, near, curvature=1.0).item() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("scale", [0.0, 1e-38, 1e-30, 1e-10, 1.0, 1e30])
@pytest.mark.parametrize("curvature", [1e-3, 1.0])
def test_maps_have_finite_values_and_gradients_at_any_length(scale, curvature):
    x = (scale * torch.tensor([[0.6, 0.8]])).requires_grad_()
    options = {"curvature": curvature}
    for value in (clip_features(x, radius=2.0), project_to_ball(x, **options), exp_map_zero(x, **options)):
        (gradient,) = torch.autograd.grad(value.sum(), x)
        assert value.isfinite().all()
        assert gradient.isfinite().all()
        if scale < 1e-3:
            torch.testing.assert_close(gradient, torch.ones(1, 2))
    assert (project_to_ball(x, **options).norm() * math.sqrt(curvature)) < 1


def test_features_within_the_radius_are_left_alone():
    x = points()
    assert clip_features(x, radius=100.0).equal(x)
    assert clip_features(x, radius=None).equal(x)
    torch.testing.assert_close(clip_features(7 * x, radius=0.5).norm(dim=1), torch.full_like(x[:, 0], 0.5))


def test_equal_points_and_the_origin_have_finite_gradients():
    x = torch.tensor([[0.5, 0.5], [0.0, 0.0]], requires_grad=True)
    poincare_distance(x, x.detach().clone()).sum().backward()
    assert not x.grad.any()
    (gradient,) = torch.autograd.grad(log_map_zero(x).sum(), x)
    torch.testing.assert_close(gradient[1], torch.ones(2))


@pytest.mark.parametrize("function", [*MAPS, *SUMS])
def test_gradients_are_right_twice(function):
    inputs = [points(4, 0.5, seed).requires_grad_() for seed in range(2 if function in SUMS else 1)]
    assert torch.autograd.gradcheck(lambda *rows: function(*rows, curvature=0.5), inputs)
    assert torch.autograd.gradgradcheck(lambda *rows: function(*rows, curvature=0.5), inputs, fast_mode=True)


@pytest.mark.parametrize("function", [*MAPS, *SUMS])
def test_half_precision_is_computed_in_single_and_axes_in_front_are_kept(function):
    inputs = [points(4, 0.2, seed).bfloat16() for seed in range(2 if function in SUMS else 1)]
    found = function(*inputs)
    assert found.equal(function(*(rows.float() for rows in inputs)).bfloat16())
    assert function(*(rows.reshape(2, 2, 3) for rows in inputs)).flatten(0, 1).equal(found)
    assert function(*(rows[:0] for rows in inputs)).shape[0] == 0


X = points()


@pytest.mark.parametrize(
    ("call", "error", "argument"),
    [
        (lambda: exp_map_zero(X.int()), DtypeError, "x"),
        (lambda: exp_map_zero(X[:, :0]), ShapeError, "x"),
        (lambda: exp_map_zero(X * math.nan), InvalidInputError, "x"),
        (lambda: exp_map_zero(X, curvature=0.0), InvalidInputError, "curvature"),
        (lambda: project_to_ball(X, curvature=-1.0), InvalidInputError, "curvature"),
        (lambda: clip_features(X, radius=0.0), InvalidInputError, "radius"),
        (lambda: log_map_zero(X, curvature=5.0), InvalidInputError, "x: got a row of length"),
        (lambda: mobius_add(X, X[1:]), ShapeError, "y"),
        (lambda: mobius_add(X, 9 * X), InvalidInputError, "y: .*shorter than 3.16228"),
        (lambda: poincare_distance(X, X.int()), DtypeError, "y"),
        (lambda: poincare_distance(9 * X, X), InvalidInputError, "x"),
    ],
)
def test_bad_input_is_named(call, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        call()
