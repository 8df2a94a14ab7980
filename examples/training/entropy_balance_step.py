"""Distil a clean teacher and a robust one into a student, by temperatures that make them equally sure.

    python examples/training/entropy_balance_step.py  # 6 seconds on one core

The robust teacher has seen attacked images only, and is less sure: entropies of 0.43 and 0.07 nats. Balanced,
the clean one is heated until they agree. What the student gets right changes by less than 1 %.
"""

from typing import NamedTuple

import torch
from handwritten import Images, accuracy, attacked, batches, digits, network
from lossary.losses.robustness.multi_teacher_adversarial_distillation import (
    multi_teacher_adversarial_distillation,
)
from lossary.training.entropy_balance_step import entropy_balance_step
from torch import Tensor, nn
from torch.nn import functional


class Trained(NamedTuple):
    """What a student came to."""

    test_accuracy: float
    attacked_accuracy: float  # on test images moved against the student
    robust_entropy: float  # of what the robust teacher says at its temperature, at the end, in nats
    clean_entropy: float  # of what the clean one says
    robust_temperature: float
    clean_temperature: float


class Result(NamedTuple):
    """With both temperatures at 1, and balanced."""

    fixed: Trained
    balanced: Trained


def taught(train: Images, *, robust: bool, seed: int, steps: int) -> nn.Module:
    """A wide teacher that has learnt the digits, of images as they are or moved against it."""
    model = network(seed=seed, width=256)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for batch in batches(train, 64, steps, seed=seed):
        seen = attacked(model, batch) if robust else batch
        optimizer.zero_grad()
        functional.cross_entropy(model(seen.pixels), seen.digit).backward()
        optimizer.step()
    return model.requires_grad_(requires_grad=False)


def entropy(logits: Tensor, temperature: float) -> float:
    """The mean entropy of predictions."""
    return float(torch.distributions.Categorical(logits=logits / temperature).entropy().mean())


def learn(
    robust: nn.Module, clean: nn.Module, train: Images, test: Images, *, rate: float, seed: int, steps: int
) -> Trained:
    """Adam on batches of 64; a rate of 0 leaves the temperatures at 1."""
    student = network(seed=seed + 1, width=32)
    optimizer = torch.optim.Adam(student.parameters(), lr=3e-3)
    robust_temperature = clean_temperature = 1.0
    for batch in batches(train, 64, steps, seed=seed + 1):
        moved = attacked(student, batch)
        robust_logits, clean_logits = robust(moved.pixels), clean(batch.pixels)
        loss = multi_teacher_adversarial_distillation(
            student(moved.pixels),
            student(batch.pixels),
            robust_logits,
            clean_logits,
            robust_temperature=robust_temperature,
            clean_temperature=clean_temperature,
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        robust_temperature, clean_temperature = entropy_balance_step(
            robust_logits,
            clean_logits,
            robust_temperature=robust_temperature,
            clean_temperature=clean_temperature,
            learning_rate=rate,
        )
    moved = attacked(student, train)
    return Trained(
        accuracy(student, test),
        accuracy(student, attacked(student, test)),
        entropy(robust(moved.pixels), robust_temperature),
        entropy(clean(train.pixels), clean_temperature),
        robust_temperature,
        clean_temperature,
    )


def compare(*, seed: int = 0, steps: int = 500) -> Result:
    """Teach two students of the same weights with the same batches."""
    train, test = digits(seed=seed)
    robust, clean = (taught(train, robust=kind, seed=seed, steps=steps) for kind in (True, False))
    fixed, balanced = (
        learn(robust, clean, train, test, rate=rate, seed=seed, steps=steps) for rate in (0.0, 0.01)
    )
    return Result(fixed, balanced)


def main() -> None:
    """Teach both, and print a line for each."""
    print(f"{'temperatures':18} {'accuracy':>8} {'attacked':>9} {'entropies, robust and clean':>28}")
    for name, found in compare()._asdict().items():
        temperatures = f"{name} {found.robust_temperature:.2f} {found.clean_temperature:.2f}"
        entropies = f"{found.robust_entropy:.3f} {found.clean_entropy:.3f}"
        print(f"{temperatures:18} {found.test_accuracy:8.3f} {found.attacked_accuracy:9.3f} {entropies:>28}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
