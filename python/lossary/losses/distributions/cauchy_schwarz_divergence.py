"""Cauchy-Schwarz divergence: how far two samples are from having one density, with a closed form.

Kernel density estimates take the place of densities, so that no adversary and no variational bound is
needed; unlike the Kullback-Leibler divergence it is symmetric and stays finite for samples that do not
overlap.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.losses.distributions._gaussian_kernel import (
    Bandwidth,
    Unit,
    bandwidth_of,
    in_unit,
    log_kernel,
    log_mean,
)
from lossary.losses.distributions._points import check_same_dim, points_of


@full_precision
def cauchy_schwarz_divergence(
    samples_p: Float[Tensor, "first"] | Float[Tensor, "first dim"],
    samples_q: Float[Tensor, "second"] | Float[Tensor, "second dim"],
    *,
    bandwidth: Bandwidth = 1.0,
    unit: Unit = "nat",
) -> Float[Tensor, ""]:
    r"""Minus the logarithm of the squared cosine between two kernel density estimates.

    .. math:: L = \log \frac{1}{N^2} \sum_{ij} k(p_i, p_j) + \log \frac{1}{M^2} \sum_{ij} k(q_i, q_j)
              - 2 \log \frac{1}{N M} \sum_{ij} k(p_i, q_j), \quad
              k(a, b) = e^{-\lVert a - b \rVert^2 / (2 \sigma^2)}

    Args:
        samples_p: points p, or one number each.
        samples_q: points q, of the same dimension.
        bandwidth: sigma, above 0; "median" takes the median distance of two of all points, or 1 where that is
            0, without a gradient.
        unit: of information: "nat", or "bit" as in the authors' code.

    Returns:
        A scalar, at least 0, which it is for equal samples.

    Raises:
        ShapeError: an argument is neither a vector nor a matrix, is empty, or the dimensions differ.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; squared distances overflow; an option is out of range.

    Source: Yu, Yu, Lokse, Jenssen and Principe, Cauchy-Schwarz Divergence Information Bottleneck for
        Regression, ICLR 2024, section 3.

    Example:
        >>> import torch
        >>> cauchy_schwarz_divergence(torch.tensor([0.0]), torch.tensor([2.0]))  # 2 * 2^2 / 2
        tensor(4.)
    """
    p, q = points_of("samples_p", samples_p), points_of("samples_q", samples_q)
    check_same_dim("samples_q", q, p.shape[1], like="samples_p")
    sigma = bandwidth_of("samples_p", torch.cat([p, q]), bandwidth)
    within = log_mean(log_kernel("samples_p", p, p, sigma)) + log_mean(log_kernel("samples_q", q, q, sigma))
    return in_unit(within - 2 * log_mean(log_kernel("samples_p", p, q, sigma)), unit)


CauchySchwarzDivergence = loss_module(cauchy_schwarz_divergence)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six points and five, apart by one."""
    return {
        "samples_p": torch.randn(6, 2, generator=generator),
        "samples_q": torch.randn(5, 2, generator=generator) + 1,
    }


LOSS = LossSpec(
    function=cauchy_schwarz_divergence,
    module=CauchySchwarzDivergence,
    paper=Paper(
        title="Cauchy-Schwarz Divergence Information Bottleneck for Regression",
        authors="Yu, Yu, Lokse, Jenssen and Principe",
        venue="ICLR",
        year=2024,
        url="https://arxiv.org/abs/2404.17951",
        equation="section 3",
    ),
    differentiable=("samples_p", "samples_q"),
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
)
