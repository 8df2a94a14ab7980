"""Logarithms of Gaussian kernels between points: sums of them that neither underflow nor overflow."""

import math
from typing import Literal

import torch
from torch import Tensor

from lossary.authoring.validation import check_choice, check_positive
from lossary.losses.distributions._points import squared_distances

Bandwidth = float | Literal["median"]
Unit = Literal["nat", "bit"]


def log_kernel(name: str, points: Tensor, others: Tensor, bandwidth: float | Tensor) -> Tensor:
    """The exponent -|a - b|^2 / (2 bandwidth^2) of each pair, (points, others)."""
    return squared_distances(name, points, others) / (-2 * bandwidth**2)


def bandwidth_of(name: str, points: Tensor, bandwidth: Bandwidth) -> float | Tensor:
    """A given bandwidth, or the median distance of two of the points, which is 1 where that is 0.

    Raises:
        InvalidInputError: the bandwidth is neither above 0 nor "median".
        DtypeError: it is neither a number nor a string.
    """
    if not isinstance(bandwidth, str):
        check_positive("bandwidth", bandwidth)
        return bandwidth
    check_choice("bandwidth", bandwidth, ("median",))
    count = len(points)
    if count < 2:
        return 1.0
    points = points.detach()
    rows, columns = torch.triu_indices(count, count, offset=1, device=points.device)
    ordered = squared_distances(name, points, points)[rows, columns].sort().values.sqrt()
    pairs = len(ordered)
    median = (ordered[(pairs - 1) // 2] + ordered[pairs // 2]) / 2
    return median.where(median > 0, 1.0)


def in_unit(nats: Tensor, unit: Unit) -> Tensor:
    """A difference of natural logarithms in nats or bits.

    Raises:
        InvalidInputError: the unit is neither.
    """
    check_choice("unit", unit, ("nat", "bit"))
    return nats / math.log(2) if unit == "bit" else nats


def log_mean(exponents: Tensor) -> Tensor:
    """The logarithm of the mean of all exponentials."""
    return exponents.flatten().logsumexp(0) - math.log(exponents.numel())
