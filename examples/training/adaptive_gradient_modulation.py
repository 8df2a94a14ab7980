"""Read a digit from its two halves, where the upper one is clear and the lower one is not.

    python examples/training/adaptive_gradient_modulation.py  # 4 seconds on one core

Noise is added to the lower half, for training and test, so the network learns to read the upper one first.
Slowed, that leaves the lower one more to learn: the gap between them narrows, and 2 to 6 % more digits are
read from either half alone. From both halves together it is no more than without.
"""

from typing import NamedTuple

import torch
from handwritten import Images, accuracy, batches, digits
from lossary.training.adaptive_gradient_modulation import (
    gradient_modulation_coefficients,
    shapley_modality_outputs,
)
from torch import Tensor, nn
from torch.nn import functional

NOISE = 0.5
UPPER, LOWER = slice(0, 32), slice(32, 64)


class Trained(NamedTuple):
    """What a network came to."""

    test_accuracy: float
    upper_accuracy: float  # in the test, with the lower half set to zeros
    lower_accuracy: float  # with the upper half set to zeros
    gap: float  # cross-entropy of the lower half less that of the upper one, the mean of all steps
    slowing: float  # coefficient of the upper half over that of the lower one, the mean of all steps


class Result(NamedTuple):
    """With gradients as they are, and modulated."""

    plain: Trained
    modulated: Trained


class Halves(nn.Module):
    """One hidden layer for each half, and a linear layer from both to the digits."""

    def __init__(self, *, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.upper, self.lower = (nn.Sequential(nn.Linear(32, 32), nn.ReLU()) for _ in range(2))
            self.head = nn.Linear(64, 10)

    def forward(self, pixels: Tensor) -> Tensor:
        """The logits."""
        hidden = torch.cat([self.upper(pixels[:, UPPER]), self.lower(pixels[:, LOWER])], dim=1)
        logits: Tensor = self.head(hidden)
        return logits


def without(half: slice, images: Images) -> Images:
    """The images with zeros in this half."""
    pixels = images.pixels.clone()
    pixels[:, half] = 0
    return Images(pixels, images.digit)


def noisy(images: Images, *, seed: int) -> Images:
    """The images with noise in the lower half."""
    noise = NOISE * torch.randn(len(images.digit), 32, generator=torch.Generator().manual_seed(seed))
    return Images(torch.cat([images.pixels[:, UPPER], images.pixels[:, LOWER] + noise], 1), images.digit)


def train(*, alpha: float, seed: int, steps: int) -> Trained:
    """Adam on batches of 64; an alpha of 0 leaves gradients as they are."""
    train, test = (noisy(images, seed=2 * seed + part) for part, images in enumerate(digits(seed=seed)))
    model = Halves(seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    running1 = running2 = 0.0
    gaps, ratios = [], []
    for step, batch in enumerate(batches(train, 64, steps, seed=seed)):
        upper, lower = model.upper(batch.pixels[:, UPPER]), model.lower(batch.pixels[:, LOWER])
        logits = model.head(torch.cat([upper, lower], dim=1))
        with torch.no_grad():
            apart = shapley_modality_outputs(
                logits, model(without(UPPER, batch).pixels), model(without(LOWER, batch).pixels)
            )
        found = gradient_modulation_coefficients(
            *apart, batch.digit, running1=running1, running2=running2, step=step, alpha=alpha
        )
        running1, running2 = found.running1, found.running2
        upper.register_hook(lambda slope, by=found.coefficient1: by * slope)
        lower.register_hook(lambda slope, by=found.coefficient2: by * slope)
        optimizer.zero_grad()
        functional.cross_entropy(logits, batch.digit).backward()
        optimizer.step()
        gaps.append(found.score2 - found.score1)
        ratios.append(found.coefficient1 / found.coefficient2)
    upper_alone, lower_alone = (accuracy(model, without(half, test)) for half in (LOWER, UPPER))
    gap, slowing = sum(gaps) / steps, sum(ratios) / steps
    return Trained(accuracy(model, test), upper_alone, lower_alone, gap, slowing)


def compare(*, seed: int = 0, steps: int = 500) -> Result:
    """Train both from the same weights with the same batches."""
    plain = train(alpha=0.0, seed=seed, steps=steps)
    return Result(plain, train(alpha=1.0, seed=seed, steps=steps))


def main() -> None:
    """Train both, and print a line for each."""
    print(f"{'gradients':10} {'both':>6} {'upper alone':>12} {'lower alone':>12} {'gap':>6} {'slowing':>8}")
    for name, found in compare()._asdict().items():
        print(
            f"{name:10} {found.test_accuracy:6.3f} {found.upper_accuracy:12.3f} "
            f"{found.lower_accuracy:12.3f} {found.gap:6.2f} {found.slowing:8.2f}"
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
