"""Batches of clusters: each item once, near one another, harder negatives, errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.clustered_batches import clustered_batches

ROWS = torch.eye(4)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def directions(items, seed=0):
    return torch.nn.functional.normalize(torch.randn(items, 3, generator=seeded(seed)))


def mean_cosine(rows, batches):
    """Of different items in one batch."""
    values = [(rows[batch] @ rows[batch].T)[~torch.eye(len(batch), dtype=torch.bool)] for batch in batches]
    return torch.cat(values).mean().item()


@given(
    items=st.integers(0, 50),
    batch_size=st.integers(1, 12),
    cluster_size=st.integers(1, 12),
    is_tied=st.booleans(),
)
@settings(max_examples=40)
def test_every_item_comes_once(items, batch_size, cluster_size, is_tied):
    rows = torch.ones(items, 3) if is_tied else directions(items)
    batches = clustered_batches(rows, batch_size=batch_size, cluster_size=cluster_size, generator=seeded())
    assert sorted(item for batch in batches for item in batch) == list(range(items))
    assert all(len(batch) == batch_size for batch in batches[:-1])


def test_larger_clusters_bring_nearer_items_together():
    rows = directions(256)
    cosines = [
        mean_cosine(rows, clustered_batches(rows, batch_size=16, cluster_size=size, generator=seeded()))
        for size in (1, 4, 16)
    ]
    assert abs(cosines[0]) < 0.05
    assert cosines[0] + 0.1 < cosines[1] < cosines[2] - 0.3


def test_clear_clusters_are_found():
    labels = torch.randperm(64, generator=seeded()) % 8
    rows = torch.eye(8)[labels] + 0.01 * torch.randn(64, 8, generator=seeded())
    batches = clustered_batches(rows, batch_size=8, cluster_size=8, generator=seeded())
    alone = sum(len(set(labels[batch].tolist())) == 1 for batch in batches)
    assert alone >= 4


def test_the_generator_decides():
    rows = directions(40)
    one, same, other = (
        clustered_batches(rows, batch_size=8, cluster_size=5, generator=seeded(seed)) for seed in (0, 0, 1)
    )
    assert one == same != other


def test_the_hinge_of_negatives_in_the_batch_is_larger():
    rows = directions(256)
    items = [
        clustered_batches(rows, batch_size=16, cluster_size=size, generator=seeded()) for size in (1, 16)
    ]
    random, hard = (
        sum((rows[batch] @ rows[batch].T - 1 + 0.3).relu().fill_diagonal_(0).sum().item() for batch in each)
        for each in items
    )
    assert hard > 2 * random


@pytest.mark.parametrize(
    ("embeddings", "options", "error", "argument"),
    [
        (ROWS[0], {}, ShapeError, "embeddings"),
        (ROWS.long(), {}, DtypeError, "embeddings"),
        (ROWS * math.nan, {}, InvalidInputError, "embeddings"),
        (ROWS, {"batch_size": 0}, InvalidInputError, "batch_size"),
        (ROWS, {"cluster_size": 0}, InvalidInputError, "cluster_size"),
        (ROWS, {"cluster_size": 1.5}, DtypeError, "cluster_size"),
    ],
)
def test_bad_input_is_named(embeddings, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        clustered_batches(embeddings, **({"batch_size": 2, "cluster_size": 2} | options))
