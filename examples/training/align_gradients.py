"""Learn from labels and from a teacher at once, where the second may not undo the first.

    python examples/training/align_gradients.py  # 6 seconds on one core

A small student has one head for the labels and another for the logits of the teacher. Both gradients meet in
its body: added up, the second slows the labels in every eighth step and undoes them in some; aligned, never.
In the test that is hardly more (0.2 to 0.7 %), and on this easy data a student without a teacher is best.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from handwritten import Images, accuracy, batches, digits, network
from lossary.losses.distillation.binary_kl_norm_distillation import binary_kl_norm_distillation
from lossary.training.align_gradients import backward_aligned
from torch import Tensor, nn
from torch.nn import functional

WIDTH, TEACHER_WIDTH, RATE = 16, 256, 3e-3


class Trained(NamedTuple):
    """What a student came to; progress is on the loss of the labels, to first order."""

    test_accuracy: float
    label_loss: float  # of a batch, the mean of the last tenth of the steps
    slowed: float  # the share of steps with less progress than by the gradient of the labels alone
    undone: float  # the share of steps without any


class Result(NamedTuple):
    """Without a teacher, with both gradients added up, and with them aligned."""

    alone: Trained
    added: Trained
    aligned: Trained


def taught(train: Images, *, seed: int, steps: int) -> nn.Module:
    """A wide network that has learnt the labels."""
    teacher = network(seed=seed + 1, width=TEACHER_WIDTH)
    optimizer = torch.optim.Adam(teacher.parameters(), lr=RATE)
    for batch in batches(train, 64, steps, seed=seed + 1):
        optimizer.zero_grad()
        functional.cross_entropy(teacher(batch.pixels), batch.digit).backward()
        optimizer.step()
    return teacher.requires_grad_(requires_grad=False)


def flat(tensors: Iterable[Tensor]) -> Tensor:
    """All entries in one vector."""
    return torch.cat([tensor.flatten() for tensor in tensors])


def learn(teacher: nn.Module, train: Images, test: Images, *, way: str, seed: int, steps: int) -> Trained:
    """Adam on batches of 64."""
    student = network(seed=seed, width=WIDTH)
    body, head, auxiliary = student[:2], student[2], network(seed=seed + 1, width=WIDTH)[2]
    weights = [*student.parameters(), *auxiliary.parameters()]
    optimizer = torch.optim.Adam(weights, lr=RATE)
    progress, label_losses = [], []
    for batch in batches(train, 64, steps, seed=seed):
        features = body(batch.pixels)
        labels = functional.cross_entropy(head(features), batch.digit)
        imitation = binary_kl_norm_distillation(auxiliary(features), teacher(batch.pixels))
        own = flat(torch.autograd.grad(labels, weights, retain_graph=True, materialize_grads=True))
        optimizer.zero_grad()
        if way == "aligned":
            backward_aligned(labels, imitation, weights)
        else:
            (labels + (way == "added") * imitation).backward()
        joint = flat(weight.grad for weight in weights if weight.grad is not None)
        progress.append(float(joint @ own / own.square().sum()))  # of the gradient of the labels: 1
        label_losses.append(labels.item())
        optimizer.step()
    end = label_losses[-max(1, steps // 10) :]
    slowed, undone = (sum(one < least for one in progress) / steps for least in (0.999, 0.0))
    return Trained(accuracy(student, test), sum(end) / len(end), slowed, undone)


def compare(*, seed: int = 0, steps: int = 500) -> Result:
    """Teach three students of the same weights with the same batches."""
    train, test = digits(seed=seed)
    teacher = taught(train, seed=seed, steps=steps)
    ways = ("alone", "added", "aligned")
    return Result(*(learn(teacher, train, test, way=way, seed=seed, steps=steps) for way in ways))


def main() -> None:
    """Teach them, and print a line for each."""
    print(f"{'gradients':9} {'test accuracy':>13} {'loss of labels':>15} {'slowed':>7} {'undone':>7}")
    for name, found in compare()._asdict().items():
        print(
            f"{name:9} {found.test_accuracy:13.3f} {found.label_loss:15.4f} "
            f"{found.slowed:7.3f} {found.undone:7.3f}"
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
