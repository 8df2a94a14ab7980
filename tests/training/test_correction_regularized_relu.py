"""The correction-regularized ReLU: recorded values and gradients, extremes, half types, a learned height."""

import math
from pathlib import Path

import pytest
import torch
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError
from lossary.training.correction_regularized_relu import (
    CorrectionRegularizedReLU,
    correction_regularized_relu,
)

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "129-correction_regularized_relu.json")


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_goldens(case):
    x = torch.from_numpy(case.inputs["x"]).requires_grad_()
    value = correction_regularized_relu(x, **case.params)
    wanted = torch.tensor(case.expected["loss"], dtype=torch.float64)
    torch.testing.assert_close(value.detach(), wanted, rtol=case.rtol, atol=case.atol)
    value.sum().backward()
    torch.testing.assert_close(x.grad, torch.from_numpy(case.grad["x"]), rtol=case.rtol, atol=case.atol)


def test_gradients_are_those_of_finite_differences():
    x = torch.tensor([-2.0, -0.5, 0.7, 3.0], dtype=torch.float64, requires_grad=True)
    epsilon = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    function = lambda x, epsilon: correction_regularized_relu(x, epsilon=epsilon)  # noqa: E731
    assert torch.autograd.gradcheck(function, (x, epsilon))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_extremes_are_those_of_relu(dtype):
    largest = torch.finfo(dtype).max
    x = torch.tensor([-math.inf, -largest, largest, math.inf], dtype=dtype, requires_grad=True)
    value = correction_regularized_relu(x)
    assert value.dtype == dtype
    assert value.tolist() == [0.0, 0.0, largest, math.inf]
    value.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 1.0, 1.0]


def test_the_height_is_learned_and_saved():
    activation = CorrectionRegularizedReLU()
    optimizer = torch.optim.SGD(activation.parameters(), lr=1.0)
    x = torch.linspace(-3, 3, 40)
    target = correction_regularized_relu(x, epsilon=0.7)
    for _ in range(60):
        optimizer.zero_grad()
        (activation(x) - target).square().mean().backward()
        optimizer.step()
    assert activation.epsilon.item() == pytest.approx(0.7, abs=1e-3)
    other = CorrectionRegularizedReLU()
    other.load_state_dict(activation.state_dict())
    assert other(x).equal(activation(x))


@pytest.mark.parametrize(
    ("x", "epsilon", "error", "argument"),
    [
        (torch.tensor([1]), 0.1, DtypeError, "x"),
        (torch.ones(1), math.nan, InvalidInputError, "epsilon"),
        (torch.ones(1), torch.tensor(1), DtypeError, "epsilon"),
    ],
)
def test_bad_input_is_named(x, epsilon, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        correction_regularized_relu(x, epsilon=epsilon)
