"""Normalized loss balance: recorded values, shares, what it does to training, degenerate losses, errors."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.normalized_loss_balance_step import normalized_loss_balance_step

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "133-normalized_loss_balance_step.json")


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_equals_the_recorded_values(case):
    inputs = {name: torch.from_numpy(value) for name, value in case.inputs.items()}
    found = normalized_loss_balance_step(**inputs, **case.params)
    wanted = torch.tensor(case.expected["weight"], dtype=torch.float64)
    torch.testing.assert_close(found, wanted, rtol=case.rtol, atol=case.atol)


@given(
    seed=st.integers(0, 2**16),
    rate=st.floats(0.0, 1.0),
    exponent=st.floats(0.1, 5.0),
    count=st.integers(1, 5),
)
@settings(max_examples=25)
def test_weights_move_towards_the_shares_and_sum_to_one(seed, rate, exponent, count):
    generator = torch.Generator().manual_seed(seed)
    weight, loss, start = torch.rand(3, count, generator=generator, dtype=torch.float64) + 0.1
    weight = weight / weight.sum()
    found = normalized_loss_balance_step(weight, loss, start, learning_rate=rate, exponent=exponent)
    left = (loss / start) ** exponent
    torch.testing.assert_close(found, torch.lerp(weight, left / left.sum(), rate))
    assert found.sum().item() == pytest.approx(1)


def test_training_ends_with_losses_that_came_down_alike():
    def train(rate: float) -> float:
        place = torch.zeros(2, requires_grad=True)
        optimizer = torch.optim.SGD([place], lr=0.05)
        weight, start = torch.full((2,), 0.5), None
        for _ in range(40):
            loss = (place - 1).square() * torch.tensor([1.0, 0.1])  # the second comes down ten times slower
            start = loss.detach() if start is None else start
            optimizer.zero_grad()
            (weight @ loss).backward()
            optimizer.step()
            weight = normalized_loss_balance_step(weight, loss, start, learning_rate=rate)
        left = loss.detach() / start
        return (left[1] / left[0]).item()

    assert 1 < train(0.1) < train(0.0) / 2


def test_ratios_beyond_the_range_of_numbers_have_shares():
    loss, start = torch.tensor([1e20, 1e20]), torch.tensor([1e-20, 2e-20])
    found = normalized_loss_balance_step(torch.ones(2) / 2, loss, start, learning_rate=1.0, exponent=2.0)
    torch.testing.assert_close(found, torch.tensor([0.8, 0.2]))


def test_where_no_weight_is_left_they_are_equal():
    loss = torch.tensor([0.0, 0.0, 1.0])
    weight = torch.tensor([0.0, 0.0, 5.0])
    found = normalized_loss_balance_step(weight, loss, torch.ones(3), learning_rate=2.0)
    torch.testing.assert_close(found, torch.ones(3) / 3)


def test_the_weights_are_constants():
    loss = torch.ones(2, requires_grad=True)
    assert not normalized_loss_balance_step(torch.ones(2) / 2, loss, torch.ones(2)).requires_grad


ONES = torch.ones(2)


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((ONES[:0], ONES[:0], ONES[:0]), {}, ShapeError, "weight"),
        ((ONES.sum(), ONES, ONES), {}, ShapeError, "weight"),
        ((ONES, ONES[:1], ONES), {}, ShapeError, "loss"),
        ((ONES, ONES, torch.ones(3)), {}, ShapeError, "initial_loss"),
        ((ONES, ONES.long(), ONES), {}, DtypeError, "loss"),
        ((ONES, ONES * math.nan, ONES), {}, InvalidInputError, "loss"),
        ((-ONES, ONES, ONES), {}, InvalidInputError, "weight: got -1"),
        ((ONES, -ONES, ONES), {}, InvalidInputError, "loss: got -1"),
        ((ONES, ONES, torch.tensor([1.0, 0.0])), {}, InvalidInputError, "initial_loss: got 0"),
        ((ONES, 0 * ONES, ONES), {}, InvalidInputError, "loss: got only 0"),
        ((ONES, ONES, ONES), {"exponent": 0.0}, InvalidInputError, "exponent"),
        ((ONES, ONES, ONES), {"learning_rate": -0.1}, InvalidInputError, "learning_rate"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        normalized_loss_balance_step(*inputs, **options)
