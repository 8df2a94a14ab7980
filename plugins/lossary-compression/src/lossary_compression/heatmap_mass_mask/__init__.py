"""Which channels of a feature map carry most of the activation: the targets of `mask_prediction`."""

import torch
from jaxtyping import Bool, Float
from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_non_negative,
    check_real,
)
from lossary.errors import InvalidInputError, ShapeError
from torch import Tensor

_DEAD = 1e-5


@full_precision
def heatmap_mass_mask(
    features: Float[Tensor, "batch channels *space"], *, mass: float = 0.9, tolerance: float = 1e-5
) -> Bool[Tensor, "batch channels"]:
    r"""Channels that together carry no more than a share of an image's activation, the strongest first.

    .. math:: n_c = \frac{\max |f_c|}{\sum_{c'} \max |f_{c'}|}, \qquad
              m_c = \Big[ \sum_{c' : n_{c'} \ge n_c} n_{c'} \le M \Big]

    The channel that crosses the share is not kept, so that nothing is where the first one has more by itself.

    Args:
        features: of a layer, f; no gradient comes back to them.
        mass: the share M. From 1 on only dead channels are dropped; below 0 none are.
        tolerance: how far above M the sum may be; from a mass of 1 on, the share that a live channel exceeds.

    Returns:
        True for the channels to keep. Channels of equal strength go by index. Of an image without activation
        none are kept.

    Raises:
        ShapeError: ``features`` have no value or fewer than two axes.
        DtypeError: ``features`` are not floating.
        InvalidInputError: a value is NaN or infinite; ``tolerance`` is negative.

    Differs from the official code: an image without activation keeps nothing; there it divides 0 by 0.

    Source: Elkerdawy, Elhoushi, Zhang and Ray, Fire Together Wire Together: A Dynamic Pruning Approach with
        Self-Supervised Mask Prediction, CVPR 2022.

    Example:
        >>> import torch
        >>> features = torch.tensor([[[3.0, -6.0], [1.0, 0.0], [3.0, 2.0]]])  # shares 0.6, 0.1 and 0.3
        >>> heatmap_mass_mask(features)
        tensor([[ True, False,  True]])
    """
    check_real("mass", mass)
    check_non_negative("tolerance", tolerance)
    peaks = _peaks(features)
    if mass < 0:
        return torch.ones_like(peaks, dtype=torch.bool)
    largest = peaks.amax(1, keepdim=True)
    shares = peaks / largest.where(largest > 0, 1.0)  # so that the sum of large features does not overflow
    shares = shares / shares.sum(1, keepdim=True).clamp(min=1.0)
    if mass >= 1:
        return shares > tolerance
    strongest, order = shares.sort(dim=1, descending=True, stable=True)
    kept = strongest.cumsum(1) - mass <= tolerance
    return kept.gather(1, order.argsort(dim=1)) & (largest > 0)


@full_precision
def top_fraction_mask(
    features: Float[Tensor, "batch channels *space"], *, pruning_ratio: float
) -> Bool[Tensor, "batch channels"]:
    """Channels without the weakest ones of each image, the same number of them everywhere.

    Args:
        features: of a layer; no gradient comes back to them.
        pruning_ratio: the share of channels to drop, 0 to 1, rounded down to whole channels.

    Returns:
        True for the channels to keep. Of equal ones those of lower index are dropped; those that never exceed
        1e-5 are dropped anyway.

    Raises:
        ShapeError: ``features`` have no value or fewer than two axes.
        DtypeError: ``features`` are not floating.
        InvalidInputError: a value is NaN or infinite; ``pruning_ratio`` is outside [0, 1].

    Source: Elkerdawy, Elhoushi, Zhang and Ray, Fire Together Wire Together, CVPR 2022.

    Example:
        >>> import torch
        >>> features = torch.tensor([[0.6, 0.1, 0.3]])
        >>> top_fraction_mask(features, pruning_ratio=0.5)  # int(1.5) of three
        tensor([[ True, False,  True]])
    """
    check_real("pruning_ratio", pruning_ratio)
    if not 0 <= pruning_ratio <= 1:
        raise InvalidInputError(f"pruning_ratio: got {pruning_ratio}; wanted a number from 0 to 1")
    peaks = _peaks(features)
    ranks = peaks.argsort(dim=1, stable=True).argsort(dim=1)
    return (ranks >= int(pruning_ratio * peaks.shape[1])) & (peaks > _DEAD)


def _peaks(features: Tensor) -> Tensor:
    """The largest absolute value of each channel."""
    check_floating("features", features)
    if features.ndim < 2 or features.numel() == 0:
        raise ShapeError(
            f"features: got shape {tuple(features.shape)}; wanted (batch, channels, ...), not empty"
        )
    check_finite("features", features)
    return features.detach().abs().unsqueeze(-1).flatten(2).amax(2)
