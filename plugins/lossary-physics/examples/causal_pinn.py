"""Train a small causal physics-informed network on a damped oscillator, and compare it with the solution.

Run it with ``python examples/causal_pinn.py``; it takes a few seconds on a CPU.
"""

import argparse
import math

import torch
from lossary_physics.causal_residual import CausalResidual, CausalSchedule
from lossary_physics.physics_residual import derivative
from torch import Tensor, nn

DAMPING, STIFFNESS, END = 0.4, 4.0, 3.0


def solution(time: Tensor) -> Tensor:
    """Displacement u with u'' + 2 d u' + k u = 0, u(0) = 1 and u'(0) = 0."""
    frequency = math.sqrt(STIFFNESS - DAMPING**2)
    return torch.exp(-DAMPING * time) * (
        torch.cos(frequency * time) + DAMPING / frequency * torch.sin(frequency * time)
    )


def train(steps: int, seed: int = 0) -> tuple[float, list[tuple[int, float]]]:
    """Train the network.

    Args:
        steps: number of optimiser steps at most.
        seed: of the network's first weights.

    Returns:
        The relative error of the network against the solution, and the steps at which ``epsilon`` changed.
    """
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))
    criterion = CausalResidual()
    schedule = CausalSchedule((0.1, 1.0, 10.0), threshold=0.95)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    time = torch.linspace(0.0, END, 32).unsqueeze(1).requires_grad_()
    moves = []
    for step in range(steps):
        criterion.epsilon = schedule.epsilon
        u = network(time)
        velocity = derivative(u, time)
        acceleration = derivative(velocity, time)
        residual = (acceleration + 2 * DAMPING * velocity) / STIFFNESS + u
        start = (u[0] - 1).square().sum() + velocity[0].square().sum() / STIFFNESS
        loss = criterion(residual, initial_loss=start)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if schedule.step(criterion.weights):
            moves.append((step, schedule.epsilon))
        if schedule.finished:
            break
    with torch.no_grad():
        exact = solution(time)
        error = ((network(time) - exact).norm() / exact.norm()).item()
    return error, moves


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1000)
    torch.set_num_threads(1)  # a network this small only waits for its threads
    error, moves = train(parser.parse_args().steps)
    for step, epsilon in moves:
        print(f"step {step:5d}: every moment counts; epsilon is now {epsilon:g}")
    print(f"relative error against the solution: {error:.4f}")
