"""Simple contrastive beyond conformance: the limit of InfoNCE, the hardest negatives, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.contrastive_learning.info_nce import info_nce
from lossary.losses.contrastive_learning.simple_contrastive import simple_contrastive


def batch(queries: int = 4, keys: int = 4, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    query, key = (torch.randn(rows, 3, generator=generator, dtype=torch.float64) for rows in (queries, keys))
    return query, key


@given(
    seed=st.integers(0, 2**16),
    keys=st.integers(4, 7),
    weight=st.floats(0, 3),
    fraction=st.none() | st.sampled_from([0.2, 0.5, 1.0]),
)
@settings(max_examples=25)
def test_equals_plain_loops(seed, keys, weight, fraction):
    query, key = batch(4, keys, seed)
    count = math.ceil((fraction or 1) * (keys - 1))
    values = []
    for i, row in enumerate((query @ key.T).tolist()):
        hardest = sorted((s for j, s in enumerate(row) if j != i), reverse=True)[:count]
        values.append(weight * sum(hardest) - row[i])
    options = {"negative_weight": weight, "top_fraction": fraction, "normalize": False}
    found = simple_contrastive(query, key, **options, reduction="none")
    torch.testing.assert_close(found, torch.tensor(values, dtype=torch.float64))


def test_is_what_info_nce_becomes_at_a_large_temperature():
    query, key = batch()
    temperature = 1e5
    limit = 4 / 3 * temperature * (info_nce(query, key, temperature=temperature) - math.log(4))
    torch.testing.assert_close(
        simple_contrastive(query, key, negative_weight=1 / 3), limit, rtol=0, atol=1e-4
    )


def test_it_is_linear_in_the_scores():
    query, key = batch()
    torch.testing.assert_close(
        simple_contrastive(2 * query, key, normalize=False),
        2 * simple_contrastive(query, key, normalize=False),
    )


@pytest.mark.parametrize("fraction", [None, 0.5])
def test_without_negatives_the_score_of_the_own_key_is_left(fraction):
    found = simple_contrastive(torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 4.0]]), top_fraction=fraction)
    assert found.item() == pytest.approx(-0.6)


@pytest.mark.parametrize("fraction", [None, 0.5])
@pytest.mark.parametrize("keys", [0, 4])
def test_without_queries_it_is_zero_with_a_graph(keys, fraction):
    query, key = batch(0, keys)
    query.requires_grad_()
    loss = simple_contrastive(query, key, top_fraction=fraction)
    loss.backward()
    assert loss.item() == 0


QUERY, KEY = batch()


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((QUERY, KEY[:3]), {}, ShapeError, "key: got 3 rows for 4 queries"),
        ((QUERY, KEY * math.nan), {}, InvalidInputError, "key"),
        ((QUERY, KEY), {"negative_weight": -1.0}, InvalidInputError, "negative_weight"),
        ((QUERY, KEY), {"top_fraction": 2.0}, InvalidInputError, "top_fraction"),
    ],
)
def test_bad_input_is_named(arguments, options, error, message):
    with pytest.raises(error, match=f"^{message}"):
        simple_contrastive(*arguments, **options)
