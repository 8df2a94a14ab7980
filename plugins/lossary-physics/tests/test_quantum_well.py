"""The losses of a quantum well: levels with known solutions, norms and overlaps on uneven grids, walls."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary_physics.boundary_ansatz import boundary_ansatz
from lossary_physics.normalization_penalty import normalization_penalty
from lossary_physics.orthogonality_penalty import orthogonality_penalty
from lossary_physics.physics_residual import derivative, physics_residual
from lossary_physics.schrodinger_residual import schrodinger_residual

GOLDENS = Path(__file__).parent / "goldens"


def grid(points: int = 9, seed: int = 0) -> torch.Tensor:
    steps = 0.1 + torch.rand(points, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return steps.cumsum(0)


def wave(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("level", [1, 2, 5])
@pytest.mark.parametrize("kinetic", [0.5, 1.0])
def test_states_of_a_box_have_no_residual_at_their_level_alone(level, kinetic):
    x = torch.linspace(0, 1, 21, dtype=torch.float64)
    wavefunction = math.sqrt(2) * torch.sin(level * math.pi * x)
    energy = torch.tensor(kinetic * (level * math.pi) ** 2, dtype=torch.float64)
    arguments = (wavefunction, -((level * math.pi) ** 2) * wavefunction, torch.zeros_like(x))
    assert schrodinger_residual(*arguments, energy, kinetic=kinetic).item() < 1e-20
    off = schrodinger_residual(*arguments, energy + 1, kinetic=kinetic)
    torch.testing.assert_close(off, wavefunction.square().mean())


def test_the_ground_state_of_an_oscillator_has_the_energy_one_half():
    x = torch.linspace(-3, 3, 31, dtype=torch.float64).unsqueeze(1).requires_grad_()
    wavefunction = torch.exp(-x.squeeze(1).square() / 2)
    bend = derivative(wavefunction, x, order=2).squeeze(1)
    potential = x.detach().squeeze(1).square() / 2
    energy = torch.tensor(0.5, dtype=torch.float64)
    assert schrodinger_residual(wavefunction, bend, potential, energy, kinetic=0.5).item() < 1e-24


def test_residual_is_that_of_the_written_equation():
    psi, bend, potential = wave(3, 6)
    energy = torch.tensor(1.5, dtype=torch.float64)
    wanted = physics_residual(-0.7 * bend + (potential - energy) * psi, reduction="none")
    found = schrodinger_residual(psi, bend, potential, energy, kinetic=0.7, reduction="none")
    torch.testing.assert_close(found, wanted)


def test_zero_solves_the_equation_and_the_norm_forbids_it():
    zero, x = torch.zeros(5, dtype=torch.float64), grid(5)
    assert schrodinger_residual(zero, zero, torch.ones_like(zero), torch.tensor(3.0)).item() == 0
    assert normalization_penalty(zero, x, target_norm=3.0).item() == 9


@pytest.mark.parametrize(("seed", "points", "norm"), [(0, 2, 0.1), (1, 3, 1.0), (2, 12, 10.0), (3, 7, 2.5)])
def test_norm_and_overlaps_are_trapezoids(seed, points, norm):
    x, psi, previous = grid(points, seed), wave(points, seed=seed), wave(3, points, seed=seed + 1)

    def by_loop(values: torch.Tensor) -> float:
        return sum(
            0.5 * (values[i] + values[i + 1]).item() * (x[i + 1] - x[i]).item() for i in range(points - 1)
        )

    penalty = normalization_penalty(psi, x, target_norm=norm).item()
    assert penalty == pytest.approx((by_loop(psi.square()) - norm) ** 2, rel=1e-9, abs=1e-12)
    overlaps = sum(by_loop(psi * state) ** 2 for state in previous)
    assert orthogonality_penalty(psi, previous, x).item() == pytest.approx(overlaps, rel=1e-9, abs=1e-12)


def test_a_wavefunction_scaled_to_its_norm_pays_nothing():
    x, psi = grid(), wave(9)
    scaled = psi / torch.trapezoid(psi.square(), x).sqrt()
    assert normalization_penalty(scaled, x).item() < 1e-28
    assert normalization_penalty(-scaled, x).item() < 1e-28


def test_overlaps_of_opposite_signs_do_not_cancel():
    x, psi = grid(), wave(9)
    both = orthogonality_penalty(psi, torch.stack([psi, -psi]), x)
    torch.testing.assert_close(both, 2 * orthogonality_penalty(psi, psi.unsqueeze(0), x))


def test_without_a_previous_state_there_is_zero_with_a_graph():
    psi = wave(5).requires_grad_()
    loss = orthogonality_penalty(psi, wave(0, 5), grid(5))
    loss.backward()
    assert loss.item() == 0
    assert not psi.grad.any()


X5 = grid(5)


@pytest.mark.parametrize(
    ("psi", "x", "error", "argument"),
    [
        (torch.ones(1), torch.ones(1), ShapeError, "wavefunction: .*two points"),
        (torch.ones(5, 1), X5, ShapeError, "wavefunction"),
        (torch.ones(5), X5[:4], ShapeError, "coordinates"),
        (torch.ones(5), X5.flip(0), InvalidInputError, "coordinates: .*strictly increasing"),
        (torch.ones(5), torch.tensor([0.0, 1, 1, 2, 3]), InvalidInputError, "coordinates"),
        (torch.ones(5), X5 * math.nan, InvalidInputError, "coordinates"),
        (torch.ones(5), torch.arange(5), DtypeError, "coordinates"),
    ],
)
def test_grids_that_cannot_be_integrated_over_are_refused(psi, x, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        normalization_penalty(psi, x)
    with pytest.raises(error, match=f"^{argument}"):
        orthogonality_penalty(psi, psi.unsqueeze(0), x)


def test_other_bad_input_is_named():
    psi = torch.ones(5)
    with pytest.raises(ShapeError, match=r"^previous"):
        orthogonality_penalty(psi, torch.ones(2, 4), X5)
    with pytest.raises(ShapeError, match=r"^energy: got shape \(1,\); wanted a scalar"):
        schrodinger_residual(psi, psi, psi, torch.ones(1))
    with pytest.raises(ShapeError, match=r"^potential"):
        schrodinger_residual(psi, psi, psi[:3], torch.tensor(1.0))
    with pytest.raises(InvalidInputError, match=r"^kinetic"):
        schrodinger_residual(psi, psi, psi, torch.tensor(1.0), kinetic=0.0)
    with pytest.raises(InvalidInputError, match=r"^target_norm"):
        normalization_penalty(psi, X5, target_norm=-1.0)


@pytest.mark.parametrize("case", load_goldens(GOLDENS / "018-boundary_ansatz.json").cases, ids=str)
def test_ansatz_equals_its_goldens(case):
    prediction, x = (torch.from_numpy(case.inputs[name]) for name in ("prediction", "coordinates"))
    output = boundary_ansatz(prediction.requires_grad_(), x, **case.params)
    output.sum().backward()
    wanted = torch.tensor(case.expected["output"], dtype=torch.float64)
    tolerance = {"rtol": case.rtol, "atol": case.atol}
    torch.testing.assert_close(output.detach(), wanted, **tolerance)
    torch.testing.assert_close(prediction.grad, torch.from_numpy(case.grad["prediction"]), **tolerance)


@pytest.mark.parametrize("kind", ["polynomial", "exponential"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("lower", "upper"), [(0.0, 1.0), (-0.1, 0.3), (1 / 3, 7.7)])
def test_values_at_the_walls_are_exact(kind, dtype, lower, upper):
    x = torch.tensor([lower, upper], dtype=dtype)
    ends = {"lower_value": 0.1, "upper_value": -0.7}
    output = boundary_ansatz(
        torch.tensor([1e6, -1e6], dtype=dtype), x, lower=lower, upper=upper, kind=kind, **ends
    )
    assert torch.equal(output, torch.tensor([0.1, -0.7], dtype=dtype))


def test_the_exponential_vanishes_like_its_formula():
    x = torch.linspace(-1, 2, 7, dtype=torch.float64)
    wanted = (1 - torch.exp(-(x + 1))) * (1 - torch.exp(x - 2))
    found = boundary_ansatz(torch.ones_like(x), x, lower=-1.0, upper=2.0, kind="exponential")
    torch.testing.assert_close(found, wanted)


def test_derivatives_of_the_ansatz_reach_the_coordinates():
    x = torch.tensor([[0.2], [0.6]], dtype=torch.float64, requires_grad=True)
    column = x.squeeze(1)
    found = derivative(boundary_ansatz(column, column, lower=0.0, upper=1.0), x, order=2)  # of 4 x^2 (1 - x)
    torch.testing.assert_close(found.detach(), 8 - 24 * x.detach())


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"lower": 1.0, "upper": 1.0}, InvalidInputError, "upper: got 1.0; wanted a number above lower"),
        ({"lower": 0.0, "upper": math.inf}, InvalidInputError, "upper"),
        ({"lower": 0.0, "upper": 1.0, "kind": "sine"}, InvalidInputError, "kind"),
        ({"lower": "0", "upper": 1.0}, DtypeError, "lower"),
    ],
)
def test_bad_walls_are_named(options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        boundary_ansatz(torch.ones(3), torch.ones(3), **options)
