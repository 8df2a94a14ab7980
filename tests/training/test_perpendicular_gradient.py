"""Perpendicular gradients: recorded values, geometry, rounding, what they change in training, errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.perpendicular_gradient import apply_perpendicular_gradient_, perpendicular_gradient

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "153-perpendicular_gradient.json")


def pair(seed: int, *shape: int, dtype=torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    parameter, gradient = torch.randn(2, *shape, generator=generator, dtype=torch.float64).to(dtype)
    return parameter, gradient


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_gradients(case):
    inputs = {name: torch.from_numpy(array) for name, array in case.inputs.items()}
    wanted = torch.tensor(case.expected["gradient"], dtype=torch.float64)
    actual = perpendicular_gradient(**inputs, **case.params)
    torch.testing.assert_close(actual, wanted, rtol=case.rtol, atol=case.atol)


@given(seed=st.integers(0, 2**16), scale=st.sampled_from([1e-25, 1.0, 1e25]))
@settings(max_examples=20)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_is_perpendicular_as_long_and_its_own_image(dtype, seed, scale):
    parameter, gradient = pair(seed, 4, 3, dtype=dtype)
    options = {"eps": 0.0}
    found = perpendicular_gradient(parameter * scale, gradient * scale, **options) / scale
    slack = 1e-4 if dtype == torch.float32 else 1e-12
    assert (parameter * found).sum().abs() < slack * parameter.norm() * gradient.norm()
    torch.testing.assert_close(found.norm(), gradient.norm(), rtol=slack, atol=0)
    torch.testing.assert_close(
        perpendicular_gradient(parameter, found, **options),
        found,
        rtol=0,
        atol=slack * gradient.norm().item(),
    )


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("factor", [1.0, -3.7])
def test_a_parallel_gradient_gives_zero_and_not_rounding_at_full_length(dtype, factor):
    parameter, _ = pair(0, 50, dtype=dtype)
    found = perpendicular_gradient(parameter.double(), parameter.double() * factor).to(dtype)
    assert not found.any()
    if dtype == torch.float32:
        assert not perpendicular_gradient(parameter, parameter * factor).any()


def test_a_single_number_has_no_other_direction():
    assert perpendicular_gradient(torch.tensor([2.0]), torch.tensor([3.0])).item() == 0
    assert perpendicular_gradient(torch.tensor(2.0), torch.tensor(3.0)).item() == 0


def test_no_entries_give_none():
    assert perpendicular_gradient(torch.zeros(0, 2), torch.zeros(0, 2)).shape == (0, 2)


def test_plain_descent_along_it_keeps_lengths_to_second_order():
    torch.manual_seed(0)
    features = torch.randn(60, 5)
    target = (features[:, 0] > 0).long()  # separable: plain descent scales the weights up for ever

    def growth(*, perpendicular: bool) -> float:
        torch.manual_seed(1)
        model = torch.nn.Linear(5, 2, bias=False)
        before = model.weight.norm().item()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        for _ in range(400):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(features), target).backward()
            if perpendicular:
                apply_perpendicular_gradient_(model.parameters(), preserve_norm=False)
            optimizer.step()
        return model.weight.norm().item() / before

    assert growth(perpendicular=True) < 1.05
    assert growth(perpendicular=False) > 2


def test_parameters_without_a_dense_gradient_are_passed_over():
    parameter = torch.ones(3, requires_grad=True)
    embedding = torch.nn.Embedding(4, 2, sparse=True)
    embedding(torch.tensor([1])).sum().backward()
    before = embedding.weight.grad.to_dense()
    apply_perpendicular_gradient_([parameter, embedding.weight])
    assert parameter.grad is None
    assert embedding.weight.grad.to_dense().equal(before)


ONES = torch.ones(3)


@pytest.mark.parametrize(
    ("parameter", "gradient", "options", "error", "argument"),
    [
        (ONES, ONES[:2], {}, ShapeError, "gradient"),
        (ONES.long(), ONES, {}, DtypeError, "parameter"),
        (ONES, ONES.long(), {}, DtypeError, "gradient"),
        (ONES * math.nan, ONES, {}, InvalidInputError, "parameter"),
        (ONES, ONES * math.inf, {}, InvalidInputError, "gradient"),
        (ONES, ONES, {"eps": -1.0}, InvalidInputError, "eps"),
    ],
)
def test_bad_input_is_named(parameter, gradient, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        perpendicular_gradient(parameter, gradient, **options)
