"""Position-aware ListMLE beyond conformance: its weights by place, padding, long lists and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.ranking.list_mle import list_mle
from lossary.losses.ranking.position_aware_list_mle import position_aware_list_mle

WEIGHTS = ["exponential", "inverse_log", "reciprocal"]


def sample(lists: int = 4, items: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(lists, items, generator=generator, dtype=torch.float64)
    return scores, torch.randint(4, (lists, items), generator=generator)


@given(seed=st.integers(0, 2**16), items=st.integers(1, 6), position_weight=st.sampled_from(WEIGHTS))
@settings(max_examples=40)
def test_equals_the_definition_place_by_place(seed, items, position_weight):
    scores, relevance = sample(1, items, seed)
    left = sorted(range(items), key=lambda item: (-relevance[0, item], item))
    expected = 0.0
    for place in range(1, items + 1):
        weight = {
            "exponential": 2.0 ** (items - place) - 1,
            "inverse_log": 1 / math.log2(place + 1),
            "reciprocal": 1 / place,
        }[position_weight]
        step = math.log(sum(math.exp(scores[0, item]) for item in left)) - scores[0, left[0]].item()
        expected += weight * step
        left = left[1:]
    loss = position_aware_list_mle(scores, relevance, position_weight=position_weight)
    assert loss.item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(
    seed=st.integers(0, 2**16),
    kept=st.lists(st.booleans(), min_size=1, max_size=7),
    position_weight=st.sampled_from(WEIGHTS),
)
@settings(max_examples=40)
def test_padding_is_as_if_it_were_not_there_whatever_it_holds(seed, kept, position_weight):
    (scores, relevance), mask = sample(1, len(kept), seed), torch.tensor([kept])
    padded = scores.where(mask, -math.inf).requires_grad_()
    loss = position_aware_list_mle(padded, relevance, mask, position_weight=position_weight)
    loss.backward()
    alone = position_aware_list_mle(scores[:, kept], relevance[:, kept], position_weight=position_weight)
    torch.testing.assert_close(loss, alone)
    assert padded.grad.isfinite().all()
    assert not padded.grad[~mask].any()


def test_two_items_are_list_mle():
    scores, relevance = sample(4, 2)
    torch.testing.assert_close(position_aware_list_mle(scores, relevance), list_mle(scores, relevance))


@pytest.mark.parametrize("position_weight", WEIGHTS)
def test_a_hundred_items_are_finite_in_float32(position_weight):
    scores = torch.linspace(-50, 50, 100).unsqueeze(0).requires_grad_()
    loss = position_aware_list_mle(
        scores, torch.arange(100.0, 0.0, -1.0).unsqueeze(0), position_weight=position_weight
    )
    loss.backward()
    assert loss.isfinite()
    assert scores.grad.isfinite().all()


def test_only_items_that_are_kept_count_towards_the_limit():
    scores, relevance = sample(2, 101)
    mask = torch.ones(2, 101, dtype=torch.bool)
    mask[:, 3] = False
    assert position_aware_list_mle(scores, relevance, mask).isfinite()
    mask[1, 3] = True
    with pytest.raises(InvalidInputError, match=r"^position_weight: got .* 101 items; .*'inverse_log'"):
        position_aware_list_mle(scores, relevance, mask)
    assert position_aware_list_mle(scores, relevance, mask, position_weight="inverse_log").isfinite()


@pytest.mark.parametrize(("lists", "items"), [(0, 3), (2, 0), (2, 1)])
@pytest.mark.parametrize("position_weight", WEIGHTS)
def test_nothing_to_order_gives_zero_with_a_graph(lists, items, position_weight):
    scores = torch.zeros(lists, items, requires_grad=True)
    loss = position_aware_list_mle(scores, torch.zeros(lists, items), position_weight=position_weight)
    loss.backward()
    assert loss.item() == 0
    assert not scores.grad.any()


SCORES, RELEVANCE = sample(2, 3)


@pytest.mark.parametrize(
    ("scores", "relevance", "options", "error", "argument"),
    [
        (SCORES[0], RELEVANCE, {}, ShapeError, "scores"),
        (SCORES, RELEVANCE[:, :2], {}, ShapeError, "relevance"),
        (SCORES.long(), RELEVANCE, {}, DtypeError, "scores"),
        (SCORES * math.nan, RELEVANCE, {}, InvalidInputError, "scores"),
        (SCORES, RELEVANCE, {"position_weight": "linear"}, InvalidInputError, "position_weight"),
        (*sample(1, 101), {}, InvalidInputError, "position_weight"),
    ],
)
def test_bad_input_is_named(scores, relevance, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        position_aware_list_mle(scores, relevance, **options)
