"""Separate one digit from the others by a plane: with the normalized gradient, and with the plain one.

    python examples/training/normalized_logistic_gradient.py  # 4 seconds on one core

Some plane separates the training images of a 6; how many steps until gradient descent has one? Plain steps
fade as the errors do, unless they are large: from a step size of 100 on both are as fast.
"""

from typing import NamedTuple

import torch
from handwritten import Images, digits
from lossary.training.normalized_logistic_gradient import normalized_logistic_gradient
from torch import Tensor

STEP_SIZES = (1.0, 10.0, 100.0, 1000.0)


class Result(NamedTuple):
    """Steps until all training rows are right, one for each step size; None: not within those allowed."""

    plain: list[int | None]
    normalized: list[int | None]


def rows_of(images: Images, digit: int) -> tuple[Tensor, Tensor]:
    """Pixels with a one at the end for the bias, and which images show the digit."""
    return torch.nn.functional.pad(images.pixels, (0, 1), value=1.0), images.digit == digit


def steps_to_separate(
    features: Tensor, target: Tensor, *, normalized: bool, step_size: float, steps: int
) -> int | None:
    """Descend from 0 on all rows at once until they are right."""
    weight = torch.zeros(features.shape[1])
    for step in range(steps):
        if bool(((features @ weight > 0) == target).all()):
            return step
        found = normalized_logistic_gradient(weight, features, target)
        gradient = found.gradient if normalized else found.gradient / found.scale
        weight -= step_size * gradient
    return None


def compare(*, seed: int = 0, steps: int = 1500) -> Result:
    """Descend with both at every step size."""
    train, _ = digits(seed=seed)
    features, target = rows_of(train, 6)
    plain, normalized = (
        [
            steps_to_separate(features, target, normalized=way, step_size=step_size, steps=steps)
            for step_size in STEP_SIZES
        ]
        for way in (False, True)
    )
    return Result(plain, normalized)


def main() -> None:
    """Descend with both, and print a line for each step size."""
    print(f"{'step size':>9} {'plain':>7} {'normalized':>11}   steps until all are right")
    for step_size, *steps in zip(STEP_SIZES, *compare(), strict=True):
        plain, normalized = ("not yet" if step is None else step for step in steps)
        print(f"{step_size:9g} {plain:>7} {normalized:>11}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
