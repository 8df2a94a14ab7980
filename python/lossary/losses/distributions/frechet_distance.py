"""Frechet distance: features with the mean and the covariance that those of real data have.

The Frechet inception distance, FID, as a loss: it needs no root of a matrix, and batches may be smaller than
the number of features.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_ndim
from lossary.losses.distributions._gaussian_statistics import FRECHET
from lossary.losses.distributions._points import check_same_dim, points_of


@full_precision
def frechet_distance(
    prediction: Float[Tensor, "batch dim"], target: Float[Tensor, "others dim"]
) -> Float[Tensor, ""]:
    r"""Squared Frechet distance of the normal distributions with the moments of two sets of features.

    .. math:: L = \lVert \mu_1 - \mu_2 \rVert^2 + \operatorname{tr}(S_1 + S_2 - 2 (S_1 S_2)^{1/2})

    S are covariances, which divide by the number of rows less one.

    Args:
        prediction: features of generated samples, at least two.
        target: features of real samples, at least two. They receive no gradient.

    Returns:
        A scalar, at least 0 up to rounding. Where S is singular the gradient is one of several that are
        right, that without the directions in which there is nothing.

    Raises:
        ShapeError: an argument is no matrix, or has fewer than two rows or no column, or the columns differ.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite.

    Source: Chatterjee et al., PULASki: Learning inter-rater variability using statistical distances to
        improve probabilistic segmentation, arXiv 2312.15686, 2023; the distance: Heusel et al., GANs Trained
        by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium, NeurIPS 2017.

    Example:
        >>> import torch
        >>> # means 1 and 5, variances 2 and 8: 4^2 + 2 + 8 - 2 * 4
        >>> frechet_distance(torch.tensor([[0.0], [2.0]]), torch.tensor([[3.0], [7.0]]))
        tensor(18.)
    """
    check_ndim("prediction", prediction, "batch dim")
    check_ndim("target", target, "others dim")
    x, y = points_of("prediction", prediction, least=2), points_of("target", target, least=2).detach()
    check_same_dim("target", y, x.shape[1], like="prediction")
    y = y.to(x.dtype)
    centred, other = ((rows - rows.mean(0)) / math.sqrt(len(rows) - 1) for rows in (x, y))
    apart = (x.mean(0) - y.mean(0)).square().sum()
    return apart + centred.square().sum() + other.square().sum() - 2 * _nuclear_norm(centred, other)


def _nuclear_norm(left: Tensor, right: Tensor) -> Tensor:
    """The sum of the singular values of ``left @ right.T``, which is the trace of the root.

    Singular vectors are held fixed: at the optimum they have no slope.
    """
    # NaN, which only comes here where checks of values are off, would end the decompositions with an error
    left_basis, left_part = torch.linalg.qr(left.detach().nan_to_num())
    right_basis, right_part = torch.linalg.qr(right.detach().nan_to_num())
    inner_left, values, inner_right = torch.linalg.svd(left_part @ right_part.mT, full_matrices=False)
    most = values.amax() * (torch.finfo(values.dtype).eps * max(len(left), len(right)))
    along_left = (left_basis @ inner_left).mT @ left  # (directions, dim)
    along_right = (right_basis @ inner_right.mT).mT @ right
    products: Tensor = (along_left * along_right).sum(1)
    return products.where(values > most, 0.0).sum()


FrechetDistance = loss_module(frechet_distance)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six generated and seven real samples of three features."""
    return {
        "prediction": torch.randn(6, 3, generator=generator),
        "target": 2 * torch.randn(7, 3, generator=generator) + 1,
    }


LOSS = LossSpec(
    function=frechet_distance,
    module=FrechetDistance,
    paper=Paper(
        title=(
            "PULASki: Learning inter-rater variability using statistical distances to improve probabilistic "
            "segmentation"
        ),
        authors="Chatterjee et al.",
        venue="arXiv",
        year=2023,
        url="https://arxiv.org/abs/2312.15686",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    pairs_with=(FRECHET,),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.REJECTS_EMPTY_BATCH}),
)
