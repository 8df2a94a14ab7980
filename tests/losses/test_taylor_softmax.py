"""Taylor softmax beyond conformance: its series, its gradient, the limit of softmax and errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.taylor_softmax import taylor_softmax
from torch.nn import functional


def rows(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(6, 5, generator=generator, dtype=torch.float64)
    return logits, torch.randint(5, (6,), generator=generator)


@pytest.mark.parametrize("order", [2, 4, 8])
def test_equals_the_series_term_by_term(order):
    logits, target = rows()
    weight = sum(logits**power / math.factorial(power) for power in range(order + 1))
    p = weight / weight.sum(1, keepdim=True)
    torch.testing.assert_close(
        taylor_softmax(logits, target, order=order, reduction="none"),
        -p.gather(1, target.unsqueeze(1)).squeeze(1).log(),
    )


def test_gradient_of_order_two_equals_the_closed_form():
    logits, target = rows(1)
    logits.requires_grad_()
    taylor_softmax(logits, target, reduction="sum").backward()
    x = logits.detach()
    weight = 1 + x + x.square() / 2
    onehot = functional.one_hot(target, 5)
    torch.testing.assert_close(logits.grad, (1 + x) * (1 / weight.sum(1, keepdim=True) - onehot / weight))


def test_a_high_order_is_softmax_for_small_logits():
    logits, target = rows(2)
    torch.testing.assert_close(
        taylor_softmax(logits / 4, target, order=12), functional.cross_entropy(logits / 4, target)
    )


@pytest.mark.parametrize("order", [2, 6, 12])
def test_float32_keeps_the_weights_of_negative_logits(order):
    logits = torch.linspace(-30.0, 5.0, 351).unsqueeze(1)
    logits = torch.cat([logits, torch.zeros_like(logits)], 1)
    target = torch.zeros(351, dtype=torch.int64)
    values = taylor_softmax(logits, target, order=order, reduction="none")
    exact = taylor_softmax(logits.double(), target, order=order, reduction="none")
    torch.testing.assert_close(values.double(), exact, rtol=0.0, atol=5e-5)


def test_a_single_class_and_an_empty_batch_give_zero_with_a_graph():
    for logits in (torch.ones(3, 1, requires_grad=True), torch.ones(0, 4, requires_grad=True)):
        loss = taylor_softmax(logits, torch.zeros(len(logits), dtype=torch.int64))
        loss.backward()
        assert loss.item() == 0
        assert not logits.grad.any()


LOGITS, TARGET = rows()


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (LOGITS[0], TARGET, {}, ShapeError, "logits"),
        (LOGITS, TARGET + 5, {}, InvalidInputError, "target"),
        (LOGITS, TARGET, {"order": 3}, InvalidInputError, "order: got 3; wanted an even number from 2 to 12"),
        (LOGITS, TARGET, {"order": 0}, InvalidInputError, "order"),
        (LOGITS, TARGET, {"order": 14}, InvalidInputError, "order"),
        (LOGITS, TARGET, {"order": 2.0}, DtypeError, "order"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        taylor_softmax(logits, target, **options)
