"""Order search beyond conformance: its modes, drawn orders, its metric and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.ranking.order_search import LOSS, order_search, sample_order


def sample(rows: int = 4, orders: int = 6, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return -5 * torch.rand(rows, orders, generator=generator, dtype=torch.float64)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_modes_stand_between_the_likeliest_order_and_the_mean_over_orders(seed):
    log_prob = sample(seed=seed)
    least, marginal, most = (
        order_search(log_prob, mode=mode, reduction="none") for mode in ("max", "marginal", "uniform")
    )
    torch.testing.assert_close(marginal, -log_prob.exp().mean(1).log())
    torch.testing.assert_close(most, -log_prob.mean(1))
    assert (least <= marginal).all()
    assert (marginal <= most).all()


def test_the_gradient_goes_to_the_likeliest_order_and_of_equal_ones_to_the_first():
    log_prob = torch.tensor([[-3.0, -1.0, -1.0]], requires_grad=True)
    order_search(log_prob).backward()
    assert log_prob.grad.tolist() == [[0, -1, 0]]


def test_one_order_is_the_same_in_every_mode():
    log_prob, only = sample(orders=1), torch.zeros(4, dtype=torch.long)
    for mode in ("uniform", "marginal", "sample"):
        torch.testing.assert_close(order_search(log_prob, only, mode=mode), order_search(log_prob))


def test_a_drawn_order_is_the_one_that_counts():
    log_prob, choice = sample(), torch.tensor([5, 0, 2, 2], dtype=torch.uint8)
    values = order_search(log_prob, choice, mode="sample", reduction="none")
    torch.testing.assert_close(values, -log_prob[range(4), [5, 0, 2, 2]])


def test_marginal_is_finite_at_very_unlikely_orders():
    log_prob = torch.tensor([[-1e4, -2e4]], requires_grad=True)
    loss = order_search(log_prob, mode="marginal")
    loss.backward()
    assert loss.item() == pytest.approx(1e4 + math.log(2))
    assert log_prob.grad.tolist() == [[-1, 0]]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_orders_are_drawn_as_often_as_they_are_likely(temperature):
    log_prob = torch.tensor([[0.5, 0.3, 0.2]]).log().expand(20_000, 3)
    drawn = sample_order(log_prob, temperature=temperature, generator=torch.Generator().manual_seed(0))
    share = torch.bincount(drawn, minlength=3) / 20_000
    expected = (log_prob[0] / temperature).softmax(0)
    torch.testing.assert_close(share, expected, rtol=0, atol=0.02)  # five standard errors


def test_a_generator_decides_the_draw():
    log_prob = sample(50)
    first, again = (sample_order(log_prob, generator=torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first, again)


def test_the_exact_metric_is_the_loss_of_the_likeliest_order():
    (metric,) = LOSS.pairs_with
    assert metric(log_prob=sample()) == pytest.approx(order_search(sample()).item())


LOG_PROB = sample()


@pytest.mark.parametrize(
    ("log_prob", "choice", "options", "error", "argument"),
    [
        (LOG_PROB[0], None, {}, ShapeError, "log_prob"),
        (LOG_PROB[:, :0], None, {}, ShapeError, "log_prob"),
        (LOG_PROB[:0], None, {}, InvalidInputError, "log_prob"),
        (LOG_PROB.long(), None, {}, DtypeError, "log_prob"),
        (LOG_PROB * math.nan, None, {}, InvalidInputError, "log_prob"),
        (LOG_PROB - math.inf, None, {}, InvalidInputError, "log_prob"),
        (LOG_PROB, None, {"mode": "sample"}, InvalidInputError, "choice: got None"),
        (LOG_PROB, torch.tensor([0, 1]), {"mode": "sample"}, ShapeError, "choice"),
        (LOG_PROB, torch.tensor([0, 1, 2, 6]), {"mode": "sample"}, InvalidInputError, "choice"),
        (LOG_PROB, torch.ones(4), {"mode": "sample"}, DtypeError, "choice"),
        (LOG_PROB, None, {"mode": "min"}, InvalidInputError, "mode"),
    ],
)
def test_bad_input_is_named(log_prob, choice, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        order_search(log_prob, choice, **options)


@pytest.mark.parametrize(
    ("log_prob", "temperature", "error", "argument"),
    [
        (LOG_PROB[0], 1.0, ShapeError, "log_prob"),
        (LOG_PROB[:0], 1.0, InvalidInputError, "log_prob"),
        (LOG_PROB, 0.0, InvalidInputError, "temperature"),
    ],
)
def test_bad_input_of_a_draw_is_named(log_prob, temperature, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        sample_order(log_prob, temperature=temperature)
