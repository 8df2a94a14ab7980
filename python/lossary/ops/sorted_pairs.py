"""Sums over pairs of piecewise polynomial surrogates, by sorting: n log n instead of all pairs.

Each is a sum of ramps relu(u - l)^k over pairs of numbers. Walking down the sorted numbers, a ramp's sum over
all u above grows by the weight above times the gap to the next number, so no large terms are subtracted from
each other and the digits of small sums survive scores far apart: the relative error is that of rounding times
the range of the scores over the margin.
"""

import torch
from torch import Tensor

from lossary.ops.surrogates import barrier_lines

SORTED_SURROGATES = frozenset({"square", "hinge", "squared_hinge", "barrier_hinge"})


def row_sums(rows: Tensor, columns: Tensor, surrogate: str, margin: float, scale: float) -> Tensor:
    """For each row r the sum over the columns c of the surrogate at r - c.

    Args:
        rows: (R,), centred near 0 for the sake of the digits.
        columns: (C,), centred alike, at least one.
        surrogate: one of ``SORTED_SURROGATES``.
        margin: the surrogate's margin.
        scale: the surrogate's scale.

    Returns:
        (R,), in n log n time; linear for the square.
    """
    ones = torch.ones_like(columns)
    count, middle = columns.numel(), columns.mean()
    match surrogate:
        case "square":
            spread = (columns - middle).square().mean()
            return count * ((margin - rows + middle).square() + spread)
        case "hinge":
            return ramp_sums(rows - margin, columns, ones, 1)
        case "squared_hinge":
            return ramp_sums(rows - margin, columns, ones, 2)
        case _:
            steep, slope, height, low, high = barrier_lines(margin, scale)
            total = count * (height + slope * (rows - middle))
            total += (scale - slope) * ramp_sums(high - rows, -columns, ones, 1)
            if steep != slope:
                total += (slope - steep) * ramp_sums(rows - low, columns, ones, 1)
            return total


def slope_sums(
    rows: Tensor, columns: Tensor, weight: Tensor, surrogate: str, margin: float, scale: float
) -> tuple[Tensor, Tensor]:
    """Sums of the slope at r - c, for each row over the columns and for each column over the rows.

    Args:
        rows: (R,), as for `row_sums`.
        columns: (C,).
        weight: (R,), what each row counts in the sums of the columns.
        surrogate: one of ``SORTED_SURROGATES``.
        margin: the surrogate's margin.
        scale: the surrogate's scale.

    Returns:
        (R,) plain sums and (C,) weighted sums.
    """
    count = columns.numel()
    match surrogate:
        case "square":
            shifted = rows - margin
            return (
                2 * count * (shifted - columns.mean()),
                2 * ((weight * shifted).sum() - weight.sum() * columns),
            )
        case "hinge":
            of_rows, of_columns = _ramp_sums_both_ways(rows - margin, columns, weight, 0)
            return -of_rows, -of_columns
        case "squared_hinge":
            of_rows, of_columns = _ramp_sums_both_ways(rows - margin, columns, weight, 1)
            return -2 * of_rows, -2 * of_columns
        case _:
            steep, slope, _, low, high = barrier_lines(margin, scale)
            rising_rows, rising_columns = _ramp_sums_both_ways(high - rows, -columns, weight, 0)
            of_rows = slope * count + (scale - slope) * rising_rows
            of_columns = slope * weight.sum() + (scale - slope) * rising_columns
            if steep != slope:
                falling_rows, falling_columns = _ramp_sums_both_ways(rows - low, columns, weight, 0)
                of_rows -= (slope - steep) * falling_rows
                of_columns -= (slope - steep) * falling_columns
            return of_rows, of_columns


def ramp_sums(lower: Tensor, upper: Tensor, weight: Tensor, power: int) -> Tensor:
    """For each l the sum over all u above it of weight_u (u - l)^power; an equal u does not count.

    Args:
        lower: (L,), the numbers l.
        upper: (U,), the numbers u.
        weight: (U,), the weight of each u.
        power: 0, 1 or 2.

    Returns:
        (L,). With weights of one sign every term has that sign, so the relative error is that of a sum.
    """
    # Among equals the l come first, and the sort is stable: "above" is strict.
    ordered, order = torch.cat((lower, upper)).sort(descending=True, stable=True)
    sums = torch.cat((torch.zeros_like(lower), weight))[order].cumsum(0)
    if power > 0:
        gap = -ordered.diff(prepend=ordered[:1])
        above = sums.roll(1)  # the first gap is zero, so what comes round does not count
        sums = (above * gap).cumsum(0)
        if power > 1:
            sums = ((2 * sums.roll(1) + above * gap) * gap).cumsum(0)
    unordered = torch.empty_like(sums)
    unordered[order] = sums
    return unordered[: lower.numel()]


def _ramp_sums_both_ways(lower: Tensor, upper: Tensor, weight: Tensor, power: int) -> tuple[Tensor, Tensor]:
    """The ramps' sums for each l over the u above, and for each u over the weighted l below."""
    return (
        ramp_sums(lower, upper, torch.ones_like(upper), power),
        ramp_sums(-upper, -lower, weight, power),
    )
