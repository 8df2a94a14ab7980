"""Rows brought to order, likelihood and gradient of rankings, beside torch; and fits of worths.

The items of the fits are well or poorly connected. choix takes minutes for what the others do in tenths of a
second: it gets few rankings.
"""

from collections.abc import Callable
from typing import Any

import choix
import numpy as np
import torch
from contest import Contest, benchmark_of, threads
from lossary import _kernels
from lossary.losses.ranking.list_mle import list_mle
from lossary.numerics import plackett_luce_fit
from lossary.ops.plackett_luce import plackett_luce_log_likelihood as log_likelihood_of_lists
from lossary.ops.row_order import falling_order

LISTS, LENGTH = 1024, 1000
RANKINGS, ITEMS = 100_000, 1000


def logits(dtype: type) -> Callable[[], np.ndarray]:
    return lambda: np.random.default_rng(3).normal(size=(LISTS, LENGTH)).astype(dtype)


def by_kernel(scores: np.ndarray) -> Callable[[], float]:
    flat, offsets = scores.reshape(-1), np.arange(LISTS + 1, dtype=np.uintp) * np.uintp(LENGTH)
    return lambda: float(_kernels.plackett_luce(flat, offsets, None, None)[0].sum())


def by_kernel_with_weights(scores: np.ndarray) -> Callable[[], float]:
    flat, offsets = scores.reshape(-1), np.arange(LISTS + 1, dtype=np.uintp) * np.uintp(LENGTH)
    weights = np.ones(flat.size)
    return lambda: float(_kernels.plackett_luce(flat, offsets, None, weights)[0].sum())


def of_torch(value: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[np.ndarray], Callable[[], float]]:
    """A sum over lists with its gradient, on one thread of torch's and ours."""

    def of_scores(scores: np.ndarray) -> Callable[[], float]:
        def call() -> float:
            given = torch.from_numpy(scores).requires_grad_()
            total = value(given).sum()
            total.backward()
            return float(total.detach())

        return on_one_thread(call)

    return of_scores


def on_one_thread(call: Callable[[], Any]) -> Callable[[], Any]:
    def limited() -> Any:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return call()
        finally:
            torch.set_num_threads(before)

    return threads(1, limited)


def running_sum(scores: torch.Tensor) -> torch.Tensor:
    """A cumulative log-sum-exp."""
    flipped = scores.flip(-1)
    return (flipped - flipped.logcumsumexp(-1)).sum(-1)


def falling(scores: torch.Tensor) -> torch.Tensor:
    """Grades that fall along each list, so that their order is that of the scores as they stand."""
    return torch.arange(LENGTH, 0, -1, dtype=scores.dtype).expand_as(scores)


def shuffled(scores: torch.Tensor) -> torch.Tensor:
    """Grades in the order of the next list's scores: any, without ties."""
    return scores.detach().roll(1, 0)


OfRows = Callable[[torch.Tensor], torch.Tensor]


def by_list_mle(grades: OfRows) -> OfRows:
    return lambda scores: -list_mle(scores, grades(scores), reduction="none")


def by_running_sum_of_sorted(grades: OfRows) -> OfRows:
    def value(scores: torch.Tensor) -> torch.Tensor:
        order = grades(scores).sort(dim=-1, descending=True, stable=True).indices
        return running_sum(scores.gather(-1, order))

    return value


def by_cumulative_sum(grades: OfRows) -> OfRows:
    """ListMLE as allRank has it: one highest score for the whole list, and 1e-10 inside the logarithm."""

    def value(scores: torch.Tensor) -> torch.Tensor:
        order = grades(scores).sort(dim=-1, descending=True).indices
        ordered = scores.gather(-1, order)
        ordered = ordered - ordered.max(dim=-1, keepdim=True).values
        pools = ordered.exp().flip(-1).cumsum(-1).flip(-1)
        return (ordered - (pools + 1e-10).log()).sum(-1)

    return value


def by_sums_of_sorted(grades: OfRows) -> Callable[[np.ndarray], float]:
    def value(scores: np.ndarray) -> float:
        order = np.argsort(-grades(torch.from_numpy(scores)).numpy(), axis=1, kind="stable")
        return by_sums(np.take_along_axis(scores, order, axis=1))

    return value


def ordered(
    order: Callable[[torch.Tensor], torch.Tensor],
) -> Callable[[np.ndarray], Callable[[], np.ndarray]]:
    return lambda scores: on_one_thread(lambda: order(torch.from_numpy(scores)).numpy())


def order_contest(lists: int, length: int) -> Contest:
    return Contest(
        f"Order of each row, {lists} x {length}, float32",
        lambda: np.random.default_rng(4).normal(size=(lists, length)).astype(np.float32),
        lambda scores: np.argsort(-scores, axis=1, kind="stable"),
        {
            "lossary, 1 thread": ordered(falling_order),
            "torch, 1 thread": ordered(lambda rows: rows.sort(dim=-1, descending=True, stable=True).indices),
            "numpy": lambda scores: lambda: np.argsort(-scores, axis=1, kind="stable"),
        },
    )


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


Fit = tuple[np.ndarray, np.ndarray]


def fitted(method: str) -> Callable[[np.ndarray], Callable[[], Fit]]:
    def fit(ranking: np.ndarray) -> Fit:
        return ranking, plackett_luce_fit(ranking, n_items=ITEMS, method=method).worth

    return lambda ranking: threads(1, lambda: fit(ranking))


