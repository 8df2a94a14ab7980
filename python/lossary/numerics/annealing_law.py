"""The scaling law with learning-rate annealing: a whole loss curve from the schedule of learning rates."""

from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from lossary.errors import InvalidInputError
from lossary.metrics.options import check_whole
from lossary.numerics.curve_fitting import huber
from lossary.numerics.vectors import Doubles, check_bounds, finite_vector


class LearningRateAreas(NamedTuple):
    """What a schedule amounts to, step by step.

    Attributes:
        forward_area: (n_steps,), the sum of learning rates so far.
        annealing_area: (n_steps,), the sum of falls so far, each counted with the momentum that it keeps.
    """

    forward_area: Doubles
    annealing_area: Doubles


def learning_rate_areas(
    learning_rate: Any, *, decay: float = 0.999, warmup_steps: int = 0
) -> LearningRateAreas:
    r"""How far training went, and how much its learning rate has fallen by then.

    .. math::
        S_1(s) = \sum_{i \le s} \eta_i, \qquad S_2(s) = \sum_{i \le s} m_i, \qquad
        m_i = \lambda \, m_{i-1} + (\eta_{i-1} - \eta_i), \quad m_0 = 0

    Args:
        learning_rate: η, (n_steps,), 0 or above.
        decay: λ in [0, 1], how much of a fall a step keeps.
        warmup_steps: how many first rates count as the one after them; the law knows no warm-up, whose rises
            would be negative falls.

    Returns:
        `LearningRateAreas`; under a constant rate the second one is 0.

    Raises:
        InvalidInputError: no step; a rate is NaN, infinite or negative; an option is outside its range.
        ShapeError: not one axis.
        DtypeError: ``learning_rate`` is not an array-like, or an option not a number.

    Source: Tissue, Wang and Wang, Scaling Law with Learning Rate Annealing, arXiv 2408.11029, 2024.

    Example:
        >>> learning_rate_areas([1.0, 0.5, 0.5], decay=0.5)
        LearningRateAreas(forward_area=array([1. , 1.5, 2. ]), annealing_area=array([0.  , 0.5 , 0.75]))
    """
    rates = finite_vector("learning_rate", learning_rate)
    if len(rates) == 0 or rates.min() < 0:
        came = "no step" if len(rates) == 0 else f"{rates.min():g}"
        raise InvalidInputError(f"learning_rate: got {came}; wanted rates of 0 or above, at least one")
    check_bounds("decay", decay, least=0.0, most=1.0)
    check_whole("warmup_steps", warmup_steps, 0, len(rates) - 1)
    rates[:warmup_steps] = rates[warmup_steps]
    falls = (rates[:-1] - rates[1:]).tolist()
    momenta = accumulate(falls, lambda momentum, fall: decay * momentum + fall, initial=0.0)
    return LearningRateAreas(rates.cumsum(), np.fromiter(momenta, np.float64, len(rates)).cumsum())


def annealing_loss_curve(
    forward_area: Any,
    annealing_area: Any,
    *,
    irreducible: float = 2.6,
    scale: float = 0.5,
    exponent: float = 0.5,
    annealing: float = 2.0,
) -> Doubles:
    r"""The losses that the law predicts for the steps of a schedule.

    .. math:: L(s) = L_0 + A \, S_1(s)^{-\alpha} - C \, S_2(s)

    Args:
        forward_area: S₁, (n_points,), above 0, from `learning_rate_areas`.
        annealing_area: S₂, (n_points,).
        irreducible: L₀, 0 or above; the four defaults are an example without meaning.
        scale: A, 0 or above.
        exponent: alpha, 0 or above.
        annealing: C, 0 or above; 0 leaves a power law.

    Returns:
        (n_points,) losses.

    Raises:
        InvalidInputError: a value is NaN, infinite or outside its range.
        ShapeError: not one axis, or lengths that differ.
        DtypeError: an argument is not an array-like, or an option not a number.

    Source: Tissue, Wang and Wang, Scaling Law with Learning Rate Annealing, arXiv 2408.11029, 2024.

    Example:
        >>> law = {"irreducible": 2.0, "scale": 1.0, "exponent": 0.5, "annealing": 1.0}
        >>> annealing_loss_curve([4.0], [0.25], **law).tolist()
        [2.25]
    """
    forward, annealed = areas_of(forward_area, annealing_area)
    options = {"irreducible": irreducible, "scale": scale, "exponent": exponent, "annealing": annealing}
    for name, number in options.items():
        check_bounds(name, number, least=0.0)
    return irreducible + scale * forward**-exponent - annealing * annealed


def annealing_fit_objective(
    forward_area: Any,
    annealing_area: Any,
    loss: Any,
    *,
    irreducible: float = 2.6,
    scale: float = 0.5,
    exponent: float = 0.5,
    annealing: float = 2.0,
    delta: float = 1e-3,
) -> float:
    r"""How badly the law fits losses: the sum of Huber's function of differences of logarithms.

    .. math:: \sum_s h_\delta \left( \log L(s) - \log \hat L(s) \right)

    Points of several curves go into one call, one after another. It is what `fit_annealing_scaling_law`
    makes small.

    Args:
        forward_area: S₁, (n_points,), above 0, from `learning_rate_areas`.
        annealing_area: S₂, (n_points,).
        loss: L, (n_points,), above 0.
        irreducible: L₀, 0 or above; the four defaults are an example without meaning.
        scale: A, 0 or above.
        exponent: alpha, 0 or above.
        annealing: C, 0 or above.
        delta: δ, above 0, where squares end.

    Returns:
        0 for a perfect fit; a sum, not a mean.

    Raises:
        InvalidInputError: a value is NaN, infinite or outside its range, or the law predicts a loss that is
            not above 0.
        ShapeError: not one axis, or lengths that differ.
        DtypeError: an argument is not an array-like, or an option not a number.

    Source: Tissue, Wang and Wang, Scaling Law with Learning Rate Annealing, arXiv 2408.11029, 2024.

    Example:
        >>> law = {"irreducible": 1.0, "scale": 1.0, "exponent": 1.0, "annealing": 0.0}
        >>> annealing_fit_objective([1.0], [0.0], [2.0], **law)  # 1 + 1 / 1
        0.0
    """
    predicted = annealing_loss_curve(
        forward_area,
        annealing_area,
        irreducible=irreducible,
        scale=scale,
        exponent=exponent,
        annealing=annealing,
    )
    losses = losses_of(loss, len(predicted))
    check_bounds("delta", delta, above=0.0)
    if len(predicted) and predicted.min() <= 0:
        raise InvalidInputError(
            f"annealing: got {annealing!r}, a predicted loss of {predicted.min():g}; wanted losses above 0"
        )
    return huber(np.log(losses / predicted), delta)


def areas_of(forward_area: Any, annealing_area: Any) -> tuple[Doubles, Doubles]:
    """Both areas as float64, of one length, the first above 0."""
    forward = finite_vector("forward_area", forward_area)
    if len(forward) and forward.min() <= 0:
        raise InvalidInputError(f"forward_area: got {forward.min():g}; wanted sums above 0")
    return forward, finite_vector("annealing_area", annealing_area, length=len(forward), like="forward_area")


def losses_of(loss: Any, length: int) -> Doubles:
    """Losses as float64, as many as areas, above 0."""
    losses = finite_vector("loss", loss, length=length, like="forward_area")
    if length and losses.min() <= 0:
        raise InvalidInputError(f"loss: got {losses.min():g}; wanted losses above 0")
    return losses
