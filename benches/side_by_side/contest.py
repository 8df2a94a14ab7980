"""Contenders that compute one thing from the same data: their answers are compared, then their times."""

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing.connection import Connection
from typing import Any

import lossary
import numpy as np
import pytest

Call = Callable[[], Any]


@dataclass(frozen=True, eq=False)
class Contest:
    """One group of a benchmark.

    Attributes:
        name: what is computed, on what.
        data: makes the input; called once.
        answer: the right answer for the input, from first principles where that is affordable.
        contenders: by name, from the input to the call that is timed; its value must be the answer.
        yardsticks: the same for calls that compute something else, such as a sort of the same array.
        tolerance: relative, of the answers.
        rounds: how many times a contender is timed; three times if it takes a second, once if it takes ten.
        read: from what a call returns to the answer, outside the time.
        samples: how many a call takes in; for a rate in the record.
    """

    name: str
    data: Callable[[], Any]
    answer: Callable[[Any], Any]
    contenders: dict[str, Callable[[Any], Call]]
    yardsticks: dict[str, Callable[[Any], Call]] = field(default_factory=dict)
    tolerance: float = 1e-12
    rounds: int = 7
    read: Callable[[Any], Any] = lambda value: value
    samples: int | None = None


def benchmark_of(contests: list[Contest]) -> Callable[..., None]:
    """The parametrised benchmark of these contests."""
    entries = [
        pytest.param(contest, name, id=f"{contest.name}: {name}")
        for contest in contests
        for name in (*contest.contenders, *contest.yardsticks)
    ]
    # One at a time: contenders of a contest are neighbours, and all inputs at once take gigabytes.
    inputs = lru_cache(1)(lambda contest: (given := contest.data(), contest.answer(given)))

    @pytest.mark.parametrize(("contest", "contender"), entries)
    def test_time(benchmark: Any, contest: Contest, contender: str) -> None:
        given, answer = inputs(contest)
        call = (contest.contenders | contest.yardsticks)[contender](given)
        value = call()
        if contender in contest.contenders:
            np.testing.assert_allclose(contest.read(value), answer, rtol=contest.tolerance, atol=1e-300)
        benchmark.group = contest.name
        benchmark.extra_info.update(contender=contender, samples=contest.samples)
        start = time.perf_counter()
        call()
        seconds = time.perf_counter() - start
        iterations = max(1, min(1000, int(0.01 / seconds)))  # quick calls are jittery: many to a round
        rounds = contest.rounds if seconds < 1 else 3 if seconds < 10 else 1
        benchmark.pedantic(call, rounds=rounds, iterations=iterations)

    return test_time


def threads(count: int, call: Call) -> Call:
    """The call, with the kernels on so many threads."""

    def limited() -> Any:
        before = lossary.get_num_threads()
        lossary.set_num_threads(count)
        try:
            return call()
        finally:
            lossary.set_num_threads(before)

    return limited


def one_and_two(of_input: Callable[[Any], Any]) -> dict[str, Callable[[Any], Call]]:
    """Lossary as two contenders: on one thread and on two."""
    return {
        "lossary, 1 thread": lambda given: threads(1, lambda: of_input(given)),
        "lossary, 2 threads": lambda given: threads(2, lambda: of_input(given)),
    }


def sorts(of_scores: Callable[[Any], np.ndarray]) -> dict[str, Callable[[Any], Call]]:
    """Yardsticks: `np.sort` of the same array, by default and restricted to AVX2."""
    return {
        "np.sort": lambda given: lambda: np.sort(of_scores(given)),
        "np.sort, AVX2": lambda given: _sort_without_avx512(of_scores(given)),
    }


def _sort_on_request(connection: Connection, scores: np.ndarray) -> None:
    while True:
        connection.recv()
        np.sort(scores)
        connection.send(None)


def _sort_without_avx512(scores: np.ndarray) -> Call:
    """A call that waits for one sort in a process without AVX-512, slower in NumPy on some processors."""
    os.environ["NPY_DISABLE_CPU_FEATURES"] = "X86_V4 AVX512_ICL"  # read when the child imports NumPy
    try:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        context.Process(target=_sort_on_request, args=(there, scores), daemon=True).start()
    finally:
        del os.environ["NPY_DISABLE_CPU_FEATURES"]

    def call() -> None:
        here.send(None)
        here.recv()

    return call
