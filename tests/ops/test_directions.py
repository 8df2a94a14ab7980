"""Directions of rows: of any size, with a gradient, and an error for a row without one."""

import pytest
import torch
from lossary.errors import InvalidInputError
from lossary.ops.directions import directions, row_lengths, unit_rows
from lossary.settings import checks


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_rows_of_any_size_have_length_one(size):
    rows = torch.tensor([[3.0, -4.0], [0.0, 5.0]]) * size
    torch.testing.assert_close(directions("query", rows), torch.tensor([[0.6, -0.8], [0.0, 1.0]]))


def test_gradient_is_that_of_the_quotient():
    rows = torch.randn(3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda value: directions("query", value), rows.requires_grad_())


def test_a_row_without_a_direction_is_named():
    with pytest.raises(InvalidInputError, match=r"^key: got zeros only in row 1; wanted rows with a dir"):
        directions("key", torch.tensor([[1.0], [0.0]]))


def test_without_checks_a_zero_row_stays_zero():
    with checks(enabled=False):
        assert directions("key", torch.tensor([[2.0], [0.0]])).tolist() == [[1.0], [0.0]]


def test_unit_rows_have_any_leading_axes_and_keep_zeros():
    rows = torch.tensor([[[3e30, 4e30], [0.0, 0.0]], [[0.0, -1e-30], [5.0, 12.0]]], requires_grad=True)
    found = unit_rows(rows)
    expected = torch.tensor([[[0.6, 0.8], [0.0, 0.0]], [[0.0, -1.0], [5 / 13, 12 / 13]]])
    torch.testing.assert_close(found, expected)
    found.sum().backward()
    assert rows.grad.isfinite().all()
    assert rows.grad[0, 1].tolist() == [0.0, 0.0]


def test_lengths_are_in_range_and_have_a_gradient_at_zero():
    rows = torch.tensor([[3e30, -4e30], [0.0, 0.0], [3e-30, 4e-30]], requires_grad=True)
    found = row_lengths(rows)
    torch.testing.assert_close(found, torch.tensor([5e30, 0.0, 5e-30]), rtol=1e-6, atol=0.0)
    found.sum().backward()
    torch.testing.assert_close(rows.grad, torch.tensor([[0.6, -0.8], [0.0, 0.0], [0.6, 0.8]]))
