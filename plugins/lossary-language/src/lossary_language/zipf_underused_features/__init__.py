"""Which features of a sparse autoencoder fire less often than their rank by Zipf's law would have it.

They are what `auxiliary_top_k` revives besides the dead ones.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_no_negative,
    check_non_negative,
    check_real,
)
from lossary.errors import InvalidInputError
from torch import Tensor


class ZipfUnderusedFeatures(NamedTuple):
    """What Zipf's law expects of each feature.

    Attributes:
        target: how often it would fire.
        underused: whether it fires less often than that, or never.
    """

    target: Float[Tensor, "features"]
    underused: Bool[Tensor, "features"]


@full_precision
def zipf_underused_features(
    density: Float[Tensor, "features"],
    *,
    exponent: float = 1.0,
    offset: float = 0.0,
    tolerance: float = 1.0,
) -> ZipfUnderusedFeatures:
    r"""Features whose density is below that of their rank in a Zipf-Mandelbrot law of the same total.

    .. math:: \rho_{(r)} \propto (r + b)^{-s}, \qquad \sum_r \rho_{(r)} = \sum_f d_f

    The underused features, given as ``selected`` to `auxiliary_top_k`, make a loss that pushes them up
    together with the dead ones.

    Args:
        density: d, the share of tokens on which each feature fires; equal ones rank by index.
        exponent: s, 0 or above; 0 expects the same of all.
        offset: b, above -1, which flattens the head.
        tolerance: the share of its target below which a feature is underused, 0 or above; 0 leaves the dead.

    Returns:
        For each feature its target, and whether it is underused: with a density of 0 always.

    Raises:
        ShapeError: ``density`` has not one axis.
        DtypeError: ``density`` is not floating.
        InvalidInputError: a density is NaN, infinite or negative; an option is out of its range.

    Differs from the paper: the formula is ours. The abstract says that the auxiliary loss takes in underused
        features, and not how.

    Source: after Ayonrinde, Adaptive Sparse Allocation with Mutual Choice and Feature Choice Sparse
        Autoencoders, arXiv 2411.02124, 2024.

    Example:
        >>> import torch
        >>> found = zipf_underused_features(torch.tensor([0.1, 0.8, 0.2]))  # 1.1 as 6 : 3 : 2
        >>> found.target
        tensor([0.2000, 0.6000, 0.3000])
        >>> found.underused
        tensor([ True, False,  True])
    """
    check_floating("density", density)
    check_ndim("density", density, "features")
    check_finite("density", density)
    check_no_negative("density", density, "densities")
    check_non_negative("exponent", exponent)
    check_real("offset", offset)
    if offset <= -1:
        raise InvalidInputError(f"offset: got {offset!r}; wanted a number above -1")
    check_non_negative("tolerance", tolerance)
    density = density.detach()
    ranks = torch.arange(1, density.shape[0] + 1, dtype=density.dtype, device=density.device)
    shares = (-exponent * (ranks + offset).log()).softmax(0)  # so that no power leaves the range
    order = density.argsort(descending=True, stable=True)
    target = torch.zeros_like(density).scatter(0, order, shares * density.sum())
    return ZipfUnderusedFeatures(target, (density < tolerance * target) | (density == 0))
