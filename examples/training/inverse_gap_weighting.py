"""Learn to read digits when the only answer to a guess is whether it was right.

    python examples/training/inverse_gap_weighting.py            # about 8 seconds on one core

A network predicts for each of ten answers how likely it is wrong, and hears about the one that it gave: a
contextual bandit. Always the best guess (greedy), now and then any answer at all (epsilon-greedy), or answers
drawn by `inverse_gap_weighting`, which leaves alone what is surely wrong and tries what is nearly as good. It
makes the fewest mistakes; but a digit may stay untried (seed 1), which epsilon-greedy finds in the end.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from handwritten import accuracy, batches, digits, network
from lossary.training.inverse_gap_weighting import inverse_gap_weighting
from torch import Tensor
from torch.nn import functional

BATCH = 8


class Learnt(NamedTuple):
    """What a way of answering came to."""

    mistakes: float  # share of wrong answers while it learnt
    explored: float  # share of answers that were not the best guess
    accuracy: float  # of the best guess on other images


class Result(NamedTuple):
    """All three ways, on the same images."""

    greedy: Learnt
    epsilon_greedy: Learnt
    weighted: Learnt


def greedy(wrong: Tensor, _step: int) -> Tensor:
    """The answer that seems best, always."""
    return functional.one_hot(wrong.argmin(-1), 10).float()


def epsilon_greedy(wrong: Tensor, step: int) -> Tensor:
    """One answer in ten at random."""
    return 0.9 * greedy(wrong, step) + 0.1 / 10


def weighted(wrong: Tensor, step: int) -> Tensor:
    """Explore less as there is more to go by; the paper's rate is the root of the number of rounds."""
    return inverse_gap_weighting(wrong, exploration=10 * (BATCH * (step + 1)) ** 0.5)


def learn(probabilities: Callable[[Tensor, int], Tensor], *, seed: int, steps: int) -> Learnt:
    """Answer and learn, a batch at a time."""
    train, test = digits(seed=seed)
    model = network(seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    draws = torch.Generator().manual_seed(seed)
    mistakes, explored = 0.0, 0.0
    for step, (pixels, digit) in enumerate(batches(train, BATCH, steps, seed=seed)):
        logits = model(pixels)
        wrong = torch.sigmoid(-logits.detach())  # the guessed loss of each answer
        answer = torch.multinomial(probabilities(wrong, step), 1, generator=draws)
        is_right = (answer.squeeze(1) == digit).float()
        loss = functional.binary_cross_entropy_with_logits(logits.gather(1, answer).squeeze(1), is_right)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mistakes += float(1 - is_right.mean()) / steps
        explored += float((answer.squeeze(1) != wrong.argmin(-1)).float().mean()) / steps
    return Learnt(mistakes, explored, accuracy(model, test))


def compare(*, seed: int = 0, steps: int = 1000) -> Result:
    """The three ways of answering from equal networks."""
    return Result(*(learn(way, seed=seed, steps=steps) for way in (greedy, epsilon_greedy, weighted)))


def main() -> None:
    """Print a line for each way."""
    torch.set_num_threads(1)
    print(f"{'':16} {'mistakes':>9} {'explored':>9} {'accuracy':>9}")
    for name, found in compare()._asdict().items():
        print(f"{name:16} {found.mistakes:9.3f} {found.explored:9.3f} {found.accuracy:9.3f}")


if __name__ == "__main__":
    main()
