"""Batches without two items of a pseudo label: what they promise, draws, the sampler, errors."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.pseudo_label_batches import PseudoLabelBatches, pseudo_label_batches

LABELS = torch.tensor([0, 0, 0, 1, 1, 2])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@given(
    labels=st.lists(st.integers(-2, 5), min_size=1, max_size=40),
    drop_last=st.booleans(),
    seed=st.integers(0, 99),
)
@settings(max_examples=60)
def test_no_label_twice_in_a_batch_and_no_item_twice(labels, drop_last, seed):
    kinds = len(set(labels))
    batch_size = 1 + seed % kinds
    batches = pseudo_label_batches(
        torch.tensor(labels), batch_size=batch_size, generator=seeded(seed), drop_last=drop_last
    )
    for batch in batches:
        assert len({labels[item] for item in batch}) == len(batch)
    items = [item for batch in batches for item in batch]
    assert len(set(items)) == len(items)
    if drop_last:
        assert {len(batch) for batch in batches} == {batch_size}
    else:
        assert sorted(items) == list(range(len(labels)))


def test_labels_of_equal_counts_use_up_every_item():
    batches = pseudo_label_batches(torch.arange(60) % 6, batch_size=4, generator=seeded())
    assert len(batches) == 15


def test_the_generator_decides():
    labels = torch.arange(60) % 6
    one, same, other = (pseudo_label_batches(labels, batch_size=4, generator=seeded(s)) for s in (0, 0, 1))
    assert one == same != other


def test_the_sampler_draws_other_batches_every_epoch_and_knows_how_many():
    sampler = PseudoLabelBatches(torch.arange(60) % 6, batch_size=4, generator=seeded())
    loader = torch.utils.data.DataLoader(torch.arange(60), batch_sampler=sampler)
    first, second = ([batch.tolist() for batch in loader] for _ in range(2))
    assert first != second
    assert len(first) == len(second) == len(loader)


@pytest.mark.parametrize(
    ("labels", "batch_size", "error", "argument"),
    [
        (LABELS, 4, InvalidInputError, "batch_size: got 4; wanted at most 3"),
        (LABELS, 0, InvalidInputError, "batch_size"),
        (LABELS, 2.0, DtypeError, "batch_size"),
        (LABELS[:0], 1, InvalidInputError, "batch_size"),
        (LABELS[None], 1, ShapeError, "labels"),
        (LABELS.double(), 1, DtypeError, "labels"),
    ],
)
def test_bad_input_is_named(labels, batch_size, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        pseudo_label_batches(labels, batch_size=batch_size)
