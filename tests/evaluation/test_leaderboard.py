"""Worths of matches and rankings, their errors, and how often ranges of ranks hold the true rank."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.evaluation import Categories, leaderboard_of_pairs, leaderboard_of_rankings
from lossary.evaluation.comparisons import TIE_ORDERS, of_pairs, of_rankings
from lossary.evaluation.leaderboard import _middle, _middle_of_pairs
from lossary.evaluation.rank_ranges import rank_ranges, ranks
from lossary.numerics import bradley_terry_fit, plackett_luce_fit, plackett_luce_sample

CYCLE = (list("abcab"), list("bcabc"))


def matches(rng, worth, count):
    """Winners and losers of random pairs."""
    first = rng.integers(0, len(worth), count)
    second = (first + rng.integers(1, len(worth), count)) % len(worth)
    wins = rng.random(count) < 1 / (1 + np.exp(worth[second] - worth[first]))
    return np.where(wins, first, second), np.where(wins, second, first)


def worths(board):
    return dict(zip(board.items.tolist(), board.worth.tolist(), strict=True))


def assert_same(first, second, **tolerance):
    assert first.items.tolist() == second.items.tolist()
    for name in ("worth", "standard_error", "low", "high", "covariance", "log_likelihood"):
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), **tolerance)
    for name in ("rank", "rank_low", "rank_high"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_worths_and_errors_are_those_of_the_fit():
    winner, loser = matches(np.random.default_rng(0), np.linspace(-1, 1, 6), 400)
    board = leaderboard_of_pairs(winner, loser)
    fit = bradley_terry_fit(np.stack([winner, loser], 1), n_items=6, covariance=True)
    np.testing.assert_allclose(board.worth, fit.worth[board.items], atol=1e-9)
    np.testing.assert_allclose(board.standard_error, fit.standard_errors[board.items], atol=1e-9)
    np.testing.assert_allclose(board.high - board.low, 2 * 1.959964 * board.standard_error, rtol=1e-6)
    assert board.log_likelihood == pytest.approx(fit.log_likelihood)
    assert (np.diff(board.worth) <= 0).all()
    assert board.rank.tolist() == [1, 2, 3, 4, 5, 6]


def test_rankings_without_ties_are_those_of_the_fit():
    ranking = plackett_luce_sample([np.linspace(1, -1, 5)], num_samples=60, generator=0)[0]
    query = np.repeat(np.arange(60), 5)
    board = leaderboard_of_rankings(query, ranking.ravel(), position=np.tile(np.arange(5), 60))
    fit = plackett_luce_fit(ranking, n_items=5, covariance=True)
    np.testing.assert_allclose(board.worth, fit.worth[board.items], atol=1e-9)
    np.testing.assert_allclose(board.standard_error, fit.standard_errors[board.items], atol=1e-9)
    assert board.comparisons.tolist() == [60] * 5
    assert (board.total, board.ties) == (60, 0)


@pytest.mark.parametrize("errors", ["model", "robust"])
def test_a_match_is_a_ranking_of_two(errors):
    winner, loser = matches(np.random.default_rng(1), np.linspace(-1, 1, 4), 100)
    tie = np.random.default_rng(2).random(100) < 0.3
    pairs = leaderboard_of_pairs(winner, loser, tie=tie, errors=errors)
    query, item = np.repeat(np.arange(100), 2), np.stack([winner, loser], 1).ravel()
    score = np.stack([np.ones(100), np.where(tie, 1, 0)], 1).ravel()
    rankings = leaderboard_of_rankings(query, item, score=score, errors=errors)
    assert_same(pairs, rankings, atol=1e-8)
    assert pairs.ties == rankings.ties == tie.sum()


@pytest.mark.parametrize("errors", ["model", "robust"])
def test_a_weight_is_a_number_of_copies(errors):
    winner, loser = matches(np.random.default_rng(3), np.linspace(-1, 1, 4), 80)
    tie = np.arange(80) % 5 == 0
    copies = np.random.default_rng(4).integers(0, 4, 80)
    weighted = leaderboard_of_pairs(winner, loser, tie=tie, sample_weight=copies, errors=errors)
    repeated = leaderboard_of_pairs(
        *(np.repeat(each, copies) for each in (winner, loser)), tie=np.repeat(tie, copies), errors=errors
    )
    assert_same(weighted, repeated, atol=1e-8)


def test_a_tie_is_half_a_win_of_each():
    board = leaderboard_of_pairs(list("aaab"), list("bbba"), tie=[0, 0, 1, 0])  # 2.5 wins to 1.5
    assert worths(board) == pytest.approx({"a": np.log(2.5 / 1.5) / 2, "b": -np.log(2.5 / 1.5) / 2})
    assert board.ties == 1


def test_it_does_not_matter_who_is_called_the_winner_of_a_tie():
    winner, loser, tie = list("abcab"), list("bcabc"), [0, 0, 0, 1, 1]
    swapped = leaderboard_of_pairs([*winner[:3], *loser[3:]], [*loser[:3], *winner[3:]], tie=tie)
    assert_same(leaderboard_of_pairs(winner, loser, tie=tie), swapped, atol=1e-12)


def test_ties_in_a_ranking_favour_no_item():
    board = leaderboard_of_rankings([0, 0, 0, 1, 1, 1], list("abcabc"), position=[1, 1, 1, 7, 7, 7])
    found = of_rankings(
        [0, 0, 0, 1, 1, 1], list("abcabc"), np.repeat([1.0, 7.0], 3), None, name="position", seed=0
    )
    orders = found.orders()
    assert orders.shape == (2 * TIE_ORDERS, 3)
    for first in range(3):
        for second in range(first):
            before = (orders == first).argmax(1) < (orders == second).argmax(1)
            assert before.mean() == 0.5
    assert np.abs(board.worth).max() < 0.1


def test_orders_of_a_tie_stay_inside_it():
    found = of_rankings(
        [5] * 5 + [3] * 2, list("abcdexy"), np.array([1.0, 2, 2, 2, 3, 2, 1]), None, name="position", seed=0
    )
    rows = found.orders()
    assert found.num_orders.tolist() == [1, TIE_ORDERS]  # rankings without ties first
    assert found.items[rows[0]].tolist() == ["y", "x"]
    for row in rows[1:]:
        assert (found.items[row[0]], found.items[row[-1]]) == ("a", "e")
        assert sorted(found.items[row]) == list("abcde")
    assert found.counts.tolist() == [1] * 7


def test_the_order_of_the_rows_does_not_matter():
    rng = np.random.default_rng(5)
    query, item = np.repeat(np.arange(40), 4), np.tile(np.arange(4), 40)
    score = rng.integers(0, 3, 160)
    mixed = rng.permutation(160)
    first = leaderboard_of_rankings(query, item, score=score, errors="robust")
    second = leaderboard_of_rankings(query[mixed], item[mixed], score=score[mixed], errors="robust")
    assert_same(first, second, atol=1e-9)
    other = leaderboard_of_rankings(query, item, score=score, seed=1)
    assert 0 < np.abs(np.sort(other.worth) - np.sort(first.worth)).max() < first.standard_error.min()


def test_blocks_hold_all_comparisons_once():
    found = of_pairs(list("abcab"), list("bcabc"), [0, 1, 0, 1, 0], None)
    for most in (1, 2, 3, 100):
        blocks = list(found.blocks(most))
        assert [index for block, _ in blocks for index in range(*block.indices(99))] == list(
            range(len(found.weight))
        )
        assert sum(orders.stop - orders.start for _, orders in blocks) == found.num_orders.sum()


def test_the_short_form_for_pairs_gives_the_same_squares():
    winner, loser = matches(np.random.default_rng(11), np.zeros(5), 60)
    found = of_pairs(winner, loser, np.arange(60) % 3 == 0, np.arange(60) % 4)
    worth = np.linspace(1, -1, 5)
    np.testing.assert_allclose(_middle_of_pairs(found, worth), _middle(found, worth), atol=1e-12)


def test_robust_errors_are_those_of_the_model_where_it_holds():
    winner, loser = matches(np.random.default_rng(6), np.linspace(-1, 1, 5), 20_000)
    model, robust = (leaderboard_of_pairs(winner, loser, errors=errors) for errors in ("model", "robust"))
    np.testing.assert_allclose(robust.standard_error, model.standard_error, rtol=0.05)
    np.testing.assert_allclose(robust.covariance.sum(0), 0, atol=1e-12)


def test_robust_errors_are_right_with_ties():
    """The spread of worths over repetitions, of matches of which many are ties."""
    rng, found, errors = np.random.default_rng(7), [], {"model": [], "robust": []}
    for _ in range(300):
        winner, loser = matches(rng, np.zeros(4), 400)
        tie = rng.random(400) < 0.5
        for kind, each in errors.items():
            board = leaderboard_of_pairs(winner, loser, tie=tie, errors=kind)
            each.append(board.standard_error.mean())
        found.append([worths(board)[item] for item in range(4)])
    spread = np.std(found, axis=0).mean()
    assert np.mean(errors["robust"]) == pytest.approx(spread, rel=0.06)
    assert np.mean(errors["model"]) == pytest.approx(spread * np.sqrt(2), rel=0.06)


@pytest.mark.parametrize("worth", [[2.0, 0.6, 0.4, 0.2, 0.0, -1.5], [0.0] * 6], ids=["apart", "equal"])
def test_ranges_of_ranks_hold_the_true_rank_as_often_as_stated(worth):
    """Of items of equal worth, any of their ranks is one that the range must hold."""
    worth = np.array(worth)
    true_low = 1 + (worth[:, None] < worth).sum(1)
    true_high = len(worth) - (worth[:, None] > worth).sum(1)
    rng, held = np.random.default_rng(8), []
    for _ in range(400):
        board = leaderboard_of_pairs(*matches(rng, worth, 600), confidence=0.9)
        low, high = board.rank_low[np.argsort(board.items)], board.rank_high[np.argsort(board.items)]
        held.append((low <= true_low) & (high >= true_high))
    shares = np.mean(held, axis=0)
    assert (shares > 0.855).all()  # three standard errors of 400 repetitions below 0.9
    if not worth.any():
        assert shares.mean() < 0.96  # nor much wider than need be


def test_ranks_of_sampled_worths_would_miss_more_often_than_they_say():
    """Why ranges come from differences: of nearly equal items the best is not where samples look for it."""
    worth, rng, ours, sampled = np.linspace(0.07, -0.07, 8), np.random.default_rng(10), [], []
    for _ in range(200):
        board = leaderboard_of_pairs(*matches(rng, worth, 800))
        best = int(np.flatnonzero(board.items == 0)[0])
        draws = rng.multivariate_normal(board.worth, board.covariance, 500, method="svd")
        sampled.append(np.quantile(1 + (draws > draws[:, [best]]).sum(1), 0.025) <= 1)
        ours.append(board.rank_low[best] == 1)
    assert np.mean(sampled) < 0.9 < 0.95 <= np.mean(ours)


def test_intervals_hold_the_true_worth_as_often_as_stated():
    worth, rng, held = np.linspace(-1, 1, 6), np.random.default_rng(9), []
    for _ in range(400):
        board = leaderboard_of_pairs(*matches(rng, worth, 600), confidence=0.9)
        held.append((board.low <= worth[board.items]) & (worth[board.items] <= board.high))
    assert np.mean(held) == pytest.approx(0.9, abs=0.015)


def test_two_clear_items_have_their_ranks_and_two_even_ones_have_both():
    clear = leaderboard_of_pairs([0] * 90 + [1] * 10, [1] * 90 + [0] * 10)
    assert (clear.rank_low.tolist(), clear.rank_high.tolist()) == ([1, 2], [1, 2])
    even = leaderboard_of_pairs([0] * 50 + [1] * 50, [1] * 50 + [0] * 50)
    assert even.rank.tolist() == [1, 1]
    assert (even.rank_low.tolist(), even.rank_high.tolist()) == ([1, 1], [2, 2])


@given(
    worth=st.lists(st.floats(-3, 3), min_size=2, max_size=8),
    scale=st.floats(0.01, 2),
    level=st.floats(0.5, 0.99),
)
def test_ranges_hold_the_rank_and_grow_with_the_confidence(worth, scale, level):
    worth = np.array(worth)
    covariance = scale * (np.eye(len(worth)) - 1 / len(worth))
    low, high = rank_ranges(worth, covariance, level)
    rank = ranks(worth)
    assert (low >= 1).all()
    assert (low <= rank).all()
    assert (rank <= high).all()
    assert (high <= len(worth)).all()
    wider = rank_ranges(worth, covariance, (1 + level) / 2)
    assert (wider[0] <= low).all()
    assert (wider[1] >= high).all()


def test_holms_steps_go_on_until_one_is_not_clear():
    # In standard errors the others are 2.5, 2.3 and 2.2 below; limits of 0.05 / 6, / 5, / 4: 2.39, 2.33, 2.24
    worth = np.array([0.0, -2.5, -2.3, -2.2])
    low, high = rank_ranges(worth, np.diag([1.0, 0, 0, 0]), 0.95)
    assert (low[0], high[0]) == (1, 3)


def test_the_chance_to_win_is_against_the_average_item():
    board = leaderboard_of_pairs([0] * 3 + [1], [1] * 3 + [0])
    first = board.standings[0]
    assert first.win_probability == pytest.approx(np.sqrt(3) / (1 + np.sqrt(3)))
    assert first.win_probability_low < first.win_probability < first.win_probability_high
    np.testing.assert_allclose(board.win_probability.sum(), 1)


def test_a_prior_ranks_items_that_never_lost():
    board = leaderboard_of_pairs(list("ab"), list("bc"), prior=0.5)
    assert board.items.tolist() == ["a", "b", "c"]
    assert np.isfinite(board.worth).all()
    assert board.rank_high.tolist() == [3, 3, 3]


def test_categories_are_names():
    board = leaderboard_of_pairs(Categories(np.array([1, 0]), np.array(["a", "b"])), np.array(["a", "b"]))
    assert board.items.tolist() == ["a", "b"]


def test_matches_of_weight_0_do_not_count():
    board = leaderboard_of_pairs(list("aba"), list("bac"), sample_weight=[1, 1, 0])
    assert board.items.tolist() == ["a", "b"]


def test_inputs_are_untouched():
    winner, loser, tie = np.array([0, 1, 2]), np.array([1, 2, 0]), np.array([0, 1, 0])
    for each in (winner, loser, tie):
        each.flags.writeable = False
    leaderboard_of_pairs(winner, loser, tie=tie, errors="robust")
    leaderboard_of_rankings(winner // 3, winner, score=loser, prior=1.0)


def test_groups_that_are_not_connected_are_named_from_the_top():
    with pytest.raises(
        InvalidInputError, match=r"^prior: got 0 .* 3 groups .*: \{top\}, \{a, b\}, \{low\}; wanted a prior"
    ):
        leaderboard_of_pairs(["top", "a", "b", "a"], ["a", "b", "a", "low"])
    chain = [f"item{place:02}" for place in range(9)]
    with pytest.raises(InvalidInputError, match=r"9 groups .*\{item00\}, \{item01\}, \{item02\} and 6 more;"):
        leaderboard_of_pairs(chain[:-1], chain[1:])
    ring = [*chain, "last"]
    with pytest.raises(InvalidInputError, match=r"\{item00, item01, item02 and 6 more\}, \{last\};"):
        leaderboard_of_pairs([*chain, chain[0]], [*chain[1:], chain[0], ring[-1]])


@given(
    edges=st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda pair: pair[0] != pair[1]),
        min_size=1,
        max_size=20,
    )
)
def test_components_are_those_that_reach_each_other(edges):
    winner, loser = np.array(edges).T
    found = of_pairs(winner, loser, None, None)
    size = len(found.items)
    reach = np.eye(size, dtype=bool)
    codes = np.searchsorted(found.items, np.array(edges))
    reach[codes[:, 0], codes[:, 1]] = True
    for _ in range(size):
        reach |= reach @ reach
    both = reach & reach.T
    wanted = {tuple(np.flatnonzero(row).tolist()) for row in both}
    parts = found.components()
    assert {tuple(part.tolist()) for part in parts} == wanted
    for place, part in enumerate(parts):
        for later in parts[place + 1 :]:
            assert not reach[later[0], part[0]]


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"winner": [], "loser": []}, InvalidInputError, "winner: got no rows"),
        ({"loser": list("bcab")}, ShapeError, "loser: got 4 rows; wanted 5"),
        ({"loser": list("bcabb")}, InvalidInputError, "loser: got 'b' against itself in row 5; wanted"),
        ({"loser": [1, 2, 3, 4, 5]}, DtypeError, "loser: got names of the types"),
        ({"tie": [0, 1]}, ShapeError, "tie: got 2 rows"),
        ({"tie": [0, 1, 2, 0, 1]}, InvalidInputError, "tie: got 0, 1, 2; wanted 0 and 1"),
        ({"tie": ["no"] * 5}, InvalidInputError, "tie: got 'no'; wanted 0 and 1"),
        ({"sample_weight": [1, 1]}, ShapeError, "sample_weight: got 2 weights; wanted 5"),
        ({"sample_weight": [1, 1, 1, 1, -2]}, InvalidInputError, "sample_weight: got -2 in row 5"),
        ({"sample_weight": [0] * 5}, InvalidInputError, "sample_weight: got only zeros"),
        ({"prior": -1}, InvalidInputError, "prior: got -1"),
        ({"prior": np.inf}, InvalidInputError, "prior: got inf"),
        ({"prior": "1"}, DtypeError, "prior: got '1'"),
        ({"confidence": 95}, InvalidInputError, "confidence: got 95"),
        ({"errors": "wald"}, InvalidInputError, "errors: got 'wald'"),
    ],
)
def test_bad_matches_are_refused_by_name(changed, error, words):
    with pytest.raises(error, match=f"^{words}.*; wanted" if "wanted" not in words else f"^{words}"):
        leaderboard_of_pairs(**{"winner": CYCLE[0], "loser": CYCLE[1], **changed})


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"ranking": [], "item": [], "position": []}, InvalidInputError, "ranking: got no rows"),
        ({"ranking": [0, 1, 2, 3]}, InvalidInputError, "ranking: got none of two items"),
        ({"item": list("abc")}, ShapeError, "item: got 3 rows"),
        ({"position": [1, 2]}, ShapeError, "position: got 2 rows"),
        ({"item": list("aaab")}, InvalidInputError, "item: got 'a' twice in ranking 0"),
        ({"position": [1, 2, np.nan, 1]}, InvalidInputError, "position: got NaN"),
        ({"position": list("1234")}, InvalidInputError, "position: got dtype"),
        ({"position": None}, InvalidInputError, "position: got neither"),
        ({"score": [1, 2, 3, 4]}, InvalidInputError, "position: got both"),
        ({"position": None, "score": [1, np.inf, 1, 2]}, InvalidInputError, "score: got NaN or infinity"),
        ({"sample_weight": [1, 2, 1, 1]}, InvalidInputError, "sample_weight: got 1 and 2 in ranking 0"),
        ({"sample_weight": [1, 1, -1, 1]}, InvalidInputError, "sample_weight: got -1 in row 3"),
        ({"seed": -1}, InvalidInputError, "seed: got -1"),
    ],
)
def test_bad_rankings_are_refused_by_name(changed, error, words):
    arguments = {"ranking": [0, 0, 1, 1], "item": list("abba"), "position": [1, 2, 1, 2], **changed}
    with pytest.raises(error, match=f"^{words}.*; wanted"):
        leaderboard_of_rankings(**arguments)
