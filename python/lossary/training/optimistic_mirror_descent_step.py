"""Optimistic mirror descent: a step of online learning that bets on a guess of the next gradient."""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_choice,
    check_finite,
    check_floating,
    check_ndim,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError, UnsupportedOptionError

_ROUNDING = 64  # units of rounding by which the sum of an anchor on the simplex may differ from 1


class MirrorDescentStep(NamedTuple):
    """Both points after a step.

    Attributes:
        new_anchor: where the gradient leads, from which the next step starts.
        new_point: where the hint leads from there: what to play next.
    """

    new_anchor: Float[Tensor, "dim"]
    new_point: Float[Tensor, "dim"]


@full_precision
def optimistic_mirror_descent_step(
    anchor: Float[Tensor, "dim"],
    gradient: Float[Tensor, "dim"],
    hint: Float[Tensor, "dim"],
    *,
    step_size: float,
    geometry: Literal["euclidean", "entropic"] = "euclidean",
    radius: float | None = None,
) -> MirrorDescentStep:
    r"""One step along the gradient, and one more along a guess of the next.

    .. math::
        \hat{x}_{t+1} = P(\hat{x}_t - \eta g_t), \quad x_{t+1} = P(\hat{x}_{t+1} - \eta m_{t+1})
        \qquad \text{or} \qquad
        \hat{x}_{t+1} \propto \hat{x}_t e^{-\eta g_t}, \quad x_{t+1} \propto \hat{x}_{t+1} e^{-\eta m_{t+1}}

    Args:
        anchor: the anchor of the step before.
        gradient: g, at the point that was played.
        hint: m, what the next gradient may be; usually the last one. 0 makes it plain mirror descent.
        step_size: eta.
        geometry: "euclidean", or "entropic" for points of the simplex, by multiplicative weights.
        radius: of the ball around 0 onto which "euclidean" points are projected by P; None projects nothing.

    Returns:
        The new anchor and the new point.

    Raises:
        ShapeError: the tensors are not (dim,) alike, with an entry at least.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``step_size`` or ``radius`` is not above 0;
            ``geometry`` is none of the two; an "entropic" anchor is not in the simplex.
        UnsupportedOptionError: ``radius`` is given with "entropic".

    Source: Rakhlin and Sridharan, Online Learning with Predictable Sequences, COLT 2013, section 3; its use
        between stochastic and adversarial losses: Chen, Zhang, Tu, Zhao and Zhang, Optimistic Online Mirror
        Descent for Bridging Stochastic and Adversarial Online Convex Optimization, JMLR 2024.

    Example:
        >>> import torch
        >>> anchor, slope = torch.zeros(2), torch.tensor([1.0, 0.0])
        >>> optimistic_mirror_descent_step(anchor, slope, slope, step_size=0.5).new_point
        tensor([-1.,  0.])
    """
    check_choice("geometry", geometry, ("euclidean", "entropic"))
    check_positive("step_size", step_size)
    if radius is not None:
        check_positive("radius", radius)
        if geometry == "entropic":
            raise UnsupportedOptionError(f"radius: got {radius!r} with geometry='entropic'; wanted None")
    check_ndim("anchor", anchor, "dim")
    if anchor.numel() == 0:
        raise ShapeError("anchor: got shape (0,); wanted an entry at least")
    for name, value in (("anchor", anchor), ("gradient", gradient), ("hint", hint)):
        check_floating(name, value)
        check_shape(name, value, tuple(anchor.shape), like="anchor")
        check_finite(name, value)
    if geometry == "euclidean":
        new_anchor = _within(anchor - step_size * gradient, radius)
        return MirrorDescentStep(new_anchor, _within(new_anchor - step_size * hint, radius))
    _check_simplex(anchor)
    log_anchor = anchor.log() - step_size * gradient
    return MirrorDescentStep(log_anchor.softmax(0), (log_anchor - step_size * hint).softmax(0))


def _within(point: Tensor, radius: float | None) -> Tensor:
    """The nearest point of the ball."""
    if radius is None:
        return point
    length: Tensor = torch.linalg.vector_norm(point)
    return point * (radius / length.clamp(min=radius))


def _check_simplex(anchor: Tensor) -> None:
    if not checks_values(anchor):
        return
    if bool((anchor < 0).any()):
        raise InvalidInputError(f"anchor: got {anchor.min().item():g}; wanted no negative entry")
    slack = _ROUNDING * torch.finfo(anchor.dtype).eps * anchor.numel()
    if bool((anchor.sum() - 1).abs() > slack):
        raise InvalidInputError(f"anchor: got a sum of {anchor.sum().item():.9g}; wanted 1")
