"""Entropic optimal transport: the potentials of its dual, by Sinkhorn's iterations in logarithms.

An operator, so that compiled graphs and ``vmap`` can hold iterations that end when they have converged. Each
problem stops on its own, and does not depend on its neighbours.
"""

import math
import warnings
from typing import Any

import torch
from torch import Tensor
from torch.library import custom_op

from lossary.errors import ConvergenceWarning

_SHRINK, _STEPS = 4.0, 5
"""Of the schedule that leads to a small entropy: from stage to stage, and iterations of each."""


def sinkhorn_potentials(
    cost: Tensor, *, entropy: float, symmetric: bool = False, max_iterations: int, tolerance: float
) -> tuple[Tensor, Tensor]:
    """The dual potentials of transport between points of equal weights.

    Args:
        cost: (problems, points, others), finite; it receives no gradient.
        entropy: the weight of the entropy, above 0, in the unit of the cost.
        symmetric: the others are the points; one potential, which converges faster, is both.
        max_iterations: of each problem, after the schedule; a `ConvergenceWarning` tells of those that end
            there.
        tolerance: the change of potentials at which they have converged, or four roundings of the largest.

    Returns:
        (problems, points) and (problems, others); the sum of their means is the cost of transport with its
        entropy.

    Source: Cuturi, Sinkhorn Distances: Lightspeed Computation of Optimal Transport, NeurIPS 2013; the
        symmetric iteration and the schedule: Feydy, Sejourne, Vialard, Amari, Trouve and Peyre, Interpolating
        between Optimal Transport and MMD using Sinkhorn Divergences, AISTATS 2019.

    Example:
        >>> import torch
        >>> f, g = sinkhorn_potentials(
        ...     torch.tensor([[[3.0]]]), entropy=1.0, max_iterations=100, tolerance=1e-9
        ... )
        >>> f + g  # one point has nowhere else to go
        tensor([[3.]])
    """
    f, g = _potentials(cost.detach(), entropy, symmetric, max_iterations, tolerance)
    return f, g


@custom_op("lossary::sinkhorn_potentials", mutates_args=())
def _potentials(
    cost: Tensor,
    entropy: float,
    symmetric: bool,  # noqa: FBT001 - operators have no keywords
    max_iterations: int,
    tolerance: float,
) -> tuple[Tensor, Tensor]:
    f, g = cost.new_zeros(cost.shape[:2]), cost.new_zeros(cost.shape[0], cost.shape[2])
    if cost.numel() == 0:
        return f, g
    epsilon = cost.flatten(1).amax(1)
    while bool((running := epsilon > entropy).any()):
        for _ in range(_STEPS):
            f, g, _ = _step(cost, f, g, epsilon.clamp(min=entropy), running, symmetric=symmetric)
        epsilon = epsilon / _SHRINK
    epsilon = torch.full_like(epsilon, entropy)
    running = torch.ones_like(running)
    rounding = 4 * torch.finfo(cost.dtype).eps
    for _ in range(max_iterations):
        f, g, change = _step(cost, f, g, epsilon, running, symmetric=symmetric)
        running = running & (change > (rounding * f.abs().amax(1)).clamp(min=tolerance))
        if not bool(running.any()):
            return f, g
    warnings.warn(
        f"{int(running.sum())} transport problems changed by up to {change[running].max().item():g} after "
        f"{max_iterations} iterations; more, or a larger blur, would make them exact",
        ConvergenceWarning,
        stacklevel=2,
    )
    return f, g


def _step(
    cost: Tensor, f: Tensor, g: Tensor, epsilon: Tensor, running: Tensor, *, symmetric: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The potentials of the problems that run after one iteration, and the largest change of each f."""
    if symmetric:
        new_f = (f + _update(f, cost.mT, epsilon)) / 2
        new_g = new_f
    else:
        new_g = _update(f, cost, epsilon)
        new_f = _update(new_g, cost.mT, epsilon)
    change = (new_f - f).abs().amax(1)
    kept = running.unsqueeze(1)
    return new_f.where(kept, f), new_g.where(kept, g), change


def _update(potential: Tensor, cost: Tensor, epsilon: Tensor) -> Tensor:
    """The potential of the columns that belongs to one of the rows."""
    scale = epsilon.unsqueeze(1)
    exponents = (potential.unsqueeze(2) - cost) / scale.unsqueeze(2)
    return -scale * (exponents.logsumexp(1) - math.log(cost.shape[1]))


@_potentials.register_fake
def _(
    cost: Tensor,
    entropy: float,  # noqa: ARG001
    symmetric: bool,  # noqa: ARG001, FBT001
    max_iterations: int,  # noqa: ARG001
    tolerance: float,  # noqa: ARG001
) -> tuple[Tensor, Tensor]:
    return cost.new_empty(cost.shape[:2]), cost.new_empty(cost.shape[0], cost.shape[2])


@_potentials.register_vmap
def _(
    info: Any, in_dims: tuple[int | None, ...], cost: Tensor, *options: Any
) -> tuple[tuple[Tensor, Tensor], tuple[int, int]]:
    axis = in_dims[0]
    batched = cost.expand(info.batch_size, *cost.shape) if axis is None else cost.movedim(axis, 0)
    f, g = _potentials(batched.flatten(0, 1), *options)
    return (f.unflatten(0, batched.shape[:2]), g.unflatten(0, batched.shape[:2])), (0, 0)
