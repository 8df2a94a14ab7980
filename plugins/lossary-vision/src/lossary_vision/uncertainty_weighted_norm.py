"""Distances of joints, scaled by an uncertainty that the network says itself.

A joint that is hard to place costs less when the network knows it, and a low uncertainty is paid for where it
was not due.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
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
from lossary.authoring.validation import check_finite, check_floating, check_shape
from lossary.errors import ShapeError
from torch import Tensor


@full_precision
def uncertainty_weighted_norm(
    prediction: Float[Tensor, "*points dim"],
    log_scale: Float[Tensor, "*points"],
    target: Float[Tensor, "*points dim"],
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Distance of each point from its target over its own scale, plus the logarithm of that scale.

    .. math:: L = \frac{1}{N} \sum_i \lVert y_i - x_i \rVert_2 \, e^{-s_i} + s_i

    Args:
        prediction: x, points such as joints, (\*points, dim).
        log_scale: s, the logarithm of the distance that the network expects, (\*points). It has no bound:
            where a fit is perfect the loss falls without end.
        target: y, where the points are, in the shape of ``prediction``; no gradient flows into it.
        reduction: "mean" over points, "sum", or "none".

    Returns:
        A scalar, or under "none" a value per point. No points give 0. At a distance of 0 the distance has a
        gradient of 0.

    Raises:
        ShapeError: a tensor does not fit ``prediction``, or that has no axis of dimensions.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite.

    Source: Wang et al., Uncertainty-Aware Testing-Time Optimization for 3D Human Pose Estimation, arXiv 2024,
        as in its official code.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)
        >>> uncertainty_weighted_norm(prediction, torch.tensor([0.0]), target)  # a distance of 5
        tensor(5.)
    """
    check_floating("prediction", prediction)
    if prediction.ndim == 0 or prediction.shape[-1] == 0:
        raise ShapeError(f"prediction: got shape {tuple(prediction.shape)}; wanted (*points, dim)")
    check_floating("log_scale", log_scale)
    check_shape("log_scale", log_scale, tuple(prediction.shape[:-1]), like="prediction without dimensions")
    check_floating("target", target)
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    for name, tensor in (("prediction", prediction), ("log_scale", log_scale), ("target", target)):
        check_finite(name, tensor)
    distances = torch.linalg.vector_norm(target.detach() - prediction, dim=-1)
    return reduce(distances * torch.exp(-log_scale) + log_scale, reduction)


UncertaintyWeightedNorm = loss_module(uncertainty_weighted_norm)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three poses of four joints in space."""
    return {
        "prediction": torch.randn(3, 4, 3, generator=generator),
        "log_scale": torch.rand(3, 4, generator=generator),
        "target": torch.randn(3, 4, 3, generator=generator),
    }


LOSS = LossSpec(
    function=uncertainty_weighted_norm,
    module=UncertaintyWeightedNorm,
    paper=Paper(
        title="Uncertainty-Aware Testing-Time Optimization for 3D Human Pose Estimation",
        authors="Wang et al.",
        venue="arXiv",
        year=2024,
        url="https://arxiv.org/abs/2402.02339",
    ),
    differentiable=("prediction", "log_scale"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(
            name="spearman_rho",
            adapt=lambda prediction, log_scale, target: (
                np.linalg.norm(target - prediction, axis=-1).ravel(),
                log_scale.ravel(),
            ),
        ),
    ),
    properties=frozenset({Property.BATCH_ORDER_FREE}),
)
