"""The multi-view centroid beyond conformance: its special cases, views that cancel out, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.self_supervised.multiview_centroid import LOSS, multiview_centroid
from torch.nn.functional import cosine_similarity, normalize


def batch(views: int = 3, targets: int = 2, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    online, target = (
        torch.randn(v, 5, 4, generator=generator, dtype=torch.float64) for v in (views, targets)
    )
    return online, target


@given(seed=st.integers(0, 2**16), views=st.integers(1, 4), targets=st.integers(1, 4))
@settings(max_examples=25)
def test_is_the_squared_distance_of_the_centroids(seed, views, targets):
    online, target = batch(views, targets, seed)
    ends = (normalize(normalize(rows, dim=2).mean(0), dim=1) for rows in (online, target))
    expected = torch.sub(*ends).square().sum(1)
    torch.testing.assert_close(multiview_centroid(online, target, reduction="none"), expected)


def test_one_view_of_each_is_that_of_byol():
    online, target = batch(1, 1)
    expected = 2 - 2 * cosine_similarity(online[0], target[0])
    torch.testing.assert_close(multiview_centroid(online, target, reduction="none"), expected)


def test_the_order_of_views_and_of_images_does_not_matter():
    online, target = batch()
    order = torch.tensor([4, 2, 0, 1, 3])
    torch.testing.assert_close(
        multiview_centroid(online.flip(0)[:, order], target[:, order]), multiview_centroid(online, target)
    )


def test_every_view_weighs_the_same_whatever_its_length():
    online, target = batch()
    longer = online * torch.tensor([1e-3, 1.0, 1e6], dtype=torch.float64).reshape(3, 1, 1)
    torch.testing.assert_close(multiview_centroid(longer, target), multiview_centroid(online, target))


def test_views_that_cancel_out_give_two_and_a_finite_gradient():
    online = torch.tensor([[[0.6, 0.8]], [[-0.6, -0.8]]], requires_grad=True)
    loss = multiview_centroid(online, torch.tensor([[[1.0, 0.0]]]))
    loss.backward()
    assert loss.item() == 2
    assert online.grad.isfinite().all()


def test_without_images_it_is_zero_with_a_graph():
    online = torch.zeros(3, 0, 4, requires_grad=True)
    loss = multiview_centroid(online, torch.zeros(2, 0, 4))
    loss.backward()
    assert loss.item() == 0


def test_the_exact_metric_finds_images_by_their_centroids():
    (recall,) = LOSS.pairs_with
    online, _ = batch()
    assert recall(views=online, target_views=online[[1, 0, 2]]) == 1.0
    assert recall(views=online, target_views=-online) < 1.0


VIEWS, TARGETS = batch()


@pytest.mark.parametrize(
    ("views", "target_views", "error", "argument"),
    [
        (VIEWS[0], TARGETS, ShapeError, "views"),
        (VIEWS[:0], TARGETS, ShapeError, "views: .*at least one view"),
        (VIEWS, TARGETS[:0], ShapeError, "target_views: .*at least one view"),
        (VIEWS[..., :0], TARGETS[..., :0], ShapeError, "views: .*one column"),
        (VIEWS, TARGETS[:, :3], ShapeError, "target_views"),
        (VIEWS, TARGETS[..., :3], ShapeError, "target_views"),
        (VIEWS, TARGETS.int(), DtypeError, "target_views"),
        (VIEWS * math.nan, TARGETS, InvalidInputError, "views"),
    ],
)
def test_bad_input_is_named(views, target_views, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        multiview_centroid(views, target_views)
