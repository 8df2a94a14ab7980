"""All-pairs surrogates in torch operations, on any device: a block of the matrix of pairs at a time."""

from collections.abc import Iterator

import torch
from torch import Tensor

from lossary.ops.surrogates import pair_curvature, pair_loss, pair_slope

_PAIRS_PER_TILE = 1 << 20


def sums(
    score: Tensor,
    target: Tensor,
    weight: Tensor | None,
    surrogate: str,
    margin: float,
    scale: float,
    temperature: float,
) -> tuple[Tensor, Tensor]:
    """The mean over rows of the mean over the pairs of a row, and its gradient; zeros where there is no pair.

    Args:
        score: (rows, N).
        target: (rows, N), bool.
        weight: (rows, N), or None for ones.
        surrogate: a name of `lossary.ops.surrogates`.
        margin: its margin.
        scale: its steepness.
        temperature: what differences are divided by.
    """
    score, weight = _widened(score, weight)
    value, gradient = score.new_zeros(()), torch.zeros_like(score)
    options = (surrogate, margin, scale)
    rows = list(_rows_with_pairs(target, weight))
    for row, positive, negative in rows:
        mass = weight[row, positive].sum() * weight[row, negative].sum() * len(rows)
        for own, other in _tiles(positive, negative):
            difference = (score[row, own].unsqueeze(1) - score[row, other]) / temperature
            share = weight[row, own].unsqueeze(1) * weight[row, other] / mass
            value += (share * pair_loss(difference, *options)).sum()
            slope = share * pair_slope(difference, *options) / temperature
            gradient[row, own] += slope.sum(1)
            gradient[row, other] -= slope.sum(0)
    return value, gradient


def curvature_product(
    score: Tensor,
    target: Tensor,
    weight: Tensor | None,
    direction: Tensor,
    surrogate: str,
    margin: float,
    scale: float,
    temperature: float,
) -> Tensor:
    """The matrix of second derivatives of `sums` times ``direction``, (rows, N)."""
    score, weight = _widened(score, weight)
    direction, product = direction.to(score.dtype), torch.zeros_like(score)
    rows = list(_rows_with_pairs(target, weight))
    for row, positive, negative in rows:
        mass = weight[row, positive].sum() * weight[row, negative].sum() * len(rows)
        for own, other in _tiles(positive, negative):
            difference = (score[row, own].unsqueeze(1) - score[row, other]) / temperature
            share = weight[row, own].unsqueeze(1) * weight[row, other] / mass
            along = (direction[row, own].unsqueeze(1) - direction[row, other]) / temperature**2
            change = share * pair_curvature(difference, surrogate, margin, scale) * along
            product[row, own] += change.sum(1)
            product[row, other] -= change.sum(0)
    return product


def _widened(score: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
    """In float64, or float32 on the one device type that has no float64."""
    score = score.to(torch.float32 if score.device.type == "mps" else torch.float64)
    return score, torch.ones_like(score) if weight is None else weight.to(score.dtype)


def _rows_with_pairs(target: Tensor, weight: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Rows where both classes weigh something, with the places of their positives and negatives."""
    for row in range(target.shape[0]):
        counts = weight[row] > 0
        positive, negative = (target[row] & counts).nonzero()[:, 0], (~target[row] & counts).nonzero()[:, 0]
        if positive.numel() and negative.numel():
            yield row, positive, negative


def _tiles(positive: Tensor, negative: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    width = min(negative.numel(), _PAIRS_PER_TILE)
    for own in torch.split(positive, _PAIRS_PER_TILE // width):
        for other in torch.split(negative, width):
            yield own, other
