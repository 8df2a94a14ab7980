"""Three wells whose states are known without a network, in units where the kinetic term is -psi''."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Well:
    """A potential between two walls, and its states.

    Attributes:
        name: what the report calls it.
        lower: where the left wall is; the wavefunction is 0 there.
        upper: where the right wall is.
        potential: V at points.
        levels: the analytic energies, from the ground state on.
        state: the analytic wavefunction of a level, by number and points, of any norm.
    """

    name: str
    lower: float
    upper: float
    potential: Callable[[Tensor], Tensor]
    levels: tuple[float, ...]
    state: Callable[[int, Tensor], Tensor]


def _oscillator_state(number: int, x: Tensor) -> Tensor:
    before, now = torch.zeros_like(x), torch.exp(-0.5 * x.square())
    for n in range(number):  # Hermite polynomials by their recurrence
        before, now = now, 2 * x * now - 2 * n * before
    return now


DEPTH, HALF_WIDTH = 6.0, 1.55  # the jumps lie halfway between two points of the grid


def _finite_level(number: int) -> float:
    """The square of the root k of k a + arcsin(k / sqrt(depth)) = (number + 1) pi / 2."""
    low, high = 0.0, math.sqrt(DEPTH)  # the left side rises with k
    for _ in range(60):
        middle = 0.5 * (low + high)
        if middle * HALF_WIDTH + math.asin(middle / math.sqrt(DEPTH)) < (number + 1) * math.pi / 2:
            low = middle
        else:
            high = middle
    return low**2


def _finite_state(number: int, x: Tensor) -> Tensor:
    energy = _finite_level(number)
    inside, outside = math.sqrt(energy), math.sqrt(DEPTH - energy)
    wave = torch.cos if number % 2 == 0 else torch.sin
    edge = wave(torch.tensor(inside * HALF_WIDTH, dtype=x.dtype))
    tail = edge * torch.exp(-outside * (x.abs() - HALF_WIDTH))
    return torch.where(x.abs() < HALF_WIDTH, wave(inside * x), tail if number % 2 == 0 else tail * x.sign())


WELLS = (
    Well(
        "infinite well", 0.0, math.pi, torch.zeros_like, (1.0, 4.0, 9.0), lambda n, x: torch.sin((n + 1) * x)
    ),
    Well("oscillator", -5.0, 5.0, torch.square, (1.0, 3.0, 5.0), _oscillator_state),
    Well(
        "finite well",
        -4.0,
        4.0,
        lambda x: torch.where(x.abs() < HALF_WIDTH, 0.0, DEPTH),
        (_finite_level(0), _finite_level(1)),
        _finite_state,
    ),
)
