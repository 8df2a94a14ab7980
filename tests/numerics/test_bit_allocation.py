"""Bits for parts of a model: goldens, optimality, ties, extremes, what is refused."""

import heapq
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.numerics import integer_bit_allocation, optimal_bit_allocation

GOLDENS = Path(__file__).resolve().parents[1] / "goldens"
COSTS = st.lists(st.sampled_from([0.0, 0.3, 1.0, 1.5, 4.0, 6.0, 96.0]), min_size=1, max_size=5)


def cases(name):
    return [pytest.param(case, id=str(case)) for case in load_goldens(GOLDENS / f"017-{name}.json").cases]


@pytest.mark.parametrize("case", cases("optimal_bit_allocation"))
def test_golden_real_bits(case):
    found = optimal_bit_allocation(**case.inputs, **case.params)
    np.testing.assert_allclose(found, case.expected["bits"], rtol=case.rtol, atol=case.atol)


@pytest.mark.parametrize("case", cases("integer_bit_allocation"))
def test_golden_whole_bits(case):
    found = integer_bit_allocation(**case.inputs, **case.params)
    assert found.bits.tolist() == np.asarray(case.expected["bits"]).tolist()
    assert found.cost == pytest.approx(float(case.expected["cost"]), rel=case.rtol)


@given(
    logs=st.lists(st.floats(-990, 990), min_size=1, max_size=8),
    spare=st.floats(0, 12),
    minimum=st.floats(0, 3),
    exponent=st.floats(0.5, 3),
)
@settings(max_examples=60)
def test_parts_above_the_minimum_keep_the_same_loss(logs, spare, minimum, exponent):
    bits = optimal_bit_allocation(
        np.exp2(logs), average_bits=minimum + spare, minimum=minimum, exponent=exponent
    )
    assert bits.mean() == pytest.approx(minimum + spare, rel=1e-9, abs=1e-9)
    assert bits.min() >= minimum
    loss = np.array(logs) - exponent * bits  # its logarithm
    above = bits > minimum + 1e-6
    if above.any():
        assert np.ptp(loss[above]) < 1e-6
        assert (loss[~above] <= loss[above].min() + 1e-5).all()


def test_bits_without_a_choice():
    assert optimal_bit_allocation([]).tolist() == []
    assert optimal_bit_allocation([0.0, 0.0], average_bits=5.0, minimum=1.0).tolist() == [5.0, 5.0]
    assert optimal_bit_allocation([1.0, 9.0], average_bits=2.0, minimum=2.0).tolist() == [2.0, 2.0]
    assert integer_bit_allocation([], total_bits=0).bits.tolist() == []


@given(costs=COSTS, room=st.integers(0, 3), minimum=st.integers(0, 2), data=st.data())
@settings(max_examples=60)
def test_no_other_whole_bits_cost_less(costs, room, minimum, data):
    total = len(costs) * minimum + data.draw(st.integers(0, len(costs) * room))
    found = integer_bit_allocation(costs, total_bits=total, minimum=minimum, maximum=minimum + room)
    choices = itertools.product(range(minimum, minimum + room + 1), repeat=len(costs))
    best = min(
        sum(c * 4.0**-b for c, b in zip(costs, choice, strict=True))
        for choice in choices
        if sum(choice) == total
    )
    assert found.bits.sum() == total
    assert found.cost == pytest.approx(best, rel=1e-12)
    assert found.cost == pytest.approx((np.array(costs) * 4.0**-found.bits).sum(), rel=1e-12)


def one_by_one(costs, total, maximum):
    """Each bit to the part that gains most from it; ties to the lowest index."""
    bits = [0] * len(costs)
    heap = [(-cost, index) for index, cost in enumerate(costs)]
    heapq.heapify(heap)
    while total:
        gain, index = heapq.heappop(heap)
        bits[index] += 1
        total -= 1
        if bits[index] < maximum:
            heapq.heappush(heap, (gain / 4, index))
    return bits


@given(costs=COSTS, maximum=st.integers(1, 6), data=st.data())
@settings(max_examples=60)
def test_whole_bits_are_those_given_one_by_one(costs, maximum, data):
    total = data.draw(st.integers(0, len(costs) * maximum))
    found = integer_bit_allocation(costs, total_bits=total, maximum=maximum)
    assert found.bits.tolist() == one_by_one(costs, total, maximum)


