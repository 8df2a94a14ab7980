"""Newton's inverse: recorded results and gradients, the recursion of eigenvalues, large ridges, errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.newton_inverse import newton_inverse

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "147-newton_inverse.json")


def kernel(seed: int, *batch: int, dim: int = 5) -> torch.Tensor:
    points = torch.randn(*batch, dim, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.exp(-torch.cdist(points, points).square() / 2)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_inverses_and_gradients(case):
    matrix = torch.from_numpy(case.inputs["matrix"]).requires_grad_()
    inverse = newton_inverse(matrix, **case.params)
    inverse.sum().backward()
    for actual, name in ((inverse.detach(), "inverse"), (matrix.grad, "grad_of_sum")):
        wanted = torch.tensor(case.expected[name], dtype=torch.float64)
        torch.testing.assert_close(actual, wanted, rtol=case.rtol, atol=case.atol)


@given(seed=st.integers(0, 2**16), iterations=st.integers(1, 8), ridge=st.floats(0.05, 5.0))
@settings(max_examples=20)
def test_eigenvalues_follow_the_closed_form(seed, iterations, ridge):
    matrix = kernel(seed)
    found = newton_inverse(matrix, iterations=iterations, ridge=ridge)
    values, vectors = torch.linalg.eigh(matrix + ridge * torch.eye(5))
    first = 1.8 / (matrix + ridge * torch.eye(5)).abs().sum(1).max() ** 2
    wanted = (1 - (1 - first * values**2) ** (2**iterations)) / values
    torch.testing.assert_close(found, vectors @ torch.diag(wanted) @ vectors.T, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("ridge", [0.01, 0.1, 10.0])
def test_is_the_inverse_once_converged_for_any_ridge_and_batch(ridge):
    matrix = kernel(0, 2, 3)
    wanted = torch.linalg.inv(matrix + ridge * torch.eye(5))
    found = newton_inverse(matrix, iterations=40, ridge=ridge)
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)


def test_gradients_are_those_of_the_inverse_once_and_twice():
    matrix = kernel(1, dim=3).requires_grad_()
    assert torch.autograd.gradcheck(lambda values: newton_inverse(values, iterations=40, ridge=1.0), matrix)
    assert torch.autograd.gradgradcheck(
        lambda values: newton_inverse(values, iterations=40, ridge=1.0), matrix
    )


def test_large_and_small_matrices_stay_in_range():
    for scale in (1e-25, 1e25):
        matrix = scale * torch.tensor([[2.0, 0.0], [0.0, 4.0]])
        found = newton_inverse(matrix, ridge=0.0) * scale
        torch.testing.assert_close(found, torch.tensor([[0.5, 0.0], [0.0, 0.25]]))


def test_maps_over_a_batch_and_keeps_half_precision():
    matrix = kernel(2, 4)
    mapped = torch.func.vmap(newton_inverse)(matrix)
    torch.testing.assert_close(mapped, newton_inverse(matrix))
    assert newton_inverse(matrix.bfloat16()).dtype == torch.bfloat16


def test_no_matrices_give_none():
    assert newton_inverse(torch.zeros(0, 3, 3), ridge=0.0).shape == (0, 3, 3)


UNIT = torch.eye(3)


@pytest.mark.parametrize(
    ("matrix", "options", "error", "argument"),
    [
        (UNIT[:2], {}, ShapeError, "matrix"),
        (UNIT[0], {}, ShapeError, "matrix"),
        (UNIT.long(), {}, DtypeError, "matrix"),
        (UNIT * math.nan, {}, InvalidInputError, "matrix"),
        (UNIT * 0, {"ridge": 0.0}, InvalidInputError, "matrix"),
        (UNIT, {"iterations": 0}, InvalidInputError, "iterations"),
        (UNIT, {"iterations": 2.0}, DtypeError, "iterations"),
        (UNIT, {"ridge": -1.0}, InvalidInputError, "ridge"),
    ],
)
def test_bad_input_is_named(matrix, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        newton_inverse(matrix, **options)
