"""A summary of many scores that acts on others as they do: cells of the axis, Chebyshev moments in each.

What scores x do to a score s through a smooth function of (s - x) / T is, per cell, what a few weighted
points do: the Chebyshev nodes of the cell, weighted so that polynomials below degree 12 have the same sums.
On cells half as wide as T that reproduces the logistic function and its like to rounding.
"""

import math

import torch
from torch import Tensor

from lossary.ops.pair_rows import accumulator

_NODES = 12
_WIDTH = 0.5  # of a cell, in temperatures; with 12 nodes the logistic function errs by 4e-15
_FARTHEST = 2.0**50  # cells from 0; beyond, the place inside a cell has no digits left
_CHUNK = 1 << 16


class ScoreCells:
    """Counts and moments of the scores of two classes, per occupied cell.

    Args:
        temperature: what differences of scores are divided by.
        like: a tensor on the device of the scores.
    """

    def __init__(self, temperature: float, like: Tensor) -> None:
        self._width = _WIDTH * temperature
        dtype, device = accumulator(like), like.device
        self._cells = torch.empty(0, dtype=torch.int64, device=device)
        self._counts = torch.zeros(2, 0, dtype=torch.int64, device=device)
        self._moments = torch.zeros(2, 0, _NODES, dtype=dtype, device=device)
        angles = math.pi * (torch.arange(_NODES, dtype=dtype, device=device) + 0.5) / _NODES
        orders = torch.arange(_NODES, dtype=dtype, device=device)
        self._nodes = angles.cos()
        # from moments to weights of the nodes: the interpolating polynomial's coefficients, transposed
        self._to_weights = (orders.unsqueeze(1) * angles).cos() * 2 / _NODES
        self._to_weights[0] /= 2

    @property
    def num_nodes(self) -> int:
        """How many weighted points stand for the scores of a class, at most."""
        return self._cells.numel() * _NODES

    def fits(self, score: Tensor) -> bool:
        """Whether scores lie where the cells still tell them apart."""
        return not bool((score.to(self._moments.dtype).abs() > _FARTHEST * self._width).any())

    def add(self, score: Tensor, positive: Tensor, *, remove: bool = False) -> None:
        """Take scores in, or out again."""
        for part, kind in zip(torch.split(score, _CHUNK), torch.split(positive, _CHUNK), strict=True):
            self._add(part.to(self._moments.dtype), kind.long(), -1 if remove else 1)
        occupied = (self._counts > 0).any(0)
        self._cells, self._counts = self._cells[occupied], self._counts[:, occupied]
        # what rounding leaves of scores that have gone goes with the last of them
        self._moments = self._moments[:, occupied] * (self._counts > 0).unsqueeze(2)

    def _add(self, score: Tensor, kind: Tensor, sign: int) -> None:
        place = score / self._width
        cell = place.floor()
        basis = _chebyshev(2 * (place - cell) - 1)
        cells = torch.unique(torch.cat([self._cells, cell.long()]))
        counts = self._counts.new_zeros(2, cells.numel())
        moments = self._moments.new_zeros(2, cells.numel(), _NODES)
        known = torch.searchsorted(cells, self._cells)
        counts[:, known], moments[:, known] = self._counts, self._moments
        slot = kind * cells.numel() + torch.searchsorted(cells, cell.long())
        counts.view(-1).index_add_(0, slot, torch.full_like(slot, sign))
        moments.view(-1, _NODES).index_add_(0, slot, basis, alpha=sign)
        self._cells, self._counts, self._moments = cells, counts, moments

    def count(self, *, positive: bool) -> Tensor:
        """How many scores of one class there are."""
        return self._counts[int(positive)].sum()

    def points(self, *, positive: bool) -> tuple[Tensor, Tensor]:
        """Where the points are that stand for the scores of one class, and their weights, of any sign."""
        kind = int(positive)
        held = self._counts[kind] > 0
        place = self._cells[held].unsqueeze(1) + (1 + self._nodes) / 2
        weight = self._moments[kind, held] @ self._to_weights
        return (place * self._width).flatten(), weight.flatten()


def _chebyshev(t: Tensor) -> Tensor:
    """The Chebyshev polynomials below degree 12 at each t in [-1, 1], (N, 12)."""
    values = [torch.ones_like(t), t]
    while len(values) < _NODES:
        values.append(2 * t * values[-1] - values[-2])
    return torch.stack(values, 1)
