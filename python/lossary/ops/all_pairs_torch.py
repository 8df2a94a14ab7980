"""All-pairs surrogates in torch operations, on any device: linear time, or n log n for the hinges.

The smooth surrogates of rows with few pairs are taken pair by pair, many rows at once; of long rows by
`lossary.ops.cell_expansion`. The others are sums over samples, or over sorted ones, of all rows at once.
Memory is a few dozen numbers a sample.

On the CPU the same input gives the same bits; on CUDA it does where torch was told to use deterministic
algorithms, which the sums by cell, of ``index_add_``, obey.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

import torch
from torch import Tensor

from lossary.ops.cell_expansion import convolve, softplus_derivative
from lossary.ops.sorted_hinges import SortedRows, barrier_hinge, hinge
from lossary.ops.surrogates import SURROGATES

_PAIRS_PER_TILE = 1 << 20

# A row with more pairs is worth the steps of the expansion, which are few and long.
_MOST_PAIRS = {"cpu": 1 << 16}
_MOST_PAIRS_ELSEWHERE = 1 << 22


class _Pairs(NamedTuple):
    """The rows that have a pair: samples of both classes, each (rows, N)."""

    score: Tensor
    positive: Tensor
    share: Tensor  # of a sample in the weight of its class in the row
    row: Tensor  # (rows,): where each came from

    def of_others(self, mass: Tensor) -> Tensor:
        """For each sample, the sum of the masses of the other class of its row."""
        of_positives, of_negatives = _of_classes(mass, self.positive)
        return torch.where(self.positive, of_negatives, of_positives)


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
        score: (rows, N), within 1e150. Where one is NaN or infinite, everything is NaN.
        target: (rows, N), bool.
        weight: (rows, N), not negative, or None for ones. A row where a class weighs nothing has no pair.
        surrogate: a name of `lossary.ops.surrogates`.
        margin: its margin.
        scale: its steepness.
        temperature: what differences are divided by.

    Returns:
        The mean, and its derivatives, (rows, N).
    """
    pairs = _pairs(score, target, weight)
    gradient = torch.zeros_like(score, dtype=pairs.score.dtype)
    if not score.isfinite().all():
        return gradient.new_full((), torch.nan), gradient.fill_(torch.nan)
    if not pairs.row.numel():
        return gradient.new_zeros(()), gradient
    value, slope = _means(pairs, surrogate, margin, scale, temperature)
    slope = torch.where(pairs.positive, -slope, slope) * pairs.share
    gradient[pairs.row] = slope / (temperature * pairs.row.numel())
    return value.mean(), gradient


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
    pairs = _pairs(score, target, weight)
    product = torch.zeros_like(score, dtype=pairs.score.dtype)
    if not score.isfinite().all():
        return product.fill_(torch.nan)
    if not pairs.row.numel():
        return product
    direction = direction.to(product.dtype)[pairs.row]
    still = _curvatures(pairs, pairs.share, surrogate, margin, scale, temperature)
    moving = _curvatures(pairs, pairs.share * direction, surrogate, margin, scale, temperature)
    change = pairs.share * (direction * still - moving)
    product[pairs.row] = change / (temperature * temperature * pairs.row.numel())
    return product


def _pairs(score: Tensor, target: Tensor, weight: Tensor | None) -> _Pairs:
    score = score.to(torch.float32 if score.device.type == "mps" else torch.float64)
    weight = torch.ones_like(score) if weight is None else weight.to(score.dtype)
    has_pair = ((weight > 0) & target).any(1) & ((weight > 0) & ~target).any(1)
    row = has_pair.nonzero()[:, 0]
    score, target, weight = score[row], target[row], weight[row]
    if row.numel():
        # Relative to the largest of each class: sums neither overflow nor vanish.
        of_positives, of_negatives = ((weight * own).amax(1, keepdim=True) for own in (target, ~target))
        weight = weight / torch.where(target, of_positives, of_negatives)
    of_positives, of_negatives = _of_classes(weight, target)
    return _Pairs(score, target, weight / torch.where(target, of_positives, of_negatives), row)


