"""Hyperbolic pairwise confusion beyond conformance: its distance, pairs, the released form, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.hyperbolic_pairwise_confusion import hyperbolic_pairwise_confusion
from lossary.training.poincare import (
    clip_features,
    exp_map_zero,
    mobius_add,
    poincare_distance,
    project_to_ball,
)


def batch(samples: int = 7, seed: int = 0) -> torch.Tensor:
    return torch.randn(samples, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(
    seed=st.integers(0, 2**16),
    samples=st.integers(2, 9),
    curvature=st.floats(0.01, 3),
    radius=st.floats(0.1, 5) | st.none(),
)
@settings(max_examples=30)
def test_is_the_distance_of_partners_in_the_ball(seed, samples, curvature, radius):
    embeddings = batch(samples, seed)
    half = samples // 2
    mapped = exp_map_zero(clip_features(embeddings, radius=radius), curvature=curvature)
    points = project_to_ball(mapped, curvature=curvature)
    expected = poincare_distance(points[:half], points[half : 2 * half], curvature=curvature)
    options = {"curvature": curvature, "clip_radius": radius}
    found = hyperbolic_pairwise_confusion(embeddings, **options, reduction="none")
    torch.testing.assert_close(found, expected)
    found = hyperbolic_pairwise_confusion(points, curvature=curvature, on_ball=True)
    torch.testing.assert_close(found, expected.mean())


@given(seed=st.integers(0, 2**16), curvature=st.floats(0.01, 1))
@settings(max_examples=20)
def test_the_released_form_is_the_arcus_tangent_of_the_sum_over_the_whole_batch(seed, curvature):
    points = batch(6, seed) / 9
    lengths = mobius_add(-points[:3], points[3:], curvature=curvature).norm(dim=1)
    expected = (2 / math.sqrt(curvature) * (math.sqrt(curvature) * lengths).atan()).sum() / 6
    options = {"inverse": "arctan", "denominator": "batch", "on_ball": True}
    torch.testing.assert_close(
        hyperbolic_pairwise_confusion(points, curvature=curvature, **options), expected
    )


def test_the_last_of_an_odd_number_is_left_out():
    embeddings = batch(7).requires_grad_()
    loss = hyperbolic_pairwise_confusion(embeddings)
    torch.testing.assert_close(loss, hyperbolic_pairwise_confusion(embeddings[:6]))
    loss.backward()
    assert not embeddings.grad[6].any()
    assert embeddings.grad[:6].any(1).all()


@pytest.mark.parametrize("samples", [0, 1])
@pytest.mark.parametrize("denominator", ["pairs", "batch"])
def test_less_than_a_pair_gives_zero_with_a_graph(samples, denominator):
    embeddings = torch.ones(samples, 3, requires_grad=True)
    loss = hyperbolic_pairwise_confusion(embeddings, denominator=denominator)
    loss.backward()
    assert loss.item() == 0


def test_equal_partners_have_no_distance_and_no_gradient():
    embeddings = batch(3).repeat(2, 1).requires_grad_()
    loss = hyperbolic_pairwise_confusion(embeddings)
    loss.backward()
    assert loss.item() == 0
    assert not embeddings.grad.any()


def test_training_brings_samples_together():
    embeddings = batch(20).requires_grad_()
    optimizer = torch.optim.Adam([embeddings], lr=0.05)
    generator = torch.Generator().manual_seed(0)
    before = embeddings.detach().std(0).mean()
    for _ in range(200):
        optimizer.zero_grad()
        hyperbolic_pairwise_confusion(embeddings[torch.randperm(20, generator=generator)]).backward()
        optimizer.step()
    assert embeddings.detach().std(0).mean() < before / 3


X = batch()


@pytest.mark.parametrize(
    ("embeddings", "options", "error", "argument"),
    [
        (X[0], {}, ShapeError, "embeddings"),
        (X[:, :0], {}, ShapeError, "embeddings"),
        (X.int(), {}, DtypeError, "embeddings"),
        (X * math.nan, {}, InvalidInputError, "embeddings"),
        (X * 9, {"on_ball": True}, InvalidInputError, "embeddings: .*points of the ball"),
        (X, {"curvature": 0.0}, InvalidInputError, "curvature"),
        (X, {"clip_radius": -1.0}, InvalidInputError, "clip_radius"),
        (X, {"inverse": "tanh"}, InvalidInputError, "inverse"),
        (X, {"denominator": "all"}, InvalidInputError, "denominator"),
        (X, {"reduction": "median", "denominator": "batch"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(embeddings, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        hyperbolic_pairwise_confusion(embeddings, **options)
