"""Likelihood and gradient of rankings beside torch, and fits of worths: well and poorly connected items."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from contest import Contest, benchmark_of, threads
from lossary import _kernels
from lossary.numerics import plackett_luce_fit

LISTS, LENGTH = 1024, 1000
RANKINGS, ITEMS = 100_000, 1000


def logits(dtype: type) -> Callable[[], np.ndarray]:
    return lambda: np.random.default_rng(3).normal(size=(LISTS, LENGTH)).astype(dtype)


def by_kernel(scores: np.ndarray) -> Callable[[], float]:
    flat, offsets = scores.reshape(-1), np.arange(LISTS + 1, dtype=np.uintp) * np.uintp(LENGTH)
    return lambda: float(_kernels.plackett_luce(flat, offsets, None, None)[0].sum())


def by_torch(scores: np.ndarray) -> Callable[[], float]:
    """Forward and backward through a cumulative log-sum-exp."""

    def call() -> float:
        given = torch.from_numpy(scores).requires_grad_().flip(-1)
        value = (given - torch.logcumsumexp(given, -1)).sum()
        value.backward()
        return float(value)

    return call


def by_sums(scores: np.ndarray) -> float:
    """Every pool of every list, in extended precision."""
    exponentials = np.exp(scores.astype(np.longdouble))
    pools = np.cumsum(exponentials[:, ::-1], axis=1)[:, ::-1]
    return float((scores - np.log(pools)).sum())


def rankings(width: int) -> np.ndarray:
    """Rankings of so many items: any, or neighbours on a ring."""
    generator = np.random.default_rng(0)
    theta = generator.normal(size=ITEMS)
    ranking = np.empty((RANKINGS, width), dtype=np.int64)
    for start in range(0, RANKINGS, 5000):
        if width > 10:
            listed = np.argpartition(generator.random((5000, ITEMS)), width, axis=1)[:, :width]
        else:
            listed = (generator.integers(0, ITEMS, (5000, 1)) + np.arange(width)) % ITEMS
        order = np.argsort(-theta[listed] - generator.gumbel(size=listed.shape), axis=1)
        ranking[start : start + 5000] = np.take_along_axis(listed, order, axis=1)
    return ranking


def fitted(method: str) -> Callable[[Any], Callable[[], float]]:
    def log_likelihood(ranking: Any) -> float:
        return plackett_luce_fit(ranking, n_items=ITEMS, method=method).log_likelihood

    return lambda ranking: threads(1, lambda: log_likelihood(ranking))


def maximum(ranking: np.ndarray) -> float:
    return plackett_luce_fit(ranking, n_items=ITEMS, method="newton").log_likelihood


CONTESTS = [
    *(
        Contest(
            f"Plackett-Luce likelihood and gradient, {LISTS} x {LENGTH}, {dtype.__name__}",
            logits(dtype),
            by_sums,
            {"lossary, 1 thread": lambda given: threads(1, by_kernel(given)), "torch": by_torch},
            tolerance=1e-5 if dtype is np.float32 else 1e-12,
        )
        for dtype in (np.float64, np.float32)
    ),
    *(
        Contest(
            f"Plackett-Luce fit, {RANKINGS} rankings of {name}",
            lambda width=width: rankings(width),
            maximum,
            {f"lossary {method}, 1 thread": fitted(method) for method in methods},
            tolerance=1e-9,
        )
        for name, width, methods in (
            (f"50 of {ITEMS} items", 50, ("auto", "mm")),
            (f"10 neighbours of {ITEMS} on a ring", 10, ("auto", "ilsr", "newton")),
        )
    ),
]

test_time = benchmark_of(CONTESTS)
