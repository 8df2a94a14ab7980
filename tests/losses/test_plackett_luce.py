"""Plackett-Luce beyond conformance: its definition, the choice at each place, its metrics and its errors."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.ranking.plackett_luce import LOSS, plackett_luce
from torch.nn import functional


def sample(lists: int = 4, items: int = 5, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(lists, items, generator=generator, dtype=torch.float64)


@given(data=st.data(), seed=st.integers(0, 2**16), scope=st.sampled_from(["all", "listed"]))
@settings(max_examples=40)
def test_equals_the_definition_choice_by_choice(data, seed, scope):
    scores = sample(1, 5, seed)
    places = data.draw(st.permutations(range(5)).map(lambda order: order[: seed % 6]))
    ranking = torch.tensor([[*places, *[-1] * (6 - len(places))]])
    pool = set(range(5)) if scope == "all" else set(places)
    expected = 0.0
    for item in places:
        expected += math.log(sum(math.exp(scores[0, other]) for other in pool)) - scores[0, item].item()
        pool.remove(item)
    assert plackett_luce(scores, ranking, scope=scope).item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("places", [1, 2, 4])
def test_all_rankings_of_a_length_have_probabilities_that_add_up_to_one(places):
    rankings = torch.tensor(list(itertools.permutations(range(4), places)))
    scores = sample(1, 4).expand(len(rankings), 4)
    values = plackett_luce(scores, rankings, reduction="none")
    torch.testing.assert_close((-values).exp().sum(), torch.tensor(1.0, dtype=torch.float64))


def test_two_items_are_the_bradley_terry_model():
    scores = sample(3, 2)
    ranking = torch.tensor([[0, 1], [1, 0], [0, 1]])
    margin = (scores[:, 0] - scores[:, 1]) * torch.tensor([1, -1, 1])
    torch.testing.assert_close(
        plackett_luce(scores, ranking, reduction="none"), -functional.logsigmoid(margin)
    )


def test_the_first_place_alone_is_cross_entropy():
    scores, best = sample(), torch.tensor([3, 0, 4, 1])
    torch.testing.assert_close(
        plackett_luce(scores, best.unsqueeze(1)), functional.cross_entropy(scores, best)
    )


def test_listed_ignores_the_items_that_are_not_ranked():
    scores = sample().requires_grad_()
    ranking = torch.tensor([[2, 0, -1], [1, 3, 4], [-1, -1, -1], [0, -1, -1]])
    plackett_luce(scores, ranking, scope="listed").backward()
    listed = functional.one_hot(ranking.clamp(min=0), 5).where(ranking.unsqueeze(-1) >= 0, 0).sum(1) > 0
    listed[3] = False  # of one item the place is certain
    assert torch.equal(scores.grad != 0, listed)


@pytest.mark.parametrize("scope", ["all", "listed"])
def test_gradient_of_each_list_sums_to_zero(scope):
    scores = sample().requires_grad_()
    ranking = torch.tensor([[2, 0, -1], [1, 3, 4], [-1, -1, -1], [0, -1, -1]])
    plackett_luce(scores, ranking, scope=scope).backward()
    torch.testing.assert_close(scores.grad.sum(1), torch.zeros(4, dtype=torch.float64))


def test_empty_lists_count_in_the_mean():
    scores, ranking = sample(2), torch.tensor([[2, 0], [-1, -1]])
    values = plackett_luce(scores, ranking, reduction="none")
    assert values[1] == 0
    torch.testing.assert_close(plackett_luce(scores, ranking), values[0] / 2)


@pytest.mark.parametrize("scope", ["all", "listed"])
@pytest.mark.parametrize(("lists", "items", "places"), [(0, 3, 2), (2, 3, 0), (2, 0, 0)])
def test_nothing_ranked_gives_zero_with_a_graph(lists, items, places, scope):
    scores = torch.zeros(lists, items, requires_grad=True)
    loss = plackett_luce(scores, torch.zeros(lists, places, dtype=torch.long), scope=scope)
    loss.backward()
    assert loss.item() == 0
    assert not scores.grad.any()


def test_ranking_may_have_more_places_than_items_and_a_narrow_dtype():
    scores = sample(1, 3)
    ranking = torch.tensor([[1, 2, 0, -1, -1]])
    torch.testing.assert_close(
        plackett_luce(scores, ranking.to(torch.int8)), plackett_luce(scores, ranking[:, :3])
    )


@pytest.mark.parametrize("scope", ["all", "listed"])
def test_second_derivatives_are_those_of_finite_differences(scope):
    scores = sample().requires_grad_()
    ranking = torch.tensor([[2, 0, -1], [1, 3, 4], [-1, -1, -1], [0, -1, -1]])
    assert torch.autograd.gradgradcheck(lambda leaf: plackett_luce(leaf, ranking, scope=scope), scores)


@pytest.mark.parametrize("scope", ["all", "listed"])
def test_float32_keeps_its_digits_at_large_scores(scope):
    narrow = (1e4 * sample(3, 50)).float().requires_grad_()
    wide = narrow.detach().double().requires_grad_()
    ranking = wide.argsort(dim=1)[:, 10:20]
    losses = [plackett_luce(scores, ranking, scope=scope) for scores in (narrow, wide)]
    gradients = torch.autograd.grad(losses[0], narrow) + torch.autograd.grad(losses[1], wide)
    torch.testing.assert_close(losses[0].double(), losses[1], rtol=1e-6, atol=0)
    torch.testing.assert_close(gradients[0].double(), gradients[1], rtol=1e-6, atol=1e-6)


def test_the_gradient_of_long_lists_takes_no_square_of_their_length():
    scores = torch.zeros(1, 200_000, requires_grad=True)
    ranking = torch.arange(200_000).unsqueeze(0)
    loss = plackett_luce(scores, ranking)
    loss.backward()
    assert loss.item() == pytest.approx(math.lgamma(200_001), rel=1e-6)
    harmonic = math.log(200_000) + 0.5772156649 + 1 / 400_000
    assert scores.grad[0, -1].item() == pytest.approx(harmonic - 1, rel=1e-5)


def test_exact_metrics_look_at_the_places():
    reciprocal_rank, gain = LOSS.pairs_with
    scores = torch.tensor([[3.0, 2.0, 1.0], [1.0, 3.0, 2.0], [0.0, 0.0, 0.0]])
    ranking = torch.tensor([[1, 0], [1, -1], [-1, -1]])
    assert reciprocal_rank(scores=scores, ranking=ranking) == pytest.approx((1 / 2 + 1) / 2)
    swapped = (1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3))
    assert gain(scores=scores, ranking=ranking) == pytest.approx((swapped + 1) / 2)


SCORES, RANKING = sample(2, 3), torch.tensor([[0, 2], [1, -1]])


@pytest.mark.parametrize(
    ("scores", "ranking", "options", "error", "argument"),
    [
        (SCORES[0], RANKING, {}, ShapeError, "scores"),
        (SCORES, RANKING[0], {}, ShapeError, "ranking"),
        (SCORES, RANKING[:1], {}, ShapeError, "ranking"),
        (SCORES[:, :0], RANKING, {}, ShapeError, "ranking"),
        (SCORES.long(), RANKING, {}, DtypeError, "scores"),
        (SCORES, RANKING.float(), {}, DtypeError, "ranking"),
        (SCORES * math.nan, RANKING, {}, InvalidInputError, "scores"),
        (SCORES * math.inf, RANKING, {}, InvalidInputError, "scores"),
        (SCORES, RANKING + 1, {}, InvalidInputError, "ranking: got 3"),
        (SCORES, RANKING - 1, {}, InvalidInputError, "ranking: got -2"),
        (SCORES, RANKING.flip(1), {}, InvalidInputError, "ranking: got -1 before"),
        (SCORES, RANKING * 0, {}, InvalidInputError, "ranking: got item 0 twice"),
        (SCORES, RANKING, {"scope": "some"}, InvalidInputError, "scope"),
        (SCORES, RANKING, {"reduction": "median"}, InvalidInputError, "reduction"),
    ],
)
def test_bad_input_is_named(scores, ranking, options, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        plackett_luce(scores, ranking, **options)
