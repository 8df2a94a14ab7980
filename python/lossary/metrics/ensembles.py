"""Forecasts that are distributions: proper scores of ensembles of them, and of normal ones."""

import math
from typing import Any

import numpy as np

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import contiguous
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.forecasts import (
    Doubles,
    as_rows,
    blocks_of,
    check_finite_values,
    check_fraction,
    ensemble_of,
    forecasts,
    score_of_points,
)
from lossary.metrics.options import check_not_negative


def crps_ensemble(
    ensemble: Any,
    target: Any,
    *,
    ensemble_weight: Any = None,
    weight: Any = None,
    alpha: float = 1.0,
    reduction: str = "mean",
    confidence: float | Confidence | None = None,
) -> Value:
    r"""Continuous ranked probability score of ensembles of numbers; lower is better.

    .. math:: \sum_i w_i |x_i - y| - \frac{1}{2} \Big(1 - \alpha + \frac{\alpha}{1 - \sum_i w_i^2}\Big)
              \sum_{ij} w_i w_j |x_i - x_j|

    Of one member it is the absolute error. Time grows with M log M for M members.

    Args:
        ensemble: forecasts x, (*points, members).
        target: what happened, y, (*points).
        ensemble_weight: w of the members, (members,) or (*points, members), above 0; divided by their sum.
            None weighs all the same.
        weight: of the points, (*points) or what can be broadcast to it, at least 0; a point of weight 0 may
            hold any finite number.
        alpha: 1 is the fair score, which is right for ensembles of any size on average and can be negative;
            0 that of the ensemble as it is; 0.95 is almost fair.
        reduction: "mean" over points, weighted, "sum", or "none".
        confidence: the level of a bootstrap interval over points of the mean, or a `Confidence`, whose
            ``groups``, one label for each point, keep together what depends on each other.

    Returns:
        A float, or with confidence an `Interval`; under "none" an array (*points), times the weights.

    Raises:
        InvalidInputError: NaN or infinity, no points or members, or an option or weight out of range.
        ShapeError: shapes that do not fit.
        DtypeError: an argument that is not an array-like, or no number.

    Source: Hersbach, Decomposition of the continuous ranked probability score for ensemble prediction
        systems, Weather and Forecasting 15, 2000; the fair score: Ferro, Fair scores for ensemble forecasts,
        Quarterly Journal of the Royal Meteorological Society 140, 2014.

    Example:
        >>> crps_ensemble([[0.0, 2.0]], [1.0], alpha=0.0)  # 1 - 1/2 * (0 + 2 + 2 + 0) / 4
        0.5
    """
    check_fraction("alpha", alpha)
    members, truth, shape = ensemble_of(ensemble, target)
    shares = None if ensemble_weight is None else _member_weights(ensemble_weight, (*shape, members.shape[1]))
    found = _kernels.crps_ensemble(*as_rows(members, truth), shares, float(alpha))
    check_finite_values(found, {"ensemble": members, "target": truth})
    return score_of_points(found, shape, weight, reduction, confidence)


def _member_weights(given: Any, shape: tuple[int, ...]) -> Doubles:
    weights = forecasts("ensemble_weight", given)
    if weights.shape not in (shape, shape[-1:]):
        raise ShapeError(
            f"ensemble_weight: got shape {weights.shape}; wanted {shape[-1:]} or {shape}, as ensemble"
        )
    if not ((weights > 0) & np.isfinite(weights)).all():
        raise InvalidInputError(
            "ensemble_weight: got weights that are not above 0, or infinite; wanted others"
        )
    return contiguous(weights.astype(np.float64, copy=False).reshape(-1))


