"""Optimal transport coupling: recorded values, all permutations, sorted numbers, errors."""

import math
from itertools import permutations
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.optimal_transport_coupling import optimal_transport_coupling

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "070-optimal_transport_coupling.json")


def batches(seed: int, count: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    data, noise = torch.randn(2, count, 2, 2, generator=generator, dtype=torch.float64)
    return data, noise


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_values(case):
    found = optimal_transport_coupling(**{n: torch.from_numpy(a) for n, a in case.inputs.items()})
    assert found.assignment.tolist() == case.expected["assignment"]
    assert found.cost.item() == pytest.approx(case.expected["cost"], rel=case.rtol)


@given(seed=st.integers(0, 2**16), count=st.integers(1, 5))
@settings(max_examples=15)
def test_no_permutation_costs_less(seed, count):
    data, noise = batches(seed, count)
    found = optimal_transport_coupling(data, noise)
    costs = [(data - noise[list(order)]).square().sum().item() for order in permutations(range(count))]
    assert found.cost.item() == pytest.approx(min(costs))
    assert (data - noise[found.assignment]).square().sum().item() == pytest.approx(min(costs))


def test_numbers_are_paired_in_order():
    data = torch.randn(200, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(200, generator=torch.Generator().manual_seed(1))
    found = optimal_transport_coupling(data, noise)
    assert torch.equal(noise[found.assignment].argsort(), data.argsort())
    assert found.assignment.dtype == torch.int64


def test_paths_of_partners_are_shorter_than_those_of_strangers():
    data, noise = batches(0, 50)
    found = optimal_transport_coupling(data + 3, noise)
    assert found.cost < 0.9 * (data + 3 - noise).square().sum()


def test_far_from_zero_the_digits_are_kept():
    data, noise = (batch.float() for batch in batches(0))
    shifted = optimal_transport_coupling(data.double() + 2**30, noise.double() + 2**30)
    assert torch.equal(shifted.assignment, optimal_transport_coupling(data, noise).assignment)


DATA, NOISE = batches(0)


@pytest.mark.parametrize(
    ("data", "noise", "error", "argument"),
    [
        (DATA[:0], NOISE[:0], ShapeError, "data"),
        (DATA.sum(), NOISE.sum(), ShapeError, "data"),
        (DATA, NOISE[:3], ShapeError, "noise"),
        (DATA, NOISE.long(), DtypeError, "noise"),
        (DATA * math.nan, NOISE, InvalidInputError, "data"),
    ],
)
def test_bad_input_is_named(data, noise, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        optimal_transport_coupling(data, noise)
