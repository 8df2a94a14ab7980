"""Stablemax cross-entropy beyond conformance: its shares, where softmax collapses, the kink, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.stablemax_cross_entropy import (
    log_stablemax,
    stablemax,
    stablemax_cross_entropy,
)
from torch.nn import functional

ROW = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6)


def weight(logit: float) -> float:
    return logit + 1 if logit >= 0 else 1 / (1 - logit)


@given(row=ROW)
@settings(max_examples=50)
def test_equals_the_formula_read_literally(row):
    logits = torch.tensor([row], dtype=torch.float64)
    weights = [weight(logit) for logit in row]
    shares = [value / sum(weights) for value in weights]
    assert stablemax(logits)[0].tolist() == pytest.approx(shares, rel=1e-9)
    assert log_stablemax(logits)[0].tolist() == pytest.approx([math.log(share) for share in shares])
    loss = stablemax_cross_entropy(logits, torch.tensor([0])).item()
    assert loss == pytest.approx(-math.log(shares[0]), rel=1e-9, abs=1e-12)


def test_a_sure_row_still_learns_in_float32_where_softmax_has_collapsed():
    logits, target = torch.tensor([[40.0, 0.0]], requires_grad=True), torch.tensor([0])
    (softmax,) = torch.autograd.grad(functional.cross_entropy(logits, target), logits)
    (stablemax,) = torch.autograd.grad(stablemax_cross_entropy(logits, target), logits)
    assert softmax[0, 0] == 0
    assert stablemax[0].tolist() == pytest.approx([1 / 42 - 1 / 41, 1 / 42], rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_pole_of_the_other_branch_leaves_no_trace(dtype):
    logits = torch.tensor([[1.0, 2.0]], dtype=dtype, requires_grad=True)
    stablemax_cross_entropy(logits, torch.tensor([0])).backward()
    assert logits.grad[0].tolist() == pytest.approx([1 / 5 - 1 / 2, 1 / 5])


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_slope_at_zero_is_one(zero):
    logits = torch.tensor([[zero, 1.0]], dtype=torch.float64, requires_grad=True)
    stablemax_cross_entropy(logits, torch.tensor([1])).backward()
    assert logits.grad[0, 0].item() == pytest.approx(1 / 3)


def test_a_shift_changes_the_value():
    logits, target = torch.tensor([[1.0, 0.0]]), torch.tensor([0])
    assert stablemax_cross_entropy(logits + 1, target) > stablemax_cross_entropy(logits, target) + 0.05


def test_ignored_rows_do_not_count():
    logits, target = torch.tensor([[1.0, 0.0], [5.0, 2.0]]), torch.tensor([1, -100])
    assert stablemax_cross_entropy(logits, target) == stablemax_cross_entropy(logits[:1], target[:1])
    assert stablemax_cross_entropy(logits, target, reduction="none")[1] == 0
    nothing = stablemax_cross_entropy(logits.requires_grad_(), torch.tensor([7, 7]), ignore_index=7)
    nothing.backward()
    assert nothing.item() == 0


def test_a_single_class_gives_zero():
    assert stablemax_cross_entropy(torch.tensor([[3.0], [-2.0]]), torch.tensor([0, 0])).item() == 0


def test_it_computes_in_the_dtype_asked_for_and_answers_in_its_own():
    logits = 10 * torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    target = torch.arange(6) % 5
    loss = stablemax_cross_entropy(logits, target, compute_dtype=torch.float64)
    assert loss.dtype == torch.float32
    assert loss == stablemax_cross_entropy(logits.double(), target).float()


LOGITS, TARGET = torch.tensor([[0.3, -2.0], [0.1, 0.2]]), torch.tensor([1, 0])


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (LOGITS[0], TARGET, {}, ShapeError, "logits"),
        (LOGITS, TARGET[:1], {}, ShapeError, "target"),
        (LOGITS, TARGET + 1, {}, InvalidInputError, "target"),
        (LOGITS * math.inf, TARGET, {}, InvalidInputError, "logits"),
        (LOGITS, TARGET, {"ignore_index": 0.5}, DtypeError, "ignore_index"),
        (LOGITS, TARGET, {"compute_dtype": torch.int64}, DtypeError, "compute_dtype"),
        (LOGITS, TARGET, {"compute_dtype": "float64"}, DtypeError, "compute_dtype"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        stablemax_cross_entropy(logits, target, **options)


@pytest.mark.parametrize("shares", [stablemax, log_stablemax])
def test_bad_input_of_the_shares_is_named(shares):
    with pytest.raises(DtypeError, match=r"^logits"):
        shares(torch.tensor([1, 2]))


def test_the_shares_of_half_precision_are_computed_wider():
    logits = torch.tensor([3.0, -0.3, 7.1], dtype=torch.bfloat16)
    assert torch.equal(stablemax(logits), stablemax(logits.float()).bfloat16())
