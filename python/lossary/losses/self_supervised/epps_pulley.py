"""Epps-Pulley: how far a sample is from a standard normal distribution, by characteristic functions.

A test statistic with a bounded gradient, however far out a value lies. `sliced_epps_pulley` applies it to
random directions of embeddings.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import (
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import check_finite, check_floating, check_int, check_positive
from lossary.errors import InvalidInputError, ShapeError


@full_precision
def epps_pulley(
    sample: Float[Tensor, "batch"] | Float[Tensor, "batch columns"],
    *,
    t_max: float = 3.0,
    num_points: int = 17,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Weighted distance of a sample's characteristic function from that of the standard normal distribution.

    .. math:: T = N \int_{-t_{max}}^{t_{max}} \left| \frac{1}{N} \sum_n e^{i t x_n} - e^{-t^2 / 2} \right|^2
              e^{-t^2 / 2} \, dt

    by the trapezoidal rule. Mean and variance are tested too, as the sample is not standardized.

    Args:
        sample: x, N values; or a column of N values for each of several samples.
        t_max: how far the integral goes, above 0; at 5 hardly anything is left beyond.
        num_points: points of the rule from 0 to ``t_max``, at least 2; the other half is symmetric.
        reduction: "mean" or "sum" over columns, or "none".

    Returns:
        A scalar, or one value per column under "none". Around 1 for a sample of the normal distribution,
        whatever its size; otherwise it grows with N.

    Raises:
        ShapeError: ``sample`` is neither a vector nor a matrix, or is empty.
        DtypeError: ``sample`` is not floating, or ``num_points`` no int.
        InvalidInputError: a value is NaN or infinite; ``t_max`` is not above 0; ``num_points`` is below 2.

    Differs from the paper: its algorithm 1 has 17 points from -5 to 5, which are ``t_max=5`` and
        ``num_points=9``; the defaults are those of the official package.

    Source: Balestriero and LeCun, LeJEPA: Provable and Scalable Self-Supervised Learning Without the
        Heuristics, arXiv 2511.08544, 2025; the statistic is of Epps and Pulley, A test for normality based on
        the empirical characteristic function, Biometrika 70, 1983.

    Example:
        >>> import torch
        >>> # one value of 0, whose characteristic function is 1, at t = 0 and 1: e^{-1/2} (1 - e^{-1/2})^2
        >>> epps_pulley(torch.zeros(1), t_max=1.0, num_points=2)
        tensor(0.0939)
    """
    check_floating("sample", sample)
    if sample.ndim not in (1, 2) or sample.numel() == 0:
        raise ShapeError(
            f"sample: got shape {tuple(sample.shape)}; wanted (batch) or (batch, columns), not empty"
        )
    check_finite("sample", sample)
    columns = sample.unsqueeze(1) if sample.ndim == 1 else sample
    return reduce(misfit(columns, t_max=t_max, num_points=num_points), reduction)


def misfit(sample: Tensor, *, t_max: float, num_points: int) -> Tensor:
    """The statistic of each column of (..., batch, columns), as (..., columns).

    Raises:
        DtypeError: ``num_points`` is not an int.
        InvalidInputError: ``t_max`` is not above 0, or ``num_points`` below 2.
    """
    check_positive("t_max", t_max)
    check_int("num_points", num_points)
    if num_points < 2:
        raise InvalidInputError(f"num_points: got {num_points}; wanted at least 2")
    step = t_max / (num_points - 1)
    knots = torch.arange(num_points, dtype=sample.dtype, device=sample.device) * step
    normal = (-knots.square() / 2).exp()
    weight = 2 * step * normal  # of t and -t together
    ends = torch.arange(num_points, device=sample.device) % (num_points - 1) == 0
    weight = weight.where(~ends, weight / 2)
    angles = sample.unsqueeze(-1) * knots  # (..., batch, columns, knots)
    distance = (angles.cos().mean(-3) - normal).square() + angles.sin().mean(-3).square()
    return sample.shape[-2] * (distance * weight).sum(-1)


EppsPulley = loss_module(epps_pulley)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three samples of eight values, not quite normal."""
    return {"sample": 1.5 * torch.randn(8, 3, generator=generator) + 0.5}


LOSS = LossSpec(
    function=epps_pulley,
    module=EppsPulley,
    paper=Paper(
        title="LeJEPA: Provable and Scalable Self-Supervised Learning Without the Heuristics",
        authors="Balestriero and LeCun",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2511.08544",
        equation="algorithm 1",
    ),
    differentiable=("sample",),
    example_inputs=example_inputs,
    unpaired_reason="it is the statistic itself, of one sample and no target",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
