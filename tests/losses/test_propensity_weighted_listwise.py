"""Propensity-weighted listwise loss beyond conformance: its weights, its average, padding and its errors."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.ranking.propensity_weighted_listwise import propensity_weighted_listwise
from torch.nn import functional


def sample(lists: int = 4, items: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(lists, items, generator=generator, dtype=torch.float64)
    relevance = torch.randint(3, (lists, items), generator=generator).double()
    return scores, relevance, 0.1 + 0.9 * torch.rand(lists, items, generator=generator, dtype=torch.float64)


def test_of_one_relevant_item_and_no_bias_is_cross_entropy():
    scores, _, _ = sample()
    best = torch.tensor([3, 0, 4, 1])
    loss = propensity_weighted_listwise(scores, functional.one_hot(best, 5), torch.ones_like(scores))
    torch.testing.assert_close(loss, functional.cross_entropy(scores, best))


def test_on_average_over_what_is_seen_it_is_the_loss_of_all_judgements():
    scores, relevance, propensity = sample(1, 4)
    average = torch.zeros((), dtype=torch.float64)
    for seen in itertools.product([0.0, 1.0], repeat=4):
        shown = torch.tensor([seen], dtype=torch.float64)
        chance = (shown * propensity + (1 - shown) * (1 - propensity)).prod()
        average += chance * propensity_weighted_listwise(scores, relevance * shown, propensity)
    complete = propensity_weighted_listwise(scores, relevance, torch.ones_like(propensity))
    torch.testing.assert_close(average, complete)


@given(seed=st.integers(0, 2**16), kept=st.lists(st.booleans(), min_size=1, max_size=7))
@settings(max_examples=25)
def test_padding_is_as_if_it_were_not_there_whatever_it_holds(seed, kept):
    (scores, relevance, propensity), mask = sample(1, len(kept), seed), torch.tensor([kept])
    padded = scores.where(mask, math.inf).requires_grad_()
    spoilt = relevance.where(mask, -1.0), propensity.where(mask, math.nan)
    loss = propensity_weighted_listwise(padded, *spoilt, mask=mask)
    loss.backward()
    alone = propensity_weighted_listwise(scores[:, kept], relevance[:, kept], propensity[:, kept])
    torch.testing.assert_close(loss, alone)
    assert not padded.grad[~mask].any()


def test_a_reference_scales_the_weights_of_its_list_or_item():
    scores, relevance, propensity = sample()
    plain = propensity_weighted_listwise(scores, relevance, propensity, reduction="none")
    reference = torch.tensor([[1.0], [2.0], [0.5], [3.0]], dtype=torch.float64)
    of_lists = propensity_weighted_listwise(scores, relevance, propensity, reference, reduction="none")
    torch.testing.assert_close(of_lists, plain * reference.squeeze(1))
    of_items = propensity_weighted_listwise(scores, relevance, propensity, propensity)
    torch.testing.assert_close(
        of_items, propensity_weighted_listwise(scores, relevance, torch.ones_like(propensity))
    )


def test_no_weight_is_above_the_largest():
    scores, relevance, propensity = sample()
    bounded = propensity_weighted_listwise(scores, relevance, propensity, max_weight=2.0)
    torch.testing.assert_close(
        bounded, propensity_weighted_listwise(scores, relevance, propensity.clamp(min=0.5))
    )


def test_weights_receive_no_gradient():
    scores, relevance, propensity = sample()
    reference = torch.ones(4, 1, dtype=torch.float64, requires_grad=True)
    propensity.requires_grad_()
    propensity_weighted_listwise(scores.requires_grad_(), relevance, propensity, reference).backward()
    assert scores.grad.any()
    assert propensity.grad is None
    assert reference.grad is None


def test_lists_without_a_relevant_item_are_zero_and_count_in_the_mean():
    scores, relevance, propensity = sample(2)
    relevance[0] = 0
    values = propensity_weighted_listwise(scores, relevance, propensity, reduction="none")
    assert values[0] == 0
    torch.testing.assert_close(propensity_weighted_listwise(scores, relevance, propensity), values[1] / 2)


@pytest.mark.parametrize(("lists", "items"), [(0, 3), (2, 0), (2, 1)])
def test_nothing_to_order_gives_zero_with_a_graph(lists, items):
    scores = torch.zeros(lists, items, requires_grad=True)
    ones = torch.ones(lists, items)
    loss = propensity_weighted_listwise(scores, ones, ones)
    loss.backward()
    assert loss.item() == 0
    assert not scores.grad.any()


SCORES, RELEVANCE, PROPENSITY = sample(2, 3)


@pytest.mark.parametrize(
    ("changed", "error", "argument"),
    [
        ({"scores": SCORES[0]}, ShapeError, "scores"),
        ({"scores": SCORES.long()}, DtypeError, "scores"),
        ({"scores": SCORES * math.nan}, InvalidInputError, "scores"),
        ({"relevance": RELEVANCE[:, :2]}, ShapeError, "relevance"),
        ({"relevance": -1 - RELEVANCE}, InvalidInputError, "relevance"),
        ({"propensity": PROPENSITY[:1]}, ShapeError, "propensity"),
        ({"propensity": PROPENSITY.long()}, DtypeError, "propensity"),
        ({"propensity": PROPENSITY * 0}, InvalidInputError, "propensity: got 0;"),
        ({"propensity": 1 + PROPENSITY}, InvalidInputError, "propensity"),
        ({"propensity": PROPENSITY * math.nan}, InvalidInputError, "propensity"),
        ({"reference": PROPENSITY[:1, :1]}, ShapeError, "reference"),
        ({"reference": PROPENSITY[:, :2]}, ShapeError, "reference"),
        ({"reference": PROPENSITY[:, 0]}, ShapeError, "reference"),
        ({"reference": -PROPENSITY}, InvalidInputError, "reference"),
        ({"reference": PROPENSITY / 0}, InvalidInputError, "reference"),
        ({"reference": PROPENSITY.long()}, DtypeError, "reference"),
        ({"max_weight": 0.0}, InvalidInputError, "max_weight"),
    ],
)
def test_bad_input_is_named(changed, error, argument):
    inputs = {"scores": SCORES, "relevance": RELEVANCE, "propensity": PROPENSITY} | changed
    with pytest.raises(error, match=f"^{argument}"):
        propensity_weighted_listwise(**inputs)
