"""The soft maximum of rows: its formula, its limits, and rows of which only some entries count."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.ops.soft_maximum import soft_maximum


def values(seed: int) -> torch.Tensor:
    return 3 * torch.randn(4, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(seed=st.integers(0, 2**16), temperature=st.floats(0.05, 50.0))
@settings(max_examples=20)
def test_equals_the_formula_read_literally(seed, temperature):
    found = soft_maximum(values(seed), temperature)
    torch.testing.assert_close(found, temperature * (values(seed) / temperature).exp().mean(1).log())


def test_lies_between_the_mean_and_the_maximum_to_the_last_digits():
    row = values(0)
    torch.testing.assert_close(soft_maximum(row, 1e-9), row.amax(1))
    torch.testing.assert_close(soft_maximum(row, 1e12), row.mean(1), rtol=1e-9, atol=0)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 30.0])
def test_entries_that_do_not_count_are_as_if_absent(temperature):
    row = values(1)
    keep = torch.tensor([[True, True, False, True, False]]).expand(4, 5)
    torch.testing.assert_close(
        soft_maximum(row, temperature, keep=keep), soft_maximum(row[:, [0, 1, 3]], temperature)
    )
