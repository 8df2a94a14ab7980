"""Derivatives of softplus summed over all pairs of samples on a line, in time proportional to the samples.

The line is cut into cells. A cell with many samples is replaced by the nodes of a polynomial, with the masses
that its samples put on them; the samples of the others stay. These points act on near ones pair by pair, and
on far ones through a few exponentials. Cells are as wide as a power of two, so that a sample's offset within
its cell is exact; where samples leave most of the range empty, only occupied cells are kept.

Sources: interpolation between cells after Fong and Darve, The black-box fast multipole method, Journal of
Computational Physics 228, 2009; the number of nodes after Trefethen, Approximation Theory and Approximation
Practice, theorem 8.2 (the singularities of softplus are at distance pi from the line).
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

# From this distance on, the first terms of a series of exponentials are the function, to rounding.
_FAR = 8.0
_TERMS = 5

# Greatest width of a cell and number of nodes that interpolate it to rounding. Narrow cells cost less for a
# sample and more for a cell.
_NARROW, _WIDE = (0.5, 12), (2.0, 20)
_SAMPLES_PER_NARROW_CELL = 200

# Samples handled together, so that what they need stays in a cache of the CPU; other devices want more.
_BLOCK = {"cpu": 1 << 14}
_LARGE_BLOCK = 1 << 22
_PAIRS_PER_TILE = 1 << 18

# Beyond this distance an exponential is zero.
_UNDERFLOW = 745.0


def softplus_derivative(order: int, z: Tensor) -> Tensor:
    """The derivative of log(1 + e^z) of an order from 0 to 3."""
    decay = z.abs().neg_().exp_()
    match order:
        case 0:
            return z.clamp(min=0) + decay.log1p_()
        case 1:
            return torch.where(z > 0, 1, decay) / (1 + decay)
        case 2:
            return decay / (1 + decay).square()
        case _:
            return z.sign() * (z.abs().neg_().expm1_()) * decay / (1 + decay) ** 3


class _Cells(NamedTuple):
    """Occupied cells in ascending order, and the samples in them."""

    width: float  # in the unit of the kernel
    nodes: int
    key: Tensor  # (cells,), whole numbers: the place of each on the grid
    step: Tensor  # (cells,), integers: the same, with gaps between far cells cut short
    expanded: Tensor  # (cells,), bool: whether nodes stand for the samples
    of_sample: Tensor  # (N,)
    place: Tensor  # (N,): offset from the centre of the cell
    positive: Tensor  # (N,), bool
    mass: Tensor  # (N,)

    @property
    def reach(self) -> int:
        """Cells that are more steps apart are far."""
        return math.ceil(_FAR / self.width)


class _Points(NamedTuple):
    """What stands for the samples: first the nodes of expanded cells, then the samples of the others."""

    cell: Tensor  # (points,)
    place: Tensor  # (points,)
    mass: Tensor  # (2, points): of positives, of negatives
    num_nodes: int


def convolve(score: Tensor, positive: Tensor, mass: Tensor, unit: float, order: int) -> tuple[Tensor, Tensor]:
    """The sum over positives x and negatives y of a derivative of softplus at (y - x) unit, and its slopes.

    Args:
        score: (N,), at least one; finite.
        positive: (N,), bool.
        mass: (N,), of any sign; a pair counts the product.
        unit: above 0.
        order: of the derivative, 0 to 2.

    Returns:
        The sum, and for each sample the sum of the next derivative over the other class, (N,), where the mass
        of the other one counts.
    """
    lowest, highest = (float(extreme) for extreme in torch.aminmax(score))
    extent = (highest - lowest) * unit
    narrow = extent / _NARROW[0] * _SAMPLES_PER_NARROW_CELL <= score.numel()
    widest, nodes = _NARROW if narrow else _WIDE
    in_scores = 2.0 ** math.floor(math.log2(widest / unit))
    if extent / (in_scores * unit) * nodes <= score.numel():
        return _sums(_all_cells(score, positive, mass, in_scores, unit, nodes), order)
    ascending = score.argsort(stable=True)
    samples = (score[ascending], positive[ascending], mass[ascending])
    value, slope = _sums(_occupied_cells(*samples, in_scores, unit, nodes), order)
    return value, torch.empty_like(slope).index_copy_(0, ascending, slope)


def _all_cells(
    score: Tensor, positive: Tensor, mass: Tensor, in_scores: float, unit: float, nodes: int
) -> _Cells:
    """Every cell of the range, expanded: samples fill it, and need not be sorted."""
    key = (score / in_scores).floor_()
    place = _place(score, key, in_scores, unit)
    of_sample = key.sub_(key.min()).long()
    step = torch.arange(int(of_sample.max()) + 1, device=score.device)
    expanded = torch.ones_like(step, dtype=torch.bool)
    width = in_scores * unit
    return _Cells(width, nodes, step.to(score.dtype), step, expanded, of_sample, place, positive, mass)


def _occupied_cells(
    score: Tensor, positive: Tensor, mass: Tensor, in_scores: float, unit: float, nodes: int
) -> _Cells:
    """The cells with samples, which are in ascending order; those with a few are not expanded."""
    keys = (score / in_scores).floor_()
    place, width = _place(score, keys, in_scores, unit), in_scores * unit
    key, of_sample, counts = torch.unique_consecutive(keys, return_inverse=True, return_counts=True)
    gaps = key.diff(prepend=key[:1]).clamp_(max=math.ceil(_FAR / width) + 1)
    step = gaps.long().cumsum(0)
    return _Cells(width, nodes, key, step, counts * 4 > nodes, of_sample, place, positive, mass)


def _place(score: Tensor, key: Tensor, in_scores: float, unit: float) -> Tensor:
    """Offsets from the centres of cells; exact up to the last product, for any scores."""
    return (score - key * in_scores).mul_(unit).sub_(0.5 * in_scores * unit)


def _sums(cells: _Cells, order: int) -> tuple[Tensor, Tensor]:
    in_expanded = cells.expanded[cells.of_sample]
    light = (~in_expanded).nonzero()[:, 0]
    heavy = in_expanded.nonzero()[:, 0] if light.numel() else None
    matrix = _interpolation(cells)
    points = _points(cells, matrix, heavy, light)
    fields = cells.place.new_zeros(3, points.place.numel())
    _add_near(fields, cells, points, order)
    linear = _add_far(fields, cells, points, order, below=True)
    _add_far(fields, cells, points, order, below=False)
    value = linear + (points.mass[0] * fields[0]).sum()
    of_nodes, of_light = fields[1:, : points.num_nodes], fields[1:, points.num_nodes :]
    slope = torch.empty_like(cells.place)
    slope[light] = torch.where(cells.positive[light], of_light[0], of_light[1])
    coefficients = (of_nodes.reshape(2, -1, cells.nodes) @ matrix.T).flatten(0, 1).T.contiguous()
    for own, slot, polynomials in _expansions(cells, heavy):
        of_block = torch.zeros_like(cells.place[own])
        for row, polynomial in zip(coefficients, polynomials, strict=True):
            of_block.addcmul_(row.index_select(0, slot), polynomial)
        slope[own] = of_block
    return value, slope


def _interpolation(cells: _Cells) -> Tensor:
    """From moments to masses of nodes, (degrees, nodes); transposed, from values there to coefficients."""
    degrees = torch.arange(cells.nodes, dtype=cells.place.dtype, device=cells.place.device)
    matrix = torch.cos(degrees.unsqueeze(1) * _angles(cells)) * (2 / cells.nodes)
    matrix[0] /= 2
    return matrix


def _angles(cells: _Cells) -> Tensor:
    nodes = torch.arange(cells.nodes, dtype=cells.place.dtype, device=cells.place.device)
    return (nodes + 0.5) * (math.pi / cells.nodes)


def _places_of_nodes(cells: _Cells) -> Tensor:
    return 0.5 * cells.width * torch.cos(_angles(cells))


def _expansions(
    cells: _Cells, heavy: Tensor | None
) -> Iterator[tuple[slice | Tensor, Tensor, Iterator[Tensor]]]:
    """The samples of expanded cells (``heavy``; None for all) block by block.

    Each with the slot of its cell and class, positives first, and the Chebyshev polynomials of its place.
    """
    num_expanded = int(cells.expanded.sum())
    rank = cells.expanded.cumsum(0) - 1
    size = max(_BLOCK.get(cells.place.device.type, _LARGE_BLOCK), 16 * num_expanded)
    for start in range(0, cells.place.numel() if heavy is None else heavy.numel(), size):
        block = slice(start, start + size)
        own = block if heavy is None else heavy[block]
        slot = rank.index_select(0, cells.of_sample[own]) + num_expanded * ~cells.positive[own]
        yield own, slot, _chebyshev(cells.place[own] * (2 / cells.width), cells.nodes)


def _chebyshev(t: Tensor, count: int) -> Iterator[Tensor]:
    """The first polynomials at t."""
    before, last = t, torch.ones_like(t)
    for _ in range(count):
        yield last
        before, last = last, (2 * t * last).sub_(before)


def _points(cells: _Cells, matrix: Tensor, heavy: Tensor | None, light: Tensor) -> _Points:
    expanded = cells.expanded.nonzero()[:, 0]
    moments = cells.place.new_zeros(cells.nodes, 2 * expanded.numel())
    for own, slot, polynomials in _expansions(cells, heavy):
        of_block = torch.zeros_like(moments)
        for row, polynomial in zip(of_block, polynomials, strict=True):
            row.index_add_(0, slot, polynomial * cells.mass[own])
        # Block by block, the rounding errors of a long sum stay small.
        moments += of_block
    of_nodes = (moments.T @ matrix).reshape(2, -1)
    mass, positive = cells.mass[light], cells.positive[light]
    return _Points(
        torch.cat([expanded.repeat_interleave(cells.nodes), cells.of_sample[light]]),
        torch.cat([_places_of_nodes(cells).repeat(expanded.numel()), cells.place[light]]),
        torch.cat([of_nodes, torch.stack([mass * positive, mass * ~positive])], dim=1),
        of_nodes.shape[1],
    )


def _add_near(fields: Tensor, cells: _Cells, points: _Points, order: int) -> None:
    split = points.num_nodes
    if split:
        _add_nodes(fields[:, :split].view(3, -1, cells.nodes), cells, points, order)
    if split < points.place.numel():
        everyone, nodes, light = slice(None), slice(split), slice(split, None)
        _add_pairs(fields, cells, points, everyone, light, order)
        _add_pairs(fields, cells, points, light, nodes, order)


def _add_nodes(fields: Tensor, cells: _Cells, points: _Points, order: int) -> None:
    """What nodes of near cells do to nodes, (3, expanded cells, nodes)."""
    step, place = cells.step[cells.expanded], _places_of_nodes(cells)
    mass = points.mass[:, : points.num_nodes].reshape(2, -1, cells.nodes)
    apart = torch.arange(-cells.reach, cells.reach + 1, device=step.device)
    # From the nodes of a source to those of a receiver, so many cells apart.
    z = (apart.to(place.dtype) * cells.width).view(-1, 1, 1) + (place.unsqueeze(1) - place)
    value, of_negatives, of_positives = (
        softplus_derivative(order, z).flatten(0, 1),
        softplus_derivative(order + 1, z).flatten(0, 1),
        softplus_derivative(order + 1, -z).flatten(0, 1),
    )
    size = _PAIRS_PER_TILE // value.shape[0]
    for start in range(0, step.numel(), size):
        receivers = slice(start, start + size)
        wanted = step[receivers].unsqueeze(1) + apart
        source = torch.searchsorted(step, wanted).clamp_(max=step.numel() - 1)
        positives, negatives = (mass[:, source] * (step[source] == wanted).unsqueeze(2)).flatten(2)
        fields[0, receivers] += negatives @ value
        fields[1, receivers] += negatives @ of_negatives
        fields[2, receivers] += positives @ of_positives


def _add_pairs(
    fields: Tensor, cells: _Cells, points: _Points, receivers: slice, sources: slice, order: int
) -> None:
    """What each of some points does to others in near cells."""
    step = cells.step[points.cell]
    source_step, source_place, mass = step[sources], points.place[sources], points.mass[:, sources]
    step, place, fields = step[receivers], points.place[receivers], fields[:, receivers]
    first = torch.searchsorted(source_step, step - cells.reach)
    end = torch.searchsorted(source_step, step + cells.reach, right=True)
    counts, by_count = (end - first).sort(descending=True, stable=True)
    start = 0
    while start < counts.numel() and (longest := int(counts[start])) > 0:
        own = by_count[start : start + max(1, _PAIRS_PER_TILE // longest)]
        index = first[own].unsqueeze(1) + torch.arange(longest, device=own.device)
        inside = index < end[own].unsqueeze(1)
        index.clamp_(max=source_step.numel() - 1)
        apart = (source_step[index] - step[own].unsqueeze(1)).to(place.dtype) * cells.width
        z = apart + (source_place[index] - place[own].unsqueeze(1))
        of_positives, of_negatives = mass[:, index] * inside
        fields[0, own] += (of_negatives * softplus_derivative(order, z)).sum(1)
        fields[1, own] += (of_negatives * softplus_derivative(order + 1, z)).sum(1)
        fields[2, own] += (of_positives * softplus_derivative(order + 1, -z)).sum(1)
        start += own.numel()


def _add_far(fields: Tensor, cells: _Cells, points: _Points, order: int, *, below: bool) -> Tensor:
    """What points of far cells below the receivers do to them, or above; returns what the value has beyond.

    Of order 0, the sum of y - x over the positives x in cells far below a negative y: kept apart, because it
    would hide the rest.
    """
    key, step, of_point, place = cells.key, cells.step, points.cell, points.place
    if not below:
        key, step, of_point, place = -key.flip(0), -step.flip(0), key.numel() - 1 - of_point, -place
    gap = key.diff() * cells.width
    growth = place.exp()
    # Sums of mass e^(k (place - centre)) of each class in a cell, then in it and all lower ones.
    sums = place.new_zeros(_TERMS + 1, 2, key.numel())
    slots, power = torch.cat([of_point, of_point + key.numel()]), points.mass
    for term in sums:
        term.view(-1).index_add_(0, slots, power.flatten())
        power = power * growth
    own_mass, mass = sums[0], sums[0].cumsum(-1)
    exponents = torch.arange(1, _TERMS + 1, dtype=place.dtype, device=place.device).view(-1, 1, 1)
    carried = _carry(sums[1:], torch.exp(-exponents * gap), cells.width)

    last = torch.searchsorted(step, step - cells.reach) - 1
    nothing, last = last < 0, last.clamp(min=0)
    distance = (key - key[last]) * cells.width
    mass = mass[:, last].masked_fill(nothing, 0.0)
    carried = (carried[..., last] * torch.exp(-exponents * distance)).masked_fill(nothing, 0.0)
    receivers = [(0, order, 1, below), (1, order + 1, 1, below), (2, order + 1, 0, not below)]
    for field, derivative, source, is_negative in receivers:
        total = torch.zeros_like(place)
        for k in range(_TERMS, 0, -1):
            coefficient = (-1) ** (k + 1) * float(k) ** (derivative - 1)
            total = total.add_(coefficient * carried[k - 1, source].index_select(0, of_point)).div_(growth)
        if not is_negative:
            # softplus(z) = softplus(-z) + z, and so on for its derivatives.
            total *= (-1) ** derivative
            if derivative == 1:
                total += mass[source].index_select(0, of_point)
        fields[field] += total
    if order != 0 or not below:
        return place.new_zeros(())
    lift = torch.zeros_like(sums[0])
    lift.view(-1).index_add_(0, slots, (points.mass * place).flatten())
    depth = (functional.pad(sums[0].cumsum(-1)[0, :-1] * gap, (1, 0)) - lift[0]).cumsum(-1)
    rise = depth[last].masked_fill(nothing, 0.0) + mass[0] * distance
    return (own_mass[1] * rise + mass[0] * lift[1]).sum()


def _carry(sums: Tensor, decay: Tensor, width: float) -> Tensor:
    """Adds to each sum those before it, times the decays on the way; cells are at least a width apart."""
    sums, decay = sums.clone(), functional.pad(decay, (1, 0))
    shift = 1
    while shift < sums.shape[-1] and shift * width <= _UNDERFLOW:
        sums[..., shift:] += sums[..., :-shift] * decay[..., shift:]
        decay[..., shift:] = decay[..., shift:] * decay[..., :-shift]
        shift *= 2
    return sums
