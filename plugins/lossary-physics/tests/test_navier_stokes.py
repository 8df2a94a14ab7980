"""Navier-Stokes: flows that solve the equations, loops, and boundaries that are met exactly."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_physics.boundary_distance import boundary_distance
from lossary_physics.hard_boundary import hard_boundary
from lossary_physics.navier_stokes_residual import navier_stokes_residual, navier_stokes_residual_terms
from lossary_physics.physics_residual import derivative

GOLDENS = Path(__file__).parent / "goldens"


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def of_fields(velocity, pressure, points):
    """The arguments of the loss from two functions of (points, 2 or 3)."""
    points = points.clone().requires_grad_()
    columns = velocity(points).unbind(1)
    gradient = torch.stack([derivative(column, points) for column in columns], 1)
    laplacian = torch.stack([derivative(column, points, order=2).sum(1) for column in columns], 1)
    return torch.stack(columns, 1), gradient, laplacian, derivative(pressure(points), points)


def test_flow_in_a_channel_solves_the_equations():
    def velocity(points):
        x, y = points.unbind(1)
        return torch.stack([y * (1 - y) + 0 * x**3, 0 * x**3 * y**3], 1)

    def pressure(points):
        return -2 * points[:, 0] / 50

    fields = of_fields(velocity, pressure, draw(7, 2))
    terms = navier_stokes_residual_terms(*fields, reynolds=50.0)
    assert terms.loss.item() < 1e-24
    assert navier_stokes_residual_terms(*fields, reynolds=40.0).momentum.item() > 1e-5


def test_a_vortex_that_decays_solves_the_equations():
    reynolds, moment = 20.0, 0.3
    decay = math.exp(-2 * moment / reynolds)

    def velocity(points):
        x, y = points.unbind(1)
        return decay * torch.stack([-x.cos() * y.sin(), x.sin() * y.cos()], 1)

    def pressure(points):
        return -(decay**2) * (2 * points).cos().sum(1) / 4

    fields = of_fields(velocity, pressure, draw(7, 2))
    slowing = -2 / reynolds * fields[0]
    assert navier_stokes_residual(*fields, slowing, reynolds=reynolds).item() < 1e-24
    assert navier_stokes_residual(*fields, reynolds=reynolds).item() > 1e-4


@pytest.mark.parametrize("dim", [2, 3])
def test_terms_equal_plain_loops(dim):
    u, laplacian, slope, change = draw(4, 5, dim)
    gradient = draw(5, dim, dim, seed=1)
    continuity = momentum = 0.0
    for n in range(5):
        continuity += sum(gradient[n, i, i].item() for i in range(dim)) ** 2 / 5
        for i in range(dim):
            carried = sum((u[n, j] * gradient[n, i, j]).item() for j in range(dim))
            total = change[n, i].item() + carried + slope[n, i].item() - laplacian[n, i].item() / 30
            momentum += total**2 / 5
    terms = navier_stokes_residual_terms(
        u, gradient, laplacian, slope, change, reynolds=30.0, continuity_weight=2.0, momentum_weight=0.5
    )
    assert terms.continuity.item() == pytest.approx(continuity)
    assert terms.momentum.item() == pytest.approx(momentum)
    assert terms.loss.item() == pytest.approx(2 * continuity + 0.5 * momentum)


U, G = draw(4, 2), draw(4, 2, 2)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "argument"),
    [
        ((U[:0], G[:0], U[:0], U[:0]), {}, ShapeError, "velocity"),
        ((draw(4, 1), draw(4, 1, 1), draw(4, 1), draw(4, 1)), {}, ShapeError, "velocity"),
        ((U, G[:, :1], U, U), {}, ShapeError, "velocity_gradient"),
        ((U, G, U[:3], U), {}, ShapeError, "velocity_laplacian"),
        ((U, G, U, U[:, :1]), {}, ShapeError, "pressure_gradient"),
        ((U, G, U, U, U[:3]), {}, ShapeError, "velocity_time_derivative"),
        ((U, G * math.nan, U, U), {}, InvalidInputError, "velocity_gradient"),
        ((U, G, U, U.int()), {}, DtypeError, "pressure_gradient"),
        ((U, G, U, U), {"reynolds": 0.0}, InvalidInputError, "reynolds"),
        ((U, G, U, U), {"continuity_weight": -1.0}, InvalidInputError, "continuity_weight"),
        ((U, G, U, U), {"momentum_weight": -1.0}, InvalidInputError, "momentum_weight"),
    ],
)
def test_bad_input_is_named(arguments, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        navier_stokes_residual(*arguments, **options)


@pytest.mark.parametrize("case", load_goldens(GOLDENS / "027-hard_boundary.json").cases, ids=str)
def test_hard_boundary_equals_its_goldens(case):
    inputs = {name: torch.from_numpy(value) for name, value in case.inputs.items()}
    inputs["prediction"].requires_grad_()
    output = hard_boundary(**inputs)
    output.sum().backward()
    tolerance = {"rtol": case.rtol, "atol": case.atol}
    torch.testing.assert_close(output.detach(), torch.tensor(case.expected["output"]).double(), **tolerance)
    torch.testing.assert_close(
        inputs["prediction"].grad, torch.from_numpy(case.grad["prediction"]), **tolerance
    )


@pytest.mark.parametrize("case", load_goldens(GOLDENS / "027-boundary_distance.json").cases, ids=str)
def test_boundary_distance_equals_its_goldens(case):
    found = boundary_distance(torch.from_numpy(case.inputs["coordinates"]), **case.params)
    wanted = torch.tensor(case.expected["distance"], dtype=torch.float64)
    torch.testing.assert_close(found, wanted, rtol=case.rtol, atol=case.atol)


def test_a_box_is_zero_on_its_walls_and_positive_inside_alone():
    box = {"shape": "box", "lower": [-0.1, 0.3], "upper": [0.7, 1.1]}
    walls = torch.tensor([[-0.1, 0.5], [0.7, 0.5], [0.2, 0.3], [0.2, 1.1]])
    assert not boundary_distance(walls, **box).any()
    assert boundary_distance(torch.tensor([[0.2, 0.5]]), **box).item() > 0
    assert boundary_distance(torch.tensor([[0.9, 0.5]]), **box).item() < 0


@pytest.mark.parametrize("radius", [0.5, 3.0])
def test_a_sphere_has_slope_one_at_its_wall_and_is_positive_outside(radius):
    outward = torch.nn.functional.normalize(draw(6, 3))
    center = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    sphere = {"shape": "sphere", "center": center.tolist(), "radius": radius}
    wall = (center + radius * outward).requires_grad_()
    distance = boundary_distance(wall, **sphere)
    torch.testing.assert_close(distance.detach(), torch.zeros(6, dtype=torch.float64))
    torch.testing.assert_close(derivative(distance, wall).detach(), outward)
    assert (boundary_distance(center + 2 * radius * outward, **sphere) > 0).all()


def test_a_box_has_second_derivatives_on_its_corners():
    points = torch.tensor([[0.0, 0.0], [1.0, 0.5]], dtype=torch.float64, requires_grad=True)
    distance = boundary_distance(points, shape="box", lower=[0.0, 0.0], upper=[1.0, 1.0])
    x, y = points.detach().unbind(1)
    wanted = torch.stack([-2 * y * (1 - y), -2 * x * (1 - x)], 1)
    torch.testing.assert_close(derivative(distance, points, order=2).detach(), wanted)


def test_on_the_boundary_the_value_is_that_wanted_whatever_the_network_says():
    points = torch.tensor([[0.0, 0.4], [1.0, 0.2], [0.5, 0.5]])
    distance = boundary_distance(points, shape="box", lower=[0.0, 0.0], upper=[1.0, 1.0])
    wanted = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    flow = hard_boundary(torch.full((3, 2), 1e6), distance, wanted)
    assert torch.equal(flow[:2], wanted[:2])
    assert torch.equal(hard_boundary(torch.full((3, 2), 1e6), distance, -1.0)[:2], -torch.ones(2, 2))


POINTS = torch.ones(3, 2)


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"shape": "ball"}, InvalidInputError, "shape"),
        ({"shape": "box", "lower": [0.0, 0.0]}, InvalidInputError, "upper: got None with shape='box'"),
        ({"shape": "sphere", "center": [0.0, 0.0]}, InvalidInputError, "radius: got None"),
        (
            {"shape": "box", "lower": [0.0, 0.0], "upper": [1.0, 1.0], "radius": 1.0},
            InvalidInputError,
            "radius: got 1.0 with shape='box'; wanted lower and upper",
        ),
        ({"shape": "box", "lower": [0.0], "upper": [1.0]}, ShapeError, "lower"),
        ({"shape": "box", "lower": [0.0, 0.0], "upper": [1.0, 0.0]}, InvalidInputError, "upper"),
        ({"shape": "box", "lower": 0.0, "upper": [1.0, 0.0]}, DtypeError, "lower"),
        ({"shape": "sphere", "center": [0.0, 0.0], "radius": 0.0}, InvalidInputError, "radius"),
    ],
)
def test_bad_shapes_of_boundaries_are_named(options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        boundary_distance(POINTS, **options)


@pytest.mark.parametrize(
    ("arguments", "error", "argument"),
    [
        ((POINTS[:, 0], POINTS[:, 0], 0.0), ShapeError, "prediction"),
        ((POINTS, POINTS, 0.0), ShapeError, "distance"),
        ((POINTS, POINTS[:, 0], POINTS[:, :1]), ShapeError, "boundary_value"),
        ((POINTS, POINTS[:, 0], "0"), DtypeError, "boundary_value"),
        ((POINTS.int(), POINTS[:, 0], 0.0), DtypeError, "prediction"),
    ],
)
def test_bad_input_of_a_hard_boundary_is_named(arguments, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        hard_boundary(*arguments)
