"""Structural similarity of images and volumes, at one scale and at several."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.bootstrap import of_rows
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.images import Images, check_same_shape, levels_of, refused
from lossary.metrics.options import check_choice, check_flag, check_whole

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)

# Constants beyond these and squares of pixels have no room in float64 together.
_LEAST, _MOST = 1e-30, 1e30


def ssim_score(
    prediction: Any,
    target: Any,
    *,
    data_range: float = 1.0,
    window: str = "gaussian",
    window_size: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    sample_covariance: bool = False,
    reduction: str = "mean",
    confidence: float | Confidence | None = None,
) -> Value:
    r"""How alike two images look, from local means and (co)variances; higher is better, 1 is the same image.

    .. math:: \operatorname{mean} \frac{(2 \mu_x \mu_y + C_1)(2 \sigma_{xy} + C_2)}
              {(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x^2 + \sigma_y^2 + C_2)}, \quad C_i = (k_i R)^2

    The means, variances and covariances are those of windows, at every position where the window is inside
    the image. Computed in float64; float32, float64 and 8-bit images are read in place, in one sweep.

    Args:
        prediction: images x, (batch, channels, height, width), or volumes with a depth before the height.
        target: y, in the same shape; the score is symmetric.
        data_range: R, the greatest possible value less the least: 1 for [0, 1], 255 for 8 bits, 2 for
            [-1, 1]. It is never guessed.
        window: "gaussian", or "uniform" for equal weights.
        window_size: side of the window, odd.
        sigma: standard deviation of the Gaussian in pixels.
        k1: of the constant in the comparison of brightness.
        k2: of the constant in the comparison of contrast and structure.
        sample_covariance: True divides (co)variances by one less than the number of pixels in the window.
            With ``window="uniform"`` and ``window_size=7`` this is the default of scikit-image.
        reduction: "mean" over the batch, or "none". Channels are averaged.
        confidence: the level of a bootstrap interval over the images of the mean, or a `Confidence`.

    Returns:
        A float between -1 and 1, with confidence an `Interval`; under "none" an array (batch,).

    Raises:
        ShapeError: the shapes differ, are neither of images nor of volumes, have no channel, or a side
            smaller than the window.
        InvalidInputError: NaN, infinity or a value beyond 1e70; no real numbers; ``window_size`` is even; an
            option is out of range.
        UndefinedMetricError: the mean of no images; confidence with one image.
        DtypeError: an argument that is not an array-like, or an option of another type.

    Differs from other implementations: those that pad the image before they filter, as TorchMetrics does,
        give another third digit.

    Source: Wang, Bovik, Sheikh and Simoncelli, Image Quality Assessment: From Error Visibility to Structural
        Similarity, IEEE TIP 13, 2004.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 1, 11, 11), 204, dtype=np.uint8)
        >>> round(ssim_score(image, image // 2, data_range=255), 4)  # 2 * 204 * 102 / (204**2 + 102**2)
        0.8
    """
    check_flag("sample_covariance", sample_covariance)
    if sample_covariance and window_size == 1:
        raise InvalidInputError("window_size: got 1; wanted 3 or above with sample_covariance")
    options = _checked(window, window_size, data_range=data_range, sigma=sigma, k1=k1, k2=k2)
    options["sample_covariance"] = bool(sample_covariance)
    return _mean(prediction, target, options, None, reduction, confidence)


def ms_ssim_score(
    prediction: Any,
    target: Any,
    *,
    data_range: float = 1.0,
    window_size: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    weights: Sequence[float] = WEIGHTS,
    reduction: str = "mean",
    confidence: float | Confidence | None = None,
) -> Value:
    r"""Multi-scale structural similarity of images; higher is better, 1 is the same image.

    .. math:: \max(S_M, 0)^{w_M} \prod_{j < M} \max(C_j, 0)^{w_j}

    C_j is the mean over scale j of the factor of contrast and structure in `ssim_score`, and S_M the mean of
    the whole similarity at the coarsest scale. Each scale has half the sides of the one before, by the mean
    of two by two pixels; an odd side is first lengthened by a zero at both ends. The score depends less on
    the distance of the viewer than that of one scale.

    Args:
        prediction: images, (batch, channels, height, width), or volumes with a depth before the height.
        target: in the same shape; the score is symmetric.
        data_range: the greatest possible value less the least: 1 for [0, 1], 255 for 8 bits.
        window_size: side of the Gaussian window, odd.
        sigma: its standard deviation in pixels.
        k1: of the constant in the comparison of brightness.
        k2: of the constant in the comparison of contrast and structure.
        weights: w, one for each scale from the finest, above 0. The usual five need sides above 160.
        reduction: "mean" over the batch, or "none". Channels are averaged.
        confidence: the level of a bootstrap interval over the images of the mean, or a `Confidence`.

    Returns:
        A float between 0 and 1, with confidence an `Interval`; under "none" an array (batch,).

    Raises:
        ShapeError: the shapes differ, are neither of images nor of volumes, have no channel, or a side is too
            small for the window at the coarsest scale.
        InvalidInputError: NaN, infinity or a value beyond 1e70; no real numbers; ``window_size`` is even;
            there is no weight; an option is out of range.
        UndefinedMetricError: the mean of no images; confidence with one image.
        DtypeError: an argument that is not an array-like, or an option of another type.

    Source: Wang, Simoncelli and Bovik, Multiscale Structural Similarity for Image Quality Assessment,
        Asilomar 2003.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 1, 22, 22), 204, dtype=np.uint8)
        >>> round(ms_ssim_score(image, image // 2, data_range=255, weights=(0.5, 0.5)), 4)  # the root of 0.8
        0.8944
    """
    if isinstance(weights, str) or not isinstance(weights, Sequence):
        raise DtypeError(f"weights: got {type(weights).__name__}; wanted a sequence of numbers")
    if not weights:
        raise InvalidInputError("weights: got none; wanted the weight of one scale at least")
    scales = [_positive("weights", weight) for weight in weights]
    options = _checked("gaussian", window_size, data_range=data_range, sigma=sigma, k1=k1, k2=k2)
    options["sample_covariance"] = False
    return _mean(prediction, target, options, scales, reduction, confidence)


def _positive(name: str, given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, Real):
        raise DtypeError(f"{name}: got {given!r:.60}; wanted a number above 0")
    if not _LEAST <= given <= _MOST:  # type: ignore[operator] # Real declares no order
        raise InvalidInputError(
            f"{name}: got {given!r:.60}; wanted a number above 0, from {_LEAST:g} to {_MOST:g}"
        )
    return float(given)


def _checked(window: Any, window_size: Any, **numbers: Any) -> dict[str, Any]:
    """The options of the kernel but for the covariance."""
    check_choice("window", window, ("gaussian", "uniform"))
    check_whole("window_size", window_size, 1, 2**31 - 1)
    if window_size % 2 == 0:
        raise InvalidInputError(f"window_size: got {window_size}; wanted an odd number")
    positive = {name: _positive(name, given) for name, given in numbers.items()}
    return {"window": window, "window_size": int(window_size), **positive}


def _mean(
    prediction: Any,
    target: Any,
    options: dict[str, Any],
    weights: list[float] | None,
    reduction: str,
    confidence: float | Confidence | None,
) -> Value:
    check_choice("reduction", reduction, ("mean", "none"))
    if confidence is not None and reduction != "mean":
        raise InvalidInputError(f"confidence: got a level with reduction={reduction!r}; wanted 'mean'")
    first, second = levels_of("prediction", prediction, None), levels_of("target", target, None)
    _check_axes(first, options["window_size"], 1 if weights is None else len(weights))
    check_same_shape(first, second)
    x, y = first.flat, second.flat
    if x.dtype != y.dtype:
        x, y = x.astype(np.float64, copy=False), y.astype(np.float64, copy=False)
    found = refused(
        {"prediction": first, "target": second},
        lambda: _kernels.ssim(x, y, list(first.space), **options, weights=weights),
    )
    values = found.reshape(first.leading).mean(axis=1)
    if reduction == "none":
        return values
    if not len(values):
        raise UndefinedMetricError("prediction: got a batch of no images; wanted one at least")
    mean = float(values.mean())
    return mean if confidence is None else of_rows(values, None, confidence, value=mean)


def _check_axes(images: Images, size: int, scales: int) -> None:
    shape = (*images.leading, *images.space)
    if len(images.leading) != 2 or not images.leading[1]:
        raise ShapeError(
            f"prediction: got shape {shape}; wanted (batch, channels, height, width) or (batch, channels, "
            "depth, height, width) with a channel at least"
        )
    # Sides are halved upwards.
    least = size if scales == 1 else (size - 1) * 2 ** (scales - 1) + 1
    if min(images.space) < least:
        remedy = "a smaller window_size" if scales == 1 else "fewer weights or a smaller window_size"
        raise ShapeError(
            f"prediction: got images of {' x '.join(map(str, images.space))}; wanted sides of {least} or "
            f"above, or {remedy}"
        )