def _of_classes(mass: Tensor, positive: Tensor) -> tuple[Tensor, Tensor]:
    """The sums of the positives and of the negatives of each row, (rows, 1)."""
    return (mass * positive).sum(1, keepdim=True), (mass * ~positive).sum(1, keepdim=True)


def _means(
    pairs: _Pairs, surrogate: str, margin: float, scale: float, temperature: float
) -> tuple[Tensor, Tensor]:
    """The mean of each row, and each sample's mean slope in (y - x) / temperature over the other class."""
    in_scores, unit = Fraction(margin) * Fraction(temperature), scale / temperature
    match surrogate:
        case "logistic" | "sigmoid":
            value, slope = _smooth(pairs, pairs.share, unit, 0 if surrogate == "logistic" else 1)
            return value, scale * slope
        case "exponential":
            value, ratio = _exponential(pairs, unit)
            return value, torch.where(ratio == 0, 0.0, scale * value.unsqueeze(1) * ratio)
        case "square":
            value, slope = _square(pairs, float(in_scores))
            return value / temperature**2, slope / temperature
        case "hinge":
            value, slope = _sorted(pairs, pairs.share, lambda rows: hinge(rows, in_scores, 1))
            return value / temperature, slope
        case "squared_hinge":
            value, slope = _sorted(pairs, pairs.share, lambda rows: hinge(rows, in_scores, 2))
            return value / temperature**2, slope / temperature
        case "barrier_hinge":
            return _sorted(pairs, pairs.share, lambda rows: barrier_hinge(rows, margin, scale, temperature))
        case _:
            raise ValueError(f"surrogate: got {surrogate!r}; wanted one of {SURROGATES}")


def _curvatures(
    pairs: _Pairs, mass: Tensor, surrogate: str, margin: float, scale: float, temperature: float
) -> Tensor:
    """For each sample, the sum of masses of the other class times the second derivative of the pair."""
    match surrogate:
        case "logistic" | "sigmoid":
            order = 1 if surrogate == "logistic" else 2
            return scale**2 * _smooth(pairs, mass, scale / temperature, order)[1]
        case "exponential":
            value, ratio = _exponential(pairs, scale / temperature)
            product = scale**2 * value.unsqueeze(1) * ratio * pairs.of_others(mass * ratio)
            return torch.where(ratio == 0, 0.0, product)
        case "square":
            return 2 * pairs.of_others(mass)
        case "squared_hinge":
            in_scores = Fraction(margin) * Fraction(temperature)
            return 2 * _sorted(pairs, mass, lambda rows: hinge(rows, in_scores, 1))[1]
        case "hinge" | "barrier_hinge":
            return torch.zeros_like(mass)
        case _:
            raise ValueError(f"surrogate: got {surrogate!r}; wanted one of {SURROGATES}")


def _square(pairs: _Pairs, margin: float) -> tuple[Tensor, Tensor]:
    """Both variances, and the square of what the means leave of the margin; in the unit of the scores."""
    # Scores far from zero lose nothing: means are taken of what is left after a first mean.
    centred = pairs.score - (pairs.share * pairs.positive * pairs.score).sum(1, keepdim=True)
    of_positives, of_negatives = _of_classes(pairs.share * centred, pairs.positive)
    gap = margin - (of_positives - of_negatives)
    centred = centred - torch.where(pairs.positive, of_positives, of_negatives)
    value = (pairs.share * centred.square()).sum(1) + gap.square().squeeze(1)
    return value, 2 * (gap + torch.where(pairs.positive, -centred, centred))


