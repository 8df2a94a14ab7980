"""Hyperbolic cross-entropy beyond conformance: the literal formula, the flat limit, its module, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.hyperbolic_cross_entropy import (
    LOSS,
    HyperbolicCrossEntropy,
    hyperbolic_cross_entropy,
    hyperbolic_logits,
)
from lossary.training.poincare import clip_features, exp_map_zero, mobius_add, project_to_ball
from torch.nn.functional import cross_entropy


def batch(items: int = 7, classes: int = 3, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(items, 4, generator=generator, dtype=torch.float64)
    weight, offset = torch.randn(2, classes, 4, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(classes, (items,), generator=generator), weight, offset


@given(seed=st.integers(0, 2**16), c=st.floats(0.01, 2), radius=st.floats(0.1, 3) | st.none())
@settings(max_examples=30)
def test_equals_the_formula_read_literally(seed, c, radius):
    embeddings, labels, weight, offset = batch(seed=seed)
    mapped = exp_map_zero(clip_features(embeddings, radius=radius), curvature=c)
    points = project_to_ball(mapped, curvature=c)
    through = project_to_ball(exp_map_zero(offset, curvature=c), curvature=c)
    shape = (len(points), *offset.shape)
    moved = mobius_add(-through.expand(shape), points.unsqueeze(1).expand(shape), curvature=c)
    share = 1 - c * through.square().sum(1)
    normal = weight * share.unsqueeze(1)
    length = normal.norm(dim=1)
    inner = 2 * math.sqrt(c) * (moved * normal).sum(-1) / (length * (1 - c * moved.square().sum(-1)))
    logits = 2 / share * length / math.sqrt(c) * inner.asinh()
    options = {"curvature": c, "clip_radius": radius}
    torch.testing.assert_close(hyperbolic_logits(embeddings, weight, offset, **options), logits)
    found = hyperbolic_cross_entropy(embeddings, labels, weight, offset, **options, reduction="none")
    torch.testing.assert_close(found, cross_entropy(logits, labels, reduction="none"))


def test_without_curvature_the_scores_are_linear():
    embeddings, _, weight, offset = batch()
    logits = hyperbolic_logits(embeddings, weight, offset, curvature=1e-12, clip_radius=None)
    linear = 4 * (embeddings @ weight.T - (offset * weight).sum(1))
    torch.testing.assert_close(logits, linear, rtol=1e-6, atol=1e-6)


def test_a_point_on_the_hyperplane_scores_zero_and_the_sides_have_signs():
    weight, offset = torch.tensor([[0.0, 2.0]]), torch.tensor([[0.3, 0.5]])
    along = torch.tensor([[0.3, 0.5], [0.3, 0.9], [0.3, 0.1]])
    logits = hyperbolic_logits(along, weight, offset, clip_radius=None).flatten()
    assert logits[0].item() == pytest.approx(0, abs=1e-6)
    assert logits[1] > 0 > logits[2]


def test_long_offsets_and_features_stay_finite_in_single_precision():
    inputs = [value.float() if value.is_floating_point() else value for value in batch()]
    leaves = [inputs[0], inputs[2], inputs[3]]
    for leaf in leaves:
        leaf *= 1e4
        leaf.requires_grad_()
    loss = hyperbolic_cross_entropy(*inputs, curvature=1.0, clip_radius=None)
    assert loss.isfinite()
    assert all(gradient.isfinite().all() for gradient in torch.autograd.grad(loss, leaves))


def test_no_items_and_one_class_give_zero_with_a_graph():
    embeddings, labels, weight, offset = batch(classes=1)
    for count in (0, 7):
        rows = embeddings[:count].clone().requires_grad_()
        loss = hyperbolic_cross_entropy(rows, labels[:count], weight, offset)
        loss.backward()
        assert loss.item() == 0


def test_the_module_learns_to_tell_classes_apart():
    torch.manual_seed(0)
    labels = torch.arange(60) % 3
    embeddings = torch.randn(60, 4) / 4 + torch.eye(3, 4)[labels]
    criterion = HyperbolicCrossEntropy(3, 4, curvature=0.5)
    optimizer = torch.optim.Adam(criterion.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        criterion(embeddings, labels).backward()
        optimizer.step()
    assert criterion.offset.detach().any()
    again = HyperbolicCrossEntropy(3, 4, curvature=0.5)
    again.load_state_dict(criterion.state_dict())
    assert again(embeddings, labels) == criterion(embeddings, labels)
    inputs = {"weight": criterion.weight.detach(), "offset": criterion.offset.detach()}
    accuracy, error_rate, accepted = (
        metric(embeddings=embeddings, labels=labels, **inputs) for metric in LOSS.pairs_with
    )
    assert accuracy > 0.95
    assert error_rate < 0.05
    assert accepted > 0.9


EMBEDDINGS, LABELS, WEIGHT, OFFSET = batch()


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((EMBEDDINGS[0], LABELS, WEIGHT, OFFSET), {}, ShapeError, "embeddings"),
        ((EMBEDDINGS, LABELS[1:], WEIGHT, OFFSET), {}, ShapeError, "labels"),
        ((EMBEDDINGS, LABELS, WEIGHT[:, 1:], OFFSET), {}, ShapeError, "weight"),
        ((EMBEDDINGS, LABELS, WEIGHT[:0], OFFSET[:0]), {}, ShapeError, "weight: .*one row"),
        ((EMBEDDINGS, LABELS, WEIGHT, OFFSET[1:]), {}, ShapeError, "offset"),
        ((EMBEDDINGS, LABELS, WEIGHT.int(), OFFSET), {}, DtypeError, "weight"),
        ((EMBEDDINGS, LABELS, WEIGHT, OFFSET.int()), {}, DtypeError, "offset"),
        ((EMBEDDINGS, LABELS + 3, WEIGHT, OFFSET), {}, InvalidInputError, "labels"),
        ((EMBEDDINGS, LABELS, WEIGHT * 0, OFFSET), {}, InvalidInputError, "weight: got zeros only"),
        ((EMBEDDINGS, LABELS, WEIGHT, OFFSET * math.nan), {}, InvalidInputError, "offset"),
        ((EMBEDDINGS * 9, LABELS, WEIGHT, OFFSET), {"on_ball": True}, InvalidInputError, "embeddings"),
        ((EMBEDDINGS, LABELS, WEIGHT, OFFSET), {"curvature": 0.0}, InvalidInputError, "curvature"),
        ((EMBEDDINGS, LABELS, WEIGHT, OFFSET), {"clip_radius": 0.0}, InvalidInputError, "clip_radius"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        hyperbolic_cross_entropy(*inputs, **options)


@pytest.mark.parametrize("sizes", [(0, 4), (3, 0)])
def test_a_module_needs_sizes_above_zero(sizes):
    with pytest.raises(InvalidInputError, match=r"^(num_classes|embedding_dim): got 0"):
        HyperbolicCrossEntropy(*sizes)
