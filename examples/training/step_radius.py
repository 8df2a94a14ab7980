"""Train at learning rates that are too large: with whole steps, and with steps cut to the safe radius.

    python examples/training/step_radius.py  # 6 seconds on one core

Is a digit odd or even? Of two classes the exact radius is known, beside the bound by which steps are cut.
From a rate of 10 on whole steps come to no more than a guess; cut ones come to 0.93 to 0.97, at any rate from
1 on.
"""

import warnings
from typing import NamedTuple

import torch
from handwritten import Images, accuracy, batches, digits, network
from lossary.training.step_radius import SafeStep, binary_step_radius, softmax_step_radius
from torch import Tensor, nn
from torch.nn import functional

RATES = (0.1, 1.0, 10.0, 100.0)


class Trained(NamedTuple):
    """What a network came to."""

    learning_rate: float
    test_accuracy: float
    highest_loss: float  # of a batch, in the second half of training
    beyond: float  # the share of steps that were longer than the bound
    exact: float  # the exact radius over the bound, the median


class Result(NamedTuple):
    """One for each learning rate, with whole steps and with safe ones."""

    whole: list[Trained]
    safe: list[Trained]


def logit_change(model: nn.Module, pixels: Tensor, learning_rate: float) -> Tensor:
    """How the whole step of gradient descent changes the logits, to first order."""
    weights = {name: weight.detach() for name, weight in model.named_parameters()}
    step = {
        name: -learning_rate * weight.grad
        for name, weight in model.named_parameters()
        if weight.grad is not None
    }

    def logits_at(weights: dict[str, Tensor]) -> Tensor:
        logits: Tensor = torch.func.functional_call(model, weights, pixels)
        return logits

    with warnings.catch_warnings():  # torch's rules for it are scripts, against which torch warns
        warnings.simplefilter("ignore", FutureWarning)
        change: Tensor = torch.func.jvp(logits_at, (weights,), (step,))[1]
    return change


def train(learning_rate: float, *, safe: bool, seed: int, steps: int) -> Trained:
    """Gradient descent on batches of 64."""
    train, test = (Images(images.pixels, images.digit % 2) for images in digits(seed=seed))
    model = network(seed=seed, outputs=2)
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    safe_step = SafeStep(optimizer, model)
    losses, lengths, ratios = [], [], []
    for batch in batches(train, 64, steps, seed=seed):
        optimizer.zero_grad()
        logits = model(batch.pixels)
        loss = functional.cross_entropy(logits, batch.digit)
        loss.backward()
        change = logit_change(model, batch.pixels, learning_rate)
        if safe:
            share = safe_step.step(batch.pixels)
        else:
            optimizer.step()
            share = torch.ones(())
        bound = softmax_step_radius(change)  # in whole steps
        losses.append(loss.item())
        lengths.append(float(share / bound))
        ratios.append(float(binary_step_radius(logits.detach(), change).radius / bound))
    beyond = sum(length > 1.001 for length in lengths) / steps
    exact = sorted(ratios)[steps // 2]
    return Trained(learning_rate, accuracy(model, test), max(losses[steps // 2 :]), beyond, exact)


def compare(*, seed: int = 0, steps: int = 200) -> Result:
    """Train with both at every learning rate."""
    whole, safe = ([train(rate, safe=cut, seed=seed, steps=steps) for rate in RATES] for cut in (False, True))
    return Result(whole, safe)


def main() -> None:
    """Train with both, and print a line for each."""
    print(f"{'steps':6} {'rate':>6} {'right':>6} {'highest loss':>13} {'beyond':>7} {'exact radius':>13}")
    for name, runs in compare()._asdict().items():
        for found in runs:
            print(
                f"{name:6} {found.learning_rate:6g} {found.test_accuracy:6.3f} {found.highest_loss:13.3g} "
                f"{found.beyond:7.2f} {found.exact:13.2f}"
            )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