def _exponential(pairs: _Pairs, unit: float) -> tuple[Tensor, Tensor]:
    """The mean of each row, and each sample's factor of it over the mean factor of its class."""
    counts, height = pairs.share > 0, torch.where(pairs.positive, -pairs.score, pairs.score)
    below, above = (
        height.masked_fill(~(counts & own), -torch.inf).amax(1, keepdim=True)
        for own in (pairs.positive, ~pairs.positive)
    )
    top = torch.where(pairs.positive, below, above)
    factor = torch.exp((height - top) * unit).masked_fill(~counts, 0.0)
    of_positives, of_negatives = _of_classes(pairs.share * factor, pairs.positive)
    # Half of the height at a time: the product may be finite where the exponential is not.
    half = torch.exp((below + above) * (0.5 * unit))
    value = ((half * of_positives) * (half * of_negatives)).squeeze(1)
    return value, factor / torch.where(pairs.positive, of_positives, of_negatives)


def _sorted(
    pairs: _Pairs, mass: Tensor, function: Callable[[SortedRows], tuple[Tensor, Tensor]]
) -> tuple[Tensor, Tensor]:
    score, order = pairs.score.sort(dim=1, stable=True)
    value, slope = function(SortedRows(score, pairs.positive.gather(1, order), mass.gather(1, order)))
    return value, torch.empty_like(slope).scatter_(1, order, slope)


def _smooth(pairs: _Pairs, mass: Tensor, unit: float, order: int) -> tuple[Tensor, Tensor]:
    """A derivative of softplus at (y - x) unit, summed over the pairs of each row, and the slopes."""
    value, slope = (
        mass.new_zeros(mass.shape[0]),
        mass.new_zeros(2, *mass.shape),
    )  # as a positive, as a negative
    counts = pairs.share > 0
    num_pairs = (counts & pairs.positive).sum(1) * (counts & ~pairs.positive).sum(1)
    few = num_pairs <= _MOST_PAIRS.get(mass.device.type, _MOST_PAIRS_ELSEWHERE)
    for rows, positives, negatives in _tiles(counts, pairs.positive, few.nonzero()[:, 0]):
        x, y = pairs.score[rows, positives], pairs.score[rows, negatives]
        # Padding is of the wrong class.
        own = (mass[rows, positives] * pairs.positive[rows, positives]).unsqueeze(1)
        other = (mass[rows, negatives] * ~pairs.positive[rows, negatives]).unsqueeze(2)
        z = (y.unsqueeze(1) - x.unsqueeze(2)) * unit
        value[rows[:, 0]] = (own @ softplus_derivative(order, z) @ other).flatten()
        gradient = softplus_derivative(order + 1, z)
        slope[0, rows, positives] = (gradient @ other).squeeze(2)
        slope[1, rows, negatives] = (own @ gradient).squeeze(1)
    for row in (~few).nonzero()[:, 0].tolist():
        own = counts[row].nonzero()[:, 0]
        samples = (pairs.score[row, own], pairs.positive[row, own], mass[row, own])
        value[row], slope[:, row, own] = convolve(*samples, unit, order)
    return value, torch.where(pairs.positive, slope[0], slope[1])


def _tiles(counts: Tensor, positive: Tensor, rows: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Some rows, (n, 1), and in each the places of its positives and of its negatives, padded with others."""
    of_positives, of_negatives = (counts & positive)[rows], (counts & ~positive)[rows]
    # Rows with alike numbers of positives come together, so that there is little padding.
    width, order = of_positives.sum(1).sort(descending=True, stable=True)
    positives, negatives = (
        of_class.byte().argsort(dim=1, descending=True, stable=True)
        for of_class in (of_positives, of_negatives)
    )
    most = int(of_negatives.sum(1).max()) if rows.numel() else 0
    start = 0
    while start < rows.numel():
        size = int(width[start])
        own = order[start : start + max(1, _PAIRS_PER_TILE // (size * most))]
        yield rows[own].unsqueeze(1), positives[own, :size], negatives[own, :most]
        start += own.numel()
