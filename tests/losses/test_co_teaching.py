"""Co-teaching beyond conformance: the exchange, what is kept, its schedule, metrics and errors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.classification.co_teaching import (
    LOSS,
    co_teaching,
    co_teaching_terms,
    forget_rate_schedule,
    small_loss_selection,
)
from torch.nn import functional


def rows(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits1, logits2 = torch.randn(2, 10, 4, generator=generator, dtype=torch.float64)
    return logits1, logits2, torch.randint(4, (10,), generator=generator)


@given(seed=st.integers(0, 2**16), forget_rate=st.floats(0.0, 0.99))
@settings(max_examples=25)
def test_each_network_learns_from_what_the_other_finds_easiest(seed, forget_rate):
    logits1, logits2, target = rows(seed)
    value1, value2 = (functional.cross_entropy(z, target, reduction="none") for z in (logits1, logits2))
    kept = int((1 - forget_rate) * 10)
    terms = co_teaching_terms(logits1, logits2, target, forget_rate=forget_rate)
    if kept == 0:
        assert terms == (0, 0, 0)
        return
    torch.testing.assert_close(terms.loss1, value1[value2.argsort()[:kept]].mean())
    torch.testing.assert_close(terms.loss2, value2[value1.argsort()[:kept]].mean())
    torch.testing.assert_close(terms.loss, terms.loss1 + terms.loss2)


def test_without_forgetting_it_is_the_sum_of_both_cross_entropies():
    logits1, logits2, target = rows(1)
    torch.testing.assert_close(
        co_teaching(logits1, logits2, target, forget_rate=0.0),
        functional.cross_entropy(logits1, target) + functional.cross_entropy(logits2, target),
    )


def test_samples_that_are_left_out_receive_no_gradient():
    logits1, logits2, target = rows(2)
    logits1.requires_grad_()
    co_teaching(logits1, logits2, target, forget_rate=0.5).backward()
    easy = small_loss_selection(functional.cross_entropy(logits2, target, reduction="none"), forget_rate=0.5)
    touched = logits1.grad.abs().sum(1).nonzero().squeeze(1)
    assert touched.tolist() == sorted(easy.tolist())


def test_of_equal_losses_the_first_are_kept():
    assert small_loss_selection(torch.tensor([1.0, 0.5, 1.0, 1.0]), forget_rate=0.25).tolist() == [1, 0, 2]


@pytest.mark.parametrize(("forget_rate", "count"), [(0.0, 10), (0.2, 8), (0.7, 3), (0.95, 0)])
def test_the_number_kept_is_rounded_down(forget_rate, count):
    assert int((1 - forget_rate) * 10) == count
    assert len(small_loss_selection(torch.rand(10), forget_rate=forget_rate)) == count


@pytest.mark.parametrize("size", [0, 1])
def test_where_nothing_is_kept_the_loss_is_zero_with_a_graph(size):
    logits = torch.zeros(size, 3, requires_grad=True)
    loss = co_teaching(logits, logits.detach(), torch.zeros(size, dtype=torch.int64), forget_rate=0.5)
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


@pytest.mark.parametrize("gradual_epochs", [1, 2, 7])
def test_the_schedule_rises_in_equal_steps_and_stays(gradual_epochs):
    rates = [
        forget_rate_schedule(epoch, gradual_epochs=gradual_epochs, forget_rate=0.3) for epoch in range(10)
    ]
    rising = np.linspace(0, 0.3, gradual_epochs)
    np.testing.assert_allclose(rates, [*rising, *[0.3] * (10 - gradual_epochs)])


def test_the_exact_metrics_are_those_of_both_networks():
    logits1, logits2, target = 50 * torch.eye(4), 50 * torch.eye(4)[[0, 1, 3, 2]], torch.arange(4)
    values = [metric(logits1=logits1, logits2=logits2, target=target) for metric in LOSS.pairs_with]
    assert values == pytest.approx([1.0, 0.5, 0.0, 0.5])


LOGITS1, LOGITS2, TARGET = rows()


@pytest.mark.parametrize(
    ("logits1", "logits2", "target", "options", "error", "argument"),
    [
        (LOGITS1[0], LOGITS2, TARGET, {}, ShapeError, "logits1"),
        (LOGITS1.long(), LOGITS2, TARGET, {}, DtypeError, "logits1"),
        (LOGITS1, LOGITS2[:, :3], TARGET, {}, ShapeError, "logits2"),
        (LOGITS1, LOGITS2 * math.nan, TARGET, {}, InvalidInputError, "logits2"),
        (LOGITS1, LOGITS2, TARGET + 4, {}, InvalidInputError, "target"),
        (LOGITS1, LOGITS2, TARGET, {"forget_rate": 1.0}, InvalidInputError, "forget_rate"),
        (LOGITS1, LOGITS2, TARGET, {"forget_rate": -0.1}, InvalidInputError, "forget_rate"),
    ],
)
def test_bad_input_is_named(logits1, logits2, target, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        co_teaching(logits1, logits2, target, **options)


def test_the_schedule_names_what_is_wrong():
    with pytest.raises(InvalidInputError, match=r"^epoch: "):
        forget_rate_schedule(-1, gradual_epochs=3, forget_rate=0.2)
    with pytest.raises(InvalidInputError, match=r"^gradual_epochs: "):
        forget_rate_schedule(0, gradual_epochs=0, forget_rate=0.2)
    with pytest.raises(DtypeError, match=r"^epoch: "):
        forget_rate_schedule(0.5, gradual_epochs=3, forget_rate=0.2)
