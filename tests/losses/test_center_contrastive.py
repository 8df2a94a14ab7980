"""Center contrastive beyond conformance: loops, groups of one kind, the center, far items and errors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.center_contrastive import LOSS, center_contrastive


def batch(items: int = 9, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    embeddings = 4 * torch.randn(items, 3, generator=generator, dtype=torch.float64)
    target = torch.randint(2, (items,), generator=generator)
    return embeddings, target, torch.randn(3, generator=generator, dtype=torch.float64)


@given(seed=st.integers(0, 2**16), margin=st.floats(-1, 9), weight=st.floats(0, 9))
@settings(max_examples=25)
def test_equals_plain_loops(seed, margin, weight):
    embeddings, target, center = batch(seed=seed)
    normal, abnormal = [], []
    for row, kind in zip(embeddings.tolist(), target.tolist(), strict=True):
        distance = math.dist(row, center.tolist())
        far = max(0.0, margin - distance) + 1 / (1 + math.exp(distance - margin))
        (abnormal if kind else normal).append(far if kind else distance)
    expected = (np.mean(normal) if normal else 0) + weight * (np.mean(abnormal) if abnormal else 0)
    found = center_contrastive(embeddings, target, center, margin=margin, weight=weight)
    assert found.item() == pytest.approx(expected)


def test_no_center_is_the_vector_of_ones():
    embeddings, target, _ = batch()
    expected = center_contrastive(embeddings, target, torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(center_contrastive(embeddings, target), expected)


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.float32])
def test_the_target_may_be_bool_or_numbers(dtype):
    embeddings, target, center = batch()
    torch.testing.assert_close(
        center_contrastive(embeddings, target.to(dtype), center),
        center_contrastive(embeddings, target, center),
    )


def test_how_many_normal_items_there_are_does_not_matter():
    embeddings, target, center = batch()
    normal = torch.cat([embeddings, embeddings[target == 0]]), torch.cat([target, target[target == 0]])
    torch.testing.assert_close(
        center_contrastive(*normal, center), center_contrastive(embeddings, target, center)
    )


def test_an_abnormal_item_beyond_the_margin_is_still_pushed_and_a_far_one_keeps_still():
    embeddings = torch.tensor([[7.0], [1e4]], requires_grad=True)
    center_contrastive(embeddings, torch.tensor([1, 1]), torch.zeros(1)).backward()
    slope = math.exp(-2) / (1 + math.exp(-2)) ** 2
    torch.testing.assert_close(embeddings.grad.flatten(), torch.tensor([-5 * slope / 2, 0.0]))


@pytest.mark.parametrize("kind", [0, 1])
def test_an_item_on_the_center_has_no_gradient(kind):
    embeddings = torch.ones(1, 3, requires_grad=True)
    center_contrastive(embeddings, torch.tensor([kind])).backward()
    assert not embeddings.grad.any()


def test_training_parts_the_kinds():
    embeddings, target, _ = batch(40)
    leaf = embeddings.clone().requires_grad_()
    optimizer = torch.optim.SGD([leaf], lr=1.0)
    for _ in range(400):
        optimizer.zero_grad()
        center_contrastive(leaf, target).backward()
        optimizer.step()
    area, recall, precision = (metric(embeddings=leaf, target=target) for metric in LOSS.pairs_with)
    assert area == recall == precision == 1
    assert LOSS.pairs_with[0](embeddings=embeddings, target=target) < 1


EMBEDDINGS, TARGET, CENTER = batch()


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((EMBEDDINGS[:0], TARGET[:0], CENTER), {}, ShapeError, r"embeddings: got shape \(0, 3\)"),
        ((EMBEDDINGS[:, 0], TARGET, CENTER), {}, ShapeError, "embeddings"),
        ((EMBEDDINGS, TARGET[1:], CENTER), {}, ShapeError, "target"),
        ((EMBEDDINGS, TARGET, CENTER[1:]), {}, ShapeError, "center"),
        ((EMBEDDINGS, TARGET, CENTER.int()), {}, DtypeError, "center"),
        ((EMBEDDINGS, TARGET, CENTER * math.nan), {}, InvalidInputError, "center"),
        ((EMBEDDINGS, TARGET + 1, CENTER), {}, InvalidInputError, "target: got 2"),
        ((EMBEDDINGS * math.inf, TARGET, CENTER), {}, InvalidInputError, "embeddings"),
        ((EMBEDDINGS, TARGET, CENTER), {"weight": -1.0}, InvalidInputError, "weight"),
        ((EMBEDDINGS, TARGET, CENTER), {"margin": math.nan}, InvalidInputError, "margin"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        center_contrastive(*inputs, **options)
