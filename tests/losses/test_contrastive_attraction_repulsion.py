"""Contrastive attraction and repulsion beyond conformance: loops, its weights, few views, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.contrastive_learning.alignment import alignment
from lossary.losses.contrastive_learning.contrastive_attraction_repulsion import (
    LOSS,
    contrastive_attraction_repulsion,
    contrastive_attraction_repulsion_terms,
)


def batch(views: int = 3, items: int = 4, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(views, items, 3, generator=generator, dtype=torch.float64)


def weighted(costs, slope):
    raised = [math.exp(slope * cost) for cost in costs]
    return sum(weight * cost for weight, cost in zip(raised, costs, strict=True)) / sum(raised)


@given(
    seed=st.integers(0, 2**16),
    views=st.integers(2, 4),
    near=st.floats(0.1, 3),
    far=st.floats(0.1, 3),
    normalize=st.booleans(),
)
@settings(max_examples=25)
def test_equals_plain_loops(seed, views, near, far, normalize):
    rows = batch(views, 4, seed) / 2
    options = {"positive_temperature": far, "negative_temperature": near, "normalize": normalize}
    found = contrastive_attraction_repulsion_terms(rows, **options)
    if normalize:
        rows = torch.nn.functional.normalize(rows, dim=2)

    def cost(v, n, u, m):
        return float((rows[v, n] - rows[u, m]).square().sum())

    pull = [
        weighted([cost(v, n, u, n) for u in range(views) if u != v], far)
        for v in range(views)
        for n in range(4)
    ]
    push = [
        weighted([cost(v, n, u, m) for m in range(4) if m != n], -near)
        for v in range(views)
        for u in range(v + 1, views)
        for n in range(4)
    ]
    assert found.attraction.item() == pytest.approx(sum(pull) / len(pull))
    assert found.repulsion.item() == pytest.approx(-sum(push) / len(push))
    torch.testing.assert_close(found.loss, found.attraction + found.repulsion)


def test_two_views_attract_as_alignment():
    views = batch(2)
    found = contrastive_attraction_repulsion_terms(views, positive_temperature=3.0)
    torch.testing.assert_close(found.attraction, alignment(views[0], views[1]))


def test_softmax_weights_pull_and_push_more_than_uniform_ones():
    views = batch()
    soft = contrastive_attraction_repulsion_terms(views)
    uniform = contrastive_attraction_repulsion_terms(views, uniform_positive=True, uniform_negative=True)
    assert soft.attraction > uniform.attraction
    assert soft.repulsion > uniform.repulsion


def test_identical_views_have_no_attraction_and_no_nan():
    views = batch(1).expand(3, -1, -1).clone().requires_grad_()
    found = contrastive_attraction_repulsion_terms(views)
    found.loss.backward()
    assert found.attraction.item() == 0
    assert views.grad.isfinite().all()


def test_detached_weights_change_the_gradient_alone():
    results = []
    for detach in (False, True):
        views = batch().requires_grad_()
        loss = contrastive_attraction_repulsion(views, detach_weights=detach)
        loss.backward()
        results.append((loss.detach(), views.grad))
    assert torch.equal(results[0][0], results[1][0])
    assert not torch.allclose(results[0][1], results[1][1])


def test_the_order_of_items_does_not_matter():
    views = batch()
    torch.testing.assert_close(
        contrastive_attraction_repulsion(views[:, [2, 0, 3, 1]]), contrastive_attraction_repulsion(views)
    )


@pytest.mark.parametrize("normalize", [True, False])
def test_one_item_leaves_attraction_and_none_leave_zero(normalize):
    one = contrastive_attraction_repulsion_terms(batch(items=1), normalize=normalize)
    assert one.repulsion.item() == 0
    assert one.attraction.item() > 0
    views = batch(items=0).requires_grad_()
    loss = contrastive_attraction_repulsion(views, normalize=normalize)
    loss.backward()
    assert loss.item() == 0


def test_the_exact_metric_looks_for_the_second_view():
    (recall,) = LOSS.pairs_with
    assert recall(views=torch.eye(3).expand(2, 3, 3)) == 1.0
    assert recall(views=torch.stack([torch.eye(3), torch.eye(3).roll(1, 0)])) == 0.0


@pytest.mark.parametrize(
    ("views", "options", "error", "message"),
    [
        (batch(1), {}, ShapeError, "views: .*at least two views"),
        (batch()[..., :0], {}, ShapeError, "views: .*one column"),
        (batch()[0], {}, ShapeError, "views"),
        (batch().int(), {}, DtypeError, "views"),
        (batch() * math.nan, {}, InvalidInputError, "views"),
        (batch().float() * 1e25, {"normalize": False}, InvalidInputError, "views: .*overflow"),
        (batch(), {"positive_temperature": 0.0}, InvalidInputError, "positive_temperature"),
        (batch(), {"negative_temperature": -1.0}, InvalidInputError, "negative_temperature"),
        (batch(), {"attraction_weight": -1.0}, InvalidInputError, "attraction_weight"),
        (batch(), {"repulsion_weight": -1.0}, InvalidInputError, "repulsion_weight"),
    ],
)
def test_bad_input_is_named(views, options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        contrastive_attraction_repulsion(views, **options)
