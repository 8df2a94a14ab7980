"""Comp-sum beyond conformance: the members of the family, its gradient, ignored rows and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.comp_sum import LOSS, comp_sum
from torch.nn import functional


def rows(seed: int = 0, classes: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(7, classes, generator=generator, dtype=torch.float64)
    return logits, torch.randint(classes, (7,), generator=generator)


def odds(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The sum of exponentials over the other classes, term by term."""
    values = [
        sum(math.exp(row[k] - row[label]) for k in range(len(row)) if k != label)
        for row, label in zip(logits.tolist(), target.tolist(), strict=True)
    ]
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("tau", [0.0, 0.3, 1.7, 2.0, 4.0])
def test_equals_the_formula_read_literally(tau):
    logits, target = rows()
    expected = ((1 + odds(logits, target)) ** (1 - tau) - 1) / (1 - tau)
    torch.testing.assert_close(comp_sum(logits, target, tau=tau, reduction="none"), expected)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_one_is_cross_entropy(reduction):
    logits, target = rows(1)
    target[2] = -100
    torch.testing.assert_close(
        comp_sum(logits, target, reduction=reduction),
        functional.cross_entropy(logits, target, reduction=reduction),
    )


def test_two_is_half_the_distance_to_one_hot():
    logits, target = rows(2)
    distance = (logits.softmax(1) - functional.one_hot(target, 5)).abs().sum(1)
    torch.testing.assert_close(comp_sum(logits, target, tau=2.0, reduction="none"), distance / 2)


@given(seed=st.integers(0, 2**16), q=st.floats(0.01, 1.0))
@settings(max_examples=25)
def test_above_one_is_generalised_cross_entropy(seed, q):
    logits, target = rows(seed)
    p = logits.softmax(1).gather(1, target.unsqueeze(1)).squeeze(1)
    torch.testing.assert_close(comp_sum(logits, target, tau=1 + q, reduction="none"), (1 - p**q) / q)


@given(seed=st.integers(0, 2**16), tau=st.floats(0.0, 3.0))
@settings(max_examples=25)
def test_gradient_is_that_of_cross_entropy_times_a_power_of_p(seed, tau):
    logits, target = rows(seed)
    logits.requires_grad_()
    comp_sum(logits, target, tau=tau, reduction="sum").backward()
    p = logits.detach().softmax(1)
    expected = (p - functional.one_hot(target, 5)) * p.gather(1, target.unsqueeze(1)) ** (tau - 1)
    torch.testing.assert_close(logits.grad, expected)


@pytest.mark.parametrize("tau", [1 - 1e-6, 1 + 1e-7, 1 + 1e-9])
def test_near_one_it_runs_into_cross_entropy(tau):
    logits, target = (value.float() if value.is_floating_point() else value for value in rows(3))
    torch.testing.assert_close(
        comp_sum(logits, target, tau=tau), comp_sum(logits, target), rtol=1e-5, atol=0.0
    )


@pytest.mark.parametrize("tau", [0.5, 1.0, 2.0])
def test_ignored_rows_are_zero_and_leave_the_mean(tau):
    logits, target = rows(4)
    target[[0, 3]] = -1
    values = comp_sum(logits, target, tau=tau, ignore_index=-1, reduction="none")
    kept = target >= 0
    assert not values[~kept].any()
    torch.testing.assert_close(
        comp_sum(logits, target, tau=tau, ignore_index=-1), comp_sum(logits[kept], target[kept], tau=tau)
    )


def test_an_ignored_row_that_overflows_leaves_the_gradient_of_the_others_alone():
    logits = torch.tensor([[0.0, 500.0], [1.0, 0.0]], requires_grad=True)
    comp_sum(logits, torch.tensor([-100, 0]), tau=0.0).backward()
    assert logits.grad.isfinite().all()
    assert not logits.grad[0].any()
    assert logits.grad[1].all()


def test_below_one_an_overflow_is_not_hidden():
    loss = comp_sum(torch.tensor([[0.0, 500.0]]), torch.tensor([0]), tau=0.0)
    assert loss.item() == math.inf


@pytest.mark.parametrize("tau", [0.0, 1.0, 2.0])
def test_a_single_class_and_an_empty_batch_give_zero_with_a_graph(tau):
    for logits in (torch.ones(3, 1, requires_grad=True), torch.ones(0, 4, requires_grad=True)):
        loss = comp_sum(logits, torch.zeros(len(logits), dtype=torch.int64), tau=tau)
        loss.backward()
        assert loss.item() == 0
        assert not logits.grad.any()


def test_two_on_confident_rows_is_the_zero_one_loss():
    logits = torch.tensor([[8.0, -8.0], [-8.0, 8.0], [8.0, -8.0]])
    target = torch.tensor([0, 0, 1])
    _, metric = LOSS.pairs_with
    assert comp_sum(logits, target, tau=2.0).item() == pytest.approx(
        metric(logits=logits, target=target), abs=1e-6
    )


LOGITS, TARGET = rows()


@pytest.mark.parametrize(
    ("logits", "target", "options", "error", "argument"),
    [
        (LOGITS[0], TARGET, {}, ShapeError, "logits"),
        (LOGITS[:, :0], TARGET, {}, ShapeError, "logits"),
        (LOGITS.long(), TARGET, {}, DtypeError, "logits"),
        (LOGITS * math.nan, TARGET, {}, InvalidInputError, "logits"),
        (LOGITS, TARGET[:3], {}, ShapeError, "target"),
        (LOGITS, TARGET.double(), {}, DtypeError, "target"),
        (LOGITS, TARGET + 5, {}, InvalidInputError, "target"),
        (LOGITS, TARGET, {"tau": -0.1}, InvalidInputError, "tau"),
        (LOGITS, TARGET, {"tau": math.nan}, InvalidInputError, "tau"),
        (LOGITS, TARGET, {"ignore_index": 1.0}, DtypeError, "ignore_index"),
    ],
)
def test_bad_input_is_named(logits, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        comp_sum(logits, target, **options)
