"""Unified negative pairs beyond conformance: loops, the plain heads, the filter, one class, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.margin_heads.arcface import arcface
from lossary.losses.margin_heads.cosface import cosface
from lossary.losses.margin_heads.magface import magface
from lossary.losses.margin_heads.normalized_softmax import normalized_softmax
from lossary.losses.metric_learning.unified_negative_pair import unified_negative_pair
from lossary.training.whisker_filter import whisker_filter
from torch.nn.functional import normalize

HEADS = {"normalized_softmax": normalized_softmax, "cosface": cosface, "arcface": arcface, "magface": magface}


def batch(items: int = 8, classes: int = 3, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    embeddings = 30 * torch.randn(items, 4, generator=generator, dtype=torch.float64)
    weight = torch.randn(classes, 4, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(classes, (items,), generator=generator), weight


@given(
    seed=st.integers(0, 2**16),
    margin=st.floats(0, 1),
    scale=st.floats(0.5, 20),
    whisker=st.floats(0, 3) | st.none(),
)
@settings(max_examples=40)
def test_equals_plain_loops(seed, margin, scale, whisker):
    embeddings, labels, weight = batch(seed=seed)
    rows, classes = normalize(embeddings), normalize(weight)
    pairs = [rows[a] @ rows[b] for a in range(8) for b in range(a + 1, 8) if labels[a] != labels[b]]
    pairs = torch.tensor([float(value) for value in pairs], dtype=torch.float64)
    if whisker is not None:
        pairs = pairs[whisker_filter(pairs, whisker=whisker)]
    expected = []
    for row, label in zip(rows, labels.tolist(), strict=True):
        away = [math.exp(scale * float(row @ other)) for j, other in enumerate(classes) if j != label]
        own = math.exp(scale * (float(row @ classes[label]) - margin))
        expected.append(-math.log(own / (own + sum(away) + (scale * pairs).exp().sum().item())))
    options = {"margin": margin, "scale": scale, "whisker": whisker, "reduction": "none"}
    found = unified_negative_pair(embeddings, labels, weight, **options)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("head", HEADS)
def test_a_batch_of_one_class_is_the_plain_head_and_pairs_only_add(head):
    embeddings, labels, weight = batch()
    options = {"boundary": "none"} if head == "arcface" else {}
    same = torch.full_like(labels, 2)
    plain = HEADS[head](embeddings, same, weight, scale=16.0, **options)
    torch.testing.assert_close(unified_negative_pair(embeddings, same, weight, head=head, scale=16.0), plain)
    found = unified_negative_pair(embeddings, labels, weight, head=head, scale=16.0, reduction="none")
    plain = HEADS[head](embeddings, labels, weight, scale=16.0, reduction="none", **options)
    assert (found > plain).all()


def test_one_item_and_one_class_give_zero_with_a_graph():
    embeddings = torch.ones(1, 3, requires_grad=True)
    loss = unified_negative_pair(embeddings, torch.tensor([0]), torch.ones(1, 3))
    loss.backward()
    assert loss.item() == 0
    assert embeddings.grad.isfinite().all()


def test_the_filter_drops_an_outlier_from_the_gradient():
    angles = torch.tensor([0.0, 90.0, 91.0, 93.0, 96.0, 100.0, 101.0, 1.0], dtype=torch.float64).deg2rad()
    embeddings = torch.stack([angles.cos(), angles.sin()], 1)
    labels, weight = torch.tensor([0, 1, 1, 1, 1, 1, 1, 2]), torch.eye(3, 2, dtype=torch.float64) + 0.1
    strong, weak = (
        unified_negative_pair(embeddings, labels, weight, scale=8.0, whisker=whisker)
        for whisker in (None, 1.0)
    )
    assert strong > weak + 1  # the items at 0 and 1 degrees have two labels


def test_sharp_softmaxes_stay_finite_in_single_precision():
    embeddings, labels, weight = (value.float() if value.is_floating_point() else value for value in batch())
    embeddings.requires_grad_()
    loss = unified_negative_pair(embeddings, labels, weight, scale=1e4)
    loss.backward()
    assert loss.isfinite()
    assert embeddings.grad.isfinite().all()


EMBEDDINGS, LABELS, WEIGHT = batch()


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((EMBEDDINGS[:0], LABELS[:0], WEIGHT), {}, ShapeError, "embeddings"),
        ((EMBEDDINGS, LABELS[1:], WEIGHT), {}, ShapeError, "labels"),
        ((EMBEDDINGS, LABELS, WEIGHT[:, 1:]), {}, ShapeError, "weight"),
        ((EMBEDDINGS, LABELS.double(), WEIGHT), {}, DtypeError, "labels"),
        ((EMBEDDINGS, LABELS + 3, WEIGHT), {}, InvalidInputError, "labels"),
        ((EMBEDDINGS, LABELS, WEIGHT * 0), {}, InvalidInputError, "weight"),
        ((EMBEDDINGS, LABELS, WEIGHT), {"head": "sphereface"}, InvalidInputError, "head"),
        ((EMBEDDINGS, LABELS, WEIGHT), {"head": "magface", "margin": 0.5}, InvalidInputError, "margin"),
        ((EMBEDDINGS, LABELS, WEIGHT), {"head": "arcface", "margin": 28.6}, InvalidInputError, "margin"),
        ((EMBEDDINGS, LABELS, WEIGHT), {"head": "arcface", "boundary": "x"}, InvalidInputError, "boundary"),
        ((EMBEDDINGS, LABELS, WEIGHT), {"whisker": -1.0}, InvalidInputError, "whisker"),
        ((EMBEDDINGS, LABELS, WEIGHT), {"scale": 0.0}, InvalidInputError, "scale"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        unified_negative_pair(*inputs, **options)
