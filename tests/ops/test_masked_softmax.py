"""Softmax and log-sum-exp of the entries that count: against torch on what is left, and where nothing is."""

import math

import pytest
import torch
from lossary.ops.masked_softmax import masked_log_softmax, masked_log_sum_exp

MASK = torch.tensor([[True, False, True, True], [False, True, False, False], [True, True, True, True]])


def scores() -> torch.Tensor:
    return torch.randn(3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_each_row_is_the_softmax_of_what_counts():
    found = masked_log_softmax(scores(), MASK, temperature=0.3)
    for row, kept, values in zip(found, MASK, scores(), strict=True):
        torch.testing.assert_close(row[kept], (values[kept] / 0.3).log_softmax(0))
        assert (row[~kept] == -math.inf).all()


def test_without_a_mask_all_count():
    torch.testing.assert_close(masked_log_softmax(scores()), scores().log_softmax(1))


def test_a_small_temperature_does_not_overflow():
    found = masked_log_softmax(torch.tensor([[3e4, 3e4, -1.0]]), temperature=1e-30)
    torch.testing.assert_close(found.exp(), torch.tensor([[0.5, 0.5, 0.0]]))


def test_a_row_that_does_not_count_leaves_the_gradient_finite():
    values = scores().requires_grad_()
    mask = MASK.clone()
    mask[1] = False
    masked_log_softmax(values, mask).exp().sum().backward()
    assert values.grad.isfinite().all()


def test_sum_is_of_what_counts():
    found = masked_log_sum_exp(scores(), MASK)
    expected = [values[kept].logsumexp(0) for kept, values in zip(MASK, scores(), strict=True)]
    torch.testing.assert_close(found, torch.stack(expected))


@pytest.mark.parametrize("unread", [math.inf, -math.inf, math.nan])
def test_what_does_not_count_may_be_anything(unread):
    values = scores().where(MASK, unread).requires_grad_()
    found = masked_log_sum_exp(values, MASK)
    found.sum().backward()
    torch.testing.assert_close(found, masked_log_sum_exp(scores(), MASK))
    assert not values.grad[~MASK].any()


def test_the_sum_of_nothing_has_no_gradient():
    values, mask = scores().requires_grad_(), MASK.clone()
    mask[1] = False
    found = masked_log_sum_exp(values, mask)
    found.logaddexp(torch.zeros(3)).sum().backward()
    assert found[1] == -math.inf
    assert not values.grad[1].any()
    assert values.grad.isfinite().all()


def test_without_columns_there_is_nothing():
    assert masked_log_sum_exp(torch.zeros(2, 0), torch.zeros(2, 0, dtype=torch.bool)).tolist() == [
        -math.inf,
        -math.inf,
    ]


def test_both_have_first_and_second_derivatives():
    values = scores().requires_grad_()
    for function in (lambda x: masked_log_sum_exp(x, MASK), lambda x: masked_log_softmax(x, MASK).exp()):
        assert torch.autograd.gradcheck(function, values)
        assert torch.autograd.gradgradcheck(function, values, fast_mode=True)


@pytest.mark.parametrize("temperature", [1.0, 1e-6])
@pytest.mark.parametrize("rows", [0, 2])
def test_log_softmax_of_no_items_is_empty(rows, temperature):
    assert masked_log_softmax(torch.zeros(rows, 0), temperature=temperature).shape == (rows, 0)
