"""Hinges over all pairs, from sorted scores: no pairs, and no digits lost whatever the range of the scores.

Every sum is one of powers of distances upwards, carried from score to score as a running sum of positive
terms, so nothing cancels. Whether a pair is within the margin is decided exactly, even where ``x - margin``
is not a number of the dtype.
"""

from fractions import Fraction
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

# A running sum restarts after so many terms: rounding errors then grow with the square root of the number of
# terms and of restarts, and restarts run in parallel.
_RUN = 1 << 10


class SortedRows(NamedTuple):
    """Rows of samples in ascending order of their scores, each (rows, N)."""

    score: Tensor
    positive: Tensor
    mass: Tensor

    def exchanged(self) -> "SortedRows":
        """The same samples, with the classes exchanged."""
        return self._replace(positive=~self.positive)

    def mirrored(self) -> "SortedRows":
        """The samples of the negated scores, with the classes exchanged: differences stay what they were."""
        return SortedRows(-self.score.flip(-1), ~self.positive.flip(-1), self.mass.flip(-1))


def hinge(rows: SortedRows, margin: Fraction, degree: int) -> tuple[Tensor, Tensor]:
    """The sum of max(margin + y - x, 0)^degree over positives x and negatives y, and its slopes in y - x.

    Args:
        rows: the samples; masses of any sign.
        margin: in the unit of the scores, of any sign.
        degree: 1 or 2.

    Returns:
        The sums, (rows,), where a pair counts the product of its masses; and the slope of each sample, (rows,
        N), where the mass of the other one counts.
    """
    own = _powers_above(rows, margin)
    # A negative receives from the positives that are less than a margin above it: the same, upside down.
    other = _powers_above(rows.mirrored(), margin)
    value = (own[degree] * (rows.mass * rows.positive)).sum(-1)
    return value, degree * torch.where(rows.positive, own[degree - 1], other[degree - 1].flip(-1))


def _powers_above(rows: SortedRows, margin: Fraction) -> Tensor:
    """For each sample x, the sums of (y - (x - margin))^k over the negatives y above x - margin; k = 0, 1, 2.

    Shape (3, rows, N); only what positives receive is of use.
    """
    score = rows.score.contiguous()
    high = float(torch.tensor(float(margin), dtype=score.dtype))
    threshold, missed = _exact_sum(score, torch.full_like(score, -high))
    threshold, missed = _exact_sum(threshold, missed - float(margin - Fraction(high)))
    # A score equal to the rounded threshold is above the exact one where that is lower.
    query = torch.where(missed < 0, threshold.nextafter(torch.full_like(score, -torch.inf)), threshold)
    first = torch.searchsorted(score, query, right=True)
    mass, rise, square = (functional.pad(power, (0, 1)).gather(-1, first) for power in _powers_of_tails(rows))
    anchor = score.gather(-1, first.clamp(max=score.shape[-1] - 1))
    above = (anchor - threshold) - missed
    return torch.stack([mass, mass * above + rise, (mass * above + 2 * rise) * above + square])


def _exact_sum(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """The rounded sum, and what it misses. Source: Knuth, The Art of Computer Programming 2, 4.2.2."""
    total = first + second
    of_second = total - first
    return total, (first - (total - of_second)) + (second - of_second)


def _powers_of_tails(rows: SortedRows) -> tuple[Tensor, Tensor, Tensor]:
    """For each sample, the sums of (y - score)^k over the negatives y from it upwards; k = 0, 1, 2."""
    mass = _sum_from_the_top(rows.mass * ~rows.positive)
    step = rows.score.diff(append=rows.score[..., -1:])
    above = functional.pad(mass[..., 1:], (0, 1))
    rise = _sum_from_the_top(above * step)
    rise_above = functional.pad(rise[..., 1:], (0, 1))
    return mass, rise, _sum_from_the_top((above * step + 2 * rise_above) * step)


def _sum_from_the_top(terms: Tensor) -> Tensor:
    """The running sums of the last axis from its end."""
    num_rows, size = terms.shape
    runs = functional.pad(terms.flip(-1), (0, -size % _RUN)).view(num_rows, -1, _RUN).cumsum(-1)
    before = runs[..., -1].cumsum(-1)[..., :-1]
    runs[..., 1:, :] += before.unsqueeze(-1)
    return runs.view(num_rows, -1)[:, :size].flip(-1)


def barrier_hinge(rows: SortedRows, margin: float, scale: float, temperature: float) -> tuple[Tensor, Tensor]:
    """The barrier hinge of (x - y) / temperature over all pairs, and its slopes in (y - x) / temperature.

    Args and returns are those of `hinge`, for masses that add up to 1 in each class of a row. The highest of
    three lines is taken as one of them, and hinges by which the others are higher.
    """
    low: float | None
    if scale >= 0.5:
        # Of scale 1 and below, the first line is nowhere the highest.
        line, zero, low, below = -1.0, margin, None, scale - 1
        high, above = margin, scale + 1
        if scale > 1:
            low = -scale * margin / (scale - 1)
    else:
        line, zero, low, below = -scale, (1 - scale) * margin / scale, scale * margin / (1 - scale), 1 - scale
        high, above = margin / (2 * scale), 2 * scale
    pivot = (rows.score * rows.mass * rows.positive).sum(-1, keepdim=True)
    centred = rows.score - pivot
    signed = torch.where(rows.positive, rows.mass, -rows.mass)
    in_scores = Fraction(temperature)
    value = line * ((centred * signed).sum(-1) / temperature - zero)
    slope = torch.full_like(rows.score, -line)
    if low is not None:
        own, change = hinge(rows, Fraction(low) * in_scores, 1)
        value, slope = value + below * own / temperature, slope + below * change
    # Above its kink, the hinge of the classes exchanged.
    own, change = hinge(rows.exchanged(), -Fraction(high) * in_scores, 1)
    return value + above * own / temperature, slope - above * change
