"""The largest losses of each row of pairs, by sorting the columns once, for piecewise polynomial surrogates.

Along sorted columns a convex loss falls, then rises, so the largest losses of a row are the first columns and
the last ones. Where the small ones between them begin is found by bisection, for all rows at once, and the
sums over the rest come from running sums of the columns.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from lossary.ops.surrogates import barrier_lines, pair_loss


class Piece(NamedTuple):
    """``square d^2 + slope d + height`` for differences d from ``low`` up; the first piece has none below."""

    square: float
    slope: float
    height: float
    low: float | None = None
    closed: bool = True  # whether low itself belongs to this piece


class Tops:
    """A share of each row's losses against the columns, the largest.

    Args:
        rows: (R,), centred near 0 for the sake of the digits.
        columns: (C,), centred alike, at least one.
        share: how many of the C losses count, as a share of them; the last one by the fraction that is left.
        surrogate: one of ``SORTED_SURROGATES`` of `lossary.ops.sorted_pairs`.
        margin: the surrogate's margin.
        scale: the surrogate's scale.
    """

    def __init__(
        self, rows: Tensor, columns: Tensor, share: float, surrogate: str, margin: float, scale: float
    ) -> None:
        self.rows = rows
        self.columns, self.order = columns.sort(stable=True)
        self.count = share * columns.numel()
        self._options = (surrogate, margin, scale)
        self._running = [_running_sum(self.columns.pow(power)) for power in range(3)]

    def means(self) -> Tensor:
        """(R,), the mean of each row's largest losses."""
        total = torch.zeros_like(self.rows)
        for weight, left, right, piece in self._ranges():
            zeroth, first, second = (running[right] - running[left] for running in self._running)
            moment = zeroth * self.rows - first
            square = (zeroth * self.rows - 2 * first) * self.rows + second
            total += weight * (piece.square * square + piece.slope * moment + piece.height * zeroth)
        return total / self.count

    def slopes(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The slopes of the means: summed for each row, and summed for each column with weighted rows.

        Args:
            weight: (R,), what each row counts in the sums of the columns.

        Returns:
            (R,) and (C,).
        """
        of_rows = torch.zeros_like(self.rows)
        constant, linear, covers = (self.columns.new_zeros(self.columns.numel() + 1) for _ in range(3))
        for part, left, right, piece in self._ranges():
            zeroth, first = (running[right] - running[left] for running in self._running[:2])
            of_rows += part * (2 * piece.square * (zeroth * self.rows - first) + piece.slope * zeroth)
            # on its range a row adds a line in the column: a step up at the left end, down at the right
            height = part * weight * (2 * piece.square * self.rows + piece.slope)
            constant.index_add_(0, left, height).index_add_(0, right, -height)
            steepness = 2 * part * piece.square * weight
            linear.index_add_(0, left, steepness).index_add_(0, right, -steepness)
            ones = torch.ones_like(weight)
            covers.index_add_(0, left, ones).index_add_(0, right, -ones)
        ordered = constant.cumsum(0)[:-1] - linear.cumsum(0)[:-1] * self.columns
        ordered = ordered.where(covers.cumsum(0)[:-1] > 0, 0.0)  # exactly, not but for rounding
        of_columns = torch.empty_like(ordered)
        of_columns[self.order] = ordered
        return of_rows / self.count, of_columns / self.count

    def _ranges(self) -> Iterator[tuple[float, Tensor, Tensor, Piece]]:
        """What counts: a weight, each row's first column and the one after its last, and the polynomial."""
        size = self.columns.numel()
        whole = min(int(self.count), size)
        fraction = self.count - whole
        # k losses and a fraction are that fraction of the way from the largest k to the largest k + 1
        for weight, kept in ((1 - fraction, whole), (fraction, min(whole + 1, size))):
            if weight == 0 or kept == 0:
                continue
            start = self._start_of_small(kept)
            end = start + size - kept
            first = torch.zeros_like(start)
            for piece in _pieces(*self._options):
                last = torch.full_like(start, size)
                if piece.low is not None:
                    last = torch.searchsorted(self.columns, self.rows - piece.low, right=piece.closed)
                yield weight, torch.minimum(first, start), torch.minimum(last, start), piece
                yield weight, torch.maximum(first, end), torch.maximum(last, end), piece
                first = last

    def _start_of_small(self, kept: int) -> Tensor:
        """For each row how many of its ``kept`` largest losses are at the first columns."""
        skipped = self.columns.numel() - kept
        low = torch.zeros_like(self.rows, dtype=torch.long)
        high = torch.full_like(low, kept)
        for _ in range(kept.bit_length()):
            middle = ((low + high) // 2).clamp(max=kept - 1)
            left = pair_loss(self.rows - self.columns[middle], *self._options)
            right = pair_loss(self.rows - self.columns[middle + skipped], *self._options)
            searching, larger = low < high, left > right
            low = torch.where(searching & larger, middle + 1, low)
            high = torch.where(searching & ~larger, middle, high)
        return low


def _pieces(surrogate: str, margin: float, scale: float) -> list[Piece]:
    """From large differences to small ones, along the sorted columns."""
    match surrogate:
        case "square":
            return [Piece(1.0, -2 * margin, margin * margin)]
        case "hinge":
            return [Piece(0.0, 0.0, 0.0, margin), Piece(0.0, -1.0, margin)]
        case "squared_hinge":
            return [Piece(0.0, 0.0, 0.0, margin), Piece(1.0, -2 * margin, margin * margin)]
        case _:
            lines = barrier_lines(margin, scale)
            rising = Piece(0.0, scale, -scale * margin, lines.high, closed=False)
            if lines.steep == lines.slope:
                return [rising, Piece(0.0, lines.slope, lines.height)]
            middle = Piece(0.0, lines.slope, lines.height, lines.low)
            meeting = lines.height + (lines.slope - lines.steep) * lines.low
            return [rising, middle, Piece(0.0, lines.steep, meeting)]


def _running_sum(values: Tensor) -> Tensor:
    return torch.cat((values.new_zeros(1), values.cumsum(0)))
