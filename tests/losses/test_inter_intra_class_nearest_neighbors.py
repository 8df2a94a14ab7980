"""Inter- and intra-class nearest neighbours beyond conformance: loops, small sets, references, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.inter_intra_class_nearest_neighbors import (
    LOSS,
    inter_intra_class_nearest_neighbors,
)


def batch(items: int = 9, classes: int = 3, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(items, 3, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(classes, (items,), generator=generator)


def by_loops(embeddings, labels, reference, reference_labels, *, k, pool, drop_nearest=False):
    itself = reference is None
    others, kinds = (embeddings, labels) if itself else (reference, reference_labels)
    rows, kinds = others.tolist(), kinds.tolist()
    many = k + 2 < len(rows)
    k = k if many else len(rows) - 2
    lists = []
    for i, (row, label) in enumerate(zip(embeddings.tolist(), labels.tolist(), strict=True)):
        away = [
            (math.sqrt(math.dist(row, other) ** 2 + 1e-6), j, kinds[j] == label)
            for j, other in enumerate(rows)
            if not (itself and i == j)
        ]
        away = sorted(away)[int(drop_nearest) :]
        lists.append([(distance, same) for distance, _, same in away[: pool or k + 1]])
    far = max((d for row in lists for d, same in row[:k] if not same), default=0.0)
    intra, inter, shares = [], [], []
    for row in lists:
        rival = min((d for d, same in row if not same), default=math.inf)
        q = [d / (rival + 1e-7) for d, _ in row[:k]]
        q = [value / max(1.0, *q) for value in q]
        own = [value for value, (_, same) in zip(q, row, strict=False) if same]
        foreign = [d / (far + 1e-7) for d, same in row[:k] if not same]
        shares.append(len(own) / k)
        if own:
            intra.append(sum(own) / len(own))
        if foreign:
            inter.append(sum(foreign) / len(foreign))
    compact = 1 - (sum(intra) / len(intra) if intra else 0.0)
    separate = sum(inter) / len(inter) if inter else 1.0
    share = sum(shares) / len(shares) if many else 1.0
    return -math.log(((compact + separate) / 2 + share) / 2)


@given(seed=st.integers(0, 2**16), items=st.integers(3, 9), classes=st.integers(1, 4), k=st.integers(1, 6))
@settings(max_examples=40)
def test_equals_plain_loops_on_one_set(seed, items, classes, k):
    embeddings, labels = batch(items, classes, seed)
    found = inter_intra_class_nearest_neighbors(embeddings, labels, k=k)
    expected = by_loops(embeddings, labels, None, None, k=k, pool=None)
    assert found.item() == pytest.approx(expected, abs=1e-5)


@given(seed=st.integers(0, 2**16), extra=st.integers(0, 3), drop_nearest=st.booleans())
@settings(max_examples=30)
def test_equals_plain_loops_on_references(seed, extra, drop_nearest):
    queries, references = batch(5, 3, seed), batch(8, 3, seed + 1)
    options = {"k": 4, "pool": 4 + extra, "drop_nearest": drop_nearest}
    found = inter_intra_class_nearest_neighbors(*queries, *references, **options)
    assert found.item() == pytest.approx(by_loops(*queries, *references, **options), abs=1e-5)


def test_one_class_gives_about_zero_with_a_graph():
    embeddings, _ = batch()
    embeddings.requires_grad_()
    loss = inter_intra_class_nearest_neighbors(embeddings, torch.zeros(9, dtype=torch.int64))
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert embeddings.grad.isfinite().all()


def test_neighbours_of_other_classes_only_keep_the_score_above_a_quarter():
    embeddings, _ = batch()
    loss = inter_intra_class_nearest_neighbors(embeddings, torch.arange(9))
    assert -math.log(0.5) < loss.item() < -math.log(0.25)


def test_neighbours_are_counted_in_one_set_without_the_item_itself():
    embeddings, labels = batch()
    loss = inter_intra_class_nearest_neighbors(embeddings, labels, k=3)
    given_itself = inter_intra_class_nearest_neighbors(
        embeddings, labels, embeddings, labels, k=3, drop_nearest=True
    )
    torch.testing.assert_close(loss, given_itself)
    assert loss != inter_intra_class_nearest_neighbors(embeddings, labels, embeddings, labels, k=3)


def test_a_small_set_counts_all_but_one_of_its_rows():
    embeddings, labels = batch(5)
    few = [inter_intra_class_nearest_neighbors(embeddings, labels, k=k) for k in (3, 4, 50)]
    assert few[0] == few[1] == few[2]
    assert few[0] != inter_intra_class_nearest_neighbors(embeddings, labels, k=2)


def test_duplicates_have_a_finite_gradient():
    embeddings = torch.zeros(6, 3, requires_grad=True)
    loss = inter_intra_class_nearest_neighbors(embeddings, torch.tensor([0, 0, 0, 1, 1, 1]))
    loss.backward()
    assert loss.isfinite()
    assert embeddings.grad.isfinite().all()


def test_the_gradient_flows_through_the_distance_of_the_nearest_rival():
    rows = torch.tensor([[0.0], [1.0], [4.0], [9.0], [20.0]], dtype=torch.float64)
    labels = torch.tensor([0, 0, 1, 1, 1])

    def loss(values: torch.Tensor) -> torch.Tensor:
        return inter_intra_class_nearest_neighbors(values, labels, k=1, pool=2)

    assert torch.autograd.gradcheck(loss, rows.requires_grad_())


def test_exact_metrics_look_at_the_same_neighbours():
    by_name = {metric.name: metric for metric in LOSS.pairs_with}
    precision, recall = by_name["precision_at_k"], by_name["recall_at_k"]
    rows = torch.tensor([[0.0], [0.1], [0.2], [0.3], [0.4], [9.0]])
    labels = torch.tensor([0, 0, 0, 0, 0, 1])
    assert precision(embeddings=rows[:5], labels=labels[:5]) == 1.0
    assert precision(embeddings=rows, labels=labels) == 1.0  # the single item has no relevant one
    found = recall(
        embeddings=rows[:1],
        labels=labels[:1],
        reference=torch.tensor([[0.1], [1.0]]),
        reference_labels=torch.tensor([1, 0]),
    )
    assert found == 0.0


ROWS, LABELS = batch()


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((ROWS[0], LABELS), {}, ShapeError, "embeddings"),
        ((ROWS[:0], LABELS[:0]), {}, ShapeError, "embeddings: .*one row"),
        ((ROWS[:2], LABELS[:2]), {}, ShapeError, "embeddings: got 2 rows; wanted at least 3"),
        ((ROWS, LABELS[1:]), {}, ShapeError, "labels"),
        ((ROWS, LABELS, ROWS[:2], LABELS[:2]), {}, ShapeError, "reference: got 2 rows"),
        ((ROWS, LABELS, ROWS[:, 1:], LABELS), {}, ShapeError, "reference"),
        ((ROWS, LABELS, ROWS, LABELS[1:]), {}, ShapeError, "reference_labels"),
        ((ROWS, LABELS, ROWS), {}, InvalidInputError, "reference_labels: got None with reference;"),
        ((ROWS, LABELS, None, LABELS), {}, InvalidInputError, "reference: got None with reference_labels;"),
        ((ROWS.int(), LABELS), {}, DtypeError, "embeddings"),
        ((ROWS, LABELS, ROWS, LABELS.double()), {}, DtypeError, "reference_labels"),
        ((ROWS * math.nan, LABELS), {}, InvalidInputError, "embeddings"),
        ((ROWS, LABELS, ROWS * math.nan, LABELS), {}, InvalidInputError, "reference"),
        ((ROWS, LABELS), {"k": 0}, InvalidInputError, "k"),
        ((ROWS, LABELS), {"k": 2.0}, DtypeError, "k"),
        ((ROWS, LABELS), {"pool": 3}, InvalidInputError, "pool: got 3; wanted at least k = 4"),
        ((ROWS, LABELS), {"pool": 9}, InvalidInputError, "pool: .*at most the 8"),
        ((ROWS, LABELS, ROWS, LABELS), {"pool": 10}, InvalidInputError, "pool: .*at most the 9"),
        (
            (ROWS, LABELS, ROWS, LABELS),
            {"pool": 9, "drop_nearest": True},
            InvalidInputError,
            "pool: .*at most the 8",
        ),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        inter_intra_class_nearest_neighbors(*inputs, **options)