def crps_gaussian(
    mean: Any,
    std: Any,
    target: Any,
    *,
    reduction: str = "mean",
    confidence: float | Confidence | None = None,
) -> Value:
    r"""Continuous ranked probability score of normal forecasts; lower is better.

    .. math:: \sigma \Big( z (2 \Phi(z) - 1) + 2 \varphi(z) - \frac{1}{\sqrt \pi} \Big), \quad
              z = \frac{y - \mu}{\sigma}

    Args:
        mean: mu, (*points). Of an ensemble: ``ensemble.mean(-1)`` with the deviation of its members.
        std: sigma, (*points), above 0.
        target: what happened, y, (*points).
        reduction: "mean" over points, "sum", or "none".
        confidence: as `crps_ensemble`.

    Returns:
        A float, or with confidence an `Interval`; under "none" an array (*points).

    Raises:
        InvalidInputError: NaN or infinity, a deviation that is not above 0, no points, or an unknown option.
        ShapeError: shapes that differ.
        DtypeError: an argument that is not an array-like, or no number.

    Source: Gneiting, Raftery, Westveld and Goldman, Calibrated probabilistic forecasting using ensemble model
        output statistics and minimum CRPS estimation, Monthly Weather Review 133, 2005, equation 5.

    Example:
        >>> round(crps_gaussian([0.0], [1.0], [0.0]), 4)  # 2 / sqrt(2 pi) - 1 / sqrt(pi)
        0.2337
    """
    centres, scales, truth = (
        forecasts(name, given) for name, given in (("mean", mean), ("std", std), ("target", target))
    )
    for name, array in (("std", scales), ("target", truth)):
        if array.shape != centres.shape:
            raise ShapeError(f"{name}: got shape {array.shape}; wanted {centres.shape}, as mean")
    if not centres.size:
        raise InvalidInputError(f"mean: got no points, shape {centres.shape}; wanted at least one")
    if not (scales > 0).all():
        raise InvalidInputError("std: got a deviation that is not above 0; wanted positive numbers")
    flat = [array.reshape(-1) for array in (centres, scales, truth)]
    found = np.empty(centres.size)
    for rows in blocks_of(len(found), 1):
        centre, scale, happened = (array[rows].astype(np.float64, copy=False) for array in flat)
        error = happened - centre
        with np.errstate(over="ignore", invalid="ignore"):
            z = error / scale
            likely = np.fromiter(map(math.erf, (z / math.sqrt(2)).tolist()), np.float64, len(z))
            density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
            found[rows] = error * likely + scale * (2 * density - 1 / math.sqrt(math.pi))
    check_finite_values(found, {"mean": centres, "std": scales, "target": truth})
    return score_of_points(found, centres.shape, None, reduction, confidence)


def energy_score(
    ensemble: Any,
    target: Any,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    p: float = 2.0,
    reduction: str = "mean",
    confidence: float | Confidence | None = None,
) -> Value:
    r"""Energy score of ensembles of vectors, the CRPS of several dimensions; lower is better.

    .. math:: \frac{1}{M} \sum_i \lVert x_i - y \rVert_p^\beta
              - \frac{M - 1 + \alpha}{2 M^2 (M - 1)} \sum_{ij} \lVert x_i - x_j \rVert_p^\beta

    Args:
        ensemble: forecasts x, (*points, members, dim).
        target: what happened, y, (*points, dim).
        alpha: 1 is the fair score, 0 that of the ensemble as it is.
        beta: above 0 and below 2.
        p: of the norm, at least 1; infinity is the largest difference.
        reduction: "mean" over points, "sum", or "none".
        confidence: as `crps_ensemble`.

    Returns:
        A float, or with confidence an `Interval`; under "none" an array (*points). Time grows with the square
        of the number of members.

    Raises:
        InvalidInputError: NaN or infinity, nothing to score, or an option out of range.
        ShapeError: shapes that do not fit.
        DtypeError: an argument that is not an array-like, or no number.

    Source: Gneiting and Raftery, Strictly proper scoring rules, prediction, and estimation, Journal of the
        American Statistical Association 102, 2007, section 4.3.

    Example:
        >>> energy_score([[[0.0, 0.0], [6.0, 8.0]]], [[0.0, 0.0]], alpha=0.0)  # 10/2 - 20/8
        2.5
    """
    check_fraction("alpha", alpha)
    check_not_negative("beta", beta)
    if not 0 < beta < 2:
        raise InvalidInputError(f"beta: got {beta!r}; wanted a number above 0 and below 2")
    check_not_negative("p", p)
    if p < 1:
        raise InvalidInputError(f"p: got {p!r}; wanted a number of 1 or above")
    members, truth, shape = ensemble_of(ensemble, target, vectors=True)
    rows, happened = as_rows(members, truth)
    dim, power = members.shape[2], math.inf if p > 1e300 else float(p)  # the same, of an integer of any size
    found = _kernels.energy_score(rows, happened, dim, float(alpha), float(beta), power)
    check_finite_values(found, {"ensemble": members, "target": truth})
    return score_of_points(found, shape, None, reduction, confidence)
