"""Triplet: each positive closer to the anchor than each negative, by a margin.

Over all triplets, found by sorting and not by writing them down, or over the hardest of each anchor.
"""

import math
from typing import Literal, NamedTuple, get_args

import torch
from jaxtyping import Float, Integer
from torch import Tensor
from torch.nn import functional

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import check_choice, check_real
from lossary.losses.metric_learning._pairs import (
    LEAST_DISTANCE,
    distant_pairs,
    labelled_directions,
    similar_pairs,
)
from lossary.losses.metric_learning._queries import PAIR_METRICS, labelled_example
from lossary.ops.distances import closeness_order, row_distances
from lossary.training.multi_similarity_miner import Pairs

TripletDistance = Literal["cosine", "euclidean", "squared_euclidean"]
TripletMining = Literal["all", "hard"]
TripletReduction = Literal["mean", "sum", "none", "mean_active"]


class TripletSums(NamedTuple):
    """The sum of the hinges of each anchor, and how many are above 0, both (batch,)."""

    value: Tensor
    active: Tensor


@full_precision
def triplet(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    *,
    margin: float = 0.1,
    distance: TripletDistance = "cosine",
    mining: TripletMining = "all",
    normalize: bool = True,
    reduction: TripletReduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far positives are from being closer to their anchor, by a margin, than negatives are.

    .. math:: L_i = \sum_{a \in P_i} \sum_{b \in N_i} \max(0, D_{ia} - D_{ib} + m)

    D is the distance of two embeddings, P the other items with the label of an anchor, N those with another.

    Args:
        embeddings: one row per item.
        labels: the group of each item; equal labels make a positive pair.
        margin: m, in the unit of the distance; 0.1 is customary for cosines.
        distance: "cosine" is the negative similarity; "euclidean", or "squared_euclidean".
        mining: "all" as in the formula; "hard" has one term per anchor, with its farthest positive and its
            nearest negative, the first of equal ones.
        normalize: divide each row by its length first; False compares by the dot product, or the distance, of
            the rows as they come.
        reduction: "mean" or "sum" over anchors, "none", or "mean_active", over all terms above 0.

    Returns:
        A scalar, or one value per anchor under "none". An anchor without a positive or without a negative has
        0. Second derivatives of distances other than "cosine" need torch 2.15.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length.
        DtypeError: ``embeddings`` is not floating or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero and has no direction; dot products
            overflow; ``distance`` or ``mining`` is unknown.

    Source: Schroff, Kalenichenko and Philbin, FaceNet: A Unified Embedding for Face Recognition and
        Clustering, CVPR 2015, equation 2; for "hard", Hermans, Beyer and Leibe, In Defense of the Triplet
        Loss for Person Re-Identification, arXiv 1703.07737, 2017, equation 5.

    Example:
        >>> import torch
        >>> embeddings = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]])
        >>> labels = torch.tensor([0, 0, 1])
        >>> triplet(embeddings, labels, reduction="none")  # of the first: 0.8 - 0.6 + 0.1
        tensor([0.3000, 0.4600, 0.0000])
    """
    check_choice("distance", distance, get_args(TripletDistance))
    check_choice("mining", mining, get_args(TripletMining))
    check_choice("reduction", reduction, get_args(TripletReduction))
    if distance == "cosine":
        closeness, pairs = similar_pairs(embeddings, labels, normalize=normalize)
        value, active = (all_triplets if mining == "all" else hard_triplets)(closeness, pairs, margin=margin)
    elif mining == "all":
        distances, pairs = distant_pairs(embeddings, labels, normalize=normalize)
        closeness = -(distances.square() if distance == "squared_euclidean" else distances)
        value, active = all_triplets(closeness, pairs, margin=margin)
    else:
        rows, pairs = labelled_directions(embeddings, labels, normalize=normalize)
        hardest = hardest_pairs(-closeness_order(rows), pairs)
        chosen = (row_distances(rows, rows[index]).clamp(min=LEAST_DISTANCE) for index in hardest)
        worst, best = (-(each.square() if distance == "squared_euclidean" else each) for each in chosen)
        value, active = _hinges(worst, best, pairs, margin=margin)
    if reduction == "mean_active":
        return value.sum() / active.sum().clamp(min=1)
    return reduce(value, reduction)


def all_triplets(closeness: Tensor, pairs: Pairs, *, margin: float) -> TripletSums:
    """The hinges of all triplets, in the memory of the pairs.

    Args:
        closeness: (batch, batch), a similarity or a negative distance.
        pairs: the positives and the negatives of each anchor.
        margin: by how much positives should be closer.

    Raises:
        InvalidInputError: ``margin`` is NaN or infinite.
    """
    check_real("margin", margin)
    # A positive meets the negatives above its threshold: the tail of the sorted ones, from the first above.
    threshold = (closeness - margin).contiguous()
    rising = closeness.where(pairs.negative, -math.inf).sort(dim=1).values
    first = torch.searchsorted(rising.detach(), threshold.detach(), right=True)
    tails = rising.where(rising != -math.inf, 0.0).flip(1).cumsum(1).flip(1)
    above = functional.pad(tails, (0, 1)).gather(1, first)
    count = (rising.shape[1] - first).where(pairs.positive, 0)
    value = (above - count * threshold).where(pairs.positive, 0.0)
    return TripletSums(value.sum(1), count.sum(1))


def hard_triplets(closeness: Tensor, pairs: Pairs, *, margin: float) -> TripletSums:
    """The hinge of the least close positive and the closest negative of each anchor; see `all_triplets`."""
    worst, best = hardest_pairs(closeness, pairs)
    least, most = (closeness.gather(1, index.unsqueeze(1)).squeeze(1) for index in (worst, best))
    return _hinges(least, most, pairs, margin=margin)


def hardest_pairs(closeness: Tensor, pairs: Pairs) -> tuple[Tensor, Tensor]:
    """The column of the least close positive, and of the closest negative, of each anchor, both (batch,)."""
    values = closeness.detach()
    worst = values.where(pairs.positive, math.inf).argmin(1)
    return worst, values.where(pairs.negative, -math.inf).argmax(1)


def _hinges(worst: Tensor, best: Tensor, pairs: Pairs, *, margin: float) -> TripletSums:
    """The hinge of each anchor, of the closeness of its least close positive and of its closest negative."""
    check_real("margin", margin)
    hinge = (best - worst + margin).relu()
    value = hinge.where(pairs.positive.any(1) & pairs.negative.any(1), 0.0)
    return TripletSums(value, (value > 0).long())


Triplet = loss_module(triplet)

LOSS = LossSpec(
    function=triplet,
    module=Triplet,
    paper=Paper(
        title="FaceNet: A Unified Embedding for Face Recognition and Clustering",
        authors="Schroff, Kalenichenko and Philbin",
        venue="CVPR",
        year=2015,
        url="https://arxiv.org/abs/1503.03832",
        equation="equation 2",
    ),
    differentiable=("embeddings",),
    example_inputs=labelled_example,
    pairs_with=PAIR_METRICS,
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
