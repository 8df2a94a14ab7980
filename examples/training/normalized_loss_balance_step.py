"""Train on images and on attacked images at once, by weights that follow what is left of each loss.

    python examples/training/normalized_loss_balance_step.py  # 4 seconds on one core

The loss of attacked images lags and counts more from then on: 0.83 in place of 0.50. Less is left of it, and
more of the other. Of attacked test images 1 % more are right, and of those as they are up to 0.5 % fewer.
"""

from typing import NamedTuple

import torch
from handwritten import Images, accuracy, attacked, batches, digits, network
from lossary.training.normalized_loss_balance_step import normalized_loss_balance_step
from torch import Tensor, nn
from torch.nn import functional


class Trained(NamedTuple):
    """What a network came to."""

    test_accuracy: float
    attacked_accuracy: float  # on test images moved against the network
    left: float  # of the loss of training images at the end, as a share of the first one
    attacked_left: float  # of that of attacked ones
    attacked_weight: float


class Result(NamedTuple):
    """With equal weights, and with balanced ones."""

    equal: Trained
    balanced: Trained


def losses(model: nn.Module, images: Images) -> Tensor:
    """Cross-entropy of images as they are and of attacked ones, (2,)."""
    both = (images, attacked(model, images))
    return torch.stack([functional.cross_entropy(model(each.pixels), each.digit) for each in both])


def train(*, rate: float, seed: int, steps: int) -> Trained:
    """Adam on batches of 64; a rate of 0 leaves both weights at 1/2."""
    train, test = digits(seed=seed)
    model = network(seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    first = losses(model, train).detach()
    weight = torch.tensor([0.5, 0.5])
    for batch in batches(train, 64, steps, seed=seed):
        loss = losses(model, batch)
        optimizer.zero_grad()
        (weight @ loss).backward()
        optimizer.step()
        weight = normalized_loss_balance_step(weight, loss.detach(), first, learning_rate=rate)
    left, attacked_left = (losses(model, train).detach() / first).tolist()
    return Trained(
        accuracy(model, test), accuracy(model, attacked(model, test)), left, attacked_left, float(weight[1])
    )


def compare(*, seed: int = 0, steps: int = 600) -> Result:
    """Train both from the same weights with the same batches."""
    return Result(*(train(rate=rate, seed=seed, steps=steps) for rate in (0.0, 0.025)))


def main() -> None:
    """Train both, and print a line for each."""
    print(
        f"{'weights':8} {'accuracy':>8} {'attacked':>9} {'left of the losses':>19} {'weight of attacked':>19}"
    )
    for name, found in compare()._asdict().items():
        left = f"{found.left:.3f} {found.attacked_left:.3f}"
        print(
            f"{name:8} {found.test_accuracy:8.3f} {found.attacked_accuracy:9.3f} {left:>19} "
            f"{found.attacked_weight:19.3f}"
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
