"""Predictive mixture: the forecast of an ensemble of normal distributions, and where its doubt comes from."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.forecasts import forecasts
from lossary.metrics.options import check_choice, check_not_negative

Doubles = NDArray[np.float64]


class PredictiveMixture(NamedTuple):
    """What `predictive_mixture` returns.

    Attributes:
        nll: negative log-likelihood of the targets, one number, or one per point under "none".
        mean: the mean of the members' means, (n_points,).
        aleatoric: the mean of their variances: doubt that more data would not remove.
        epistemic: the variance of their means: doubt that it would.
        total: the variance of the mixture, the sum of the two.
    """

    nll: float | Doubles
    mean: Doubles
    aleatoric: Doubles
    epistemic: Doubles
    total: Doubles


def predictive_mixture(
    mean: Any, variance: Any, target: Any, *, eps: float = 1e-6, reduction: str = "mean"
) -> PredictiveMixture:
    r"""Likelihood of targets under a mixture of normal forecasts, and the two parts of its variance.

    .. math:: \mathrm{nll}_n = - \ln \frac{1}{S} \sum_s N(y_n; \mu_{sn}, v_{sn}), \qquad
              \mathrm{total}_n = \frac{1}{S} \sum_s v_{sn} + \mathrm{var}_s \, \mu_{sn}

    The members are those of an ensemble, draws of a Bayesian network's weights, or passes with dropout.

    Args:
        mean: mu, (n_members, n_points).
        variance: v, likewise, 0 or above.
        target: y, (n_points,).
        eps: the least variance, above 0.
        reduction: "mean" of the nll over points, "sum", or "none".

    Returns:
        PredictiveMixture: nll, lower is better, and mean, aleatoric, epistemic and total, each (n_points,).

    Raises:
        InvalidInputError: NaN or infinity; a negative variance; ``eps`` not above 0; an unknown reduction.
        ShapeError: shapes that do not fit; no member or no point.
        DtypeError: an argument of another type.

    Source: Sengupta, Waxenegger-Wilfing, Martin, Hardi and Juniper, Forecasting Thermoacoustic Instabilities
        in Liquid Propellant Rocket Engines Using Multimodal Bayesian Deep Learning, arXiv 2021; the parts of
        the variance: Depeweg, Hernandez-Lobato, Doshi-Velez and Udluft, ICML 2018.

    Example:
        >>> found = predictive_mixture([[0.0], [2.0]], [[1.0], [3.0]], [1.0])
        >>> found.aleatoric.tolist(), found.epistemic.tolist(), found.total.tolist()
        ([2.0], [1.0], [3.0])
    """
    check_choice("reduction", reduction, ("mean", "sum", "none"))
    check_not_negative("eps", eps)
    if not 0 < eps < math.inf:
        raise InvalidInputError(f"eps: got {eps!r}; wanted a number above 0")
    centres, scales, truth = (
        forecasts(name, given).astype(np.float64)
        for name, given in (("mean", mean), ("variance", variance), ("target", target))
    )
    if centres.ndim != 2 or not centres.size:
        raise ShapeError(f"mean: got shape {centres.shape}; wanted (n_members, n_points), neither of them 0")
    if scales.shape != centres.shape:
        raise ShapeError(f"variance: got shape {scales.shape}; wanted {centres.shape}, as mean")
    if truth.shape != centres.shape[1:]:
        raise ShapeError(f"target: got shape {truth.shape}; wanted {centres.shape[1:]}, as mean's points")
    for name, array in (("mean", centres), ("variance", scales), ("target", truth)):
        if not np.isfinite(array).all():
            raise InvalidInputError(f"{name}: got NaN or infinity; wanted finite numbers")
    if scales.min() < 0:
        raise InvalidInputError(f"variance: got {scales.min():g}; wanted numbers of 0 or above")
    scales = np.maximum(scales, eps)
    terms = -0.5 * (np.log(2 * math.pi * scales) + (truth - centres) ** 2 / scales)
    largest = terms.max(axis=0)  # so that the exponentials of unlikely members vanish, not all of them
    nll = math.log(len(terms)) - largest - np.log(np.exp(terms - largest).sum(axis=0))
    middle, aleatoric = centres.mean(axis=0), scales.mean(axis=0)
    epistemic = np.square(centres - middle).mean(axis=0)
    value = nll if reduction == "none" else float(nll.mean() if reduction == "mean" else nll.sum())
    return PredictiveMixture(value, middle, aleatoric, epistemic, aleatoric + epistemic)
