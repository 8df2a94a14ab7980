"""Hold a network near what it said some epochs ago: flatter minima without a second gradient.

    python examples/training/trajectory_buffer.py            # about 10 seconds on one core

Digits with one label in five wrong (drawn here), which the network has room to learn by heart. From the sixth
epoch on, `trajectory_consistency` with the logits of three epochs ago, which `TrajectoryBuffer` remembers, is
added to cross-entropy. Sharpness is what the training loss gains when the weights move a little uphill.
"""

from typing import NamedTuple

import torch
from handwritten import Images, accuracy, digits, network
from lossary.losses.distillation.trajectory_consistency import trajectory_consistency
from lossary.training.trajectory_buffer import TrajectoryBuffer
from torch import nn
from torch.nn import functional

BATCH, WRONG, WEIGHT, START = 64, 0.2, 1.0, 5
RADIUS = 0.1  # how far uphill, as a length of all weights


class Trained(NamedTuple):
    """What training came to."""

    learnt_by_heart: float  # share of the wrong labels that the network gives
    sharpness: float
    accuracy: float  # on other images, whose labels are right


class Result(NamedTuple):
    """The same batches, with cross-entropy alone and with the buffer."""

    plain: Trained
    held: Trained


def wrong_labels(images: Images, seed: int) -> Images:
    """The images with one label in five another than it should be."""
    draws = torch.Generator().manual_seed(seed)
    is_wrong = torch.rand(len(images.digit), generator=draws) < WRONG
    other = (images.digit + torch.randint(1, 10, is_wrong.shape, generator=draws)) % 10
    return Images(images.pixels, images.digit.where(~is_wrong, other))


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    buffer: TrajectoryBuffer,
    images: Images,
    epochs: range,
    *,
    weight: float,
) -> None:
    """Some epochs, each in an order of its own."""
    for epoch in epochs:
        order = torch.randperm(len(images.digit), generator=torch.Generator().manual_seed(epoch))
        for rows in order.split(BATCH):
            logits = model(images.pixels[rows])
            loss = functional.cross_entropy(logits, images.digit[rows])
            if epoch > START:
                loss = loss + weight * trajectory_consistency(logits, buffer.past(rows, epoch))
            buffer.update(rows, logits, epoch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def sharpness(model: nn.Module, images: Images) -> float:
    """By how much the loss rises along its gradient."""
    weights = list(model.parameters())
    loss = functional.cross_entropy(model(images.pixels), images.digit)
    gradients = torch.autograd.grad(loss, weights)
    length = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    with torch.no_grad():
        for value, gradient in zip(weights, gradients, strict=True):
            value.add_(gradient / length, alpha=RADIUS)
        uphill = functional.cross_entropy(model(images.pixels), images.digit)
        for value, gradient in zip(weights, gradients, strict=True):
            value.sub_(gradient / length, alpha=RADIUS)
    return float(uphill - loss.detach())


def judge(weight: float, *, seed: int, epochs: int) -> Trained:
    """Train with this weight of the past."""
    right, test = digits(seed=seed)
    images = wrong_labels(right, seed)
    model = network(seed=seed, width=256)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    buffer = TrajectoryBuffer(len(images.digit), classes=10, delay=3)
    train(model, optimizer, buffer, images, range(epochs), weight=weight)
    is_wrong = images.digit != right.digit
    by_heart = accuracy(model, Images(images.pixels[is_wrong], images.digit[is_wrong]))
    return Trained(by_heart, sharpness(model, images), accuracy(model, test))


def compare(*, seed: int = 0, epochs: int = 60) -> Result:
    """Without the past, and with it."""
    return Result(*(judge(weight, seed=seed, epochs=epochs) for weight in (0.0, WEIGHT)))


def main() -> None:
    """Print a line for each."""
    torch.set_num_threads(1)
    print(f"{'':6} {'learnt by heart':>16} {'sharpness':>10} {'accuracy':>9}")
    for name, found in compare()._asdict().items():
        print(f"{name:6} {found.learnt_by_heart:16.3f} {found.sharpness:10.3f} {found.accuracy:9.3f}")


if __name__ == "__main__":
    main()
