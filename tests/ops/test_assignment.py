"""Assignment: against SciPy, with parts that do not count, ties, and inside torch's transforms."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.ops.assignment import _assignment, assignment
from scipy.optimize import linear_sum_assignment


def costs(matrices: int, size: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(matrices, size, size, generator=generator, dtype=torch.float64)


def total(cost: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    return cost.gather(2, columns.unsqueeze(2)).sum((1, 2))


@given(seed=st.integers(0, 2**16), size=st.integers(0, 12), is_tied=st.booleans())
@settings(max_examples=60)
def test_costs_as_little_as_with_scipy(seed, size, is_tied):
    cost = costs(2, size, seed)
    if is_tied:
        cost = cost.round()
    columns = assignment(cost, torch.tensor([size, size]))
    assert torch.equal(columns.sort(1).values, torch.arange(size).expand(2, size))
    for matrix, found in zip(cost, total(cost, columns).tolist(), strict=True):
        rows, best = linear_sum_assignment(matrix.numpy())
        assert found == pytest.approx(matrix.numpy()[rows, best].sum())


@given(seed=st.integers(0, 2**16), size=st.integers(0, 6))
@settings(max_examples=30)
def test_rows_beyond_the_size_are_paired_with_themselves(seed, size):
    cost = costs(1, 6, seed)
    columns = assignment(cost, torch.tensor([size]))
    assert columns[0, size:].tolist() == list(range(size, 6))
    assert torch.equal(columns[:, :size], assignment(cost[:, :size, :size], torch.tensor([size])))


def test_a_hundred_rows_that_all_want_the_same_columns():
    want = torch.arange(100.0).expand(100, 100)
    patience = torch.arange(100.0).unsqueeze(1)
    columns = assignment((want * patience).unsqueeze(0), torch.tensor([100]))
    assert columns[0].tolist() == list(range(99, -1, -1))


def test_values_without_an_order_come_to_an_end():
    columns = assignment(torch.full((1, 4, 4), math.nan), torch.tensor([4]))
    assert sorted(columns[0].tolist()) == [0, 1, 2, 3]


def test_transforms_take_it_apart_and_together():
    cost, sizes = costs(6, 5).reshape(2, 3, 5, 5), torch.tensor([5, 3, 0])
    each = torch.stack([assignment(part, sizes) for part in cost])
    assert torch.equal(torch.func.vmap(assignment, in_dims=(0, None))(cost, sizes), each)
    compiled = torch.compile(assignment, fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(cost[0], sizes), each[0])
    torch.library.opcheck(_assignment, (cost[0], sizes))


def test_no_matrices_are_no_assignment():
    assert assignment(costs(0, 3), torch.zeros(0, dtype=torch.long)).shape == (0, 3)
    assert np.array_equal(assignment(costs(2, 0), torch.tensor([0, 0])), np.zeros((2, 0)))
