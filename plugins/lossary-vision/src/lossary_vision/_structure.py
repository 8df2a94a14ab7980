r"""Structural similarity of two images.

With s = x + y and d = x - y, the two factors of the similarity at a position are

.. math:: l = 1 - \frac{\bar d^2}{(\bar s^2 + \bar d^2) / 2 + C_1}, \qquad
          c = 1 - \frac{\operatorname{var} d}{(\operatorname{var} s + \operatorname{var} d) / 2 + C_2}

which is the usual form with means, variances and the covariance of x and y. Written so, it needs four
windowed means in place of five, and images that are nearly equal keep the digits in which they differ.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_int,
    check_positive,
    check_shape,
)
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from torch import Tensor
from torch.nn import functional

_CONVOLUTIONS = {2: functional.conv2d, 3: functional.conv3d}
_POOLS = {2: functional.avg_pool2d, 3: functional.avg_pool3d}


class Window(NamedTuple):
    """How local means are taken, and the two constants that keep the ratios finite."""

    weights: tuple[float, ...]
    c1: float
    c2: float
    sample_covariance: bool = False

    def correction(self, ndim: int) -> float:
        """What a variance is multiplied by: n / (n - 1) for the unbiased one."""
        count = len(self.weights) ** ndim
        return count / (count - 1) if self.sample_covariance else 1.0


def checked_window(
    *, data_range: float, window: str, window_size: int, sigma: float, k1: float, k2: float
) -> Window:
    """Make a window from the options of the losses.

    Raises:
        DtypeError: an option has the wrong type.
        InvalidInputError: ``window_size`` is even or below 1, ``window`` unknown, another option not above 0.
    """
    check_choice("window", window, ("gaussian", "uniform"))
    check_int("window_size", window_size)
    if window_size < 1 or window_size % 2 == 0:
        raise InvalidInputError(f"window_size: got {window_size}; wanted an odd number of 1 or above")
    for name, value in (("data_range", data_range), ("sigma", sigma), ("k1", k1), ("k2", k2)):
        check_positive(name, value)
    offsets = [place - window_size // 2 for place in range(window_size)]
    weights = [math.exp(-0.5 * (offset / sigma) ** 2) if window == "gaussian" else 1.0 for offset in offsets]
    total = sum(weights)
    constants = (k1 * data_range) ** 2, (k2 * data_range) ** 2
    return Window(tuple(weight / total for weight in weights), *constants)


def checked_scales(weights: Sequence[float]) -> tuple[float, ...]:
    """The weights of the scales, of which there must be one, all above 0."""
    if isinstance(weights, str) or not isinstance(weights, Sequence):
        raise DtypeError(f"weights: got {type(weights).__name__}; wanted a sequence of numbers")
    if not weights:
        raise InvalidInputError("weights: got none; wanted the weight of one scale at least")
    for weight in weights:
        check_positive("weights", weight)
    return tuple(weights)


def check_images(prediction: Tensor, target: Tensor) -> None:
    """Raise unless both are finite, floating images or volumes of one shape."""
    check_floating("prediction", prediction)
    if prediction.ndim not in (4, 5) or prediction.shape[1] == 0:
        raise ShapeError(
            f"prediction: got shape {tuple(prediction.shape)}; wanted (batch, channels, height, width) or "
            "(batch, channels, depth, height, width) with a channel at least"
        )
    check_finite("prediction", prediction)
    check_floating("target", target)
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    check_finite("target", target)


def check_sides(space: Sequence[int], window: Window, scales: int = 1) -> None:
    """Raise ShapeError unless the window fits into the images at the coarsest of the scales."""
    size = len(window.weights)
    least = size if scales == 1 else (size - 1) * 2 ** (scales - 1) + 1
    if min(space) < least:
        remedy = "a smaller window_size" if scales == 1 else "fewer weights or a smaller window_size"
        raise ShapeError(
            f"prediction: got images of {' x '.join(map(str, space))}; wanted sides of {least} or above, or "
            f"{remedy}"
        )


def losses_of_structure(total: Tensor, difference: Tensor, window: Window) -> tuple[Tensor, Tensor]:
    """One minus the luminance factor and one minus the structure factor at each position.

    Args:
        total: s, (batch, channels, *space).
        difference: d, likewise.
        window: of the local means.
    """
    ndim = total.ndim - 2
    both = torch.cat([total, difference], 1)
    # Variances do not depend on the mean of the image; without it their squares cancel less.
    offset = both.detach().flatten(2).mean(2).reshape(*both.shape[:2], *[1] * ndim)
    centred = both - offset
    means = torch.cat([centred, centred.square()], 1)
    maps = means.shape[1]
    kernel = total.new_tensor(window.weights)
    for axis in range(ndim):
        shape = [1] * ndim
        shape[axis] = -1
        weight = kernel.view(1, 1, *shape).expand(maps, *[-1] * (ndim + 1))
        means = _CONVOLUTIONS[ndim](means, weight, groups=maps)  # as groups much faster than as a batch
    mean, square = means.chunk(2, 1)
    variance = (square - mean.square()).clamp(min=0) * window.correction(ndim)
    (mean_s, mean_d), (variance_s, variance_d) = (mean + offset).chunk(2, 1), variance.chunk(2, 1)
    luminance = mean_d**2 / ((mean_s**2 + mean_d**2) / 2 + window.c1)
    structure = variance_d / ((variance_s + variance_d) / 2 + window.c2)
    return luminance, structure


def halved(images: Tensor) -> Tensor:
    """Every other position of (batch, channels, *space), the mean of two along each axis.

    An axis of odd length is first lengthened by a zero on both sides, which counts.
    """
    padding = [side % 2 for side in images.shape[2:]]
    pooled: Tensor = _POOLS[images.ndim - 2](images, 2, padding=padding)
    return pooled
