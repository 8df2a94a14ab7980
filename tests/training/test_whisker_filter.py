"""The whisker filter: recorded masks, quartiles by hand, what it keeps, masks, transforms and errors."""

import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.conformance.goldens import load_goldens
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.training.whisker_filter import whisker_filter, within_whiskers

GOLDENS = load_goldens(Path(__file__).parents[1] / "goldens" / "019-whisker_filter.json")
VALUES = st.lists(st.floats(-1, 1, width=32), max_size=25)


@pytest.mark.parametrize("case", GOLDENS.cases, ids=str)
def test_goldens(case):
    keep = whisker_filter(torch.from_numpy(case.inputs["similarity"]), **case.params)
    assert keep.tolist() == case.expected["keep"]


@given(values=VALUES, whisker=st.floats(0, 3))
@settings(max_examples=40)
def test_equals_the_definition(values, whisker):
    keep = whisker_filter(torch.tensor(values, dtype=torch.float64), whisker=whisker).tolist()
    if not values:
        assert keep == []
        return
    rising = sorted(values)
    low, high = rising[math.floor(0.25 * len(values))], rising[math.floor(0.75 * len(values))]
    reach = whisker * (high - low)
    assert keep == [low - reach <= value <= high + reach for value in values]


@given(values=VALUES, others=VALUES)
@settings(max_examples=25)
def test_values_outside_of_the_mask_change_nothing(values, others):
    both = torch.tensor(values + others)
    mask = torch.arange(len(both)) < len(values)
    keep = within_whiskers(both, mask, 1.0)
    assert keep[: len(values)].equal(whisker_filter(torch.tensor(values), whisker=1.0))
    assert not keep[len(values) :].any()


def test_a_wider_whisker_keeps_more_and_the_box_is_always_kept():
    values = torch.randn(200, generator=torch.Generator().manual_seed(0))
    kept = [whisker_filter(values, whisker=whisker) for whisker in (0.0, 0.5, 1.5, 9.0)]
    assert all((few <= many).all() for few, many in pairwise(kept))
    assert kept[0].sum() == 101
    assert kept[-1].all()


def test_compiles_and_maps_over_batches():
    values = torch.randn(3, 20, generator=torch.Generator().manual_seed(1))
    expected = torch.stack([whisker_filter(row) for row in values])
    assert torch.func.vmap(whisker_filter)(values).equal(expected)
    compiled = torch.compile(whisker_filter, fullgraph=True, backend="aot_eager")
    assert compiled(values[0]).equal(expected[0])


@pytest.mark.parametrize(
    ("values", "options", "error", "argument"),
    [
        (torch.zeros(2, 2), {}, ShapeError, "similarity"),
        (torch.zeros(2).int(), {}, DtypeError, "similarity"),
        (torch.tensor([math.nan]), {}, InvalidInputError, "similarity"),
        (torch.zeros(2), {"whisker": -0.5}, InvalidInputError, "whisker"),
    ],
)
def test_bad_input_is_named(values, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        whisker_filter(values, **options)
