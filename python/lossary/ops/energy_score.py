"""The energy score of ensembles of vectors.

One operator with a kernel on the CPU, distances in torch's operations elsewhere. Second derivatives are
torch's operations everywhere.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.library import custom_op

from lossary import _kernels
from lossary.ops.distances import pair_distances


def energy_values(
    ensemble: Tensor, target: Tensor, *, alpha: float, beta: float = 1.0, p: float = 2.0
) -> Tensor:
    r"""The score of each point.

    .. math:: \frac{1}{M} \sum_i \lVert x_i - y \rVert_p^\beta
              - \frac{M - 1 + \alpha}{2 M^2 (M - 1)} \sum_{ij} \lVert x_i - x_j \rVert_p^\beta

    Args:
        ensemble: forecasts x, (*points, members, dim), floating, of at least one member.
        target: what happened, y, (*points, dim), floating.
        alpha: 1 is the fair score, 0 that of the ensemble as it is.
        beta: above 0 and below 2.
        p: of the norm, at least 1.

    Returns:
        (*points,), NaN where an input is. It has first and second derivatives, in which distances of 0 count
        for nothing. Second ones take memory for all differences of members.

    Example:
        >>> import torch
        >>> energy_values(torch.tensor([[[0.0, 0.0], [6.0, 8.0]]]), torch.zeros(1, 2), alpha=0.0)
        tensor([2.5000])
    """
    dtype = torch.promote_types(ensemble.dtype, target.dtype)
    ensemble, target = ensemble.to(dtype), target.to(dtype)
    if ensemble.device.type == "cpu" and dtype in (torch.float32, torch.float64):
        options = (float(alpha), float(beta), float(p))
        values: Tensor = _EnergyScore.apply(ensemble, target, *options, torch.is_grad_enabled())[0]
        return values
    return _by_torch(ensemble, target, alpha, beta, p)


@custom_op("lossary::energy_score", mutates_args=())
def _energy_score(
    ensemble: Tensor,
    target: Tensor,
    alpha: float,
    beta: float,
    p: float,
    with_slopes: bool,  # noqa: FBT001 - operators have no keywords
) -> tuple[Tensor, Tensor, Tensor]:
    """The scores, and if wanted their derivatives by the members and by what happened."""
    if target.numel() == 0:
        values, by_members, by_target = _like(ensemble, with_slopes=with_slopes)
        return values.zero_(), by_members, by_target
    points, dim = target.shape[:-1], target.shape[-1]
    given = (
        ensemble.reshape(-1).contiguous().numpy(),
        target.double().reshape(-1).contiguous().numpy(),
        dim,
        alpha,
        beta,
        p,
    )
    if not with_slopes:
        values = torch.from_numpy(_kernels.energy_score(*given)).to(ensemble.dtype)
        return values.reshape(points), *_like(ensemble, with_slopes=False)[1:]
    values, by_members, by_target = map(torch.from_numpy, _kernels.energy_slopes(*given))
    return (
        values.to(ensemble.dtype).reshape(points),
        by_members.reshape(ensemble.shape),
        by_target.reshape(target.shape),
    )


def _like(ensemble: Tensor, *, with_slopes: bool) -> tuple[Tensor, Tensor, Tensor]:
    points = ensemble.shape[:-2]
    shapes = (points, ensemble.shape, (*points, ensemble.shape[-1])) if with_slopes else (points, (0,), (0,))
    first, second, third = (ensemble.new_empty(shape) for shape in shapes)
    return first, second, third


def _curvature_product(
    ensemble: Tensor,
    target: Tensor,
    options: tuple[float, float, float],
    directions: tuple[Tensor | None, Tensor | None],
) -> tuple[Tensor, Tensor]:
    """The second derivatives of the scores, times a direction of the members and one of what happened."""
    alpha, beta, p = options
    of_members, of_target = directions
    moved = torch.zeros_like(ensemble) if of_members is None else of_members
    moved_target = torch.zeros_like(target) if of_target is None else of_target
    count = ensemble.shape[-2]
    skill = _bend(ensemble - target.unsqueeze(-2), moved - moved_target.unsqueeze(-2), beta, p) / count
    total, of_target = skill, -skill.sum(-2)
    if count > 1:
        gaps = ensemble.unsqueeze(-2) - ensemble.unsqueeze(-3)
        bends = _bend(gaps, moved.unsqueeze(-2) - moved.unsqueeze(-3), beta, p).sum(-2)
        total = total - bends * ((count - 1 + alpha) / (count**2 * (count - 1)))
    return total, of_target


def _bend(gaps: Tensor, changes: Tensor, beta: float, p: float) -> Tensor:
    """The second derivatives of powers of norms of the gaps, (..., dim), times the changes of these."""
    # Gaps are measured in their largest: no power of them overflows, nor do all vanish.
    scale = gaps.abs().amax(-1, keepdim=True)
    apart = scale > 0
    scale = scale.where(apart, 1.0)
    ratios = gaps / scale
    sizes = ratios.abs()
    counted = sizes > 0
    if math.isinf(p):
        lengths = sizes.amax(-1, keepdim=True)
        normals = ratios.sign().where(sizes == lengths, 0.0)
    else:
        sums = sizes.where(counted, 1.0).pow(p).where(counted, 0.0).sum(-1, keepdim=True)
        lengths = sums.where(apart, 1.0).pow(1 / p)
        sizes = (sizes / lengths.where(apart, 1.0)).where(counted, 1.0)
        normals = ratios.sign() * sizes.pow(p - 1).where(counted, 0.0)
    along = (normals * changes).sum(-1, keepdim=True)
    bends = (beta - 1) * normals * along
    if 1 < p < math.inf:
        bends = bends + (p - 1) * (sizes.pow(p - 2).where(counted, 0.0) * changes - normals * along)
    factors = beta * (scale * lengths.where(apart, 1.0)).pow(beta - 2)
    return (factors * bends).where(apart, 0.0)


@_energy_score.register_fake
def _(ensemble: Tensor, *inputs: Any) -> tuple[Tensor, Tensor, Tensor]:
    return _like(ensemble, with_slopes=inputs[-1])


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    ctx.save_for_backward(*inputs[:2], *output[1:])
    ctx.options = inputs[2:5]
    ctx.set_materialize_grads(False)


def _backward(
    ctx: Any, of_values: Tensor | None, of_members: Tensor | None, of_target: Tensor | None
) -> tuple[Tensor | None, ...]:
    ensemble, target, by_members, by_target = ctx.saved_tensors
    total = total_of_target = None
    if of_values is not None:
        total = of_values[..., None, None] * by_members
        total_of_target = of_values.unsqueeze(-1) * by_target
    if of_members is not None or of_target is not None:
        bends, bends_of_target = _curvature_product(ensemble, target, ctx.options, (of_members, of_target))
        total = bends if total is None else total + bends
        total_of_target = bends_of_target if total_of_target is None else total_of_target + bends_of_target
    return total, total_of_target, None, None, None, None


class _EnergyScore(Function):
    @staticmethod
    def forward(*inputs: Any) -> tuple[Tensor, Tensor, Tensor]:
        result: tuple[Tensor, Tensor, Tensor] = _energy_score(*inputs)
        return result

    setup_context = staticmethod(_save)
    backward = staticmethod(_backward)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *inputs: Any) -> tuple[Any, Any]:
        """Points are independent: those of all examples go in one call."""
        ensemble, target = (
            value.expand(info.batch_size, *value.shape) if axis is None else value.movedim(axis, 0)
            for value, axis in zip(inputs[:2], in_dims, strict=False)
        )
        axis = 0 if inputs[-1] else None
        return _EnergyScore.apply(ensemble, target, *inputs[2:]), (0, axis, axis)


_energy_score.register_autograd(_backward, setup_context=_save)


def _by_torch(ensemble: Tensor, target: Tensor, alpha: float, beta: float, p: float) -> Tensor:
    count = ensemble.shape[-2]
    skill = _power(pair_distances(ensemble, target.unsqueeze(-2), p=p), beta).sum((-2, -1)) / count
    if count == 1:
        return skill
    pairs = _power(pair_distances(ensemble, ensemble, p=p), beta).sum((-2, -1))
    return skill - pairs * ((count - 1 + alpha) / (2 * count**2 * (count - 1)))


def _power(distances: Tensor, beta: float) -> Tensor:
    if beta == 1:
        return distances
    apart = distances > 0  # a root has no slope at 0
    return distances.where(apart, 1.0).pow(beta).where(apart, 0.0)
