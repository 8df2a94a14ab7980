"""What the losses over pairs of labelled embeddings share."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from lossary.ops.directions import directions
from lossary.ops.distances import pair_distances
from lossary.ops.labelled_rows import check_labelled_rows
from lossary.training.multi_similarity_miner import Pairs, label_pairs, pair_similarity

LEAST_DISTANCE = 1e-8


def similar_pairs(embeddings: Tensor, labels: Tensor, *, normalize: bool) -> tuple[Tensor, Pairs]:
    """The similarity of all pairs, and which are positive (not the item itself) and negative.

    Raises:
        LossaryError: as `lossary.training.multi_similarity_miner` says.
    """
    similarity = pair_similarity(embeddings, labels, normalize=normalize)
    return similarity, label_pairs(similarity, labels, normalize=normalize, duplicate_threshold=None)


def distant_pairs(embeddings: Tensor, labels: Tensor, *, normalize: bool) -> tuple[Tensor, Pairs]:
    """The Euclidean distance of all pairs, at least 1e-8 and without gradient there, and their kinds.

    Raises:
        LossaryError: as `lossary.training.multi_similarity_miner` says.
    """
    rows, pairs = labelled_directions(embeddings, labels, normalize=normalize)
    return pair_distances(rows, rows).clamp(min=LEAST_DISTANCE), pairs


def labelled_directions(embeddings: Tensor, labels: Tensor, *, normalize: bool) -> tuple[Tensor, Pairs]:
    """The embeddings, of length 1 if asked for, and which pairs of them are positive and negative.

    Raises:
        LossaryError: as `lossary.training.multi_similarity_miner` says.
    """
    check_labelled_rows(embeddings, labels, least=1)
    rows = directions("embeddings", embeddings) if normalize else embeddings
    every_pair = rows.new_zeros(()).expand(len(rows), len(rows))
    return rows, label_pairs(every_pair, labels, normalize=normalize, duplicate_threshold=None)


def log_one_plus_exp(exponents: Tensor) -> Tensor:
    """ln(1 + e^x), exact for large x too, where torch's softplus takes x."""
    return torch.logaddexp(exponents, exponents.new_zeros(()))


def log_one_plus_sum(exponents: Tensor, mask: Tensor) -> Tensor:
    """ln(1 + the sum of e^x over the entries of the mask), of each row."""
    kept = exponents.where(mask, -math.inf)
    return functional.pad(kept, (1, 0)).logsumexp(1)  # the padded zero is the 1 inside the logarithm


def mean_over(values: Tensor, mask: Tensor) -> Tensor:
    """The mean of each row over the entries of the mask; 0 where there are none."""
    return values.where(mask, 0.0).sum(1) / mask.sum(1).clamp(min=1)
