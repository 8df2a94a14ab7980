"""Orthogonal projection beyond conformance: loops, its three forms, degenerate batches and errors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.orthogonal_projection import orthogonal_projection

FORMS = ["abs_of_mean", "mean_of_abs", "signed"]


def batch(items: int = 9, classes: int = 3, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(items, 4, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(classes, (items,), generator=generator)


def by_loops(embeddings, labels, gamma, negative):
    rows = [np.array(row) / math.hypot(*row) for row in embeddings.tolist()]
    pairs = [(i, j) for i in range(len(rows)) for j in range(len(rows)) if i != j]
    near = [rows[i] @ rows[j] for i, j in pairs if labels[i] == labels[j]]
    far = [rows[i] @ rows[j] for i, j in pairs if labels[i] != labels[j]] or [0.0]
    push = {"abs_of_mean": abs(np.mean(far)), "mean_of_abs": np.mean(np.abs(far)), "signed": np.mean(far)}
    return (1 - np.mean(near) if near else 0) + gamma * push[negative]


@given(
    seed=st.integers(0, 2**16), classes=st.integers(1, 9), gamma=st.floats(0, 3), form=st.sampled_from(FORMS)
)
@settings(max_examples=40)
def test_equals_plain_loops(seed, classes, gamma, form):
    embeddings, labels = batch(classes=classes, seed=seed)
    found = orthogonal_projection(embeddings, labels, gamma=gamma, negative=form)
    assert found.item() == pytest.approx(by_loops(embeddings, labels, gamma, form), abs=1e-12)


def test_is_zero_for_classes_at_right_angles_and_only_signed_prefers_opposite_ones():
    right = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0], [0.0, 1.0]])
    opposite = torch.tensor([[1.0, 0.0], [2.0, 0.0], [-3.0, 0.0], [-1.0, 0.0]])
    labels = torch.tensor([0, 0, 1, 1])
    for form, wanted in zip(FORMS, (1.0, 1.0, -1.0), strict=True):
        assert orthogonal_projection(right, labels, negative=form).item() == 0
        assert orthogonal_projection(opposite, labels, negative=form).item() == pytest.approx(wanted)


def test_cosines_of_both_signs_make_up_for_each_other_unless_each_counts_by_itself():
    embeddings, labels = torch.tensor([[1.0, 0.0], [0.6, 0.8], [-0.6, 0.8]]), torch.tensor([0, 1, 2])
    assert orthogonal_projection(embeddings, labels).item() == pytest.approx(0.28 / 3)
    apart = orthogonal_projection(embeddings, labels, negative="mean_of_abs")
    assert apart.item() == pytest.approx((0.6 + 0.6 + 0.28) / 3)


def test_one_item_gives_zero_with_a_graph():
    embeddings = torch.ones(1, 3, requires_grad=True)
    loss = orthogonal_projection(embeddings, torch.tensor([5]))
    loss.backward()
    assert loss.item() == 0
    assert not embeddings.grad.any()


def test_training_brings_classes_to_right_angles():
    embeddings, labels = batch(12)
    leaf = embeddings.requires_grad_()
    optimizer = torch.optim.Adam([leaf], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        orthogonal_projection(leaf, labels, negative="mean_of_abs").backward()
        optimizer.step()
    assert orthogonal_projection(leaf, labels, negative="mean_of_abs").item() < 0.05


EMBEDDINGS, LABELS = batch()


@pytest.mark.parametrize(
    ("embeddings", "labels", "options", "error", "argument"),
    [
        (EMBEDDINGS[:0], LABELS[:0], {}, ShapeError, r"embeddings: got shape \(0, 4\)"),
        (EMBEDDINGS, LABELS[1:], {}, ShapeError, "labels"),
        (EMBEDDINGS, LABELS.double(), {}, DtypeError, "labels"),
        (EMBEDDINGS * math.nan, LABELS, {}, InvalidInputError, "embeddings"),
        (EMBEDDINGS * 0, LABELS, {}, InvalidInputError, "embeddings: got zeros only in row 0"),
        (EMBEDDINGS, LABELS, {"gamma": -1.0}, InvalidInputError, "gamma"),
        (EMBEDDINGS, LABELS, {"negative": "abs"}, InvalidInputError, "negative"),
    ],
)
def test_bad_input_is_named(embeddings, labels, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        orthogonal_projection(embeddings, labels, **options)
