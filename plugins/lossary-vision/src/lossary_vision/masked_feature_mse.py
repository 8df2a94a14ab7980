"""Masked feature MSE: a synthetic image has the content of the real one, in the features of a network.

The caller passes the features of one layer; a content loss is the weighted sum over layers. The mask is that
of the image, such as its body without the background, and is brought to the size of the features.
"""

from typing import Any

import torch
from jaxtyping import Float, Shaped
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_binary, check_shape
from lossary.errors import ShapeError
from torch import Tensor
from torch.nn import functional

from lossary_vision._features import check_feature_maps


@full_precision
def masked_feature_mse(
    prediction: Float[Tensor, "batch channels *space"],
    target: Float[Tensor, "batch channels *space"],
    mask: Shaped[Tensor, "batch 1 *image_space"] | None = None,
) -> Float[Tensor, ""]:
    r"""Mean squared difference of features where the image's mask holds.

    .. math:: L = \frac{\sum_{ncs} m_{ns} (p_{ncs} - t_{ncs})^2}{C \sum_{ns} m_{ns}}

    Args:
        prediction: features p of the synthetic image, with one to three spatial axes if there is a mask.
        target: features t of the real image; they receive no gradient.
        mask: 1 or True where the image counts, in the image's own size: m takes the nearest value. None
            counts everything.

    Returns:
        A scalar; 0 where the mask leaves nothing.

    Raises:
        ShapeError: the shapes of the features differ, they have no spatial axis or value, or the mask has not
            one channel for each sample and as many spatial axes.
        DtypeError: features are not floating, or the mask is complex.
        InvalidInputError: a feature is NaN or infinite, or a value of the mask neither 0 nor 1.

    Source: Boussot, Hemon, Nunes and Dillenseger, Why Registration Quality Matters: Enhancing sCT Synthesis
        with IMPACT-Based Registration, arXiv 2025.

    Example:
        >>> import torch
        >>> prediction, target = torch.tensor([[[1.0, 5.0]]]), torch.zeros(1, 1, 2)
        >>> masked_feature_mse(prediction, target, torch.tensor([[[1, 1, 0, 0]]]))
        tensor(1.)
    """
    check_feature_maps(prediction, target)
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    square = (prediction - target.detach().to(prediction.dtype)).square()
    if mask is None:
        return square.sum() / max(square.numel(), 1)
    counts = _resized(mask, prediction)
    total = counts.sum() * prediction.shape[1]
    return square.where(counts, 0.0).sum() / total.clamp(min=1)


def _resized(mask: Tensor, features: Tensor) -> Tensor:
    """Where the features count, (batch, 1, *space), as bool."""
    check_binary("mask", mask)
    spatial = features.ndim - 2
    if spatial > 3:
        raise ShapeError(
            f"prediction: got {spatial} spatial axes; wanted at most 3, to which a mask can be resized"
        )
    fits = mask.ndim == features.ndim and tuple(mask.shape[:2]) == (features.shape[0], 1)
    if not fits or 0 in mask.shape[2:]:
        raise ShapeError(
            f"mask: got shape {tuple(mask.shape)}; wanted ({features.shape[0]}, 1, ...) with {spatial} "
            "spatial axes, as prediction"
        )
    if mask.shape[2:] == features.shape[2:]:
        return mask != 0
    return functional.interpolate(mask.to(features.dtype), size=features.shape[2:], mode="nearest") != 0


MaskedFeatureMse = loss_module(masked_feature_mse)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Features of three images on a grid of 3 by 4, under masks of 6 by 8."""
    return {
        "prediction": torch.randn(3, 2, 3, 4, generator=generator),
        "target": torch.randn(3, 2, 3, 4, generator=generator),
        "mask": torch.rand(3, 1, 6, 8, generator=generator) > 0.4,
    }


LOSS = LossSpec(
    function=masked_feature_mse,
    module=MaskedFeatureMse,
    paper=Paper(
        title="Why Registration Quality Matters: Enhancing sCT Synthesis with IMPACT-Based Registration",
        authors="Boussot, Hemon, Nunes and Dillenseger",
        venue="arXiv",
        year=2025,
        url="https://github.com/vboussot/KonfAI",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    unpaired_reason="it is itself the exact error, of features that only the caller's network gives",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.ZERO_AT_TARGET,
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
