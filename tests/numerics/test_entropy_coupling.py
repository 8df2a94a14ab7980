"""Couplings of little entropy: recorded values, plain loops, guarantees by brute force, errors."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.numerics import (
    entropy_bounded_information,
    entropy_coupling_bottleneck,
    greedy_minimum_entropy_coupling,
)

FOLDER = Path(__file__).parents[1] / "goldens"
FUNCTIONS = (greedy_minimum_entropy_coupling, entropy_bounded_information, entropy_coupling_bottleneck)
CASES = [
    pytest.param(function, case, id=f"{function.__name__}-{case}")
    for function in FUNCTIONS
    for case in load_goldens(FOLDER / f"113-{function.__name__}.json").cases
]


def masses(count, seed, is_tied):
    """Probabilities, some of them 0 and equal where tied."""
    generator = np.random.default_rng(seed)
    drawn = (
        generator.integers(0, 4, count) + (np.arange(count) == 0) if is_tied else generator.random(count) ** 3
    )
    return drawn / drawn.sum()


def entropy(mass):
    return -sum(each * math.log2(each) for each in np.ravel(mass) if each > 0)


def coupled_by_search(p, q):
    """The algorithm as its description has it: both sides searched at each step."""
    rows, columns = p / p.sum(), q / q.sum()
    joint = np.zeros((len(p), len(q)))
    while (moved := min(rows.max(), columns.max())) > 1e-14:
        row, column = rows.argmax(), columns.argmax()  # of equal masses, the first
        joint[row, column] += moved
        rows[row] -= moved
        columns[column] -= moved
    return joint


def groups_by_loop(mass, rate):
    """The algorithm as its description has it, group by group."""
    groups = [[each] for each in range(len(mass))]

    def total(group):
        return mass[group].sum()

    def enough(parts):
        return entropy([total(group) for group in parts]) <= rate + 1e-12

    while not enough(groups):
        for sign in (1, -1):
            first, second, *rest = sorted(groups, key=lambda group: (sign * total(group), min(group)))
            merged = [first + second, *rest]
            if enough(merged):
                return merged
        groups = merged
    return groups


def all_partitions(symbols):
    if not symbols:
        yield []
        return
    first, *rest = symbols
    for partition in all_partitions(rest):
        yield [[first], *partition]
        for place in range(len(partition)):
            yield [*partition[:place], [first, *partition[place]], *partition[place + 1 :]]


@pytest.mark.parametrize(("function", "case"), CASES)
def test_goldens(function, case):
    found = function(**case.inputs, **case.params)
    assert found._fields == tuple(case.expected)
    for value, wanted in zip(found, case.expected.values(), strict=True):
        np.testing.assert_allclose(value, wanted, rtol=case.rtol, atol=case.atol)


@given(
    seed=st.integers(0, 2**16), sizes=st.tuples(st.integers(1, 12), st.integers(1, 12)), is_tied=st.booleans()
)
@settings(max_examples=40)
def test_a_coupling_has_its_marginals_and_an_entropy_within_bounds(seed, sizes, is_tied):
    p, q = masses(sizes[0], seed, is_tied), masses(sizes[1], seed + 1, is_tied)
    given_p = p.copy()
    joint, found, information = greedy_minimum_entropy_coupling(p, q)
    np.testing.assert_array_equal(p, given_p)
    np.testing.assert_array_equal(joint, coupled_by_search(p, q))
    np.testing.assert_allclose(joint.sum(1), p, atol=1e-12)
    np.testing.assert_allclose(joint.sum(0), q, atol=1e-12)
    assert np.count_nonzero(joint) <= sum(sizes) - 1
    assert found == pytest.approx(entropy(joint), abs=1e-9)
    assert max(entropy(p), entropy(q)) - 1e-9 <= found <= entropy(p) + entropy(q) + 1e-9
    assert information == pytest.approx(entropy(p) + entropy(q) - found, abs=1e-9)


@given(seed=st.integers(0, 2**16), size=st.integers(1, 12), share=st.floats(0, 1), is_tied=st.booleans())
@settings(max_examples=80)
def test_groups_are_those_of_the_loop(seed, size, share, is_tied):
    mass = masses(size, seed, is_tied)
    rate = share * entropy(mass)
    assignment, information = entropy_bounded_information(mass, rate=rate)
    wanted = groups_by_loop(mass, rate)
    found = [np.flatnonzero(assignment == group).tolist() for group in range(assignment.max() + 1)]
    assert sorted(found) == sorted(sorted(group) for group in wanted)
    assert assignment[0] == 0
    assert (np.diff(np.unique(assignment, return_index=True)[1]) > 0).all()
    assert information <= rate + 1e-9


@given(seed=st.integers(0, 2**16), size=st.integers(2, 6), share=st.floats(0, 1))
@settings(max_examples=30)
def test_little_is_lost_against_the_best_of_all_groupings(seed, size, share):
    mass = masses(size, seed, is_tied=False)
    rate = share * entropy(mass)
    information = entropy_bounded_information(mass, rate=rate).information
    found = (entropy([mass[group].sum() for group in parts]) for parts in all_partitions(list(range(size))))
    best = max(each for each in found if each <= rate + 1e-12)
    second = np.sort(mass)[-2]
    assert information <= best + 1e-9
    assert min(rate, entropy(mass)) - information <= entropy([second, 1 - second]) + 1e-9


@given(
    seed=st.integers(0, 2**16), sizes=st.tuples(st.integers(1, 8), st.integers(1, 8)), share=st.floats(0, 1)
)
@settings(max_examples=30)
def test_the_output_tells_of_the_symbol_what_it_tells_of_the_code(seed, sizes, share):
    px, py = masses(sizes[0], seed, is_tied=True), masses(sizes[1], seed + 1, is_tied=False)
    found = entropy_coupling_bottleneck(px, py, rate=share * entropy(px))
    code = np.bincount(found.encoder, px)
    rows = np.divide(px, code[found.encoder], out=np.zeros_like(px), where=code[found.encoder] > 0)
    joint = rows[:, None] * found.decoder_joint[found.encoder]
    np.testing.assert_allclose(joint.sum(0), py, atol=1e-12)
    total = entropy(px) + entropy(py) - entropy(joint)
    assert found.information_total == pytest.approx(total, abs=1e-9)
    assert found.information_total <= found.information_code + 1e-9


@pytest.mark.parametrize("is_tied", [False, True])
def test_a_coupling_of_many_masses_is_that_of_the_search(is_tied):
    p, q = masses(400, 3, is_tied), masses(150, 4, is_tied)
    np.testing.assert_array_equal(greedy_minimum_entropy_coupling(p, q).joint, coupled_by_search(p, q))


def test_a_hundred_thousand_symbols_take_one_pass():
    mass = np.random.default_rng(0).random(100_000)
    mass /= mass.sum()
    assert 5 < entropy_bounded_information(mass, rate=6.0).information <= 6


@pytest.mark.parametrize(
    ("call", "error", "argument"),
    [
        (
            lambda: greedy_minimum_entropy_coupling([0.5, 0.6], [1.0]),
            InvalidInputError,
            "p: got a sum of 1.1",
        ),
        (lambda: greedy_minimum_entropy_coupling([1.0], []), InvalidInputError, "q: got none"),
        (lambda: greedy_minimum_entropy_coupling([1.5, -0.5], [1.0]), InvalidInputError, "p: got -0.5"),
        (lambda: greedy_minimum_entropy_coupling([math.nan], [1.0]), InvalidInputError, "p: got NaN"),
        (lambda: greedy_minimum_entropy_coupling([[0.5, 0.5]], [1.0]), ShapeError, "p"),
        (lambda: greedy_minimum_entropy_coupling([1.0], [1.0], unit="dit"), InvalidInputError, "unit"),
        (lambda: entropy_bounded_information([1.0], rate=-1.0), InvalidInputError, "rate"),
        (lambda: entropy_bounded_information([1.0], rate="a"), DtypeError, "rate"),
        (lambda: entropy_coupling_bottleneck([0.5], [1.0], rate=1.0), InvalidInputError, "px"),
        (lambda: entropy_coupling_bottleneck([1.0], [0.5], rate=1.0), InvalidInputError, "py"),
    ],
)
def test_bad_input_is_named(call, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        call()
