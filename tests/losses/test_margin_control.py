"""Margin control beyond conformance: its bounds, what it pulls at, the form per sample, and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.margin_control import margin_control


def rows(seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(6, 4, generator=generator, dtype=torch.float64)


def test_is_the_logarithm_of_one_plus_the_squared_frobenius_norm():
    logits = rows()
    expected = torch.log(1 + torch.linalg.matrix_norm(logits.softmax(1)) ** 2)
    torch.testing.assert_close(margin_control(logits), expected)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_lies_between_that_of_undecided_and_that_of_sure_rows(seed):
    loss = margin_control(rows(seed)).item()
    assert math.log1p(6 / 4) <= loss <= math.log1p(6)


def test_a_step_against_the_gradient_lowers_the_confidence():
    logits = rows(1).requires_grad_()
    margin_control(logits).backward()
    after = logits.detach() - 0.1 * logits.grad
    assert after.softmax(1).square().sum() < logits.detach().softmax(1).square().sum()


def test_per_sample_is_the_mean_over_rows_and_knows_no_batch_size():
    logits = rows(2)
    each = torch.stack([margin_control(row) for row in logits.split(1)])
    torch.testing.assert_close(margin_control(logits, per_sample=True), each.mean())
    torch.testing.assert_close(
        margin_control(logits.repeat(3, 1), per_sample=True), margin_control(logits, per_sample=True)
    )


@pytest.mark.parametrize("per_sample", [False, True])
def test_empty_batch_gives_zero_with_a_graph(per_sample):
    logits = torch.zeros(0, 3, requires_grad=True)
    loss = margin_control(logits, per_sample=per_sample)
    loss.backward()
    assert loss.item() == 0


@pytest.mark.parametrize(
    ("logits", "error"),
    [
        (rows()[0], ShapeError),
        (rows()[:, :0], ShapeError),
        (rows().long(), DtypeError),
        (rows() * math.nan, InvalidInputError),
    ],
)
def test_bad_logits_are_named(logits, error):
    with pytest.raises(error, match=r"^logits: "):
        margin_control(logits)
