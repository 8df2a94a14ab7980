"""Mask prediction: a small head learns which channels of a layer an image needs; the rest are skipped.

The head sees the layer's input before the layer runs, and is trained on what its output then turns out to be:
the channels that carry most of the activation.
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
from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_shape
from torch import Tensor
from torch.nn import functional

from lossary_compression.heatmap_mass_mask import heatmap_mass_mask


@full_precision
def mask_prediction(
    logits: Float[Tensor, "batch channels"],
    features: Float[Tensor, "batch channels *space"],
    *,
    mass: float = 0.9,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cross-entropy of predicted gates against the channels that carry most of the activation.

    .. math:: L = - \sum_c \big[ m_c \log \sigma(z_c) + (1 - m_c) \log (1 - \sigma(z_c)) \big]

    Args:
        logits: z, of keeping each channel.
        features: of the layer, from which `heatmap_mass_mask` takes the mask m. They receive no gradient.
        mass: the share of the activation to keep; from 1 on only dead channels are dropped.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or (batch,) values under "none"; channels are summed.

    Raises:
        ShapeError: the shapes do not fit together, or there is no value.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite.

    Differs from the official code: it takes the mean over layers times 10, which is the caller's here; its
        command line has a mass of 1, while the published settings are 0.8 to 0.99.

    Source: Elkerdawy, Elhoushi, Zhang and Ray, Fire Together Wire Together: A Dynamic Pruning Approach with
        Self-Supervised Mask Prediction, CVPR 2022.

    Example:
        >>> import torch
        >>> features = torch.tensor([[[3.0, -6.0], [1.0, 0.0], [3.0, 2.0]]])  # keeps the first and the last
        >>> mask_prediction(torch.zeros(1, 3), features)  # 3 log 2
        tensor(2.0794)
    """
    check_floating("logits", logits)
    check_ndim("logits", logits, "batch channels")
    target = heatmap_mass_mask(features, mass=mass)
    check_shape("logits", logits, tuple(target.shape), like="the first axes of features")
    check_finite("logits", logits)
    values = functional.binary_cross_entropy_with_logits(logits, target.to(logits.dtype), reduction="none")
    return reduce(values.sum(1), reduction)


MaskPrediction = loss_module(mask_prediction)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three images of six channels after a ReLU."""
    return {
        "logits": torch.randn(3, 6, generator=generator),
        "features": torch.randn(3, 6, 2, 2, generator=generator).relu(),
    }


def gates(logits: np.ndarray, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The wanted and the predicted gate of every channel of every image."""
    return heatmap_mass_mask(torch.from_numpy(features)).numpy().ravel(), (logits > 0).ravel()


LOSS = LossSpec(
    function=mask_prediction,
    module=MaskPrediction,
    paper=Paper(
        title="Fire Together Wire Together: A Dynamic Pruning Approach with Self-Supervised Mask Prediction",
        authors="Elkerdawy, Elhoushi, Zhang and Ray",
        venue="CVPR",
        year=2022,
        url="https://arxiv.org/abs/2110.08232",
        equation="self-supervised mask prediction",
    ),
    differentiable=("logits",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="accuracy_score", adapt=gates),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.CONVEX,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("ftwt",),
)
