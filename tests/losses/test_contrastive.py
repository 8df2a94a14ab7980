"""Contrastive beyond conformance: loops, the form on distances, degenerate batches and errors."""

import math
from contextlib import suppress

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.contrastive import contrastive
from torch.nn.functional import normalize


def batch(items: int = 9, groups: int = 3, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(items, 4, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(groups, (items,), generator=generator)


@given(seed=st.integers(0, 2**16), groups=st.integers(1, 9), margin=st.floats(-1, 1))
@settings(max_examples=25)
def test_equals_plain_loops(by_loops, seed, groups, margin):
    embeddings, labels = batch(groups=groups, seed=seed)
    expected = by_loops(
        embeddings, labels, lambda near, far: sum(max(0.0, s - margin) for s in far) - sum(near)
    )
    torch.testing.assert_close(contrastive(embeddings, labels, margin=margin, reduction="none"), expected)


@given(seed=st.integers(0, 2**16), margin=st.floats(0, 3), unit=st.booleans())
@settings(max_examples=25)
def test_the_form_on_distances_equals_plain_loops(seed, margin, unit):
    embeddings, labels = batch(seed=seed)
    rows = (normalize(embeddings) if unit else embeddings).tolist()
    expected = [
        sum(
            math.dist(row, other) ** 2 / 2
            if labels[i] == labels[j]
            else max(0.0, margin - math.dist(row, other)) ** 2 / 2
            for j, other in enumerate(rows)
        )
        for i, row in enumerate(rows)
    ]
    found = contrastive(
        embeddings, labels, margin=margin, distance="euclidean", normalize=unit, reduction="none"
    )
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


def test_a_batch_of_one_class_is_negative():
    embeddings = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    assert contrastive(embeddings, torch.tensor([0, 0])).item() == pytest.approx(-0.6)


def test_one_item_gives_zero_with_a_graph():
    embeddings = torch.ones(1, 3, requires_grad=True)
    loss = contrastive(embeddings, torch.tensor([0]))
    loss.backward()
    assert loss.item() == 0


def test_a_negative_at_the_margin_has_no_gradient():
    embeddings = torch.tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
    contrastive(embeddings, torch.tensor([0, 1]), margin=0.0).backward()
    assert not embeddings.grad.any()


@pytest.mark.parametrize("labels", [[0, 0, 1], [0, 1, 1]])
def test_duplicates_have_finite_gradients_on_distances(labels):
    embeddings = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], requires_grad=True)
    loss = contrastive(embeddings, torch.tensor(labels), distance="euclidean", margin=1.0)
    loss.backward()
    assert loss.isfinite()
    assert embeddings.grad.isfinite().all()


def test_the_form_on_distances_has_the_right_gradient():
    embeddings, labels = batch(6)

    def loss(values: torch.Tensor) -> torch.Tensor:
        return contrastive(values, labels, margin=1.0, distance="euclidean", reduction="none")

    assert torch.autograd.gradcheck(loss, embeddings.requires_grad_())


def test_second_derivatives_are_right_for_cosines_and_for_distances_where_torch_has_them():
    embeddings, labels = batch(6)
    leaf = embeddings.requires_grad_()
    assert torch.autograd.gradgradcheck(lambda rows: contrastive(rows, labels), leaf, fast_mode=True)
    with suppress(NotImplementedError):  # before torch 2.15
        assert torch.autograd.gradgradcheck(
            lambda rows: contrastive(rows, labels, distance="euclidean"), leaf
        )


EMBEDDINGS, LABELS = batch()


@pytest.mark.parametrize(
    ("embeddings", "labels", "options", "error", "argument"),
    [
        (EMBEDDINGS[:0], LABELS[:0], {}, ShapeError, r"embeddings: got shape \(0, 4\)"),
        (EMBEDDINGS[0], LABELS, {}, ShapeError, "embeddings"),
        (EMBEDDINGS, LABELS[1:], {}, ShapeError, "labels"),
        (EMBEDDINGS, LABELS.double(), {}, DtypeError, "labels"),
        (EMBEDDINGS.int(), LABELS, {}, DtypeError, "embeddings"),
        (EMBEDDINGS * math.nan, LABELS, {}, InvalidInputError, "embeddings"),
        (EMBEDDINGS * 0, LABELS, {}, InvalidInputError, "embeddings: got zeros only in row 0"),
        (EMBEDDINGS * 1e200, LABELS, {"normalize": False}, InvalidInputError, "embeddings: .*overflow"),
        (EMBEDDINGS, LABELS, {"distance": "manhattan"}, InvalidInputError, "distance"),
        (EMBEDDINGS, LABELS, {"margin": math.nan}, InvalidInputError, "margin"),
        (EMBEDDINGS, LABELS, {"margin": math.inf, "distance": "euclidean"}, InvalidInputError, "margin"),
    ],
)
def test_bad_input_is_named(embeddings, labels, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        contrastive(embeddings, labels, **options)