def fitted_by_numpy(ranking: np.ndarray) -> Callable[[], Fit]:
    """Minorise-maximise steps over all rankings at once, until no worth changes by a part in 10^7."""
    wins = np.bincount(ranking[:, :-1].ravel(), minlength=ITEMS)

    def call() -> Fit:
        worth, change = np.ones(ITEMS), 1.0
        while change > 1e-7:
            own = worth[ranking]
            inverses = 1 / own[:, ::-1].cumsum(axis=1)[:, ::-1]
            inverses[:, -1] = 0
            expected = np.bincount(ranking.ravel(), inverses.cumsum(axis=1).ravel(), minlength=ITEMS)
            found = wins / expected
            found *= ITEMS / found.sum()
            change, worth = np.abs(found / worth - 1).max(), found
        return ranking, np.log(worth)

    return call


def fitted_by_torch(ranking: np.ndarray) -> Callable[[], Fit]:
    """L-BFGS, with the gradient of a cumulative log-sum-exp."""
    lists = torch.from_numpy(ranking)

    def call() -> Fit:
        theta = torch.zeros(ITEMS, dtype=torch.float64, requires_grad=True)
        steps = torch.optim.LBFGS(
            [theta], max_iter=300, tolerance_grad=1e-9, tolerance_change=1e-13, line_search_fn="strong_wolfe"
        )

        def closure() -> torch.Tensor:
            steps.zero_grad()
            loss = -running_sum(theta[lists]).mean()
            loss.backward()
            return loss

        steps.step(closure)
        return ranking, theta.detach().numpy()

    return on_one_thread(call)


def fitted_by_choix(fit: Callable[..., np.ndarray]) -> Callable[[np.ndarray], Callable[[], Fit]]:
    return lambda ranking: lambda: (ranking, fit(ITEMS, list(ranking), tol=1e-6))


def log_likelihood(fit: Fit) -> float:
    ranking, worth = fit
    return float(np.sum(log_likelihood_of_parts(ranking, worth - worth.mean())))


def log_likelihood_of_parts(ranking: np.ndarray, worth: np.ndarray) -> list[float]:
    """In parts, as all pools at once take gigabytes."""
    return [by_sums(worth[ranking[start : start + 5000]]) for start in range(0, len(ranking), 5000)]


def maximum(ranking: np.ndarray) -> float:
    return plackett_luce_fit(ranking, n_items=ITEMS, method="newton").log_likelihood


def fit_contest(name: str, data: Callable[[], np.ndarray], contenders: dict[str, Any]) -> Contest:
    return Contest(
        f"Plackett-Luce fit, {name}", data, maximum, contenders, tolerance=1e-9, read=log_likelihood
    )


def ours(*methods: str) -> dict[str, Any]:
    return {f"lossary {method}, 1 thread": fitted(method) for method in methods}


CONTESTS = [
    *(
        Contest(
            f"Plackett-Luce likelihood and gradient, {LISTS} x {LENGTH}, {dtype.__name__}",
            logits(dtype),
            by_sums,
            {
                "lossary, 1 thread": lambda given: threads(1, by_kernel(given)),
                "lossary, weights of steps, 1 thread": lambda given: threads(
                    1, by_kernel_with_weights(given)
                ),
                "lossary as a loss of ordered lists, 1 thread": of_torch(log_likelihood_of_lists),
                "torch, 1 thread": of_torch(running_sum),
            },
            tolerance=1e-5 if dtype is np.float32 else 1e-12,
        )
        for dtype in (np.float64, np.float32)
    ),
    order_contest(LISTS, LENGTH),
    order_contest(10_000, 100),
    *(
        Contest(
            f"ListMLE and gradient, {grades.__name__} grades, {LISTS} x {LENGTH}, float64",
            logits(np.float64),
            by_sums_of_sorted(grades),
            {
                "lossary, 1 thread": of_torch(by_list_mle(grades)),
                "torch, 1 thread": of_torch(by_running_sum_of_sorted(grades)),
                "allRank's formula in torch, 1 thread": of_torch(by_cumulative_sum(grades)),
            },
            tolerance=1e-9,
        )
        for grades in (falling, shuffled)
    ),
    fit_contest(
        f"{RANKINGS} rankings of 50 of {ITEMS} items",
        lambda: rankings(50),
        {**ours("auto", "mm", "newton"), "numpy, minorise-maximise": fitted_by_numpy},
    ),
    fit_contest(
        f"{RANKINGS} rankings of 10 neighbours of {ITEMS} on a ring",
        lambda: rankings(10),
        ours("auto", "ilsr", "newton"),
    ),
    fit_contest(
        f"5000 rankings of 50 of {ITEMS} items",
        lambda: rankings(50)[:5000],
        {**ours("auto"), "numpy, minorise-maximise": fitted_by_numpy, "torch, L-BFGS": fitted_by_torch},
    ),
    fit_contest(
        f"300 rankings of 50 of {ITEMS} items",
        lambda: rankings(50)[:300],
        {**ours("auto"), "choix, I-LSR": fitted_by_choix(choix.ilsr_rankings)},
    ),
]

test_time = benchmark_of(CONTESTS)
