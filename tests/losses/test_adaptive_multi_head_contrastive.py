"""Adaptive multi-head contrastive beyond conformance: NT-Xent per head, the regularizer, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.contrastive_learning.adaptive_multi_head_contrastive import (
    LOSS,
    adaptive_multi_head_contrastive,
    adaptive_multi_head_contrastive_terms,
    adaptive_temperature,
)
from lossary.losses.contrastive_learning.nt_xent import nt_xent


def batch(heads: int = 2, items: int = 3, seed: int = 0) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    view1, view2 = (torch.randn(heads, items, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    temperature = torch.rand(heads, 2 * items, 2 * items, generator=generator, dtype=torch.float64)
    return view1, view2, 0.2 + temperature


@given(seed=st.integers(0, 2**16), temperature=st.floats(0.1, 2))
@settings(max_examples=20)
def test_a_constant_temperature_is_the_mean_of_nt_xent(seed, temperature):
    view1, view2, matrix = batch(seed=seed)
    found = adaptive_multi_head_contrastive(
        view1, view2, torch.full_like(matrix, temperature), regularization=0.0
    )
    heads = [nt_xent(*views, temperature=temperature) for views in zip(view1, view2, strict=True)]
    torch.testing.assert_close(found, sum(heads) / 2)


def test_each_pair_has_its_own_temperature():
    view1, view2, temperature = batch(1)
    rows = torch.nn.functional.normalize(torch.cat([view1[0], view2[0]]), dim=1)
    quotients = (rows @ rows.T / temperature[0]).fill_diagonal_(-math.inf)
    expected = torch.nn.functional.cross_entropy(quotients, torch.arange(6).roll(3))
    found = adaptive_multi_head_contrastive_terms(view1, view2, temperature)
    torch.testing.assert_close(found.contrastive, expected)
    torch.testing.assert_close(found.loss, expected + 0.1 * found.regularizer)


@pytest.mark.parametrize(("dim", "best"), [(None, 0.5), (4, 0.5), (10, 0.2)])
def test_the_regularizer_is_least_at_two_over_dim(dim, best):
    view1, view2, matrix = batch()
    temperature = torch.full_like(matrix, best).requires_grad_()
    regularizer = adaptive_multi_head_contrastive_terms(view1, view2, temperature, dim=dim).regularizer
    regularizer.backward()
    assert regularizer.item() == pytest.approx((math.log(best) + 1) / best)
    torch.testing.assert_close(temperature.grad, torch.zeros_like(matrix))


def test_the_diagonal_of_the_temperatures_has_no_effect_and_no_gradient():
    view1, view2, temperature = batch()
    other = temperature.clone()
    other.diagonal(dim1=1, dim2=2).zero_()
    other.requires_grad_()
    loss = adaptive_multi_head_contrastive(view1, view2, other)
    loss.backward()
    torch.testing.assert_close(loss, adaptive_multi_head_contrastive(view1, view2, temperature))
    assert not other.grad.diagonal(dim1=1, dim2=2).any()
    assert other.grad.any()


def test_the_order_of_items_does_not_matter():
    view1, view2, temperature = batch()
    order = torch.tensor([2, 0, 1])
    rows = torch.cat([order, order + 3])
    torch.testing.assert_close(
        adaptive_multi_head_contrastive(view1[:, order], view2[:, order], temperature[:, rows][:, :, rows]),
        adaptive_multi_head_contrastive(view1, view2, temperature),
    )


@pytest.mark.parametrize(("heads", "items"), [(2, 0), (0, 3)])
def test_without_items_or_heads_it_is_zero_with_a_graph(heads, items):
    view1, view2, temperature = batch(heads, items)
    view1.requires_grad_()
    loss = adaptive_multi_head_contrastive(view1, view2, temperature)
    loss.backward()
    assert loss.item() == 0


def test_one_item_leaves_the_temperatures():
    terms = adaptive_multi_head_contrastive_terms(*batch(items=1))
    assert terms.contrastive.item() == 0
    assert terms.regularizer.item() != 0


def test_the_least_temperature_is_finite_in_float16():
    view1, view2, matrix = (tensor.half() for tensor in batch())
    temperature = adaptive_temperature(torch.full_like(matrix, -50.0), lower=1e-3)
    assert adaptive_multi_head_contrastive(view1, view2, temperature).isfinite()


def test_temperatures_run_from_the_lower_to_the_upper_bound():
    found = adaptive_temperature(torch.tensor([-100.0, 0.0, 100.0]), lower=0.5)
    torch.testing.assert_close(found, torch.tensor([0.5, 1.25, 2.0]))
    assert adaptive_temperature(torch.tensor([-100.0])).item() == pytest.approx(1e-5)


def test_the_exact_metric_is_the_mean_over_heads():
    (recall,) = LOSS.pairs_with
    view1 = torch.eye(2).expand(2, 2, 2)
    view2 = torch.stack([torch.eye(2), torch.eye(2).flip(0)])
    assert recall(view1=view1, view2=view2, temperature=torch.ones(2, 4, 4)) == 0.5


VIEW1, VIEW2, TEMPERATURE = batch()


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((VIEW1[0], VIEW2[0], TEMPERATURE), {}, ShapeError, "view1: .*heads, batch, dim"),
        ((VIEW1, VIEW2[:, :2], TEMPERATURE), {}, ShapeError, "view2"),
        ((VIEW1, VIEW2, TEMPERATURE[:, :3, :3]), {}, ShapeError, "temperature"),
        ((VIEW1, VIEW2, TEMPERATURE.int()), {}, DtypeError, "temperature"),
        ((VIEW1, VIEW2, TEMPERATURE * math.nan), {}, InvalidInputError, "temperature"),
        ((VIEW1, VIEW2, TEMPERATURE - 0.7), {}, InvalidInputError, "temperature: got -"),
        ((VIEW1, VIEW2, 0 * TEMPERATURE), {}, InvalidInputError, "temperature: got 0"),
        ((VIEW1, VIEW2, TEMPERATURE), {"regularization": -1.0}, InvalidInputError, "regularization"),
        ((VIEW1, VIEW2, TEMPERATURE), {"dim": 0}, InvalidInputError, "dim"),
        ((VIEW1, VIEW2, TEMPERATURE), {"dim": 2.0}, DtypeError, "dim"),
    ],
)
def test_bad_input_is_named(arguments, options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        adaptive_multi_head_contrastive(*arguments, **options)


@pytest.mark.parametrize(
    ("logit", "options", "error", "message"),
    [
        (torch.ones(2, dtype=torch.int64), {}, DtypeError, "logit"),
        (torch.tensor([math.nan]), {}, InvalidInputError, "logit"),
        (torch.zeros(1), {"lower": 0.0}, InvalidInputError, "lower"),
        (torch.zeros(1), {"upper": 0.5, "lower": 0.5}, InvalidInputError, "upper: got 0.5 with lower=0.5"),
    ],
)
def test_bad_bounds_of_temperatures_are_named(logit, options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        adaptive_temperature(logit, **options)
