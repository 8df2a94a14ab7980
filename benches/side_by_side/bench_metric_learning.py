"""Losses of embeddings beside pytorch-metric-learning: forward and backward of one batch, on one thread."""

from collections.abc import Callable
from typing import Any

import torch
from contest import Contest, benchmark_of
from lossary.losses import contrastive, lifted_structure, multi_similarity, nt_xent, triplet
from pytorch_metric_learning import distances, losses, miners, reducers
from torch import Tensor

BATCH, DIM, PER_CLASS = 1024, 128, 4
VIEWS = 256  # the peer compares each pair with all negatives of the batch: 1,024 rows take tens of gigabytes
POSITIVE_PAIRS = BATCH * (PER_CLASS - 1)
COSINE = distances.CosineSimilarity()

Loss = Callable[[Tensor, Tensor], Tensor]


def batch(rows: int = BATCH) -> Callable[[], tuple[Tensor, Tensor]]:
    """Embeddings around the centres of their classes, and labels."""

    def draw() -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(0)
        labels = torch.arange(rows) // PER_CLASS
        centres = torch.randn(rows // PER_CLASS, DIM, generator=generator)
        return centres[labels] + torch.randn(rows, DIM, generator=generator), labels

    return draw


def step(loss: Loss) -> Callable[[Any], Callable[[], float]]:
    """The loss and its gradient of a batch, as a training step takes them."""

    def of_batch(given: tuple[Tensor, Tensor]) -> Callable[[], float]:
        embeddings, labels = given

        def call() -> float:
            torch.set_num_threads(1)
            leaf = embeddings.clone().requires_grad_()
            value = loss(leaf, labels)
            value.backward()  # type: ignore[no-untyped-call]
            return float(value)

        return call

    return of_batch


def contest(name: str, ours: Loss, peer: Loss, rows: int = BATCH) -> Contest:
    return Contest(
        f"{name}, {rows} x {DIM}",
        batch(rows),
        lambda given: float(ours(given[0].double(), given[1])),
        {"lossary": step(ours), "pytorch-metric-learning": step(peer)},
        tolerance=1e-4,  # float32
    )


def mined(loss: Any, miner: Any) -> Loss:
    """A loss of the peer, of the pairs that its miner keeps."""
    return lambda embeddings, labels: loss(embeddings, labels, miner(embeddings, labels))


SUM_OF_PAIRS = losses.ContrastiveLoss(
    pos_margin=1, neg_margin=0.5, distance=COSINE, reducer=reducers.SumReducer()
)
OF_TWO_VIEWS = losses.SelfSupervisedLoss(losses.NTXentLoss(temperature=0.5))

CONTESTS = [
    contest(
        "multi-similarity",
        multi_similarity,
        mined(losses.MultiSimilarityLoss(), miners.MultiSimilarityMiner()),
    ),
    contest(
        "multi-similarity of all pairs",
        lambda rows, labels: multi_similarity(rows, labels, mine=False, duplicate_threshold=None),
        losses.MultiSimilarityLoss(),
    ),
    contest(
        "contrastive",
        lambda rows, labels: contrastive(rows, labels, reduction="sum"),
        # 1 - S of each positive pair, where the formula has - S
        lambda rows, labels: SUM_OF_PAIRS(rows, labels) - POSITIVE_PAIRS,
    ),
    contest(
        "triplets, all",
        lambda rows, labels: triplet(rows, labels, margin=0.2, distance="euclidean", reduction="mean_active"),
        losses.TripletMarginLoss(margin=0.2),
    ),
    contest(
        "triplets, hardest",
        lambda rows, labels: triplet(
            rows, labels, margin=0.2, distance="euclidean", mining="hard", reduction="mean_active"
        ),
        mined(losses.TripletMarginLoss(margin=0.2), miners.BatchHardMiner()),
    ),
    contest(
        "lifted structure, generalized",
        lifted_structure,
        losses.GeneralizedLiftedStructureLoss(pos_margin=1, neg_margin=0, distance=COSINE),
    ),
    contest(
        "lifted structure, original",
        lambda rows, labels: lifted_structure(rows, labels, form="original"),
        losses.LiftedStructureLoss(),
        VIEWS,
    ),
    contest(
        "NT-Xent",
        lambda rows, _: nt_xent(*rows.chunk(2)),
        lambda rows, _: OF_TWO_VIEWS(*rows.chunk(2)),
        VIEWS,
    ),
]

test_time = benchmark_of(CONTESTS)
