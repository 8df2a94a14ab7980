"""Find the plane of greatest margin between two digits as the equilibrium of a game.

    python examples/training/optimistic_mirror_descent_step.py  # 3 seconds on one core

One player chooses a direction in pixel space, the other how much each row counts. Both take the same steps:
with the last gradient as a hint of the next, and without a hint. At steps of 0.3 what they play last is near
the equilibrium with hints, and circles around it without; at smaller ones 600 steps are too few to tell.
"""

from typing import NamedTuple

import torch
from handwritten import digits
from lossary.training.optimistic_mirror_descent_step import optimistic_mirror_descent_step
from torch import Tensor

DIGITS = (3, 8)
STEP_SIZES = (0.03, 0.1, 0.3)


class Played(NamedTuple):
    """After the last step; the greatest margin that there is lies within ``gap`` above ``margin``."""

    step_size: float
    margin: float  # of the mean direction: the least distance of a row from the plane
    gap: float  # what the players could still win against each other's mean
    last_gap: float  # against what each other played last


class Result(NamedTuple):
    """One for each step size, without hints and with them."""

    plain: list[Played]
    optimistic: list[Played]


def signed_rows(*, seed: int) -> Tensor:
    """Training images of two digits, with a one for the bias, of length 1, those of the second negated."""
    train, _ = digits(seed=seed)
    kept = (train.digit == DIGITS[0]) | (train.digit == DIGITS[1])
    rows = torch.nn.functional.pad(train.pixels[kept].double(), (0, 1), value=1.0)
    sign = torch.where(train.digit[kept] == DIGITS[0], 1.0, -1.0)
    return sign.unsqueeze(1) * torch.nn.functional.normalize(rows)


def play(rows: Tensor, *, hints: bool, step_size: float, steps: int) -> Played:
    """A direction within the unit ball against weights of rows that sum to 1."""
    direction = anchor = torch.zeros(rows.shape[1], dtype=rows.dtype)
    weight = weight_anchor = torch.full((len(rows),), 1 / len(rows), dtype=rows.dtype)
    mean_direction, mean_weight = torch.zeros_like(direction), torch.zeros_like(weight)
    for _ in range(steps):
        mean_direction += direction / steps
        mean_weight += weight / steps
        gradient, weight_gradient = -weight @ rows, rows @ direction  # the first wins what the second loses
        anchor, direction = optimistic_mirror_descent_step(
            anchor, gradient, gradient * hints, step_size=step_size, radius=1.0
        )
        weight_anchor, weight = optimistic_mirror_descent_step(
            weight_anchor, weight_gradient, weight_gradient * hints, step_size=step_size, geometry="entropic"
        )
    margin = (rows @ mean_direction).min()
    gap = (mean_weight @ rows).norm() - margin
    last_gap = (weight @ rows).norm() - (rows @ direction).min()
    return Played(step_size, float(margin), float(gap), float(last_gap))


def compare(*, seed: int = 0, steps: int = 600) -> Result:
    """Play with and without hints at every step size."""
    rows = signed_rows(seed=seed)
    plain, optimistic = (
        [play(rows, hints=hints, step_size=step_size, steps=steps) for step_size in STEP_SIZES]
        for hints in (False, True)
    )
    return Result(plain, optimistic)


def main() -> None:
    """Play both, and print a line for each."""
    print(f"{'steps':10} {'size':>5} {'margin':>8} {'gap':>8} {'gap of the last':>16}")
    for name, games in compare()._asdict().items():
        for found in games:
            print(
                f"{name:10} {found.step_size:5g} {found.margin:8.4f} {found.gap:8.4f} {found.last_gap:16.4f}"
            )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
