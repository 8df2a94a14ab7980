"""Choose the pairs that a loss over pairs is taken of: any miner into any such loss.

    python examples/training/multi_similarity_miner.py            # about 8 seconds on one core

Digits are embedded so that equal ones lie close, by a contrastive loss, with one label in ten wrong (drawn
here). Three miners: every pair of the batch; `multi_similarity_miner`, which keeps the pairs of an anchor
that contradict each other; and one of our own, which first drops negatives beyond the whiskers of a box plot
(`whisker_filter`), as negatives far too similar tend to be wrong labels. Mining keeps half of the pairs at no
loss of recall, and those more often of wrong labels, unless outliers go first; MAP@R prefers every pair.
"""

from functools import partial
from typing import NamedTuple

import torch
from handwritten import digits, network
from lossary.losses.metric_learning.contrastive import contrastive_values
from lossary.metrics import retrieval_report
from lossary.training.mined_pairs import Miner, pair_indices
from lossary.training.multi_similarity_miner import (
    Pairs,
    label_pairs,
    mine_pairs,
    multi_similarity_miner,
    pair_similarity,
)
from lossary.training.whisker_filter import whisker_filter
from torch import Tensor

BATCH, WRONG = 128, 0.1


class Embedded(NamedTuple):
    """What a miner kept over the last half of the steps, and the retrieval of other images of a digit."""

    kept: float  # share of the pairs of a batch
    wrong_negatives: float  # share of the negatives kept that show the same digit
    recall_at_1: float
    map_at_r: float


class Result(NamedTuple):
    """Three miners, on the same batches."""

    every_pair: Embedded
    mined: Embedded
    within_whiskers: Embedded


def every_pair(embeddings: Tensor, labels: Tensor) -> Pairs:
    """Keep all."""
    similarity = pair_similarity(embeddings, labels, normalize=True)
    return label_pairs(similarity, labels, normalize=True, duplicate_threshold=None)


def within_whiskers(embeddings: Tensor, labels: Tensor, *, epsilon: float = 0.1) -> Pairs:
    """Mine among the negatives that are no outliers."""
    similarity = pair_similarity(embeddings, labels, normalize=True).detach()
    positive, negative = label_pairs(similarity, labels, normalize=True, duplicate_threshold=None)
    usual = whisker_filter(similarity[negative])
    negative = torch.zeros_like(negative).masked_scatter(negative, usual)
    return mine_pairs(similarity, Pairs(positive, negative), epsilon=epsilon)


def embed(miner: Miner, *, seed: int, steps: int) -> Embedded:
    """Train on the pairs of a miner."""
    train, test = digits(seed=seed)
    draws = torch.Generator().manual_seed(seed)
    is_wrong = torch.rand(len(train.digit), generator=draws) < WRONG
    labels = train.digit.where(~is_wrong, torch.randint(10, is_wrong.shape, generator=draws))
    model = network(seed=seed, outputs=16)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    kept, negatives, wrong = 0, 0, 0
    for step in range(steps):
        rows = torch.randint(len(labels), (BATCH,), generator=draws)
        embeddings = model(train.pixels[rows])
        pairs = miner(embeddings.detach(), labels[rows])
        similarity = pair_similarity(embeddings, labels[rows], normalize=True)
        loss = contrastive_values(similarity, pairs, margin=0.5).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step >= steps // 2:
            listed, digit = pair_indices(pairs), train.digit[rows]
            kept += len(listed.positive) + len(listed.negative)
            negatives += len(listed.negative)
            wrong += int((digit[listed.negative_anchor] == digit[listed.negative]).sum())
    with torch.no_grad():
        found = retrieval_report(model(test.pixels), test.digit)
    num_pairs = (steps - steps // 2) * BATCH * (BATCH - 1)
    return Embedded(kept / num_pairs, wrong / negatives, found["recall_at_1"], found["map_at_r"])


def compare(*, seed: int = 0, steps: int = 300) -> Result:
    """The three miners, with equal networks."""
    miners = every_pair, partial(multi_similarity_miner, epsilon=0.1), within_whiskers
    return Result(*(embed(miner, seed=seed, steps=steps) for miner in miners))


def main() -> None:
    """Print a line for each miner."""
    torch.set_num_threads(1)
    print(f"{'':16} {'pairs kept':>11} {'wrong negatives':>16} {'recall@1':>9} {'MAP@R':>7}")
    for name, found in compare()._asdict().items():
        print(f"{name:16} {found[0]:11.3f} {found[1]:16.4f} {found[2]:9.3f} {found[3]:7.3f}")


if __name__ == "__main__":
    main()
