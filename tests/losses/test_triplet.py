"""Triplet beyond conformance: loops over all triplets, batch hard, averages, ties and errors."""

import math
from contextlib import suppress

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import checks
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.triplet import triplet


def batch(items: int = 9, groups: int = 3, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(items, 4, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(groups, (items,), generator=generator)


@given(seed=st.integers(0, 2**16), groups=st.integers(1, 9), margin=st.floats(-0.5, 3))
@settings(max_examples=30)
def test_equals_plain_loops(by_loops, seed, groups, margin):
    embeddings, labels = batch(groups=groups, seed=seed)
    expected = by_loops(
        embeddings, labels, lambda near, far: sum(max(0.0, b - a + margin) for a in near for b in far)
    )
    torch.testing.assert_close(triplet(embeddings, labels, margin=margin, reduction="none"), expected)


@given(seed=st.integers(0, 2**16), groups=st.integers(1, 9))
@settings(max_examples=20)
def test_batch_hard_equals_plain_loops(by_loops, seed, groups):
    embeddings, labels = batch(groups=groups, seed=seed)
    expected = by_loops(
        embeddings,
        labels,
        lambda near, far: max(0.0, max(far) - min(near) + 0.5) if near and far else 0.0,
    )
    found = triplet(embeddings, labels, margin=0.5, mining="hard", reduction="none")
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("power", [1, 2])
def test_distances_enter_as_they_are_or_squared(power):
    embeddings, labels = batch()
    away = torch.cdist(embeddings, embeddings) ** power
    hinges = (away.unsqueeze(2) - away.unsqueeze(1) + 0.7).relu()
    same = labels.unsqueeze(1) == labels
    triplets = (same & ~torch.eye(9, dtype=torch.bool)).unsqueeze(2) & ~same.unsqueeze(1)
    found = triplet(
        embeddings,
        labels,
        margin=0.7,
        distance=("euclidean", "squared_euclidean")[power - 1],
        normalize=False,
        reduction="none",
    )
    torch.testing.assert_close(found, (hinges * triplets).sum((1, 2)))


def test_mean_active_is_over_the_terms_above_zero():
    embeddings = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6], [-1.0, 0.0]])
    labels = torch.tensor([0, 0, 1, 2])
    found = triplet(embeddings, labels, reduction="mean_active")
    assert found.item() == pytest.approx((0.3 + 0.46) / 2)  # the two triplets with the third item
    assert triplet(embeddings, labels, margin=-1.9, reduction="mean_active").item() == 0


def test_a_hinge_at_zero_is_neither_active_nor_trained():
    embeddings = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], requires_grad=True)
    loss = triplet(embeddings, torch.tensor([0, 0, 1]), margin=0.0, reduction="none")
    loss[0].backward()
    assert loss[0].item() == 0
    assert not embeddings.grad.any()


def test_of_equal_hardest_ones_the_first_is_taken():
    embeddings = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6], [0.8, -0.6]], requires_grad=True)
    loss = triplet(embeddings, torch.tensor([0, 0, 1, 1]), mining="hard", reduction="none")
    loss[0].backward()
    assert embeddings.grad[2].any()
    assert not embeddings.grad[3].any()


@pytest.mark.parametrize("mining", ["all", "hard"])
@pytest.mark.parametrize("labels", [[0], [0, 0, 0], [0, 1, 2]], ids=["one_item", "one_class", "all_differ"])
def test_a_missing_side_gives_zero_with_a_graph(labels, mining):
    embeddings = batch(len(labels))[0].requires_grad_()
    loss = triplet(embeddings, torch.tensor(labels), mining=mining, reduction="mean_active")
    loss.backward()
    assert loss.item() == 0
    assert not embeddings.grad.any()


@pytest.mark.parametrize(
    "options", [{"mining": "hard"}, {"distance": "euclidean"}, {"distance": "squared_euclidean"}]
)
def test_other_forms_compile_and_have_right_derivatives(options):
    embeddings, labels = batch(6)
    embeddings.requires_grad_()

    def loss(values: torch.Tensor) -> torch.Tensor:
        return triplet(values, labels, margin=0.4, **options)

    assert torch.autograd.gradcheck(loss, embeddings)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(embeddings), loss(embeddings))


@pytest.mark.parametrize("mining", ["all", "hard"])
def test_nan_reaches_the_loss_where_values_are_not_checked(mining):
    embeddings, labels = batch()
    embeddings[2, 1] = math.nan
    with checks(False):
        assert triplet(embeddings, labels, mining=mining).isnan()


def test_second_derivatives_are_right_for_cosines_and_for_distances_where_torch_has_them():
    embeddings, labels = batch(6)
    leaf = embeddings.requires_grad_()
    assert torch.autograd.gradgradcheck(lambda rows: triplet(rows, labels), leaf, fast_mode=True)
    with suppress(NotImplementedError):  # before torch 2.15
        assert torch.autograd.gradgradcheck(lambda rows: triplet(rows, labels, distance="euclidean"), leaf)


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
        (EMBEDDINGS, LABELS, {"mining": "easy"}, InvalidInputError, "mining"),
        (EMBEDDINGS, LABELS, {"reduction": "median"}, InvalidInputError, "reduction"),
        (EMBEDDINGS, LABELS, {"margin": math.nan}, InvalidInputError, "margin"),
        (EMBEDDINGS, LABELS, {"margin": math.inf, "mining": "hard"}, InvalidInputError, "margin"),
    ],
)
def test_bad_input_is_named(embeddings, labels, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        triplet(embeddings, labels, **options)
