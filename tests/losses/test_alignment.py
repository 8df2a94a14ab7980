"""Alignment beyond conformance: cosines, coinciding views, powers, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.contrastive_learning.alignment import LOSS, alignment
from torch.nn.functional import cosine_similarity


def batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    view1, view2 = (torch.randn(5, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    return view1, view2


@given(seed=st.integers(0, 2**16), power=st.floats(0.3, 4))
@settings(max_examples=25)
def test_is_the_mean_power_of_the_distance(seed, power):
    view1, view2 = batch(seed)
    distance = (2 - 2 * cosine_similarity(view1, view2)).sqrt()
    torch.testing.assert_close(alignment(view1, view2, power=power), distance.pow(power).mean())
    raw = (view1 - view2).norm(dim=1).pow(power).mean()
    torch.testing.assert_close(alignment(view1, view2, power=power, normalize=False), raw)


def test_the_square_and_the_power_of_two_agree():
    view1, view2 = batch()
    torch.testing.assert_close(alignment(view1, view2), alignment(view1, view2, power=2 + 1e-12))


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0, 3.0])
def test_coinciding_views_have_zero_and_no_gradient(power):
    view1, view2 = batch()[0].requires_grad_(), batch()[0]
    loss = alignment(view1, view2, power=power)
    loss.backward()
    assert loss.item() == 0
    torch.testing.assert_close(view1.grad, torch.zeros_like(view1))


def test_views_that_coincide_do_not_stop_the_others():
    view1, view2 = batch()
    view2[0] = view1[0]
    view1.requires_grad_()
    alignment(view1, view2, power=1.0).backward()
    assert view1.grad.any(1).tolist() == [False, True, True, True, True]


def test_distances_whose_squares_overflow_are_finite():
    view = torch.tensor([[3e30, 4e30]])
    assert alignment(view, 0 * view, power=1.0, normalize=False).item() == pytest.approx(5e30)


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_without_items_it_is_zero_with_a_graph(power):
    view = torch.zeros(0, 3, requires_grad=True)
    loss = alignment(view, torch.zeros(0, 3), power=power)
    loss.backward()
    assert loss.item() == 0


def test_exact_metrics_look_for_the_other_view():
    for metric in LOSS.pairs_with:
        assert metric(view1=torch.eye(3), view2=2 * torch.eye(3)) == 1.0
    recall, *_ = LOSS.pairs_with
    assert recall(view1=torch.eye(3), view2=torch.eye(3).roll(1, 0)) == 0.0


VIEW1, VIEW2 = batch()


@pytest.mark.parametrize(
    ("arguments", "power", "error", "message"),
    [
        ((VIEW1[0], VIEW2[0]), 2.0, ShapeError, "view1"),
        ((VIEW1[:, :0], VIEW2[:, :0]), 2.0, ShapeError, "view1: .*one column"),
        ((VIEW1, VIEW2[:4]), 2.0, ShapeError, "view2: .*as view1"),
        ((VIEW1, VIEW2.int()), 2.0, DtypeError, "view2"),
        ((VIEW1, VIEW2 * math.nan), 2.0, InvalidInputError, "view2"),
        ((VIEW1, VIEW2), 0.0, InvalidInputError, "power"),
    ],
)
def test_bad_input_is_named(arguments, power, error, message):
    with pytest.raises(error, match=f"^{message}"):
        alignment(*arguments, power=power)
