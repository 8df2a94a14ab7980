"""ListMLE beyond conformance: the order it takes from the grades, padding, its metrics and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.ranking.list_mle import LOSS, list_mle
from lossary.losses.ranking.plackett_luce import plackett_luce


def sample(lists: int = 4, items: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(lists, items, generator=generator, dtype=torch.float64)
    return scores, torch.randint(4, (lists, items), generator=generator)


@given(seed=st.integers(0, 2**16), items=st.integers(1, 6))
@settings(max_examples=25)
def test_is_plackett_luce_of_the_order_by_relevance(seed, items):
    scores, relevance = sample(3, items, seed)
    ranking = relevance.argsort(dim=1, descending=True, stable=True)
    torch.testing.assert_close(list_mle(scores, relevance), plackett_luce(scores, ranking))


@given(seed=st.integers(0, 2**16), kept=st.lists(st.booleans(), min_size=1, max_size=7))
@settings(max_examples=25)
def test_padding_is_as_if_it_were_not_there_whatever_it_holds(seed, kept):
    (scores, relevance), mask = sample(1, len(kept), seed), torch.tensor([kept])
    padded = scores.where(mask, -math.inf).requires_grad_()
    loss = list_mle(padded, relevance.double().where(mask, math.nan), mask)
    loss.backward()
    torch.testing.assert_close(loss, list_mle(scores[:, kept], relevance[:, kept]))
    assert not padded.grad[~mask].any()


def test_only_the_order_of_the_relevance_counts():
    scores, relevance = sample()
    torch.testing.assert_close(list_mle(scores, relevance), list_mle(scores, relevance.double().exp() - 9))


def test_of_equal_relevance_the_lower_column_comes_first():
    scores, _ = sample(2, 300)
    in_order = torch.arange(300).expand(2, 300)
    torch.testing.assert_close(
        list_mle(scores, torch.zeros(2, 300)), plackett_luce(scores, in_order), rtol=1e-12, atol=0
    )


def test_integers_that_float32_cannot_tell_apart_keep_their_order():
    scores = torch.tensor([[1.0, 0.0]])
    times = torch.tensor([[2**40, 2**40 + 1]])
    torch.testing.assert_close(list_mle(scores, times), torch.tensor(math.log(1 + math.e)))


def test_empty_lists_count_in_the_mean():
    scores, relevance = sample(2)
    mask = torch.tensor([[True], [False]]).expand(2, 5)
    values = list_mle(scores, relevance, mask, reduction="none")
    assert values[1] == 0
    torch.testing.assert_close(list_mle(scores, relevance, mask), values[0] / 2)


@pytest.mark.parametrize(("lists", "items"), [(0, 3), (2, 0), (2, 1)])
def test_nothing_to_order_gives_zero_with_a_graph(lists, items):
    scores = torch.zeros(lists, items, requires_grad=True)
    loss = list_mle(scores, torch.zeros(lists, items))
    loss.backward()
    assert loss.item() == 0
    assert not scores.grad.any()


def test_exact_metrics_leave_the_padding_out():
    gain, reciprocal_rank = LOSS.pairs_with
    inputs = {
        "scores": torch.tensor([[0.0, 1.0, 9.0]]),
        "relevance": torch.tensor([[1, 0, 3]]),
        "mask": torch.tensor([[True, True, False]]),
    }
    assert gain(**inputs) == pytest.approx(1 / math.log2(3))
    assert reciprocal_rank(**inputs) == pytest.approx(1 / 2)


SCORES, RELEVANCE = sample(2, 3)
MASK = torch.ones(2, 3, dtype=torch.bool)


@pytest.mark.parametrize(
    ("scores", "relevance", "mask", "error", "argument"),
    [
        (SCORES[0], RELEVANCE, None, ShapeError, "scores"),
        (SCORES, RELEVANCE[:, :2], None, ShapeError, "relevance"),
        (SCORES, RELEVANCE, MASK[:1], ShapeError, "mask"),
        (SCORES.long(), RELEVANCE, None, DtypeError, "scores"),
        (SCORES, RELEVANCE.cfloat(), None, DtypeError, "relevance"),
        (SCORES, RELEVANCE, MASK.long(), DtypeError, "mask"),
        (SCORES * math.nan, RELEVANCE, None, InvalidInputError, "scores"),
        (SCORES * math.inf, RELEVANCE, MASK, InvalidInputError, "scores"),
        (SCORES, RELEVANCE * math.inf, None, InvalidInputError, "relevance"),
    ],
)
def test_bad_input_is_named(scores, relevance, mask, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        list_mle(scores, relevance, mask)
