"""CRPS of normal forecasts: a mean and a deviation, scored in the unit of what is forecast.

Beside the likelihood it is kind to outliers: far from the mean it grows as the absolute error does. Of an
ensemble it takes ``ensemble.mean(-1)`` and ``ensemble.std(-1, correction=0).clamp(min=1e-6)``.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import check_finite, check_floating, check_shape, checks_values
from lossary.errors import InvalidInputError, ShapeError

# So many deviations away a normal density is 0 in float64, too.
_FAR = 40.0


@full_precision
def crps_gaussian(
    mean: Float[Tensor, "*points"],
    std: Float[Tensor, "*points"],
    target: Float[Tensor, "*points"],
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Continuous ranked probability score of normal distributions.

    .. math:: L = \sigma \Big( z (2 \Phi(z) - 1) + 2 \varphi(z) - \frac{1}{\sqrt \pi} \Big), \quad
              z = \frac{y - \mu}{\sigma}

    Args:
        mean: mu, any shape.
        std: sigma, above 0, in the shape of ``mean``.
        target: what happened, y, in the shape of ``mean``.
        reduction: "mean" or "sum" over points, or "none".

    Returns:
        A scalar, or one value per point under "none", at least 0.

    Raises:
        ShapeError: the shapes differ, or there is no point.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; a deviation is not above 0.

    Source: Bonev et al., FourCastNet 3: A geometric approach to probabilistic machine-learning weather
        forecasting at scale, arXiv 2507.12144, 2025; the form: Gneiting, Raftery, Westveld and Goldman,
        Calibrated probabilistic forecasting using ensemble model output statistics and minimum CRPS
        estimation, Monthly Weather Review 133, 2005, equation 5.

    Example:
        >>> import torch
        >>> zero, one = torch.zeros(1), torch.ones(1)
        >>> crps_gaussian(zero, one, zero)  # 2 / sqrt(2 pi) - 1 / sqrt(pi)
        tensor(0.2337)
    """
    check_floating("mean", mean)
    if mean.numel() == 0:
        raise ShapeError(f"mean: got shape {tuple(mean.shape)}; wanted at least one point")
    check_finite("mean", mean)
    for name, value in (("std", std), ("target", target)):
        check_floating(name, value)
        check_shape(name, value, tuple(mean.shape), like="mean")
        check_finite(name, value)
    if checks_values(std) and not bool((std > 0).all()):
        raise InvalidInputError(f"std: got {std.min().item():g}; wanted deviations above 0")
    scale = std.to(mean.dtype)
    error = target.to(mean.dtype) - mean
    # The quotient of a far error may overflow; beyond the bounds nothing changes any more.
    z = error.clamp(-_FAR * scale, _FAR * scale) / scale
    density = (-z.square() / 2).exp() / math.sqrt(2 * math.pi)
    likely = (z / math.sqrt(2)).erf()
    return reduce(error * likely + scale * (2 * density - 1 / math.sqrt(math.pi)), reduction)


CrpsGaussian = loss_module(crps_gaussian)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Forecasts of five points."""
    return {
        "mean": torch.randn(5, generator=generator),
        "std": 0.5 + torch.rand(5, generator=generator),
        "target": torch.randn(5, generator=generator),
    }


LOSS = LossSpec(
    function=crps_gaussian,
    module=CrpsGaussian,
    paper=Paper(
        title=(
            "FourCastNet 3: A geometric approach to probabilistic machine-learning weather forecasting at "
            "scale"
        ),
        authors="Bonev et al.",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2507.12144",
    ),
    differentiable=("mean", "std", "target"),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="crps_gaussian", adapt=lambda mean, std, target: (mean, std, target)),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
