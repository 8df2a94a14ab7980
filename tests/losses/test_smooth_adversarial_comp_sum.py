"""Smooth adversarial comp-sum beyond conformance: its two terms, an attack that moves nothing, and errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.comp_sum import comp_sum
from lossary.losses.classification.smooth_adversarial_comp_sum import (
    LOSS,
    margin_shift,
    smooth_adversarial_comp_sum,
)


def rows(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(6, 4, generator=generator, dtype=torch.float64)
    attacked = logits + torch.randn(6, 4, generator=generator, dtype=torch.float64)
    return logits, attacked, torch.randint(4, (6,), generator=generator)


def test_margin_shift_equals_the_norm_over_the_other_classes():
    logits, attacked, target = rows()
    expected = []
    for clean, moved, label in zip(logits, attacked, target.tolist(), strict=True):
        others = [k for k in range(4) if k != label]
        change = (moved[label] - moved[others]) - (clean[label] - clean[others])
        expected.append(change.norm())
    torch.testing.assert_close(
        margin_shift(logits, attacked, target, reduction="none"), torch.stack(expected)
    )


@given(seed=st.integers(0, 2**16), tau=st.floats(0.0, 3.0), rho=st.floats(0.3, 3.0), nu=st.floats(0.0, 4.0))
@settings(max_examples=25)
def test_is_comp_sum_of_scaled_margins_plus_the_weighed_shift(seed, tau, rho, nu):
    logits, attacked, target = rows(seed)
    loss = smooth_adversarial_comp_sum(logits, attacked, target, tau=tau, rho=rho, nu=nu)
    expected = comp_sum(logits / rho, target, tau=tau) + nu * margin_shift(logits, attacked, target)
    torch.testing.assert_close(loss, expected)


def test_an_attack_that_moves_nothing_costs_nothing_and_has_no_gradient():
    logits, _, target = rows()
    attacked = logits.clone().requires_grad_()
    loss = smooth_adversarial_comp_sum(logits, attacked, target)
    loss.backward()
    torch.testing.assert_close(loss.detach(), comp_sum(logits, target))
    assert not attacked.grad.any()


def test_the_second_derivative_is_finite_where_nothing_moved():
    logits, _, target = rows()
    attacked = logits.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(margin_shift(logits, attacked, target), attacked, create_graph=True)
    gradient.sum().backward()
    assert attacked.grad.isfinite().all()


def test_shifting_one_answer_as_a_whole_moves_no_margin():
    logits, attacked, target = rows(1)
    torch.testing.assert_close(
        margin_shift(logits, attacked + 3.0, target), margin_shift(logits, attacked, target)
    )


def test_ignored_rows_are_zero_and_leave_the_mean():
    logits, attacked, target = rows(2)
    target[[1, 4]] = -100
    kept = target >= 0
    values = smooth_adversarial_comp_sum(logits, attacked, target, reduction="none")
    assert not values[~kept].any()
    torch.testing.assert_close(
        smooth_adversarial_comp_sum(logits, attacked, target),
        smooth_adversarial_comp_sum(logits[kept], attacked[kept], target[kept]),
    )
    torch.testing.assert_close(
        margin_shift(logits, attacked, target), margin_shift(logits[kept], attacked[kept], target[kept])
    )


def test_a_single_class_costs_nothing():
    logits = torch.ones(3, 1, requires_grad=True)
    loss = smooth_adversarial_comp_sum(logits, logits.detach() + 1, torch.zeros(3, dtype=torch.int64))
    loss.backward()
    assert loss.item() == pytest.approx(0.0, abs=1e-11)
    assert not logits.grad.any()


def test_the_exact_metrics_are_those_of_both_answers():
    logits, attacked, target = torch.eye(3), torch.eye(3)[[0, 2, 1]], torch.arange(3)
    values = [metric(logits=logits, adversarial_logits=attacked, target=target) for metric in LOSS.pairs_with]
    assert values == pytest.approx([1.0, 0.0, 1 / 3, 2 / 3])


LOGITS, ATTACKED, TARGET = rows()


@pytest.mark.parametrize(
    ("attacked", "options", "error", "argument"),
    [
        (ATTACKED[:, :3], {}, ShapeError, "adversarial_logits"),
        (ATTACKED.long(), {}, DtypeError, "adversarial_logits"),
        (ATTACKED * math.inf, {}, InvalidInputError, "adversarial_logits"),
        (ATTACKED, {"rho": 0.0}, InvalidInputError, "rho"),
        (ATTACKED, {"nu": -1.0}, InvalidInputError, "nu"),
        (ATTACKED, {"tau": -1.0}, InvalidInputError, "tau"),
    ],
)
def test_bad_input_is_named(attacked, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        smooth_adversarial_comp_sum(LOGITS, attacked, TARGET, **options)
