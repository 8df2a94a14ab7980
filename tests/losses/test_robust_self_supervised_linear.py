"""Robust self-supervised linear beyond conformance: the worst move, terms, what it learns, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.robustness.robust_self_supervised_linear import robust_self_supervised_linear


def rows(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(12, 2, generator=generator, dtype=torch.float64)
    return drawn[0], drawn[1:5], torch.randint(2, (4,), generator=generator), drawn[5:]


@given(seed=st.integers(0, 2**16), gamma=st.floats(0.3, 5.0))
@settings(max_examples=15)
def test_no_move_of_a_row_costs_more(seed, gamma):
    weight, features, _, unlabeled = rows(seed)
    x = features[0]
    found = robust_self_supervised_linear(
        weight, x.unsqueeze(0), torch.tensor([1]), unlabeled[:0], gamma=gamma
    )
    moves = torch.linspace(-6, 6, 1201, dtype=torch.float64).unsqueeze(1) * weight
    hinges = (1 - (x + moves) @ weight).relu() - gamma * moves.square().sum(1)
    most = hinges.max().item()
    # moves of other lengths than the best one, to the step of the search
    assert most <= found.item() + 1e-9
    assert found.item() == pytest.approx(most, abs=1e-3 * (1 + gamma) * weight.square().sum().item())


@given(seed=st.integers(0, 2**16))
@settings(max_examples=15)
def test_unlabelled_rows_count_as_those_of_the_class_they_are_given(seed):
    weight, features, target, unlabeled = rows(seed)
    both = robust_self_supervised_linear(
        weight, features, target, unlabeled, gamma=2.0, gamma_unlabeled=0.5, unlabeled_weight=0.3
    )
    labelled = robust_self_supervised_linear(weight, features, target, unlabeled[:0], gamma=2.0)
    decided = unlabeled @ weight > 0
    pseudo = robust_self_supervised_linear(weight, unlabeled, decided, unlabeled[:0], gamma=0.5)
    torch.testing.assert_close(both, labelled + 0.3 * pseudo)


def test_rows_that_cost_much_to_move_give_the_plain_hinge():
    weight, features, target, unlabeled = rows(0)
    wanted = (1 - (2 * target - 1) * (features @ weight)).relu().mean()
    found = robust_self_supervised_linear(weight, features, target, unlabeled[:0], gamma=1e12)
    torch.testing.assert_close(found, wanted)


def test_a_row_on_the_boundary_pulls_to_neither_side():
    weight = torch.tensor([1.0, 0.0], requires_grad=True)
    nothing = torch.zeros(0, 2)
    robust_self_supervised_linear(
        weight, nothing, nothing[:, 0], torch.tensor([[0.0, 1.0]]), gamma_unlabeled=0.5
    ).backward()
    torch.testing.assert_close(weight.grad, torch.tensor([1.0, 0.0]))  # w / (2 gamma) alone


def test_unlabelled_rows_turn_the_boundary_into_the_gap_between_them():
    generator = torch.Generator().manual_seed(0)
    side = torch.arange(60) % 2
    noise = torch.randn(60, 2, generator=generator)
    # two long clusters, and one labelled row of each, which alone would mislead
    unlabeled = noise * torch.tensor([0.1, 1.0]) + torch.tensor([1.0, 0.0]) * (2 * side - 1).unsqueeze(1)
    features, target = torch.tensor([[-1.0, -1.0], [1.0, 1.0]]), torch.tensor([0, 1])

    def accuracy(unlabeled_weight: float) -> float:
        weight = torch.zeros(2, requires_grad=True)
        for _ in range(80):
            loss = robust_self_supervised_linear(
                weight,
                features,
                target,
                unlabeled,
                gamma=5.0,
                gamma_unlabeled=5.0,
                unlabeled_weight=unlabeled_weight,
            )
            (slope,) = torch.autograd.grad(loss, weight)
            weight = (weight - 0.1 * slope).detach().requires_grad_()
        return ((unlabeled @ weight > 0) == (side == 1)).double().mean().item()

    alone, together = accuracy(0.0), accuracy(1.0)
    assert alone < 0.9
    assert together == 1.0


WEIGHT, FEATURES, TARGET, UNLABELED = rows(0)


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((WEIGHT[:1], FEATURES, TARGET, UNLABELED), {}, ShapeError, "weight"),
        ((WEIGHT, FEATURES[0], TARGET, UNLABELED), {}, ShapeError, "features"),
        ((WEIGHT, FEATURES, TARGET[:2], UNLABELED), {}, ShapeError, "target"),
        ((WEIGHT, FEATURES, TARGET, UNLABELED[:, :1]), {}, ShapeError, "unlabeled: got .* 2 columns"),
        ((WEIGHT, FEATURES, TARGET, UNLABELED.long()), {}, DtypeError, "unlabeled"),
        ((WEIGHT, FEATURES, 2 * TARGET - 1, UNLABELED), {}, InvalidInputError, "target"),
        ((WEIGHT * math.nan, FEATURES, TARGET, UNLABELED), {}, InvalidInputError, "weight"),
        ((WEIGHT, FEATURES, TARGET, UNLABELED), {"gamma": 0.0}, InvalidInputError, "gamma"),
        (
            (WEIGHT, FEATURES, TARGET, UNLABELED),
            {"gamma_unlabeled": 0.0},
            InvalidInputError,
            "gamma_unlabeled",
        ),
        (
            (WEIGHT, FEATURES, TARGET, UNLABELED),
            {"unlabeled_weight": -1.0},
            InvalidInputError,
            "unlabeled_weight",
        ),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        robust_self_supervised_linear(*inputs, **options)
