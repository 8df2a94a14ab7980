"""The continuous ranked probability score of ensembles of numbers.

One operator with a kernel on the CPU, the same sums in torch's operations elsewhere.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.library import custom_op
from torch.nn import functional

from lossary import _kernels


def crps_values(
    ensemble: Tensor, target: Tensor, *, alpha: float, ensemble_weight: Tensor | None = None
) -> Tensor:
    r"""The score of each point.

    .. math:: \sum_i w_i |x_i - y| - \frac{1}{2} \Big(1 - \alpha + \frac{\alpha}{1 - \sum_i w_i^2}\Big)
              \sum_{ij} w_i w_j |x_i - x_j|

    Args:
        ensemble: forecasts x, (*points, members), floating, of at least one member.
        target: what happened, y, (*points), in the same dtype.
        alpha: 1 is the fair score, 0 that of the ensemble as it is.
        ensemble_weight: w of the members, (members,) or in the shape of ``ensemble``, which adds up to 1 over
            them; it receives no gradient. None weighs all the same.

    Returns:
        (*points,), NaN where an input is. Members that tie have equal slopes; second derivatives are 0.

    Example:
        >>> import torch
        >>> crps_values(torch.tensor([[0.0, 2.0]]), torch.tensor([1.0]), alpha=0.0)
        tensor([0.5000])
    """
    weights = None if ensemble_weight is None else ensemble_weight.detach()
    if ensemble.device.type == "cpu" and ensemble.dtype in (torch.float32, torch.float64):
        values: Tensor = _Crps.apply(ensemble, target, weights, float(alpha), torch.is_grad_enabled())[0]
        return values
    return _by_torch(ensemble, target, weights, alpha)


@custom_op("lossary::crps", mutates_args=())
def _crps(
    ensemble: Tensor,
    target: Tensor,
    ensemble_weight: Tensor | None,
    alpha: float,
    with_slopes: bool,  # noqa: FBT001 - operators have no keywords
) -> tuple[Tensor, Tensor, Tensor]:
    """The scores, and if wanted their derivatives by the members and by what happened."""
    if target.numel() == 0:
        return _like(ensemble, with_slopes=with_slopes)
    weights = None if ensemble_weight is None else ensemble_weight.double().reshape(-1).contiguous().numpy()
    given = (
        ensemble.reshape(-1).contiguous().numpy(),
        target.double().reshape(-1).contiguous().numpy(),
        weights,
        alpha,
    )
    if not with_slopes:
        values = torch.from_numpy(_kernels.crps_ensemble(*given)).to(ensemble.dtype)
        return values.reshape(target.shape), *_like(ensemble, with_slopes=False)[1:]
    values, by_members, by_target = map(torch.from_numpy, _kernels.crps_slopes(*given))
    return (
        values.to(ensemble.dtype).reshape(target.shape),
        by_members.reshape(ensemble.shape),
        by_target.reshape(target.shape),
    )


def _like(ensemble: Tensor, *, with_slopes: bool) -> tuple[Tensor, Tensor, Tensor]:
    points = ensemble.shape[:-1]
    shapes = (points, ensemble.shape, points) if with_slopes else (points, (0,), (0,))
    first, second, third = (ensemble.new_empty(shape) for shape in shapes)
    return first, second, third


@_crps.register_fake
def _(ensemble: Tensor, *inputs: Any) -> tuple[Tensor, Tensor, Tensor]:
    return _like(ensemble, with_slopes=inputs[-1])


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:  # noqa: ARG001
    ctx.save_for_backward(*output[1:])
    ctx.set_materialize_grads(False)


def _backward(ctx: Any, of_values: Tensor | None, *_of_slopes: Tensor | None) -> tuple[Tensor | None, ...]:
    by_members, by_target = ctx.saved_tensors
    if of_values is None:  # slopes are steps: theirs are 0
        return torch.zeros_like(by_members), torch.zeros_like(by_target), None, None, None
    return of_values.unsqueeze(-1) * by_members, of_values * by_target, None, None, None


class _Crps(Function):
    @staticmethod
    def forward(*inputs: Any) -> tuple[Tensor, Tensor, Tensor]:
        result: tuple[Tensor, Tensor, Tensor] = _crps(*inputs)
        return result

    setup_context = staticmethod(_save)
    backward = staticmethod(_backward)

    @staticmethod
    def vmap(
        info: Any,
        in_dims: Any,
        ensemble: Tensor,
        target: Tensor,
        weights: Tensor | None,
        alpha: float,
        with_slopes: bool,  # noqa: FBT001
    ) -> tuple[Any, Any]:
        """Points are independent: those of all examples go in one call."""
        ensemble, target = (
            value.expand(info.batch_size, *value.shape) if axis is None else value.movedim(axis, 0)
            for value, axis in zip((ensemble, target), in_dims, strict=False)
        )
        if weights is not None and in_dims[2] is not None:
            weights = weights.movedim(in_dims[2], 0)
            inner = (1,) * (ensemble.ndim - weights.ndim)
            weights = weights.reshape(info.batch_size, *inner, *weights.shape[1:])
        if weights is not None and weights.ndim > 1:
            weights = weights.expand_as(ensemble)
        axis = 0 if with_slopes else None
        return _Crps.apply(ensemble, target, weights, alpha, with_slopes), (0, axis, axis)


_crps.register_autograd(_backward, setup_context=_save)


def _by_torch(ensemble: Tensor, target: Tensor, ensemble_weight: Tensor | None, alpha: float) -> Tensor:
    distances = ensemble - target.unsqueeze(-1)
    count = ensemble.shape[-1]
    if count == 1:
        return distances.squeeze(-1).abs()
    # Without a gradient to the target: from the spread it has none, and rounding would give it one.
    ordered, order = (ensemble - target.detach().unsqueeze(-1)).sort(-1)
    if ensemble_weight is None:
        shares, skill = torch.full_like(ordered, 1 / count), distances.abs().mean(-1)
    else:
        shares = ensemble_weight.expand_as(ensemble).gather(-1, order)
        skill = (ensemble_weight * distances.abs()).sum(-1)
    still = ordered.detach()
    below = _sums_before(shares)
    # Members that tie have the weight below and above of the whole tie, so that their slopes are the same.
    starts = torch.ones_like(still, dtype=torch.bool)
    starts[..., 1:] = still[..., 1:] > still[..., :-1]
    ends = starts.roll(-1, -1)
    under = below.where(starts, 0.0).cummax(-1).values
    above = _sums_before(shares.flip(-1)).where(ends.flip(-1), 0.0)
    over = above.cummax(-1).values.flip(-1)
    half_spread = (shares * (under - over) * ordered).sum(-1)
    if ensemble_weight is None:
        return skill - half_spread * ((count - 1 + alpha) / (count - 1))
    # 1 - sum w^2 without a difference, which would be 0 where one member has nearly all the weight
    others = 2 * (shares * below).sum(-1)
    return skill - half_spread * (1 - alpha + alpha / others.where(others > 0, 1.0))


def _sums_before(values: Tensor) -> Tensor:
    """Running sums without the value itself, which a subtraction would not leave exact."""
    return functional.pad(values.cumsum(-1)[..., :-1], (1, 0))
