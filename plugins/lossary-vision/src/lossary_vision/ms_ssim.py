"""MS-SSIM: structural similarity at several scales, so that it does not depend on the distance of the viewer.

Contrast and structure are compared at every scale, brightness at the coarsest. The exact similarity of arrays
is `lossary.metrics.ms_ssim_score`.
"""

from collections.abc import Sequence
from typing import Any

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
from torch import Tensor

from lossary_vision._structure import (
    check_images,
    check_sides,
    checked_scales,
    checked_window,
    halved,
    losses_of_structure,
)

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


@full_precision
def ms_ssim(
    prediction: Float[Tensor, "batch channels *space"],
    target: Float[Tensor, "batch channels *space"],
    *,
    data_range: float = 1.0,
    window_size: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    weights: Sequence[float] = WEIGHTS,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""One minus the multi-scale structural similarity of two images.

    .. math:: L = 1 - \max(S_M, 0)^{w_M} \prod_{j < M} \max(C_j, 0)^{w_j}

    C_j is the mean over scale j of the factor of contrast and structure in `ssim`, and S_M the mean of the
    whole similarity at the coarsest scale. Each scale has half the sides of the one before, by the mean of
    two by two pixels; an odd side is first lengthened by a zero at both ends.

    Args:
        prediction: images, (batch, channels, height, width), or volumes with a depth before the height.
        target: likewise; it receives no gradient.
        data_range: the greatest possible value less the least: 1 for [0, 1], 255 for 8 bits, 2 for [-1, 1].
        window_size: side of the Gaussian window, odd.
        sigma: its standard deviation in pixels.
        k1: of the constant that keeps the comparison of dark places finite.
        k2: of the constant that keeps the comparison of flat places finite.
        weights: w, one for each scale from the finest, above 0. The usual five need sides above 160.
        reduction: "mean" or "sum" over the batch, or "none". Channels are averaged.

    Returns:
        A scalar, or (batch,) values under "none", between 0 and 1. Where a scale is not similar at all, 1,
        without a gradient.

    Raises:
        ShapeError: the shapes differ, are neither of images nor of volumes, have no channel, or a side is too
            small for the window at the coarsest scale.
        DtypeError: an image is not floating, or an option has the wrong type.
        InvalidInputError: a value is NaN or infinite; ``window_size`` is even; there is no weight; an option
            is out of range.

    Source: Snell, Ridgeway, Liao, Roads, Mozer and Zemel, Learning to Generate Images with Perceptual
        Similarity Metrics, arXiv 2015; the measure of Wang, Simoncelli and Bovik, Multiscale Structural
        Similarity for Image Quality Assessment, Asilomar 2003.

    Example:
        >>> import torch
        >>> bright, dark = torch.full((1, 1, 22, 22), 0.8), torch.full((1, 1, 22, 22), 0.4)
        >>> ms_ssim(bright, dark, weights=(0.5, 0.5))  # 1 - (0.6401 / 0.8001) ** 0.5
        tensor(0.1056)
    """
    scales = checked_scales(weights)
    window = checked_window(
        data_range=data_range, window="gaussian", window_size=window_size, sigma=sigma, k1=k1, k2=k2
    )
    check_images(prediction, target)
    check_sides(prediction.shape[2:], window, len(scales))
    target = target.detach().to(prediction.dtype)
    total, difference = prediction + target, prediction - target
    losses = []
    for scale in range(len(scales)):
        luminance, structure = losses_of_structure(total, difference, window)
        if scale + 1 < len(scales):
            total, difference = halved(total), halved(difference)
        else:
            structure = luminance + structure - luminance * structure
        losses.append(structure.flatten(2).mean(2))
    loss = torch.stack(losses)  # (scales, batch, channels)
    exponent = loss.new_tensor(scales).view(-1, 1, 1)
    similar = ~(loss >= 1).any(0)  # so that NaN passes
    # Of the logarithm, because equal images keep their digits; the power of 0 has no gradient.
    product = torch.expm1((exponent * torch.log1p(-loss.where(similar, 0.0))).sum(0))
    values = (-product).where(similar, 1.0)
    return reduce(values.mean(1), reduction)


MsSsim = loss_module(ms_ssim)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three small images in two channels, alike enough to compare, at two scales under a window of 3 by 3."""
    target = torch.rand(3, 2, 7, 6, generator=generator)
    return {
        "prediction": target + 0.2 * torch.randn(3, 2, 7, 6, generator=generator),
        "target": target,
        "window_size": 3,
        "weights": (0.4, 0.6),
    }


LOSS = LossSpec(
    function=ms_ssim,
    module=MsSsim,
    paper=Paper(
        title="Learning to Generate Images with Perceptual Similarity Metrics",
        authors="Snell, Ridgeway, Liao, Roads, Mozer and Zemel",
        venue="arXiv",
        year=2015,
        url="https://arxiv.org/abs/1511.06409",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="ms_ssim_score", adapt=dict, options={"window_size": 3, "weights": (0.4, 0.6)}),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.AT_MOST_ONE,
            Property.ZERO_AT_TARGET,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
