"""Losses over all pairs of positives and negatives, with gradients: ours beside forms that make the pairs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from contest import Call, Contest, benchmark_of, threads
from libauc.losses.auc import PairwiseAUCLoss
from lossary import _kernels
from lossary.ops import all_pairs_torch
from lossary.ops.all_pairs import all_pairs
from lossary.ops.surrogates import pair_loss

SHOWN = 1000  # components of the gradient that are compared
COMPARED = ("logistic", "squared_hinge")


def samples(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """As many positives as negatives in random order, normal scores one deviation apart."""
    generator = torch.Generator().manual_seed(count)
    target = torch.randperm(2 * count, generator=generator) < count
    return torch.randn(2 * count, generator=generator, dtype=torch.float64) + target, target


def trained(loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> Callable[[Any], Call]:
    """The contender that takes the loss forward and backward."""

    def contender(given: Any) -> Call:
        score, target = given[0].clone().requires_grad_(), given[1]

        def call() -> tuple[float, torch.Tensor]:
            score.grad = None
            value = loss(score, target)
            value.backward()
            return value, score.grad

        return call

    return contender


def kernel(surrogate: str) -> Callable[[Any], Call]:
    """The kernel alone, without torch."""

    def contender(given: Any) -> Call:
        score, target = (each.numpy() for each in given)
        return lambda: _kernels.all_pairs(score, target, None, len(score), surrogate, 1.0, 1.0, 1.0)

    return contender


def broadcast(surrogate: str) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """The matrix of all pairs: what people write."""

    def loss(score: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return pair_loss(score[target].unsqueeze(1) - score[~target], surrogate, 1.0, 1.0).mean()

    return loss


def by_torch_operations(surrogate: str) -> Callable[[Any], Any]:
    """The value and the gradient by the other engine."""
    return lambda given: read(
        [
            each.reshape(-1)
            for each in all_pairs_torch.sums(given[0][None], given[1][None], None, surrogate, 1.0, 1.0, 1.0)
        ]
    )


def read(result: Any) -> np.ndarray:
    value, gradient = result
    scale = len(gradient)  # so that components count as much as the value
    whole = torch.as_tensor(value, dtype=torch.float64).item()
    return np.append(whole, np.asarray(gradient)[:SHOWN] * scale)


def ours(surrogate: str) -> dict[str, Callable[[Any], Call]]:
    loss = trained(lambda score, target: all_pairs(score, target, surrogate=surrogate))
    return {
        "lossary, 1 thread": lambda given: on(1, loss(given)),
        "lossary, 2 threads": lambda given: on(2, loss(given)),
        "the kernel alone, 1 thread": lambda given: threads(1, kernel(surrogate)(given)),
        "the kernel alone, 2 threads": lambda given: threads(2, kernel(surrogate)(given)),
    }


def on(count: int, call: Call) -> Call:
    """The call with kernels and torch on so many threads."""

    def limited() -> Any:
        before = torch.get_num_threads()
        torch.set_num_threads(count)
        try:
            return call()
        finally:
            torch.set_num_threads(before)

    return threads(count, limited)


def contest(surrogate: str, count: int, peers: dict[str, Callable[[Any], Call]]) -> Contest:
    return Contest(
        f"{surrogate} loss over all pairs of {count:,} and {count:,}, float64, value and gradient",
        lambda: samples(count),
        by_torch_operations(surrogate),
        ours(surrogate) | peers,
        tolerance=1e-9,
        read=read,
        samples=2 * count,
    )


def makers_of_pairs(surrogate: str) -> dict[str, Callable[[Any], Call]]:
    """Peers that need all pairs in memory: 800 MB a copy for 10,000 and 10,000."""
    loss = broadcast(surrogate)
    return {
        "torch, all pairs": trained(loss),
        "torch.compile, all pairs": trained(torch.compile(loss)),
        "LibAUC": trained(PairwiseAUCLoss(surr_loss=surrogate)),
    }


CONTESTS = [
    *(contest(surrogate, 10_000, makers_of_pairs(surrogate)) for surrogate in COMPARED),
    *(contest(surrogate, 100_000, {}) for surrogate in COMPARED),
    *(contest(surrogate, 1_000_000, {}) for surrogate in (*COMPARED, "hinge", "sigmoid")),
]

test_time = benchmark_of(CONTESTS)
