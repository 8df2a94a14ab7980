"""Softmax, log-sum-exp and cross-entropy of many classes beside torch, all on one thread."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from contest import Contest, benchmark_of, threads
from lossary.numerics import cross_entropy_terms, logsumexp, two_pass_softmax

SHAPES = ((1000, 32_000), (100_000, 100))


def logits(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(138)
    return 3 * generator.normal(size=(rows, columns)).astype(np.float32), generator.integers(0, columns, rows)


def by_formula(given: np.ndarray) -> np.ndarray:
    """The logarithm of the sum of the exponentials of each row, in doubles."""
    return np.concatenate(
        [np.log(np.exp(rows.astype(np.float64)).sum(1)) for rows in np.array_split(given, 50)]
    )


def on_one_thread(call: Callable[[], Any]) -> Callable[[], Any]:
    def limited() -> Any:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return threads(1, call)()
        finally:
            torch.set_num_threads(before)

    return limited


def contests(rows: int, columns: int) -> list[Contest]:
    def data() -> tuple[np.ndarray, np.ndarray]:
        return logits(rows, columns)

    def softmax(given: Any) -> Callable[[], np.ndarray]:
        out = np.zeros_like(given[0])
        return on_one_thread(lambda: two_pass_softmax(given[0], out=out).probability)

    def torch_softmax(given: Any) -> Callable[[], np.ndarray]:
        tensor, out = torch.from_numpy(given[0]), torch.zeros(rows, columns)
        return on_one_thread(lambda: torch.softmax(tensor, -1, out=out).numpy())

    def torch_cross_entropy(given: Any) -> Callable[[], np.ndarray]:
        tensor, target = map(torch.from_numpy, given)
        loss = torch.nn.functional.cross_entropy
        return on_one_thread(lambda: loss(tensor, target, reduction="none").numpy())

    def true_logits(given: Any) -> np.ndarray:
        return np.take_along_axis(given[0], given[1][:, None], 1)[:, 0]

    size = f"{rows} x {columns}"
    return [
        Contest(
            f"softmax into a given array, {size}",
            data,
            lambda given: np.exp(given[0][:, 0] - by_formula(given[0])),
            {"lossary": softmax, "torch": torch_softmax},
            tolerance=2e-5,
            read=lambda found: found[:, 0],
        ),
        Contest(
            f"cross-entropy, {size}",
            data,
            lambda given: by_formula(given[0]) - true_logits(given),
            {
                "lossary": lambda given: on_one_thread(lambda: cross_entropy_terms(*given).loss),
                "torch": torch_cross_entropy,
            },
            tolerance=1e-4,
        ),
        Contest(
            f"log-sum-exp, {size}",
            data,
            lambda given: by_formula(given[0]),
            {
                "lossary": lambda given: on_one_thread(lambda: logsumexp(given[0])),
                "torch": lambda given: on_one_thread(
                    lambda: torch.logsumexp(torch.from_numpy(given[0]), -1).numpy()
                ),
            },
            tolerance=1e-5,
        ),
    ]


CONTESTS = [contest for shape in SHAPES for contest in contests(*shape)]

test_time = benchmark_of(CONTESTS)
