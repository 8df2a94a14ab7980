"""Normalized logistic beyond conformance: its gradient, margins of any size, the perceptron, and errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.normalized_logistic import normalized_logistic
from torch.nn import functional


def scores(seed: int = 0, scale: float = 2.0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(9, generator=generator, dtype=torch.float64)
    return logits, (torch.rand(9, generator=generator) > 0.4).long()


def test_gradient_is_the_logistic_one_over_the_mean_doubt():
    logits, target = scores()
    logits.requires_grad_()
    (gradient,) = torch.autograd.grad(normalized_logistic(logits, target), logits)
    logistic = functional.binary_cross_entropy_with_logits(logits, target.double())
    (plain,) = torch.autograd.grad(logistic, logits)
    doubt = torch.sigmoid(-(2 * target - 1) * logits.detach())
    torch.testing.assert_close(gradient, plain / doubt.mean())
    assert gradient.abs().sum().item() == pytest.approx(1.0)


@pytest.mark.parametrize("scale", [1e2, 1e4])
def test_wide_margins_keep_weights_that_add_up_to_one(scale):
    logits = scale * torch.tensor([1.0, 1.5, 3.0])
    logits.requires_grad_()
    normalized_logistic(logits, torch.ones(3)).backward()
    torch.testing.assert_close(logits.grad, torch.tensor([-1.0, 0.0, 0.0]))


def test_large_scores_are_the_perceptron_of_the_wrong_ones():
    logits, target = scores(1, scale=1e4)
    logits.requires_grad_()
    normalized_logistic(logits, target).backward()
    sign = 2.0 * target - 1
    wrong = sign * logits.detach() < 0
    assert 0 < wrong.sum() < 9
    torch.testing.assert_close(logits.grad, -(sign * wrong).double() / wrong.sum())


def test_a_separable_problem_is_solved_whatever_the_step():
    features = torch.tensor([[2.0, 1.0], [1.0, 3.0], [-1.0, 0.1], [-0.2, -2.0]], dtype=torch.float64)
    target = torch.tensor([1, 1, 0, 0])
    for step in (1.0, 1e4):
        weight = torch.zeros(2, dtype=torch.float64, requires_grad=True)
        for _ in range(30):
            (gradient,) = torch.autograd.grad(normalized_logistic(features @ weight, target), weight)
            with torch.no_grad():
                weight -= step * gradient
        assert ((features @ weight > 0).long() == target).all()


def test_empty_batch_gives_zero_with_a_graph():
    logits = torch.zeros(0, requires_grad=True)
    loss = normalized_logistic(logits, torch.zeros(0))
    loss.backward()
    assert loss.item() == 0


LOGITS, TARGET = scores()


@pytest.mark.parametrize(
    ("logits", "target", "error", "argument"),
    [
        (LOGITS.unsqueeze(1), TARGET, ShapeError, "logits"),
        (LOGITS.long(), TARGET, DtypeError, "logits"),
        (LOGITS * math.inf, TARGET, InvalidInputError, "logits"),
        (LOGITS, TARGET[:3], ShapeError, "target"),
        (LOGITS, TARGET - 1, InvalidInputError, "target"),
    ],
)
def test_bad_input_is_named(logits, target, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        normalized_logistic(logits, target)
