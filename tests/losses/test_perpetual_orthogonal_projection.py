"""Perpetual orthogonal projection beyond conformance: loops, one class, its module in training, errors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.metric_learning.perpetual_orthogonal_projection import (
    PerpetualOrthogonalProjection,
    perpetual_orthogonal_projection,
)
from torch.nn.functional import normalize


def batch(items: int = 8, classes: int = 3, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(items, 4, generator=generator, dtype=torch.float64)
    weight = torch.randn(classes, 4, generator=generator, dtype=torch.float64)
    return embeddings, torch.randint(classes, (items,), generator=generator), weight


@given(
    seed=st.integers(0, 2**16),
    items=st.integers(1, 6),
    classes=st.integers(1, 5),
    intra_weight=st.floats(0, 2),
)
@settings(max_examples=30)
def test_equals_plain_loops(seed, items, classes, intra_weight):
    embeddings, labels, weight = batch(items, classes, seed)
    cosine = (normalize(embeddings) @ normalize(weight).T).tolist()
    own = [row[label] for row, label in zip(cosine, labels.tolist(), strict=True)]
    others = [
        value
        for row, label in zip(cosine, labels.tolist(), strict=True)
        for column, value in enumerate(row)
        if column != label
    ]
    expected = intra_weight * (1 - np.mean(own)) + abs(np.mean(others or [0]))
    found = perpetual_orthogonal_projection(embeddings, labels, weight, intra_weight=intra_weight)
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_is_least_for_features_along_directions_at_right_angles():
    labels = torch.tensor([0, 1, 2, 1])
    weight = torch.diag(torch.tensor([1.0, 2.0, 3.0]))
    assert perpetual_orthogonal_projection(weight[labels], labels, weight).item() == pytest.approx(
        0, abs=1e-6
    )


def test_the_module_learns_the_directions_of_the_classes():
    torch.manual_seed(0)
    labels = torch.arange(30) % 3
    embeddings = torch.randn(30, 4) + 6 * torch.eye(3, 4)[labels]
    criterion = PerpetualOrthogonalProjection(3, 4)
    assert criterion.weight.detach().std().item() == pytest.approx(1, abs=0.5)
    optimizer = torch.optim.Adam(criterion.parameters(), lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        criterion(embeddings, labels).backward()
        optimizer.step()
    assert (embeddings @ normalize(criterion.weight.detach()).T).argmax(1).equal(labels)
    again = PerpetualOrthogonalProjection(3, 4)
    again.load_state_dict(criterion.state_dict())
    assert again(embeddings, labels) == criterion(embeddings, labels)


EMBEDDINGS, LABELS, WEIGHT = batch()


@pytest.mark.parametrize(
    ("inputs", "options", "error", "argument"),
    [
        ((EMBEDDINGS[:0], LABELS[:0], WEIGHT), {}, ShapeError, "embeddings"),
        ((EMBEDDINGS, LABELS[1:], WEIGHT), {}, ShapeError, "labels"),
        ((EMBEDDINGS, LABELS, WEIGHT[:0]), {}, ShapeError, "weight"),
        ((EMBEDDINGS.int(), LABELS, WEIGHT), {}, DtypeError, "embeddings"),
        ((EMBEDDINGS, LABELS - 3, WEIGHT), {}, InvalidInputError, "labels"),
        ((EMBEDDINGS * 0, LABELS, WEIGHT), {}, InvalidInputError, "embeddings"),
        ((EMBEDDINGS, LABELS, WEIGHT), {"intra_weight": -1.0}, InvalidInputError, "intra_weight"),
    ],
)
def test_bad_input_is_named(inputs, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        perpetual_orthogonal_projection(*inputs, **options)
