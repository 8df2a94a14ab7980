"""Name a digit and redraw it from 16 hidden numbers, in whatever unit its pixels come.

    python examples/training/gradient_norm_balance.py  # 5 seconds on one core

Squared errors of pixels from 0 to 255 are 65,025 times those of the same pixels from 0 to 1. The plain sum of
the two losses then forgets the digits, 0.96 to 0.84 right (means of three seeds); the balanced sum hardly
notices, 0.95 and 0.94. In the unit that happens to suit the digits the plain sum is the better one for them.
"""

from typing import NamedTuple

import torch
from handwritten import Images, accuracy, batches, digits, network
from lossary.training.gradient_norm_balance import GradientNormBalance
from torch import Tensor, nn
from torch.nn import functional

WHITES = (1.0, 255.0)  # the value of a white pixel
WIDTH = 16


class Trained(NamedTuple):
    """What a network came to."""

    white: float
    test_accuracy: float
    pixel_error: float  # root of the mean square on test images, of pixels from 0 to 1
    pull: float  # of the digits over that of the pixels: norms of weighted gradients at the end


class Result(NamedTuple):
    """One for each unit of pixels, with the plain sum of the losses and with the balanced one."""

    plain: list[Trained]
    balanced: list[Trained]


def losses(reader: nn.Sequential, artist: nn.Module, images: Images, white: float) -> tuple[Tensor, Tensor]:
    """That of the digit and that of the pixels, from the same hidden layer."""
    hidden = reader[:2](images.pixels)
    return (
        functional.cross_entropy(reader[2](hidden), images.digit),
        (white * (artist(hidden) - images.pixels)).square().mean(),
    )


def norm_of(loss: Tensor, weights: list[nn.Parameter]) -> float:
    """Of the gradient of a loss."""
    slopes = torch.autograd.grad(loss, weights, retain_graph=True, materialize_grads=True)
    return float(torch.cat([slope.flatten() for slope in slopes]).norm())


def train(white: float, *, balanced: bool, seed: int, steps: int) -> Trained:
    """Adam on batches of 64."""
    train, test = digits(seed=seed)
    reader, artist = network(seed=seed, width=WIDTH), network(seed=seed + 1, width=WIDTH, outputs=64)[2]
    weights = [*reader.parameters(), *artist.parameters()]
    optimizer = torch.optim.Adam(weights, lr=3e-3)
    balance = GradientNormBalance(2, every=10)
    for batch in batches(train, 64, steps, seed=seed):
        both = losses(reader, artist, batch, white)
        optimizer.zero_grad()
        (balance(both, weights) if balanced else both[0] + both[1]).backward()
        optimizer.step()
    on_digit, on_pixels = balance.weights.tolist()
    naming, drawing = losses(reader, artist, batch, white)
    pull = norm_of(on_digit * naming, weights) / norm_of(on_pixels * drawing, weights)
    error = losses(reader, artist, test, 1.0)[1].sqrt()
    return Trained(white, accuracy(reader, test), float(error.detach()), pull)


def compare(*, seed: int = 0, steps: int = 600) -> Result:
    """Train with both sums in every unit, from the same weights."""
    plain, balanced = (
        [train(white, balanced=way, seed=seed, steps=steps) for white in WHITES] for way in (False, True)
    )
    return Result(plain, balanced)


def main() -> None:
    """Train with both, and print a line for each."""
    print(f"{'sum':8} {'white is':>8} {'test accuracy':>14} {'pixel error':>12} {'digits over pixels':>19}")
    for name, runs in compare()._asdict().items():
        for found in runs:
            print(
                f"{name:8} {found.white:8g} {found.test_accuracy:14.3f} {found.pixel_error:12.3f} "
                f"{found.pull:19.3g}"
            )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
