"""The normalized logistic gradient: recorded values, autograd, rows right beyond rounding, errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses import normalized_logistic
from lossary.training.normalized_logistic_gradient import normalized_logistic_gradient
from torch.nn import functional

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "066-normalized_logistic_gradient.json")


def rows(seed: int, count: int = 20, dim: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(count, dim, generator=generator, dtype=torch.float64)
    return features, torch.randint(2, (count,), generator=generator)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_values(case):
    found = normalized_logistic_gradient(**{n: torch.from_numpy(a) for n, a in case.inputs.items()})
    wanted = torch.tensor(case.expected["gradient"], dtype=torch.float64)
    torch.testing.assert_close(found.gradient, wanted, rtol=case.rtol, atol=case.atol)
    assert found.scale.item() == pytest.approx(case.expected["scale"], rel=case.rtol)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_is_the_scale_times_the_plain_gradient_and_that_of_the_carrier(seed):
    features, target = rows(seed)
    weight = features[0].clone().requires_grad_()
    found = normalized_logistic_gradient(weight.detach(), features, target)
    plain = functional.binary_cross_entropy_with_logits(features @ weight, target.double())
    torch.testing.assert_close(found.gradient, found.scale * torch.autograd.grad(plain, weight)[0])
    torch.testing.assert_close(found.log_scale.exp(), found.scale)
    carrier = normalized_logistic(features @ weight, target)
    torch.testing.assert_close(found.gradient, torch.autograd.grad(carrier, weight)[0])


def test_rows_that_are_right_beyond_rounding_still_give_a_direction():
    features, target = torch.tensor([[1.0, 0.0], [0.5, 1.0]]), torch.tensor([1, 1])
    found = normalized_logistic_gradient(torch.tensor([1000.0, 500.5]), features, target)
    assert found.scale == math.inf
    wanted_scale = 1000 + math.log(2) - math.log1p(math.exp(-0.5))  # margins of 1000 and 1000.5
    assert found.log_scale.item() == pytest.approx(wanted_scale, rel=1e-6)
    wanted = -torch.softmax(torch.tensor([-1000.0, -1000.5]), 0) @ features
    torch.testing.assert_close(found.gradient, wanted)


def test_descent_separates_rows_in_fewer_steps_than_plain_descent():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(300, 5, generator=generator, dtype=torch.float64)
    direction = torch.tensor([1.0, -1.0, 0.5, 0.0, 0.0], dtype=torch.float64)
    features = features[(features @ direction).abs() > 0.02]
    target = (features @ direction > 0).long()

    def steps_to_separate(*, normalized: bool) -> int:
        weight = torch.zeros(5, dtype=torch.float64)
        for step in range(5000):
            if not bool(((features @ weight > 0) != target.bool()).any()):
                return step
            found = normalized_logistic_gradient(weight, features, target)
            weight = weight - 1.0 * (found.gradient if normalized else found.gradient / found.scale)
        return 5000

    assert steps_to_separate(normalized=True) * 3 < steps_to_separate(normalized=False)


def test_no_samples_give_no_direction():
    found = normalized_logistic_gradient(torch.ones(3), torch.zeros(0, 3), torch.zeros(0, dtype=torch.long))
    assert found.gradient.tolist() == [0.0, 0.0, 0.0]
    assert found.scale == 1
    assert found.log_scale == 0


WEIGHT, FEATURES, TARGET = torch.ones(3), torch.ones(2, 3), torch.tensor([0, 1])


@pytest.mark.parametrize(
    ("weight", "features", "target", "error", "argument"),
    [
        (WEIGHT[:2], FEATURES, TARGET, ShapeError, "weight"),
        (WEIGHT, FEATURES[0], TARGET, ShapeError, "features"),
        (WEIGHT, FEATURES, TARGET[:1], ShapeError, "target"),
        (WEIGHT.long(), FEATURES, TARGET, DtypeError, "weight"),
        (WEIGHT, FEATURES.long(), TARGET, DtypeError, "features"),
        (WEIGHT * math.nan, FEATURES, TARGET, InvalidInputError, "weight"),
        (WEIGHT, FEATURES * math.inf, TARGET, InvalidInputError, "features"),
        (WEIGHT, FEATURES, TARGET * 2, InvalidInputError, "target"),
    ],
)
def test_bad_input_is_named(weight, features, target, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        normalized_logistic_gradient(weight, features, target)
