"""Cauchy-Schwarz mutual information: how much two variables say about each other, from pairs of samples.

The Cauchy-Schwarz divergence of their joint density from the product of their own; as a regularizer it
compresses a representation of what it is made from.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.errors import ShapeError
from lossary.losses.distributions._gaussian_kernel import (
    Bandwidth,
    Unit,
    bandwidth_of,
    in_unit,
    log_kernel,
    log_mean,
)
from lossary.losses.distributions._points import points_of


@full_precision
def cauchy_schwarz_mutual_information(
    first: Float[Tensor, "batch"] | Float[Tensor, "batch first_dim"],
    second: Float[Tensor, "batch"] | Float[Tensor, "batch second_dim"],
    *,
    bandwidth: Bandwidth = 1.0,
    normalized: bool = False,
    unit: Unit = "nat",
) -> Float[Tensor, ""]:
    r"""Cauchy-Schwarz divergence of a joint density from the product of its margins.

    .. math:: I = \log \frac{1}{N^2} \sum_{ij} A_{ij} B_{ij}
              + \log \frac{1}{N^4} \sum_{ij} A_{ij} \sum_{ij} B_{ij}
              - 2 \log \frac{1}{N^3} \sum_i \sum_j A_{ij} \sum_j B_{ij}

    A and B hold the Gaussian kernels of the pairs of ``first`` and of ``second``.

    Args:
        first: one variable, a point or a number per sample.
        second: the other variable of the same samples.
        bandwidth: of both kernels, above 0; "median" takes for each variable the median distance of two of
            its points, or 1 where that is 0, without a gradient.
        normalized: divide by the root of the product of I(x, x) and I(y, y), which has no unit; 0 where a
            variable is constant.
        unit: of information, "nat" or "bit".

    Returns:
        A scalar, at least 0, up to rounding.

    Raises:
        ShapeError: an argument is neither a vector nor a matrix, is empty, or their numbers of samples
            differ.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; squared distances overflow; an option is out of range.

    Source: Yu, Yu, Lokse, Jenssen and Principe, Cauchy-Schwarz Divergence Information Bottleneck for
        Regression, ICLR 2024, section 3.

    Example:
        >>> import torch
        >>> bits = torch.tensor([0.0, 0.0, 99.0, 99.0])
        >>> # four pairs that are all different, and one bit of two that are the same
        >>> cauchy_schwarz_mutual_information(bits, torch.tensor([0.0, 99.0, 0.0, 99.0]), unit="bit").abs()
        tensor(0.)
        >>> cauchy_schwarz_mutual_information(bits, bits, unit="bit")
        tensor(1.)
    """
    x, y = points_of("first", first), points_of("second", second)
    if len(x) != len(y):
        raise ShapeError(f"second: got {len(y)} samples; wanted {len(x)}, as first")
    a = log_kernel("first", x, x, bandwidth_of("first", x, bandwidth))
    b = log_kernel("second", y, y, bandwidth_of("second", y, bandwidth))
    information = in_unit(_information(a, b), unit)
    if not normalized:
        return information
    own, other = in_unit(_information(a, a), unit), in_unit(_information(b, b), unit)
    # A constant says nothing, even about itself, but for rounding.
    least = 16 * torch.finfo(own.dtype).eps * (1 + math.log(len(x)))
    varies = (own > least) & (other > least)
    scale = own.where(varies, 1.0).sqrt() * other.where(varies, 1.0).sqrt()
    return (information / scale).where(varies, 0 * information)


def _information(a: Tensor, b: Tensor) -> Tensor:
    margins = (a.logsumexp(1) + b.logsumexp(1)).logsumexp(0) - 3 * math.log(len(a))
    return log_mean(a + b) + log_mean(a) + log_mean(b) - 2 * margins


CauchySchwarzMutualInformation = loss_module(cauchy_schwarz_mutual_information)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Seven samples of two variables that depend on each other."""
    first = torch.randn(7, 3, generator=generator)
    return {"first": first, "second": first[:, :2] + 0.5 * torch.randn(7, 2, generator=generator)}


LOSS = LossSpec(
    function=cauchy_schwarz_mutual_information,
    module=CauchySchwarzMutualInformation,
    paper=Paper(
        title="Cauchy-Schwarz Divergence Information Bottleneck for Regression",
        authors="Yu, Yu, Lokse, Jenssen and Principe",
        venue="ICLR",
        year=2024,
        url="https://arxiv.org/abs/2404.17951",
        equation="section 3",
    ),
    differentiable=("first", "second"),
    example_inputs=example_inputs,
    unpaired_reason="it is an estimate of a divergence from samples, and so its own exact value",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("cs_qmi",),
)
