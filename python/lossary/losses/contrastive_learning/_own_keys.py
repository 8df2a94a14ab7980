"""Queries whose positive is the key of their own number, and all other keys their negatives."""

import math

import torch
from torch import Tensor

from lossary.authoring.validation import check_int, check_positive
from lossary.errors import InvalidInputError, ShapeError
from lossary.ops.dot_products import query_key_scores


def own_key_scores(query: Tensor, key: Tensor, *, normalize: bool) -> Tensor:
    """`query_key_scores` with a key for each query at least; a row of zeros has cosines of 0."""
    scores = query_key_scores(query, key, normalize=normalize, allow_zero=True)
    queries, keys = scores.shape
    if keys < queries:
        raise ShapeError(f"key: got {keys} rows for {queries} queries; wanted a key for each")
    return scores


def other_keys(scores: Tensor) -> Tensor:
    """True off the diagonal: where a key is a negative of the query."""
    return ~torch.eye(*scores.shape, dtype=torch.bool, device=scores.device)


def check_count(top_fraction: float | None, num_negatives: int | None) -> None:
    """Raise unless ``top_fraction`` is above 0 and at most 1, and ``num_negatives`` at least 1, or None."""
    if top_fraction is not None:
        check_positive("top_fraction", top_fraction)
        if top_fraction > 1:
            raise InvalidInputError(f"top_fraction: got {top_fraction!r}; wanted at most 1")
    if num_negatives is not None:
        check_int("num_negatives", num_negatives)
        check_positive("num_negatives", num_negatives)


def hardest_negatives(scores: Tensor, top_fraction: float, num_negatives: int | None = None) -> Tensor:
    """The largest scores of each query's negatives, (queries, count).

    The count is ``num_negatives``, up to all, or else what ``top_fraction`` of all is, rounded up. There must
    be two keys.
    """
    negatives = scores.shape[1] - 1
    count = num_negatives
    if count is None:
        share = top_fraction * negatives
        count = math.ceil(share - 1e-9 * share)  # 0.07 of 100 is 7, though the product is above that
    return scores.where(other_keys(scores), -math.inf).topk(min(count, negatives), 1).values


def negative_scores(scores: Tensor) -> Tensor:
    """The scores off the diagonal, (queries, keys - 1), in their order."""
    queries, keys = scores.shape
    column = torch.arange(keys - 1, device=scores.device)
    row = torch.arange(queries, device=scores.device).unsqueeze(1)
    return scores.gather(1, column + (column >= row))
