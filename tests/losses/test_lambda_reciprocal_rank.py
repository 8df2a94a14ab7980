"""Lambda reciprocal rank beyond conformance: its definition, the cutoff, padding and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.ranking import _ranked_pairs
from lossary.losses.ranking.lambda_reciprocal_rank import lambda_reciprocal_rank


def sample(lists: int = 4, items: int = 6, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(lists, items, generator=generator, dtype=torch.float64)
    return scores, torch.randint(3, (lists, items), generator=generator)


@given(seed=st.integers(0, 2**16), cutoff=st.sampled_from([None, 1, 3, 9]), sigma=st.floats(0.1, 5))
@settings(max_examples=40)
def test_equals_the_definition_pair_by_pair(seed, cutoff, sigma):
    scores, relevance = sample(1, seed=seed)
    score, grade = scores[0].tolist(), relevance[0].tolist()
    order = sorted(range(6), key=lambda item: -score[item])
    reciprocal = {item: 1 / rank for rank, item in enumerate(order, start=1) if rank <= (cutoff or 6)}
    costs = [
        abs(reciprocal.get(i, 0) - reciprocal.get(j, 0)) * math.log1p(math.exp(sigma * (score[j] - score[i])))
        for i in range(6)
        for j in range(6)
        if grade[i] > grade[j]
    ]
    loss = lambda_reciprocal_rank(scores, relevance, cutoff=cutoff, sigma=sigma)
    assert loss.item() == pytest.approx(sum(costs) / max(len(costs), 1), rel=1e-9, abs=1e-12)


def test_tiles_give_what_all_pairs_at_once_give(monkeypatch):
    scores, relevance = sample()
    at_once = lambda_reciprocal_rank(scores, relevance)
    monkeypatch.setattr(_ranked_pairs, "_PAIRS_PER_TILE", 4 * 6 * 4)
    torch.testing.assert_close(lambda_reciprocal_rank(scores, relevance), at_once)


@given(seed=st.integers(0, 2**16), kept=st.lists(st.booleans(), min_size=1, max_size=7))
@settings(max_examples=25)
def test_padding_is_as_if_it_were_not_there_whatever_it_holds(seed, kept):
    (scores, relevance), mask = sample(1, len(kept), seed), torch.tensor([kept])
    padded = scores.where(mask, math.inf).requires_grad_()
    loss = lambda_reciprocal_rank(padded, relevance.where(mask, 9), mask, cutoff=2)
    loss.backward()
    torch.testing.assert_close(loss, lambda_reciprocal_rank(scores[:, kept], relevance[:, kept], cutoff=2))
    assert not padded.grad[~mask].any()


def test_pairs_beyond_the_cutoff_get_no_gradient_but_count():
    scores = torch.tensor([[4.0, 3.0, 2.0, 1.0]], requires_grad=True)
    loss = lambda_reciprocal_rank(scores, torch.tensor([[0, 0, 0, 1]]), cutoff=1)
    loss.backward()
    assert loss.item() == pytest.approx(math.log(1 + math.exp(3)) / 3, rel=1e-6)
    assert (scores.grad != 0).tolist() == [[True, False, False, True]]


def test_lists_without_a_pair_are_zero_and_count_in_the_mean():
    scores, relevance = sample(2)
    relevance[0] = 1
    values = lambda_reciprocal_rank(scores, relevance, reduction="none")
    assert values[0] == 0
    torch.testing.assert_close(lambda_reciprocal_rank(scores, relevance), values[1] / 2)


@pytest.mark.parametrize(("lists", "items"), [(0, 3), (2, 0), (2, 3)])
def test_nothing_to_compare_gives_zero_with_a_graph(lists, items):
    scores = torch.zeros(lists, items, requires_grad=True)
    loss = lambda_reciprocal_rank(scores, torch.zeros(lists, items))
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
        (SCORES, RELEVANCE, {"cutoff": 0}, InvalidInputError, "cutoff"),
        (SCORES, RELEVANCE, {"cutoff": 2.0}, DtypeError, "cutoff"),
        (SCORES, RELEVANCE, {"sigma": -1.0}, InvalidInputError, "sigma"),
    ],
)
def test_bad_input_is_named(scores, relevance, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        lambda_reciprocal_rank(scores, relevance, **options)
