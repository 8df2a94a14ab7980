"""Multi-label contrastive beyond conformance: supervised contrastive, overlaps, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import checks
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.contrastive_learning.multilabel_contrastive import LOSS, multilabel_contrastive
from torch.nn.functional import normalize as unit


def batch(items: int = 6, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(items, 3, generator=generator, dtype=torch.float64)
    return embeddings, (torch.rand(items, 3, generator=generator) < 0.4).long()


def by_loops(embeddings, overlap, temperature):
    scores = (unit(embeddings) @ unit(embeddings).T / temperature).tolist()
    values = []
    for i, row in enumerate(scores):
        others = [j for j in range(len(row)) if j != i]
        log_total = math.log(sum(math.exp(row[j]) for j in others)) if others else 0.0
        weight = {j: overlap(i, j) for j in others}
        if sum(weight.values()) > 0:
            values.append(sum(w * (log_total - row[j]) for j, w in weight.items()) / sum(weight.values()))
    return sum(values) / max(len(values), 1)


@given(seed=st.integers(0, 2**16), items=st.integers(1, 7), temperature=st.floats(0.1, 2))
@settings(max_examples=25)
def test_positives_count_by_the_overlap_of_their_labels(seed, items, temperature):
    embeddings, labels = batch(items, seed)
    sets = [set(row.nonzero().flatten().tolist()) for row in labels]

    def jaccard(i, j):
        return len(sets[i] & sets[j]) / max(len(sets[i] | sets[j]), 1)

    found = multilabel_contrastive(embeddings, labels, temperature=temperature)
    assert found.item() == pytest.approx(by_loops(embeddings, jaccard, temperature), rel=1e-9, abs=1e-12)


def test_one_label_each_is_supervised_contrastive():
    embeddings, classes = batch()[0], [0, 0, 1, 1, 1, 2]
    labels = torch.nn.functional.one_hot(torch.tensor(classes))
    expected = by_loops(embeddings, lambda i, j: float(classes[i] == classes[j]), 0.1)
    assert multilabel_contrastive(embeddings, labels).item() == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float32])
def test_labels_may_have_any_dtype(dtype):
    embeddings, labels = batch()
    assert torch.equal(
        multilabel_contrastive(embeddings, labels.to(dtype)), multilabel_contrastive(embeddings, labels)
    )


@pytest.mark.parametrize(
    "labels",
    [torch.eye(4), torch.zeros(4, 3), torch.zeros(4, 0), torch.ones(1, 2), torch.zeros(0, 2)],
    ids=["no_overlap", "no_labels", "no_classes", "one_item", "no_items"],
)
def test_without_a_shared_label_it_is_zero_with_a_graph(labels):
    embeddings = batch(len(labels))[0].requires_grad_()
    loss = multilabel_contrastive(embeddings, labels)
    loss.backward()
    assert loss.item() == 0
    assert not embeddings.grad.any()


def test_the_exact_metric_takes_a_shared_label_for_relevant():
    (precision,) = LOSS.pairs_with
    embeddings = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]])
    labels = torch.tensor([[1, 0], [1, 1], [0, 0]])
    assert precision(embeddings=embeddings, labels=labels) == 1.0
    assert precision(embeddings=embeddings, labels=labels.roll(1, 0)) < 1.0


EMBEDDINGS, LABELS = batch()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((EMBEDDINGS[0], LABELS), ShapeError, "embeddings"),
        ((EMBEDDINGS[:, :0], LABELS), ShapeError, "embeddings: .*one column"),
        ((EMBEDDINGS, LABELS[:5]), ShapeError, "labels"),
        ((EMBEDDINGS, LABELS[0]), ShapeError, "labels"),
        ((EMBEDDINGS, 2 * LABELS), InvalidInputError, "labels: got 2"),
        ((EMBEDDINGS, LABELS.to(torch.complex64)), DtypeError, "labels"),
        ((EMBEDDINGS * math.nan, LABELS), InvalidInputError, "embeddings"),
    ],
)
def test_bad_input_is_named(arguments, error, message):
    with pytest.raises(error, match=f"^{message}"):
        multilabel_contrastive(*arguments)


def test_the_temperature_must_be_above_zero():
    with pytest.raises(InvalidInputError, match=r"^temperature: got 0"):
        multilabel_contrastive(EMBEDDINGS, LABELS, temperature=0.0)


def test_nan_reaches_the_loss_where_values_are_not_checked():
    with checks(False):
        assert multilabel_contrastive(EMBEDDINGS * math.nan, LABELS).isnan()
