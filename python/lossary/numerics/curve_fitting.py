"""Least squares within lower bounds, for curves of a few parameters: steps of Levenberg and Marquardt."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from lossary.numerics.vectors import Doubles

# Parameters to residuals and their derivatives; None where the curve has no value.
Residuals = Callable[[Doubles], tuple[Doubles, Doubles] | None]

_STEPS = 300


class CurveFit(NamedTuple):
    """Where the steps led, and half the sum of squared residuals there, or that of Huber."""

    parameters: Doubles
    objective: float


def huber(residual: Doubles, delta: float) -> float:
    """The sum of r^2 / 2, and of delta |r| - delta^2 / 2 beyond delta; infinity makes it squares."""
    size = np.abs(residual)
    inside = np.minimum(size, delta)
    beyond = size - inside
    return float(0.5 * (inside**2).sum() + (inside * beyond).sum())


def best_fit(
    residuals: Residuals, starts: Iterable[Doubles], *, lower: Doubles, delta: float = np.inf
) -> CurveFit | None:
    """The lowest of the minima that the starts lead to; None where the curve has no value at any of them."""
    fits = [fit for start in starts if (fit := _fit(residuals, start, lower, delta)) is not None]
    return min(fits, key=lambda fit: fit.objective, default=None)


def _fit(residuals: Residuals, start: Doubles, lower: Doubles, delta: float) -> CurveFit | None:
    parameters = np.maximum(start, lower)
    here = residuals(parameters)
    if here is None:
        return None
    objective, damping = huber(here[0], delta), 1e-3
    for _ in range(_STEPS):
        residual, jacobian = here
        weight = np.minimum(1.0, delta / np.maximum(np.abs(residual), 1e-300))
        gradient = jacobian.T @ (weight * residual)
        curvature = jacobian.T @ (weight[:, None] * jacobian)
        # A parameter stays at its bound while the objective falls beyond it.
        is_free = (np.diag(curvature) > 0) & ((parameters > lower) | (gradient < 0))
        if not is_free.any():
            break
        free = np.flatnonzero(is_free)
        scale = np.sqrt(np.diag(curvature)[free])
        scaled = curvature[np.ix_(free, free)] / np.outer(scale, scale)
        while damping < 1e12:
            step = np.linalg.solve(scaled + damping * np.eye(len(free)), -gradient[free] / scale) / scale
            candidate = parameters.copy()
            candidate[free] = np.maximum(candidate[free] + step, lower[free])
            there = residuals(candidate)
            if there is not None and huber(there[0], delta) < objective:
                break
            damping *= 4
        else:
            break  # no step lowers it
        parameters, here = candidate, there
        objective = huber(there[0], delta)
        damping = max(damping / 10, 1e-15)
    return CurveFit(parameters, objective)


def determination(actual: Doubles, predicted: Doubles) -> float:
    """R squared, as scikit-learn has it: 1 for an exact fit of a constant, 0 for another one."""
    missed = float(((actual - predicted) ** 2).sum())
    spread = float(((actual - actual.mean()) ** 2).sum())
    if spread == 0:
        return float(missed == 0)
    return 1 - missed / spread
