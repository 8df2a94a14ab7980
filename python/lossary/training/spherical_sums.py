"""Losses of the spherical family, from the few sums over the classes that they need.

A loss of this family sees a row of logits through their mean, their squares about it and the logit of the
right class alone. `lossary.training.spherical_output_layer` knows these without the logits. Over all logits
the same losses are `spherical_softmax`, `taylor_softmax` and `spherical_z` of `lossary.losses`.
"""

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from lossary.authoring.validation import check_non_negative, check_positive, check_real


class LogitSums(NamedTuple):
    """What a loss of the family may know of each row of logits.

    Attributes:
        mean: of the logits of the row.
        spread: the sum of squares of the logits about their mean; exactly 0 where it is below rounding.
        target: the logit of the right class.
        num_classes: how many logits there are.
    """

    mean: Float[Tensor, "batch"]
    spread: Float[Tensor, "batch"]
    target: Float[Tensor, "batch"]
    num_classes: int


SphericalLoss = Callable[[LogitSums], Tensor]
"""From the sums to one differentiable value per row."""


def spherical_softmax_of_sums(sums: LogitSums, *, eps: float = 1e-6) -> Float[Tensor, "batch"]:
    r"""`spherical_softmax` of each row.

    .. math:: L = \ln(Q + D \mu^2 + D \varepsilon) - \ln(o_y^2 + \varepsilon)

    Args:
        sums: the mean mu, the spread Q and the right logit o_y of D logits.
        eps: above 0, so that a logit of 0 has a probability.

    Returns:
        One value per row.

    Raises:
        InvalidInputError: ``eps`` is not above 0.

    Source: de Brebisson and Vincent, An Exploration of Softmax Alternatives Belonging to the Spherical Loss
        Family, ICLR 2016.

    Example:
        >>> import torch
        >>> logits = torch.tensor([1.0, -1.0])  # mean 0, squares 2: a share of 1/2
        >>> spherical_softmax_of_sums(LogitSums(torch.zeros(1), torch.tensor([2.0]), logits[:1], 2))
        tensor([0.6931])
    """
    check_positive("eps", eps)
    mean, spread, target, num_classes = sums
    return (spread + num_classes * (mean.square() + eps)).log() - (target.square() + eps).log()


def taylor_softmax_of_sums(sums: LogitSums) -> Float[Tensor, "batch"]:
    r"""`taylor_softmax` of order 2 of each row.

    .. math:: L = \ln(Q + D (1 + \mu)^2 + D) - \ln((1 + o_y)^2 + 1)

    Args:
        sums: the mean mu, the spread Q and the right logit o_y of D logits.

    Returns:
        One value per row.

    Source: as `spherical_softmax_of_sums`; twice the polynomial is (1 + o)^2 + 1.

    Example:
        >>> import torch
        >>> logits = torch.tensor([0.0, 2.0])  # polynomials 1 and 5: ln 6
        >>> taylor_softmax_of_sums(LogitSums(torch.ones(1), torch.tensor([2.0]), logits[:1], 2))
        tensor([1.7918])
    """
    mean, spread, target, num_classes = sums
    return (spread + num_classes * ((1 + mean).square() + 1)).log() - ((1 + target).square() + 1).log()


def spherical_z_of_sums(
    sums: LogitSums, *, sharpness: float = 1.0, shift: float = 0.0, eps: float = 1e-12
) -> Float[Tensor, "batch"]:
    r"""`spherical_z` of each row.

    .. math:: L = \frac{1}{a} \ln \big( 1 + e^{a (b - z)} \big), \qquad
              z = \frac{o_y - \mu}{\sqrt{Q / D} + \varepsilon}

    Args:
        sums: the mean mu, the spread Q and the right logit o_y of D logits.
        sharpness: a.
        shift: b, the standard score that is good enough.
        eps: added to the standard deviation.

    Returns:
        One value per row; a row of equal logits has z = 0 and no gradient.

    Raises:
        InvalidInputError: ``sharpness`` is not above 0, ``eps`` negative, or ``shift`` no number.

    Source: de Brebisson and Vincent, The Z-loss: a shift and scale invariant classification loss belonging to
        the Spherical Family, arXiv 2016.

    Example:
        >>> import torch
        >>> spread, mean = torch.tensor([8.0]), torch.ones(1)  # of 3, 1, 1 and -1
        >>> spherical_z_of_sums(LogitSums(mean, spread, torch.ones(1), 4))  # z = 0: ln 2
        tensor([0.6931])
    """
    check_positive("sharpness", sharpness)
    check_real("shift", shift)
    check_non_negative("eps", eps)
    mean, spread, target, num_classes = sums
    constant = spread == 0  # where the root has no slope: both sides of the ratio are replaced
    deviation = (spread.where(~constant, num_classes) / num_classes).sqrt() + eps
    score = (target - mean).where(~constant, 0.0) / deviation
    return -functional.logsigmoid(sharpness * (score - shift)) / sharpness
