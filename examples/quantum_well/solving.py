"""A network for each state of a well: its wavefunction and its energy, from the equation alone."""

from typing import NamedTuple

import torch
from lossary_physics.boundary_ansatz import boundary_ansatz
from lossary_physics.normalization_penalty import normalization_penalty
from lossary_physics.orthogonality_penalty import orthogonality_penalty
from lossary_physics.physics_residual import derivative
from lossary_physics.schrodinger_residual import schrodinger_residual
from torch import Tensor, nn
from wells import Well

WIDTH, POINTS = 24, 81
WARM_UP, ITERATIONS = 200, 400  # steps of Adam, then of L-BFGS
NORM_WEIGHT, OVERLAP_WEIGHT = 10.0, 100.0


class State(NamedTuple):
    """A state as learned: its energy, and its wavefunction on the grid."""

    energy: float
    wavefunction: Tensor


def grid_of(well: Well) -> Tensor:
    """The collocation points of a well, wall to wall."""
    return torch.linspace(well.lower, well.upper, POINTS, dtype=torch.float64)


def solve(
    well: Well, count: int, *, warm_up: int = WARM_UP, iterations: int = ITERATIONS, seed: int = 0
) -> list[State]:
    """Learn the states of a well one after the other, each orthogonal to those before.

    Args:
        well: the well; its analytic states are not used.
        count: how many states.
        warm_up: steps of Adam for each.
        iterations: steps of L-BFGS for each.
        seed: of the networks' first weights.
    """
    generator = torch.Generator().manual_seed(seed)
    states: list[State] = []
    for _ in range(count):
        states.append(_next_state(well, states, generator, warm_up, iterations))
    return states


def _next_state(
    well: Well, states: list[State], generator: torch.Generator, warm_up: int, iterations: int
) -> State:
    network = _network(generator)
    # From the level below, or 0: the residual pulls the energy up to the next one.
    start = states[-1].energy if states else 0.0
    energy = nn.Parameter(torch.tensor(start, dtype=torch.float64))
    points = grid_of(well)
    column = points.unsqueeze(1).requires_grad_()
    potential = well.potential(points)
    below = [state.wavefunction for state in states]
    previous = torch.stack(below) if below else points.new_empty(0, POINTS)
    center, scale = 0.5 * (well.lower + well.upper), 6.0 / (well.upper - well.lower)

    def wavefunction() -> Tensor:
        output = network(scale * (column - center)).squeeze(1)
        return boundary_ansatz(output, column.squeeze(1), lower=well.lower, upper=well.upper)

    def loss() -> Tensor:
        psi = wavefunction()
        residual = schrodinger_residual(psi, derivative(psi, column, order=2).squeeze(1), potential, energy)
        norm = normalization_penalty(psi, points)
        return residual + NORM_WEIGHT * norm + OVERLAP_WEIGHT * orthogonality_penalty(psi, previous, points)

    parameters = [*network.parameters(), energy]
    adam = torch.optim.Adam(parameters, lr=1e-2)
    for _ in range(warm_up):
        adam.zero_grad()
        loss().backward()
        adam.step()
    newton = torch.optim.LBFGS(
        parameters,
        max_iter=iterations,
        history_size=50,
        tolerance_grad=1e-9,
        tolerance_change=1e-12,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        newton.zero_grad()
        value = loss()
        value.backward()
        return value

    newton.step(closure)
    return State(energy.item(), wavefunction().detach())


def _network(generator: torch.Generator) -> nn.Sequential:
    network = nn.Sequential(
        nn.Linear(1, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 1)
    )
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=parameter.shape[-1] ** -0.5, generator=generator)
    return network.double()
