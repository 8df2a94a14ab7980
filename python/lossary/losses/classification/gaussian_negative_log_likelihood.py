"""Gaussian negative log-likelihood: regression by a mean and a variance, for networks that know their doubt.

Unlike torch's loss of that name it contains the constant by default, so that its values can be compared with
those of other likelihoods, and a variance below the floor receives no gradient.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_no_negative,
    check_positive,
    check_shape,
)


@full_precision
def gaussian_negative_log_likelihood(
    mean: Float[Tensor, "*batch"],
    variance: Float[Tensor, "*batch"],
    target: Float[Tensor, "*batch"],
    *,
    eps: float = 1e-6,
    full: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""-log of the density that a normal distribution gives the target.

    .. math:: L = \frac{1}{2} \Big( \log v + \frac{(y - \mu)^2}{v} + \log 2 \pi \Big), \quad
              v = \max(\sigma^2, \varepsilon)

    Args:
        mean: mu, any shape.
        variance: sigma squared, 0 or above, in the shape of ``mean``.
        target: y, in the shape of ``mean``. It receives no gradient.
        eps: the least variance, above 0.
        full: False leaves out the constant, log(2 pi) / 2.
        reduction: "mean" or "sum" over all elements, or "none".

    Returns:
        A scalar, or one value per element under "none"; below 0 where the density is above 1.

    Raises:
        ShapeError: the shapes differ.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; a variance is negative; ``eps`` is not above 0.

    Source: Sengupta, Waxenegger-Wilfing, Martin, Hardi and Juniper, Forecasting Thermoacoustic Instabilities
        in Liquid Propellant Rocket Engines Using Multimodal Bayesian Deep Learning, arXiv 2107.06396, 2021;
        the loss of Nix and Weigend, Estimating the mean and variance of the target probability distribution,
        ICNN 1994.

    Example:
        >>> import torch
        >>> mean, variance, target = torch.tensor([0.0]), torch.tensor([1.0]), torch.tensor([2.0])
        >>> gaussian_negative_log_likelihood(mean, variance, target, full=False)  # (log 1 + 4 / 1) / 2
        tensor(2.)
    """
    check_positive("eps", eps)
    check_floating("mean", mean)
    check_finite("mean", mean)
    for name, value in (("variance", variance), ("target", target)):
        check_floating(name, value)
        check_shape(name, value, tuple(mean.shape), like="mean")
        check_finite(name, value)
    check_no_negative("variance", variance)
    floored = variance.to(mean.dtype).clamp(min=eps)
    error = target.detach().to(mean.dtype) - mean
    constant = math.log(2 * math.pi) if full else 0.0
    return reduce(0.5 * (floored.log() + error.square() / floored + constant), reduction)


GaussianNegativeLogLikelihood = loss_module(gaussian_negative_log_likelihood)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Predictions of two quantities for five samples."""
    return {
        "mean": torch.randn(5, 2, generator=generator),
        "variance": 0.5 + torch.rand(5, 2, generator=generator),
        "target": torch.randn(5, 2, generator=generator),
    }


LOSS = LossSpec(
    function=gaussian_negative_log_likelihood,
    module=GaussianNegativeLogLikelihood,
    paper=Paper(
        title=(
            "Forecasting Thermoacoustic Instabilities in Liquid Propellant Rocket Engines Using Multimodal "
            "Bayesian Deep Learning"
        ),
        authors="Sengupta, Waxenegger-Wilfing, Martin, Hardi and Juniper",
        venue="arXiv",
        year=2021,
        url="https://arxiv.org/abs/2107.06396",
    ),
    differentiable=("mean", "variance"),
    example_inputs=example_inputs,
    unpaired_reason="it is a proper score of predicted distributions, and so its own exact metric",
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
)
