"""LambdaLoss beyond conformance: its definition, tiles, padding, what weights mean, and its errors."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.ranking import _ranked_pairs
from lossary.losses.ranking.lambda_loss import LOSS, lambda_loss

WEIGHTINGS = ["lambda_rank", "ndcg_loss1", "ndcg_loss2", "ndcg_loss2_plus", "rank_net"]


def sample(lists: int = 4, items: int = 6, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(lists, items, generator=generator, dtype=torch.float64)
    return scores, torch.randint(4, (lists, items), generator=generator)


def by_definition(scores, relevance, weighting, k, sigma=1.0, mu=10.0) -> float:
    """One list, pair by pair, in base 2."""
    order = sorted(range(len(scores)), key=lambda item: (-scores[item], item))[:k]
    best = sorted(relevance, reverse=True)[:k]
    ideal = max(sum((2**y - 1) / math.log2(rank + 2) for rank, y in enumerate(best)), 1e-10)
    total = 0.0
    for rank_i, i in enumerate(order, start=1):
        for rank_j, j in enumerate(order, start=1):
            gain = (2 ** relevance[i] - 1) / ideal
            swap = abs(1 / math.log2(1 + rank_i) - 1 / math.log2(1 + rank_j))
            apart = abs(rank_i - rank_j)
            step = 1 / math.log2(1 + apart) - 1 / math.log2(2 + apart) if apart else 0.0
            change = abs(gain - (2 ** relevance[j] - 1) / ideal)
            weight = {
                "lambda_rank": swap * change,
                "ndcg_loss1": gain / math.log2(1 + rank_i),
                "ndcg_loss2": step * change,
                "ndcg_loss2_plus": (mu * step + swap) * change,
                "rank_net": 1.0,
            }[weighting]
            if weighting == "ndcg_loss1" or relevance[i] > relevance[j]:
                total += weight * math.log2(1 + math.exp(-sigma * (scores[i] - scores[j])))
    return total


@given(
    seed=st.integers(0, 2**16),
    weighting=st.sampled_from(WEIGHTINGS),
    k=st.sampled_from([None, 1, 3, 9]),
    sigma=st.floats(0.1, 5),
)
@settings(max_examples=60)
def test_equals_the_definition_pair_by_pair(seed, weighting, k, sigma):
    scores, relevance = sample(1, seed=seed)
    loss = lambda_loss(scores, relevance, weighting=weighting, k=k, sigma=sigma, mu=3.0)
    expected = by_definition(scores[0].tolist(), relevance[0].tolist(), weighting, k, sigma, 3.0)
    assert loss.item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_tiles_give_what_all_pairs_at_once_give(weighting, monkeypatch):
    scores, relevance = sample()
    scores.requires_grad_()
    at_once = lambda_loss(scores, relevance, weighting=weighting)
    (gradient,) = torch.autograd.grad(at_once, scores)
    monkeypatch.setattr(_ranked_pairs, "_PAIRS_PER_TILE", 4 * 6 * 4)  # four rows of six, then two
    in_tiles = lambda_loss(scores, relevance, weighting=weighting)
    torch.testing.assert_close(in_tiles, at_once)
    torch.testing.assert_close(torch.autograd.grad(in_tiles, scores)[0], gradient)


@given(
    seed=st.integers(0, 2**16),
    kept=st.lists(st.booleans(), min_size=1, max_size=7),
    weighting=st.sampled_from(WEIGHTINGS),
    k=st.sampled_from([None, 2]),
)
@settings(max_examples=60)
def test_padding_is_as_if_it_were_not_there_whatever_it_holds(seed, kept, weighting, k):
    (scores, relevance), mask = sample(1, len(kept), seed), torch.tensor([kept])
    padded = scores.where(mask, math.inf).requires_grad_()
    loss = lambda_loss(padded, relevance.where(mask, -5), mask, weighting=weighting, k=k)
    loss.backward()
    torch.testing.assert_close(
        loss, lambda_loss(scores[:, kept], relevance[:, kept], weighting=weighting, k=k)
    )
    assert padded.grad.isfinite().all()
    assert not padded.grad[~mask].any()


@pytest.mark.parametrize("weighting", ["ndcg_loss1", "ndcg_loss2_plus", "rank_net"])
def test_derivatives_are_those_of_finite_differences(weighting):
    scores, relevance = sample(2, 4)

    def loss(leaf: torch.Tensor) -> torch.Tensor:
        return lambda_loss(leaf, relevance, weighting=weighting, k=3, reduction="none")

    scores.requires_grad_()
    assert torch.autograd.gradcheck(loss, scores)
    assert torch.autograd.gradgradcheck(loss, scores)


def test_the_weight_of_a_pair_is_what_its_swap_changes_of_the_metric():
    scores, relevance = torch.tensor([[3.0, 2.0, 1.0]]), torch.tensor([[1, 0, 2]])
    (metric,) = LOSS.pairs_with
    before = metric(scores=scores, relevance=relevance)
    swapped = metric(scores=scores[:, [2, 1, 0]], relevance=relevance)
    only = torch.tensor([[True, False, True]])  # ranks 1 and 2
    loss = lambda_loss(scores, relevance, only)
    adjacent = metric(scores=scores, relevance=relevance, mask=only)
    better = metric(scores=scores[:, [2, 1, 0]], relevance=relevance, mask=only)
    assert swapped > before
    assert loss.item() == pytest.approx((better - adjacent) * math.log2(1 + math.exp(2.0)), rel=1e-6)


def test_of_equal_scores_the_lower_column_ranks_first():
    scores, relevance = torch.zeros(1, 3), torch.tensor([[0, 1, 2]])
    slight = torch.tensor([[2e-9, 1e-9, 0.0]])
    torch.testing.assert_close(lambda_loss(scores, relevance), lambda_loss(slight, relevance))


def test_large_grades_stay_in_range():
    scores = torch.zeros(1, 3, requires_grad=True)
    loss = lambda_loss(scores, torch.tensor([[800.0, 800.0, 0.0]]))
    loss.backward()
    gain = 1 / (1 + 1 / math.log2(3))
    expected = gain * ((1 - 1 / 2) + (1 / math.log2(3) - 1 / 2))
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    assert scores.grad.isfinite().all()


@pytest.mark.parametrize("weighting", [name for name in WEIGHTINGS if name != "ndcg_loss1"])
def test_lists_of_equal_relevance_are_zero_and_count_in_the_mean(weighting):
    scores, relevance = sample(2)
    relevance[0] = 2
    values = lambda_loss(scores, relevance, weighting=weighting, reduction="none")
    assert values[0] == 0
    torch.testing.assert_close(lambda_loss(scores, relevance, weighting=weighting), values[1] / 2)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize(("lists", "items"), [(0, 3), (2, 0), (2, 3)])
def test_nothing_relevant_gives_zero_with_a_graph(weighting, lists, items):
    scores = torch.zeros(lists, items, requires_grad=True)
    loss = lambda_loss(scores, torch.zeros(lists, items), weighting=weighting)
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
        (SCORES, RELEVANCE - 4, {}, InvalidInputError, "relevance"),
        (SCORES, RELEVANCE, {"weighting": "ndcg"}, InvalidInputError, "weighting"),
        (SCORES, RELEVANCE, {"k": 0}, InvalidInputError, "k"),
        (SCORES, RELEVANCE, {"k": 2.0}, DtypeError, "k"),
        (SCORES, RELEVANCE, {"sigma": 0.0}, InvalidInputError, "sigma"),
        (SCORES, RELEVANCE, {"mu": -1.0}, InvalidInputError, "mu"),
        (SCORES, RELEVANCE, {"log_base": 1.0}, InvalidInputError, "log_base"),
    ],
)
def test_bad_input_is_named(scores, relevance, options, error, argument):
    with pytest.raises(error, match=f"^{argument}: "):
        lambda_loss(scores, relevance, **options)
