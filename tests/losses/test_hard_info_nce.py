"""Hard InfoNCE beyond conformance: which negatives count, where it is InfoNCE, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.contrastive_learning.hard_info_nce import hard_info_nce
from lossary.losses.contrastive_learning.info_nce import info_nce
from torch.nn.functional import cosine_similarity


def batch(queries: int = 6, keys: int = 6, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    query, key = (torch.randn(rows, 3, generator=generator, dtype=torch.float64) for rows in (queries, keys))
    return query, key


@given(
    seed=st.integers(0, 2**16),
    keys=st.integers(4, 7),
    count=st.integers(1, 8),
    temperature=st.floats(0.1, 2),
)
@settings(max_examples=25)
def test_equals_plain_loops(seed, keys, count, temperature):
    query, key = batch(4, keys, seed)
    scores = (cosine_similarity(query.unsqueeze(1), key, dim=2) / temperature).tolist()
    values = []
    for i, row in enumerate(scores):
        hardest = sorted((s for j, s in enumerate(row) if j != i), reverse=True)[:count]
        values.append(math.log(sum(map(math.exp, [row[i], *hardest]))) - row[i])
    found = hard_info_nce(query, key, num_negatives=count, temperature=temperature, reduction="none")
    torch.testing.assert_close(found, torch.tensor(values, dtype=torch.float64))


@pytest.mark.parametrize("options", [{"top_fraction": 1.0}, {"num_negatives": 5}, {"num_negatives": 99}])
def test_all_negatives_are_info_nce(options):
    query, key = batch()
    torch.testing.assert_close(
        hard_info_nce(query, key, **options), info_nce(query, key, temperature=0.2), rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize(
    ("fraction", "count"), [(1e-6, 1), (0.01, 1), (0.0100001, 2), (0.07, 7), (0.5, 50), (0.995, 100)]
)
def test_the_fraction_is_rounded_up_to_whole_negatives(fraction, count):
    query, key = batch(1, 101)
    torch.testing.assert_close(
        hard_info_nce(query, key, top_fraction=fraction), hard_info_nce(query, key, num_negatives=count)
    )


def test_the_number_wins_over_the_fraction():
    query, key = batch()
    assert torch.equal(
        hard_info_nce(query, key, top_fraction=1.0, num_negatives=2),
        hard_info_nce(query, key, num_negatives=2),
    )


def test_negatives_that_do_not_count_have_no_gradient():
    query, key = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0], [1.0, 0.5], [-1.0, 0.5]])
    key.requires_grad_()
    hard_info_nce(query, key, num_negatives=1).backward()
    assert key.grad.any(1).tolist() == [True, True, False]


@pytest.mark.parametrize("rows", [0, 1])
def test_without_negatives_it_is_zero_with_a_graph(rows):
    query, key = batch(rows, rows)
    query.requires_grad_()
    loss = hard_info_nce(query, key)
    loss.backward()
    assert loss.item() == 0
    assert not query.grad.any()


QUERY, KEY = batch()


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((QUERY, KEY[:5]), {}, ShapeError, "key: got 5 rows for 6 queries"),
        ((QUERY, KEY), {"top_fraction": 0.0}, InvalidInputError, "top_fraction"),
        ((QUERY, KEY), {"top_fraction": 1.1}, InvalidInputError, "top_fraction: got 1.1"),
        ((QUERY, KEY), {"num_negatives": 0}, InvalidInputError, "num_negatives"),
        ((QUERY, KEY), {"num_negatives": 2.0}, DtypeError, "num_negatives"),
        ((QUERY, KEY), {"temperature": 0.0}, InvalidInputError, "temperature"),
    ],
)
def test_bad_input_is_named(arguments, options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        hard_info_nce(*arguments, **options)
