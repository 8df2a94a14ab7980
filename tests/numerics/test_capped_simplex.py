"""Projection onto the capped simplex: recorded weights, its optimality, ties, limits, errors."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.numerics import capped_simplex_projection

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "125-capped_simplex_projection.json")


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_goldens(case):
    weights = capped_simplex_projection(case.inputs["values"], **case.params)
    np.testing.assert_allclose(weights, case.expected["weights"], rtol=case.rtol, atol=1e-12)


@given(
    seed=st.integers(0, 2**16),
    count=st.integers(1, 20),
    share=st.floats(0, 1),
    upper=st.sampled_from([0.25, 1.0, 3.0]),
    is_tied=st.booleans(),
)
@settings(max_examples=80)
def test_no_other_weights_with_that_sum_are_nearer(seed, count, share, upper, is_tied):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=count) * 2
    values = values.round() if is_tied else values
    total = share * count * upper
    weights = capped_simplex_projection(values, total=total, upper=upper)
    assert weights.sum() == pytest.approx(total, abs=1e-12)
    assert weights.min() >= 0
    assert weights.max() <= upper
    for _ in range(5):
        other = capped_simplex_projection(generator.normal(size=count) * 4, total=total, upper=upper)
        # A projection onto a convex set: no feasible direction has a positive product with what is left.
        assert (values - weights) @ (other - weights) <= 1e-9


def by_breakpoints(values, total, upper):
    """The weights, from the threshold between sorted breakpoints where their sum is the total."""
    cap = min(upper, total)
    points = np.sort(np.concatenate([values - cap, values]))
    sums = np.array([np.clip(values - point, 0, cap).sum() for point in points])
    return np.clip(values - np.interp(-total, -sums, points), 0, cap)


@given(
    seed=st.integers(0, 2**16),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 40)),
    share=st.floats(0, 1),
    upper=st.sampled_from([0.25, 1.0, 3.0, math.inf]),
    is_tied=st.booleans(),
    dtype=st.sampled_from(["float32", "float64"]),
)
@settings(max_examples=60)
def test_rows_are_those_of_sorted_breakpoints(seed, shape, share, upper, is_tied, dtype):
    values = (np.random.default_rng(seed).normal(size=shape) * 2).astype(dtype)
    values = values.round() if is_tied else values
    total = share * shape[1] * min(upper, 2.0)
    given_values = values.copy()
    weights = capped_simplex_projection(values, total=total, upper=upper)
    wanted = [by_breakpoints(row.astype(np.float64), total, upper) for row in values]
    assert weights.dtype == np.float64
    np.testing.assert_allclose(weights, wanted, atol=1e-12)
    np.testing.assert_array_equal(values, given_values)


def test_any_array_like_and_any_number_of_axes():
    wanted = [[1.0, 0.5, 0.0], [0.0, 0.75, 0.75]]
    integers = np.array([[4, 2, 1], [0, 3, 3]])
    for values in (integers, integers.tolist(), integers.astype(np.float16), np.asfortranarray(integers)):
        assert capped_simplex_projection(values, total=1.5).tolist() == wanted
    assert capped_simplex_projection(integers[None], total=1.5).tolist() == [wanted]
    assert capped_simplex_projection(np.zeros((0, 3)), total=1.5).shape == (0, 3)
    assert capped_simplex_projection(np.zeros((3, 0)), total=0.0).shape == (3, 0)


def test_a_long_row_has_the_sum():
    values = np.random.default_rng(0).normal(size=100_000)
    for total, upper in [(1.0, math.inf), (10_000.0, 1.0), (99_999.0, 1.0)]:
        weights = capped_simplex_projection(values, total=total, upper=upper)
        assert math.fsum(weights) == pytest.approx(total, rel=1e-14)
        threshold = (values - weights)[(weights > 0) & (weights < upper)]
        assert np.ptp(threshold) < 1e-14


@given(seed=st.integers(0, 2**16), count=st.integers(1, 8))
@settings(max_examples=20)
def test_feasible_weights_stay(seed, count):
    values = np.random.default_rng(seed).random(count)
    np.testing.assert_allclose(capped_simplex_projection(values, total=values.sum()), values, atol=1e-12)


def test_without_a_cap_it_is_the_projection_onto_probabilities():
    assert capped_simplex_projection([2.0, 1.5, 0.0], total=1.0, upper=math.inf).tolist() == [0.75, 0.25, 0.0]


def test_the_least_and_the_largest_sum():
    assert capped_simplex_projection([3.0, 1.0], total=0.0).tolist() == [0.0, 0.0]
    assert capped_simplex_projection([3.0, 1.0], total=2.0).tolist() == [1.0, 1.0]
    assert capped_simplex_projection([], total=0.0).tolist() == []


@pytest.mark.parametrize("shift", [-1e12, 1e12])
def test_a_shift_of_all_values_does_not_matter(shift):
    assert capped_simplex_projection(shift + np.array([2.0, 1.5, 0.0]), total=1.0).tolist() == [
        0.75,
        0.25,
        0.0,
    ]


@pytest.mark.parametrize(
    ("values", "options", "error", "argument"),
    [
        ([1.0], {"total": 2.0}, InvalidInputError, "total: got 2.0"),
        ([1.0], {"total": -1.0}, InvalidInputError, "total"),
        ([1.0], {"total": math.nan}, InvalidInputError, "total"),
        ([1.0], {"total": 1.0, "upper": 0.0}, InvalidInputError, "upper"),
        ([1.0], {"total": 1.0, "upper": math.nan}, InvalidInputError, "upper"),
        ([1.0], {"total": 1.0, "upper": "a"}, DtypeError, "upper"),
        ([math.nan], {"total": 1.0}, InvalidInputError, "values: got NaN"),
        ([1e308, -1e308], {"total": 1.0}, InvalidInputError, "values: got numbers too far apart"),
        (np.array(1.0), {"total": 1.0}, ShapeError, "values"),
        (np.zeros((2, 0)), {"total": 1.0}, InvalidInputError, "total: got 1.0"),
        (3, {"total": 1.0}, DtypeError, "values"),
    ],
)
def test_bad_input_is_named(values, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        capped_simplex_projection(values, **options)