def test_many_parts_of_drawn_sensitivity():
    costs = np.random.default_rng(0).lognormal(sigma=3.0, size=500)
    for total in (0, 1, 777, 2000, 8000):
        assert integer_bit_allocation(costs, total_bits=total).bits.tolist() == one_by_one(costs, total, 16)


def water_level(costs, average, minimum, exponent):
    """Real bits, from a level below which there are none: bisected."""
    heights = np.log2(costs) / exponent
    low, high = heights.min() - average, heights.max()
    for _ in range(200):
        middle = (low + high) / 2
        is_low = np.maximum(heights - middle, 0).sum() > len(costs) * (average - minimum)
        low, high = (middle, high) if is_low else (low, middle)
    return minimum + np.maximum(heights - low, 0)


def test_real_bits_of_many_parts_stand_above_one_level():
    costs = np.random.default_rng(0).lognormal(sigma=3.0, size=2000)
    for average, minimum, exponent in [(0.01, 0.0, 2.0), (3.0, 1.0, 1.95), (8.0, 0.0, 1.0)]:
        bits = optimal_bit_allocation(costs, average_bits=average, minimum=minimum, exponent=exponent)
        np.testing.assert_allclose(bits, water_level(costs, average, minimum, exponent), atol=1e-10)


def test_input_stays_and_may_have_gaps():
    costs = np.array([1.0, 9.0, 4.0, 9.0, 16.0, 9.0, 2.0, 9.0])
    before = costs.copy()
    assert integer_bit_allocation(costs[::2], total_bits=10).bits.tolist() == [2, 3, 3, 2]
    found = optimal_bit_allocation(costs[::2].astype(np.float32), average_bits=2.5)
    assert found.tolist() == [1.625, 2.625, 3.625, 2.125]
    np.testing.assert_array_equal(costs, before)


def test_tiny_and_huge_sensitivities_are_told_apart():
    costs = np.array([3e-300, 1e-300, 1e300])
    assert integer_bit_allocation(costs, total_bits=17).bits.tolist() == [1, 0, 16]
    real = optimal_bit_allocation(costs[:2], average_bits=4.0)
    assert real[0] - real[1] == pytest.approx(np.log2(3) / 2)


@pytest.mark.parametrize(
    "allocate", [optimal_bit_allocation, lambda c: integer_bit_allocation(c, total_bits=1)]
)
@pytest.mark.parametrize(
    ("costs", "error"),
    [
        ([1.0, np.nan], InvalidInputError),
        ([1.0, np.inf], InvalidInputError),
        ([1.0, -1.0], InvalidInputError),
        ([[1.0]], ShapeError),
        ("ab", DtypeError),
    ],
)
def test_bad_sensitivities_are_named(allocate, costs, error):
    with pytest.raises(error, match="sensitivity: got"):
        allocate(costs)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"average_bits": 1.0, "minimum": 2.0}, InvalidInputError, r"average_bits: got 1\.0; wanted .* 2 or"),
        ({"average_bits": np.inf}, InvalidInputError, "average_bits"),
        ({"minimum": -1.0}, InvalidInputError, "minimum"),
        ({"exponent": 0}, InvalidInputError, "exponent: got 0"),
        ({"exponent": 5e-324}, InvalidInputError, "exponent: got 5e-324"),
        ({"average_bits": 1e308}, InvalidInputError, r"average_bits: got 1e\+308"),
        ({"exponent": "2"}, DtypeError, "exponent"),
    ],
)
def test_bad_options_of_real_bits_are_named(options, error, message):
    with pytest.raises(error, match=message):
        optimal_bit_allocation([1.0, 2.0], **options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"total_bits": 33}, InvalidInputError, "total_bits: got 33; wanted an integer from 0 to 32"),
        ({"total_bits": 1, "minimum": 1}, InvalidInputError, "total_bits: got 1"),
        ({"total_bits": 2.0}, DtypeError, "total_bits"),
        ({"total_bits": 2, "minimum": 3, "maximum": 2}, InvalidInputError, "maximum: got 2"),
    ],
)
def test_bad_options_of_whole_bits_are_named(options, error, message):
    with pytest.raises(error, match=message):
        integer_bit_allocation([1.0, 2.0], **options)
