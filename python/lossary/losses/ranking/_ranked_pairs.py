"""Sums over the pairs of a ranked list, weighted by what swapping the two would change.

The pairs are taken some rows of the list at a time and their slopes summed at once, so memory beyond the
scores is one tile, and not the square of the list.
"""

from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

from lossary.authoring.validation import check_int
from lossary.errors import InvalidInputError
from lossary.losses.ranking._lists import best_first

_PAIRS_PER_TILE = 1 << 20  # 4 MB of float32, which caches hold

PairWeight = Literal["discount", "lambda_rank", "ndcg_loss1", "ndcg_loss2", "ndcg_loss2_plus", "rank_net"]


def check_ranks(name: str, ranks: int | None) -> None:
    """Raise unless ``ranks`` is an int of at least 1, or None."""
    if ranks is None:
        return
    check_int(name, ranks)
    if ranks < 1:
        raise InvalidInputError(f"{name}: got {ranks}; wanted at least 1, or None")


def ranked(scores: Tensor, relevance: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The lists by falling score, padding last with scores of 0; of equal scores the lower column first."""
    order = best_first(scores.detach().where(mask, -torch.inf))
    mask = mask.gather(1, order)
    return scores.gather(1, order).where(mask, 0.0), relevance.gather(1, order), mask


def pair_sums(
    scores: Tensor,
    relevance: Tensor,
    mask: Tensor,
    discounts: Tensor,
    gains: Tensor,
    *,
    weighting: PairWeight,
    sigma: float,
    mu: float = 0.0,
) -> Tensor:
    r"""For each list the weighted sum of the logistic losses of its pairs.

    .. math:: \sum_{i, j : y_i > y_j} W_{ij} \log\left(1 + e^{-\sigma (s_i - s_j)}\right)

    Args:
        scores: s, (lists, items), ranked, with 0 at padding.
        relevance: y, in their order.
        mask: in their order; False for padding.
        discounts: d, (items,), of each rank.
        gains: G, (lists, items), larger where the relevance is.
        weighting: W. "rank_net": 1. "discount": ``|d_i - d_j|``. "lambda_rank": ``|d_i - d_j| |G_i - G_j|``.
            "ndcg_loss2": ``|d_{|i-j|} - d_{|i-j|+1}| |G_i - G_j|``. "ndcg_loss2_plus": mu times that plus
            "lambda_rank". "ndcg_loss1": ``d_i G_i``, over all i and j, whatever their relevance.
        sigma: the steepness.
        mu: of "ndcg_loss2_plus".

    Returns:
        (lists,). It has first and second derivatives by ``scores``, and none by the rest.
    """
    given = (scores, relevance.detach(), mask, discounts, gains.detach())
    sums: Tensor = _PairSums.apply(*given, weighting, sigma, mu)[0]
    return sums


def pair_counts(relevance: Tensor, mask: Tensor) -> Tensor:
    """For each list how many pairs of items differ in relevance, (lists,)."""
    counts = torch.zeros_like(mask[:, :1], dtype=torch.long).sum(1)
    for rows in _tiles(relevance):
        counts = counts + _comparable(relevance, mask, rows).sum((1, 2))
    return counts


class _PairSums(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(
        scores: Tensor,
        relevance: Tensor,
        mask: Tensor,
        discounts: Tensor,
        gains: Tensor,
        weighting: PairWeight,
        sigma: float,
        mu: float,
    ) -> tuple[Tensor, Tensor]:
        total, slopes = torch.zeros_like(scores).sum(1), torch.zeros_like(scores)
        for rows in _tiles(scores):
            weights = _weights(relevance, mask, discounts, gains, rows, weighting, mu)
            below = -sigma * _differences(scores, rows)
            total = total + (weights * functional.softplus(below)).sum((1, 2))
            slopes = slopes + _slopes(weights, below, rows, sigma)
        return total, slopes

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        *tensors, ctx.weighting, ctx.sigma, ctx.mu = inputs
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(*tensors, output[1])

    @staticmethod
    def backward(ctx: Any, upstream: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        scores, relevance, mask, discounts, gains, slopes = ctx.saved_tensors
        if torch.is_grad_enabled():  # for second derivatives, which the saved slopes do not carry
            slopes = torch.zeros_like(scores)
            for rows in _tiles(scores):
                weights = _weights(relevance, mask, discounts, gains, rows, ctx.weighting, ctx.mu)
                below = -ctx.sigma * _differences(scores, rows)
                slopes = slopes + _slopes(weights, below, rows, ctx.sigma)
        return upstream.unsqueeze(1) * slopes, *[None] * 7


def _slopes(weights: Tensor, below: Tensor, rows: slice, sigma: float) -> Tensor:
    """The derivative by the scores of the sum over the pairs of these rows, (lists, items)."""
    pull = sigma * weights * below.sigmoid()
    return pull.sum(1) - functional.pad(pull.sum(2), (rows.start, pull.shape[2] - rows.stop))


def _tiles(lists: Tensor) -> Iterator[slice]:
    """Ranges of rows of the matrices of pairs."""
    num_lists, num_items = lists.shape
    height = max(_PAIRS_PER_TILE // max(num_lists * num_items, 1), 1)
    for top in range(0, num_items, height):
        yield slice(top, min(top + height, num_items))


def _differences(values: Tensor, rows: slice) -> Tensor:
    """``v_i - v_j`` for the rows i, (lists, rows, items)."""
    return values[:, rows].unsqueeze(2) - values.unsqueeze(1)


def _comparable(relevance: Tensor, mask: Tensor, rows: slice) -> Tensor:
    """Where ``y_i > y_j`` for the rows i, (lists, rows, items)."""
    above = relevance[:, rows].unsqueeze(2) > relevance.unsqueeze(1)
    return above & mask[:, rows].unsqueeze(2) & mask.unsqueeze(1)


def _weights(
    relevance: Tensor,
    mask: Tensor,
    discounts: Tensor,
    gains: Tensor,
    rows: slice,
    weighting: PairWeight,
    mu: float,
) -> Tensor:
    """W for the rows i, (lists, rows, items), 0 where the pair does not count."""
    if weighting == "ndcg_loss1":
        of_rows = (gains * discounts).where(mask, 0.0)[:, rows]
        return of_rows.unsqueeze(2) * mask.unsqueeze(1)
    counts = _comparable(relevance, mask, rows)
    swapped = (discounts[rows].unsqueeze(1) - discounts).abs()
    match weighting:
        case "rank_net":
            return counts.to(gains.dtype)
        case "discount":
            return swapped.where(counts, 0.0)
        case "lambda_rank":
            factor = swapped
        case "ndcg_loss2":
            factor = _steps(discounts, rows)
        case "ndcg_loss2_plus":
            factor = mu * _steps(discounts, rows) + swapped
    return (factor * _differences(gains, rows)).where(counts, 0.0)  # not negative, as gains follow relevance


def _steps(discounts: Tensor, rows: slice) -> Tensor:
    """``d_n - d_{n+1}`` for the distance n of two ranks, (rows, items); 0 on the diagonal."""
    ranks = torch.arange(len(discounts), device=discounts.device)
    steps = functional.pad(discounts[:-1] - discounts[1:], (1, 0))
    return steps[(ranks[rows].unsqueeze(1) - ranks).abs()]
