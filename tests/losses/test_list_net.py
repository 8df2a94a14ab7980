"""ListNet beyond conformance: cross-entropy of two softmaxes, padding, temperatures and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.ranking.list_net import list_net
from torch.nn import functional


def sample(lists: int = 4, items: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(lists, items, generator=generator, dtype=torch.float64)
    return scores, torch.randint(4, (lists, items), generator=generator).double()


@given(seed=st.integers(0, 2**16), temperature=st.floats(0.05, 20))
@settings(max_examples=25)
def test_is_cross_entropy_with_the_softmax_of_the_relevance(seed, temperature):
    scores, relevance = sample(seed=seed)
    wanted = functional.cross_entropy(scores / temperature, (relevance / temperature).softmax(1))
    torch.testing.assert_close(list_net(scores, relevance, temperature=temperature), wanted)


@given(seed=st.integers(0, 2**16), kept=st.lists(st.booleans(), min_size=1, max_size=7))
@settings(max_examples=25)
def test_padding_is_as_if_it_were_not_there_whatever_it_holds(seed, kept):
    (scores, relevance), mask = sample(1, len(kept), seed), torch.tensor([kept])
    padded = scores.where(mask, math.inf).requires_grad_()
    loss = list_net(padded, relevance.where(mask, math.nan), mask, temperature=0.3)
    loss.backward()
    alone = list_net(scores[:, kept], relevance[:, kept], temperature=0.3)
    torch.testing.assert_close(loss, alone)
    assert not padded.grad[~mask].any()


def test_scores_that_equal_the_relevance_have_no_gradient():
    _, relevance = sample()
    scores = relevance.clone().requires_grad_()
    list_net(scores, relevance).backward()
    torch.testing.assert_close(scores.grad, torch.zeros_like(scores))


def test_equal_relevance_wants_equal_scores():
    loss = list_net(torch.zeros(1, 4), torch.full((1, 4), 7))
    torch.testing.assert_close(loss, torch.tensor(math.log(4)))


def test_a_small_temperature_leaves_the_best_items():
    scores, relevance = torch.tensor([[1e9, 0.0, 0.0]]), torch.tensor([[2e9, 1e9, 0.0]])
    assert list_net(scores, relevance, temperature=1e-30).item() == 0


def test_empty_lists_count_in_the_mean():
    scores, relevance = sample(2)
    mask = torch.tensor([[True], [False]]).expand(2, 5)
    values = list_net(scores, relevance, mask, reduction="none")
    assert values[1] == 0
    torch.testing.assert_close(list_net(scores, relevance, mask), values[0] / 2)


@pytest.mark.parametrize(("lists", "items"), [(0, 3), (2, 0), (2, 1)])
def test_nothing_to_order_gives_zero_with_a_graph(lists, items):
    scores = torch.zeros(lists, items, requires_grad=True)
    loss = list_net(scores, torch.zeros(lists, items))
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
        (SCORES, RELEVANCE, {"temperature": 0.0}, InvalidInputError, "temperature"),
    ],
)
def test_bad_input_is_named(scores, relevance, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        list_net(scores, relevance, **options)
