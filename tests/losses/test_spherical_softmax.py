"""Spherical softmax beyond conformance: its formula and gradient, signs, zero scores and errors."""

import math

import pytest
import torch
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.spherical_softmax import LOSS, spherical_softmax
from torch.nn import functional


def rows(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(6, 5, generator=generator, dtype=torch.float64)
    return logits, torch.randint(5, (6,), generator=generator)


@pytest.mark.parametrize("eps", [1e-6, 0.3])
def test_equals_the_formula_and_its_closed_gradient(eps):
    logits, target = rows()
    logits.requires_grad_()
    weight = logits.detach().square() + eps
    own = weight.gather(1, target.unsqueeze(1))
    values = spherical_softmax(logits, target, eps=eps, reduction="none")
    torch.testing.assert_close(values.detach(), -(own / weight.sum(1, keepdim=True)).log().squeeze(1))
    values.sum().backward()
    onehot = functional.one_hot(target, 5)
    expected = 2 * logits.detach() * (1 / weight.sum(1, keepdim=True) - onehot / own)
    torch.testing.assert_close(logits.grad, expected)


def test_the_sign_of_a_score_does_not_matter():
    logits, target = rows(1)
    torch.testing.assert_close(spherical_softmax(logits, target), spherical_softmax(logits.abs(), target))
    for metric in LOSS.pairs_with:
        assert metric(logits=logits, target=target) == metric(logits=-logits.abs(), target=target)


def test_a_right_score_of_zero_costs_a_finite_loss_without_a_gradient_on_it():
    logits = torch.tensor([[0.0, 1.0]], requires_grad=True)
    loss = spherical_softmax(logits, torch.tensor([0]))
    loss.backward()
    assert loss.item() == pytest.approx(math.log(1e6), rel=1e-5)
    assert logits.grad[0, 0] == 0


def test_a_single_class_and_an_empty_batch_give_zero_with_a_graph():
    for logits in (torch.ones(3, 1, requires_grad=True), torch.ones(0, 4, requires_grad=True)):
        loss = spherical_softmax(logits, torch.zeros(len(logits), dtype=torch.int64))
        loss.backward()
        assert loss.item() == 0
        assert not logits.grad.any()


LOGITS, TARGET = rows()


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (LOGITS[:, :0], TARGET, {}, ShapeError, "logits"),
        (LOGITS.long(), TARGET, {}, DtypeError, "logits"),
        (LOGITS, TARGET - 5, {}, InvalidInputError, "target"),
        (LOGITS, TARGET, {"eps": 0.0}, InvalidInputError, "eps"),
        (LOGITS, TARGET, {"reduction": "max"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        spherical_softmax(logits, target, **options)
