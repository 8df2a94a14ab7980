"""SSIM: two images look alike where their local brightness, contrast and structure agree.

For images that people look at: it forgives what the squared error punishes, such as a change of brightness,
and punishes blur, which that forgives. `lossary.metrics.ssim_score` is the exact similarity of arrays.
"""

from typing import Any, Literal

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
from lossary.errors import DtypeError, InvalidInputError
from torch import Tensor

from lossary_vision._structure import (
    Window,
    check_images,
    check_sides,
    checked_window,
    losses_of_structure,
)


@full_precision
def ssim(
    prediction: Float[Tensor, "batch channels *space"],
    target: Float[Tensor, "batch channels *space"],
    *,
    data_range: float = 1.0,
    window: Literal["gaussian", "uniform"] = "gaussian",
    window_size: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    sample_covariance: bool = False,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""One minus the structural similarity of two images.

    .. math:: L = 1 - \operatorname{mean} \frac{(2 \mu_x \mu_y + C_1)(2 \sigma_{xy} + C_2)}
              {(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x^2 + \sigma_y^2 + C_2)}, \quad
              C_i = (k_i R)^2

    The means, variances and covariances are those of windows, at every position where the window is inside
    the image.

    Args:
        prediction: images x, (batch, channels, height, width), or volumes with a depth before the height.
        target: y, likewise; it receives no gradient.
        data_range: R, the greatest possible value less the least: 1 for [0, 1], 255 for 8 bits, 2 for
            [-1, 1].
        window: "gaussian", or "uniform" for equal weights.
        window_size: side of the window, odd.
        sigma: standard deviation of the Gaussian in pixels.
        k1: of the constant that keeps the comparison of dark places finite.
        k2: of the constant that keeps the comparison of flat places finite.
        sample_covariance: True divides (co)variances by one less than the number of pixels in the window.
            With ``window="uniform"`` and ``window_size=7`` this is the default of scikit-image.
        reduction: "mean" or "sum" over the batch, or "none". Channels are averaged.

    Returns:
        A scalar, or (batch,) values under "none", between 0 and 2.

    Raises:
        ShapeError: the shapes differ, are neither of images nor of volumes, have no channel, or a side
            smaller than the window.
        DtypeError: an image is not floating, or an option has the wrong type.
        InvalidInputError: a value is NaN or infinite; ``window_size`` is even; an option is out of range.

    Differs from other implementations: those that pad the image before they filter, as TorchMetrics does,
        give another third digit.

    Source: Snell, Ridgeway, Liao, Roads, Mozer and Zemel, Learning to Generate Images with Perceptual
        Similarity Metrics, arXiv 2015; the measure of Wang, Bovik, Sheikh and Simoncelli, Image Quality
        Assessment: From Error Visibility to Structural Similarity, IEEE TIP 13, 2004.

    Example:
        >>> import torch
        >>> bright, dark = torch.full((1, 1, 11, 11), 0.8), torch.full((1, 1, 11, 11), 0.4)
        >>> ssim(bright, dark)  # 1 - (2 * 0.32 + 0.0001) / (0.64 + 0.16 + 0.0001)
        tensor(0.2000)
    """
    local = _window(data_range, window, window_size, sigma, k1, k2, sample_covariance)
    check_images(prediction, target)
    check_sides(prediction.shape[2:], local)
    target = target.detach().to(prediction.dtype)
    luminance, structure = losses_of_structure(prediction + target, prediction - target, local)
    values = luminance + structure - luminance * structure  # 1 - (1 - l)(1 - s)
    return reduce(values.flatten(1).mean(1), reduction)


def _window(
    data_range: float,
    window: str,
    window_size: int,
    sigma: float,
    k1: float,
    k2: float,
    sample_covariance: bool,  # noqa: FBT001 - private
) -> Window:
    local = checked_window(
        data_range=data_range, window=window, window_size=window_size, sigma=sigma, k1=k1, k2=k2
    )
    if not isinstance(sample_covariance, bool):
        raise DtypeError(f"sample_covariance: got {type(sample_covariance).__name__}; wanted a bool")
    if sample_covariance and window_size == 1:
        raise InvalidInputError("window_size: got 1; wanted 3 or above with sample_covariance")
    return local._replace(sample_covariance=sample_covariance)


Ssim = loss_module(ssim)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three small images in two channels, under a window of 3 by 3."""
    return {
        "prediction": torch.rand(3, 2, 6, 5, generator=generator),
        "target": torch.rand(3, 2, 6, 5, generator=generator),
        "window_size": 3,
    }


LOSS = LossSpec(
    function=ssim,
    module=Ssim,
    paper=Paper(
        title="Learning to Generate Images with Perceptual Similarity Metrics",
        authors="Snell, Ridgeway, Liao, Roads, Mozer and Zemel",
        venue="arXiv",
        year=2015,
        url="https://arxiv.org/abs/1511.06409",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="ssim_score", adapt=dict, options={"window_size": 3}),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.ZERO_AT_TARGET,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
