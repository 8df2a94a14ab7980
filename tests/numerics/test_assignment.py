"""Linear assignment: against all permutations, matrices of any shape, ties, huge costs, errors."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.numerics import linear_assignment


def cheapest_total(cost):
    """Over all ways to give the shorter side partners of its own."""
    if cost.shape[0] > cost.shape[1]:
        cost = cost.T
    ways = itertools.permutations(range(cost.shape[1]), len(cost))
    return min(sum(cost[row, column] for row, column in enumerate(way)) for way in ways)


def check_pairs(assignment, shape):
    rows, columns = assignment
    assert rows.dtype == columns.dtype == np.int64
    assert len(rows) == len(columns) == min(shape)
    assert (np.diff(rows) > 0).all()
    assert len(set(columns.tolist())) == len(columns)
    assert ((rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])).all()


@given(
    seed=st.integers(0, 2**16), shape=st.tuples(st.integers(0, 6), st.integers(0, 6)), is_tied=st.booleans()
)
@settings(max_examples=60)
def test_costs_as_little_as_the_best_of_all_ways(seed, shape, is_tied):
    cost = np.random.default_rng(seed).normal(size=shape) * 3
    if is_tied:
        cost = cost.round()
    found = linear_assignment(cost)
    check_pairs(found, shape)
    assert cost[found].sum() == pytest.approx(cheapest_total(cost), abs=1e-12)


@given(seed=st.integers(0, 2**16), shape=st.tuples(st.integers(1, 60), st.integers(1, 60)))
@settings(max_examples=25)
def test_costs_as_little_as_with_scipy(seed, shape):
    optimize = pytest.importorskip("scipy.optimize")
    cost = np.random.default_rng(seed).integers(-9, 9, shape)
    found = linear_assignment(cost)
    check_pairs(found, shape)
    assert cost[found].sum() == cost[optimize.linear_sum_assignment(cost)].sum()


@given(seed=st.integers(0, 2**16), shape=st.tuples(st.integers(1, 6), st.integers(1, 6)))
@settings(max_examples=25)
def test_the_largest_gain_is_the_least_cost_of_its_negative(seed, shape):
    gain = np.random.default_rng(seed).normal(size=shape)
    found = linear_assignment(gain, maximize=True)
    assert gain[found].sum() == pytest.approx(-cheapest_total(-gain))


def test_a_hundred_rows_that_all_want_the_same_columns():
    found = linear_assignment(np.outer(np.arange(100), np.arange(100)))
    assert found.columns.tolist() == list(range(99, -1, -1))


@pytest.mark.parametrize("scale", [1e-300, 1e308])
def test_the_scale_of_the_costs_does_not_matter(scale):
    cost = scale * np.array([[0.1, -1.0, 0.8], [-0.8, -1.0, 0.7], [0.4, -0.9, 1.0]])
    assert linear_assignment(cost).columns.tolist() == [2, 0, 1]


def test_one_column_goes_to_its_cheapest_row():
    rows, columns = linear_assignment([[3], [1], [2]])
    assert (rows.tolist(), columns.tolist()) == ([1], [0])


def test_the_matrix_is_left_alone():
    cost = np.full((2, 2), 1e300)
    linear_assignment(cost, maximize=True)
    assert (cost == 1e300).all()


@pytest.mark.parametrize(
    ("cost", "options", "error", "argument"),
    [
        ([1.0, 2.0], {}, ShapeError, r"cost: got shape \(2,\)"),
        ([[1.0, math.nan]], {}, InvalidInputError, "cost: got NaN"),
        ([[1.0, math.inf]], {}, InvalidInputError, "cost: got NaN or infinity"),
        ([["a"]], {}, InvalidInputError, "cost"),
        (3, {}, DtypeError, "cost"),
        ([[1.0]], {"maximize": 1}, DtypeError, "maximize"),
    ],
)
def test_bad_input_is_named(cost, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        linear_assignment(cost, **options)
