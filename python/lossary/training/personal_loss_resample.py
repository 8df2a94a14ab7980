"""Personal loss resampling: of the items that a user chose, train on those that fit the user best.

Clicks by mistake have a larger loss than the other clicks of the same user, which is why losses are compared
user by user: some users have large losses throughout.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_mask,
    check_ndim,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError


class Resample(NamedTuple):
    """The item drawn for each user.

    Attributes:
        index: which of the candidates.
        probability: that with which each candidate is drawn.
    """

    index: Integer[Tensor, "users"]  # type: ignore[assignment] # hides the method of tuples
    probability: Float[Tensor, "users candidates"]


@torch.no_grad()
@full_precision
def personal_loss_resample(
    loss: Float[Tensor, "users candidates"],
    *,
    temperature: float = 0.1,
    uniform: Float[Tensor, "users"] | None = None,
    mask: Bool[Tensor, "users candidates"] | None = None,
    generator: torch.Generator | None = None,
) -> Resample:
    r"""Draw one candidate per user, likelier the smaller its loss is.

    .. math:: p_{uk} = \frac{e^{-l_{uk} / \tau}}{\sum_j e^{-l_{uj} / \tau}}

    After a few epochs of plain training, draw some items of each user's history, take their losses without a
    gradient, draw one by this, and train on it.

    Args:
        loss: l, of some items that each user chose, 5 in the paper.
        temperature: tau, above 0; small ones take the smallest loss.
        uniform: numbers in [0, 1) that decide the draws; None draws them.
        mask: True for a candidate, False for padding, whose loss does not matter; None for all.
        generator: draws where ``uniform`` is None; None is torch's own.

    Returns:
        A `Resample`, without a graph.

    Raises:
        ShapeError: ``loss`` is not a matrix or has no candidate; another argument has another shape.
        DtypeError: ``loss`` or ``uniform`` is not floating, or ``mask`` not bool.
        InvalidInputError: a loss is NaN or infinite; ``temperature`` is not above 0; ``uniform`` is outside
            [0, 1); a user has no candidate.

    Source: Zhang, Cao, Wu, Shen and Cheng, Personalized Denoising Implicit Feedback for Robust Recommender
        System, WWW 2025.

    Example:
        >>> import torch
        >>> loss = torch.tensor([[0.0, 0.0693147]])  # e^-0.693147 = 1/2
        >>> personal_loss_resample(loss, uniform=torch.tensor([0.7]))
        Resample(index=tensor([1]), probability=tensor([[0.6667, 0.3333]]))
    """
    check_floating("loss", loss)
    check_ndim("loss", loss, "users candidates")
    users, candidates = loss.shape
    if candidates == 0:
        raise ShapeError("loss: got no candidate; wanted at least one")
    check_positive("temperature", temperature)
    if mask is not None:
        check_mask("mask", mask)
        check_shape("mask", mask, (users, candidates), like="loss")
        if checks_values(mask) and not bool(mask.any(1).all()):
            raise InvalidInputError("mask: got a user without a candidate; wanted at least one each")
        check_finite("loss", loss.where(mask, 0.0))
        loss = loss.where(mask, math.inf)
    else:
        check_finite("loss", loss)
    if uniform is None:
        uniform = torch.rand(users, generator=generator, dtype=loss.dtype).to(loss.device)
    else:
        check_floating("uniform", uniform)
        check_shape("uniform", uniform, (users,), like="users of loss")
        if checks_values(uniform) and not bool(((uniform >= 0) & (uniform < 1)).all()):
            raise InvalidInputError("uniform: got values outside [0, 1); wanted numbers in it")
    # The smallest loss first: infinities over a small temperature stay apart.
    probability = (-(loss - loss.amin(1, keepdim=True)) / temperature).softmax(1)
    index = (probability.cumsum(1) <= uniform.unsqueeze(1)).sum(1)
    # Rounding can leave the whole sum below the number: then the last one that can be drawn.
    order = torch.arange(candidates, device=loss.device)
    last = order.where(probability > 0, 0).amax(1)
    return Resample(index.minimum(last), probability)
