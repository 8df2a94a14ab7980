"""Depth up to a scale and a shift: maps are compared once each image's are fitted to its target.

It learns from depths of different cameras and units, of which only the shape is to be trusted.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_int,
    check_mask,
    check_non_negative,
    check_positive,
    check_shape,
)
from lossary.errors import ShapeError
from torch import Tensor


@full_precision
def scale_shift_invariant(
    prediction: Float[Tensor, "batch height width"],
    target: Float[Tensor, "batch height width"],
    mask: Bool[Tensor, "batch height width"],
    *,
    alpha: float = 0.5,
    scales: int = 4,
) -> Float[Tensor, ""]:
    r"""Squared error of depths after the best scale and shift of each image, and the error of their slopes.

    .. math:: L = \frac{1}{2 N} \sum_i R_i^2 + \alpha \sum_{k=0}^{K-1} \frac{1}{N_k} \sum_i
              |\partial_x R^k_i| + |\partial_y R^k_i|, \quad R = s x + t - y

    with the least-squares s and t of each image, through which gradients flow, and R^k on every 2^k-th row
    and column. N counts the pixels of the mask in the whole batch.

    Args:
        prediction: x, depths or inverse depths, (batch, height, width).
        target: y, those to be met; no gradient flows into it.
        mask: True where a pixel counts. Others may be NaN.
        alpha: weight of the slopes, 0 or above.
        scales: K, 1 or above; 1 compares neighbouring pixels alone.

    Returns:
        A scalar. Without a pixel that counts it is 0. A constant prediction has s = t = 0.

    Raises:
        ShapeError: a tensor does not fit ``prediction``, or that is not (batch, height, width) with pixels.
        DtypeError: ``prediction`` or ``target`` is not floating, ``mask`` not bool, or ``scales`` no int.
        InvalidInputError: a value that counts is NaN or infinite, or an option is out of range.

    Source: Ranftl, Lasinger, Hafner, Schindler and Koltun, Towards Robust Monocular Depth Estimation: Mixing
        Datasets for Zero-Shot Cross-Dataset Transfer, TPAMI 2022, in the form of its official code.

    Example:
        >>> import torch
        >>> target, mask = torch.tensor([[[1.0, 2.0], [3.0, 5.0]]]), torch.ones(1, 2, 2, dtype=torch.bool)
        >>> scale_shift_invariant(3 * target + 1, target, mask) < 1e-6
        tensor(True)
    """
    check_floating("prediction", prediction)
    if prediction.ndim != 3 or 0 in prediction.shape[1:]:
        raise ShapeError(f"prediction: got shape {tuple(prediction.shape)}; wanted (batch, height, width)")
    check_floating("target", target)
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    check_mask("mask", mask)
    check_shape("mask", mask, tuple(prediction.shape), like="prediction")
    check_non_negative("alpha", alpha)
    check_int("scales", scales)
    check_positive("scales", scales)
    # Before they meet: what does not count may be NaN.
    prediction, target = prediction.where(mask, 0.0), target.detach().where(mask, 0.0)
    check_finite("prediction", prediction)
    check_finite("target", target)

    residual = (_fitted(prediction, target, mask) - target).where(mask, 0.0)
    loss = residual.square().sum() / (2 * mask.sum().clamp(min=1))
    for step in (2**scale for scale in range(scales)):
        coarse, counts = residual[:, ::step, ::step], mask[:, ::step, ::step]
        slopes = _slopes(coarse, counts, 1) + _slopes(coarse, counts, 2)
        loss = loss + alpha * slopes / counts.sum().clamp(min=1)
    return loss


def _fitted(prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """The predictions with the scale and the shift that fit each image best; 0 where they are constant."""
    count = mask.sum((1, 2), keepdim=True).clamp(min=1)
    centred = (prediction - prediction.sum((1, 2), keepdim=True) / count).where(mask, 0.0)
    level = target.sum((1, 2), keepdim=True) / count
    # The fit is the same for any unit of the prediction: in this one its squares neither vanish nor overflow.
    unit = centred.detach().abs().amax((1, 2), keepdim=True)
    rounding = 8 * torch.finfo(prediction.dtype).eps * prediction.detach().abs().amax((1, 2), keepdim=True)
    constant = unit <= rounding
    centred = centred / unit.where(~constant, 1.0)
    squares = centred.square().sum((1, 2), keepdim=True).where(~constant, 1.0)
    scale = (centred * (target - level)).sum((1, 2), keepdim=True) / squares
    return (scale * centred + level).where(~constant, 0.0)


def _slopes(residual: Tensor, mask: Tensor, axis: int) -> Tensor:
    """The sum of differences of neighbours that both count."""
    both = mask.narrow(axis, 1, mask.shape[axis] - 1) & mask.narrow(axis, 0, mask.shape[axis] - 1)
    return residual.diff(dim=axis).abs().where(both, 0.0).sum()


ScaleShiftInvariant = loss_module(scale_shift_invariant)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Two maps of six by six pixels, of which one does not count."""
    mask = torch.ones(2, 6, 6, dtype=torch.bool)
    mask[1, 2, 3] = False
    return {
        "prediction": 2 * torch.randn(2, 6, 6, generator=generator),
        "target": 2 * torch.randn(2, 6, 6, generator=generator),
        "mask": mask,
    }


LOSS = LossSpec(
    function=scale_shift_invariant,
    module=ScaleShiftInvariant,
    paper=Paper(
        title=(
            "Towards Robust Monocular Depth Estimation: Mixing Datasets for Zero-Shot Cross-Dataset Transfer"
        ),
        authors="Ranftl et al.",
        venue="TPAMI",
        year=2022,
        url="https://arxiv.org/abs/1907.01341",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    unpaired_reason="errors of depths are means of differences, for which there is no exact metric here",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.ZERO_AT_TARGET,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.SCALE_INVARIANT,
        }
    ),
)
