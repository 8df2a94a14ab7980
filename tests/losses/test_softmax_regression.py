"""Softmax regression beyond conformance: its gradient, its target and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.softmax_regression import softmax_regression

PARAMETER, TARGET = torch.tensor([0.3, -2.0]), torch.tensor([0.5, 0.25, 0.25])
MATRIX = torch.tensor([[1.0, 0.0], [0.5, 0.5], [0.0, -1.0]])


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_gradient_equals_the_closed_form(seed):
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    target = torch.randn(5, generator=generator, dtype=torch.float64)
    parameter = torch.randn(3, generator=generator, dtype=torch.float64, requires_grad=True)
    loss = softmax_regression(parameter, matrix, target)
    loss.backward()
    with torch.no_grad():
        share = (matrix @ parameter).softmax(0)
        wanted = matrix.T @ ((share.diag() - torch.outer(share, share)) @ (share - target))
        torch.testing.assert_close(loss, torch.linalg.norm(share - target) ** 2 / 2)
    torch.testing.assert_close(parameter.grad, wanted)


def test_a_target_that_is_met_costs_nothing_and_has_no_gradient():
    parameter = PARAMETER.clone().requires_grad_()
    loss = softmax_regression(parameter, MATRIX, (MATRIX @ PARAMETER).softmax(0))
    loss.backward()
    assert loss.item() == 0
    assert not parameter.grad.any()


def test_the_target_receives_no_gradient_and_the_matrix_does():
    matrix, target = MATRIX.clone().requires_grad_(), TARGET.clone().requires_grad_()
    softmax_regression(PARAMETER, matrix, target).backward()
    assert target.grad is None
    assert matrix.grad.any()


def test_large_products_stay_finite():
    loss = softmax_regression(1e6 * PARAMETER, MATRIX, TARGET)
    assert loss.item() == pytest.approx(0.5 * (0.5**2 + 0.25**2 + 0.75**2))


@pytest.mark.parametrize(
    ("inputs", "error", "argument"),
    [
        ((PARAMETER, MATRIX[0], TARGET), ShapeError, "matrix"),
        ((PARAMETER, MATRIX[:0], TARGET[:0]), ShapeError, "matrix: got shape .* at least one row"),
        ((PARAMETER[:1], MATRIX, TARGET), ShapeError, "parameter"),
        ((PARAMETER, MATRIX, TARGET[:1]), ShapeError, "target"),
        ((PARAMETER.long(), MATRIX, TARGET), DtypeError, "parameter"),
        ((PARAMETER, MATRIX * math.nan, TARGET), InvalidInputError, "matrix"),
        ((PARAMETER, MATRIX, TARGET * math.inf), InvalidInputError, "target"),
    ],
)
def test_bad_input_is_named(inputs, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        softmax_regression(*inputs)
