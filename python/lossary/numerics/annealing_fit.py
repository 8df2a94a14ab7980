"""The scaling law with learning-rate annealing, fitted to losses of one or more training runs."""

import warnings
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricWarning
from lossary.numerics.annealing_law import areas_of, losses_of
from lossary.numerics.curve_fitting import best_fit, determination, huber
from lossary.numerics.vectors import Doubles, check_bounds, finite_array

_LEAST_EXPONENT, _MOST_EXPONENT, _STARTS = 0.02, 4.0, 40
_REFINED = 4
_FEWEST = 5


class AnnealingScalingLaw(NamedTuple):
    """A fitted law, for `annealing_loss_curve`.

    Attributes:
        irreducible: the loss that no schedule of constant rate goes below.
        scale: what counts the power of the forward area.
        exponent: of that power.
        annealing: what counts the annealing area.
        objective: what `annealing_fit_objective` says of the law.
        r2: of the losses, 1 at best.
    """

    irreducible: float
    scale: float
    exponent: float
    annealing: float
    objective: float
    r2: float


def fit_annealing_scaling_law(
    forward_area: Any, annealing_area: Any, loss: Any, *, delta: float = 1e-3, starts: Any = None
) -> AnnealingScalingLaw:
    """The law of learning-rate annealing that fits losses best, by `annealing_fit_objective`.

    For a given exponent the law is linear in its other numbers: the best of many exponents are refined in
    all four. For the numbers to be unique, schedules need a constant part and a falling one.

    Args:
        forward_area: (n_points,), above 0, from `learning_rate_areas`; points of several runs one after
            another, at least 5.
        annealing_area: (n_points,).
        loss: (n_points,), above 0.
        delta: above 0, where squares of the objective end.
        starts: None, or (n_starts, 4) numbers of 0 or above in the order of the result, from which to refine
            instead.

    Returns:
        An `AnnealingScalingLaw`; ``annealing`` is 0, with a warning, where the annealing area is 0.

    Raises:
        InvalidInputError: fewer than 5 points; a value is NaN, infinite or outside its range; the law
            predicts no losses above 0 at any of ``starts``.
        ShapeError: not one axis, lengths that differ, or another shape of ``starts``.
        DtypeError: an argument is not an array-like, or ``delta`` not a number.

    Source: Tissue, Wang and Wang, Scaling Law with Learning Rate Annealing, arXiv 2408.11029, 2024.

    Differs from the official code: it takes the best of 54 fixed starts with numerical gradients.

    Example:
        >>> from lossary.numerics import annealing_loss_curve, learning_rate_areas
        >>> areas = learning_rate_areas([1.0] * 30 + [0.8, 0.6, 0.4, 0.2, 0.0])
        >>> law = {"irreducible": 2.0, "scale": 0.5, "exponent": 0.4, "annealing": 0.01}
        >>> fitted = fit_annealing_scaling_law(*areas, annealing_loss_curve(*areas, **law))
        >>> [round(number, 4) for number in fitted[:4]]
        [2.0, 0.5, 0.4, 0.01]
    """
    forward, annealed = areas_of(forward_area, annealing_area)
    losses = losses_of(loss, len(forward))
    check_bounds("delta", delta, above=0.0)
    if len(forward) < _FEWEST:
        raise InvalidInputError(f"forward_area: got {len(forward)} points; wanted {_FEWEST} or more")
    # Around the middle of the logarithms a power and its exponent hardly depend on each other.
    center = float(np.log(forward).mean())
    position = np.log(forward) - center

    def residuals(parameters: Doubles) -> tuple[Doubles, Doubles] | None:
        irreducible, height, exponent, annealing = parameters
        with np.errstate(over="ignore"):
            power = np.exp(-exponent * position)
            predicted = irreducible + height * power - annealing * annealed
        if not np.isfinite(predicted).all() or predicted.min() <= 0:
            return None
        jacobian = np.stack([np.ones_like(power), power, -height * power * position, -annealed], 1)
        return np.log(predicted / losses), jacobian / predicted[:, None]

    if starts is None:
        exponents = np.geomspace(_LEAST_EXPONENT, _MOST_EXPONENT, _STARTS)
        candidates = [_linear_start(exponent, position, annealed, losses) for exponent in exponents]
        candidates.sort(key=lambda start: _objective(residuals(start), delta))
        candidates = candidates[:_REFINED]
    else:
        candidates = [_centered(start, center) for start in _starts(starts)]
    fit = best_fit(residuals, candidates, lower=np.zeros(4), delta=delta)
    if fit is None:
        raise InvalidInputError("starts: got no law of losses above 0; wanted one or more")
    irreducible, height, exponent, annealing = map(float, fit.parameters)
    if not annealed.any():
        annealing = 0.0
        warnings.warn(
            "annealing_area: got zeros, of which annealing cannot be told; it is returned as 0",
            UndefinedMetricWarning,
            stacklevel=2,
        )
    scale = height * float(np.exp(exponent * center))
    predicted = irreducible + height * np.exp(-exponent * position) - annealing * annealed
    r2 = determination(losses, predicted)
    return AnnealingScalingLaw(irreducible, scale, exponent, annealing, fit.objective, r2)


def _linear_start(exponent: float, position: Doubles, annealed: Doubles, losses: Doubles) -> Doubles:
    """The numbers of 0 or above that fit relative losses best, by squares, for one exponent."""
    terms = np.stack([np.ones_like(position), np.exp(-exponent * position), -annealed], 1) / losses[:, None]
    best, lowest = np.zeros(3), np.inf
    for chosen in product([False, True], repeat=3):
        used = [index for index in range(3) if chosen[index] and terms[:, index].any()]
        numbers = np.zeros(3)
        numbers[used] = np.linalg.lstsq(terms[:, used], np.ones_like(losses), rcond=None)[0]
        missed = float(((terms @ numbers - 1) ** 2).sum())
        if numbers.min() >= 0 and missed < lowest:
            best, lowest = numbers, missed
    return np.array([best[0], best[1], exponent, best[2]])


def _objective(here: tuple[Doubles, Doubles] | None, delta: float) -> float:
    return np.inf if here is None else huber(here[0], delta)


def _starts(given: Any) -> Doubles:
    starts = finite_array("starts", given)
    if starts.ndim != 2 or starts.shape[1] != 4 or len(starts) == 0:
        raise ShapeError(f"starts: got shape {starts.shape}; wanted (n_starts, 4) with a start")
    if starts.min() < 0:
        raise InvalidInputError(f"starts: got {starts.min():g}; wanted numbers of 0 or above")
    return starts


def _centered(start: Doubles, center: float) -> Doubles:
    irreducible, scale, exponent, annealing = start
    return np.array([irreducible, scale * np.exp(-exponent * center), exponent, annealing])
