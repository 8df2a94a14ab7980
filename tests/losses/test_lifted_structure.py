"""Lifted structure beyond conformance: loops of both forms, missing sides and errors."""

import math
from contextlib import suppress

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.lifted_structure import lifted_structure


def batch(items: int = 9, groups: int = 3, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(items, 4, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(groups, (items,), generator=generator)


@given(seed=st.integers(0, 2**16), groups=st.integers(1, 9), margin=st.floats(-3, 2))
@settings(max_examples=25)
def test_equals_plain_loops(by_loops, seed, groups, margin):
    embeddings, labels = batch(groups=groups, seed=seed)

    def value(near, far):
        if not near or not far:
            return 0.0
        soft = math.log(sum(math.exp(-s) for s in near)) + math.log(sum(math.exp(s) for s in far))
        return max(0.0, margin + soft)

    found = lifted_structure(embeddings, labels, margin=margin, reduction="none")
    torch.testing.assert_close(found, by_loops(embeddings, labels, value))


@given(seed=st.integers(0, 2**16), groups=st.integers(1, 9), margin=st.floats(-3, 2))
@settings(max_examples=20)
def test_the_original_form_equals_plain_loops(seed, groups, margin):
    embeddings, labels = batch(groups=groups, seed=seed)
    away = torch.cdist(embeddings, embeddings).tolist()
    total, count = 0.0, 0
    for i, row in enumerate(away):
        for j, distance in enumerate(row):
            if i == j or labels[i] != labels[j]:
                continue
            count += 1
            ends = [away[end][k] for end in (i, j) for k in range(9) if labels[k] != labels[end]]
            if ends:
                total += max(0.0, distance + math.log(sum(math.exp(margin - d) for d in ends))) ** 2
    found = lifted_structure(embeddings, labels, margin=margin, form="original", normalize=False)
    assert found.item() == pytest.approx(total / max(2 * count, 1))


@pytest.mark.parametrize("form", ["generalized", "original"])
@pytest.mark.parametrize("labels", [[0], [0, 0, 0], [0, 1, 2]], ids=["one_item", "one_class", "all_differ"])
def test_a_missing_side_gives_zero_with_a_graph(labels, form):
    embeddings = batch(len(labels))[0].requires_grad_()
    loss = lifted_structure(embeddings, torch.tensor(labels), form=form)
    loss.backward()
    assert loss.item() == 0
    assert not embeddings.grad.any()


def test_the_original_form_is_a_scalar_with_any_reduction():
    embeddings, labels = batch()
    values = [lifted_structure(embeddings, labels, form="original", reduction=r) for r in ("none", "sum")]
    assert values[0] == values[1] == lifted_structure(embeddings, labels, form="original")


def test_the_original_form_compiles_and_has_the_right_derivative():
    embeddings, labels = batch(6)
    embeddings.requires_grad_()

    def loss(values: torch.Tensor) -> torch.Tensor:
        return lifted_structure(values, labels, form="original")

    assert torch.autograd.gradcheck(loss, embeddings)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(embeddings), loss(embeddings))


def test_second_derivatives_are_right_for_cosines_and_for_distances_where_torch_has_them():
    embeddings, labels = batch(6)
    leaf = embeddings.requires_grad_()
    assert torch.autograd.gradgradcheck(lambda rows: lifted_structure(rows, labels), leaf, fast_mode=True)
    with suppress(NotImplementedError):  # before torch 2.15
        assert torch.autograd.gradgradcheck(
            lambda rows: lifted_structure(rows, labels, form="original"), leaf
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
        (EMBEDDINGS, LABELS, {"form": "new"}, InvalidInputError, "form"),
        (EMBEDDINGS, LABELS, {"margin": math.nan}, InvalidInputError, "margin"),
        (EMBEDDINGS, LABELS, {"margin": math.inf, "form": "original"}, InvalidInputError, "margin"),
        (EMBEDDINGS, LABELS, {"form": "original", "reduction": "median"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(embeddings, labels, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        lifted_structure(embeddings, labels, **options)
