"""Divergences of discrete distributions: one generator f each, one sum each."""

from collections.abc import Callable
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.options import check_choice
from lossary.metrics.probabilities import distributions_of

Doubles = NDArray[np.float64]

DIVERGENCE_ALIASES = {
    "rkl": "reverse_kl",
    "js": "jensen_shannon",
    "sh": "squared_hellinger",
    "sf": "softened_reverse_kl",
    "jf": "jeffreys",
    "neyman": "neyman_chi2",
}
"""Short names of the authors' code; "kl" is the same in both."""


def f_divergence(p: Any, q: Any, *, divergence: str = "kl", alpha: float | None = None) -> Any:
    r"""How far discrete distributions are apart, by the expectation of a convex function of their ratio.

    .. math:: D_f(p \,\|\, q) = \sum_c q_c f(p_c / q_c)

    ======================= =====================================================================
    kl                      :math:`\sum p \log (p / q)`
    reverse_kl              :math:`\sum q \log (q / p)`
    jensen_shannon          :math:`\frac12 KL(p \,\|\, m) + \frac12 KL(q \,\|\, m)`, m the mean
    squared_hellinger       :math:`\frac12 \sum (\sqrt p - \sqrt q)^2`
    softened_reverse_kl     :math:`\sum (p + q) \log ((p + q) / 2 p)`
    jeffreys                :math:`\sum (p - q) \log (p / q)`
    neyman_chi2             :math:`\sum (p - q)^2 / p`
    pearson_chi2            :math:`\sum (p - q)^2 / q`
    total_variation         :math:`\frac12 \sum |p - q|`
    alpha                   :math:`\sum (p^a q^{1-a} - a p - (1-a) q) / (a (a - 1))`
    ======================= =====================================================================

    Args:
        p: distributions along the last axis, (..., n_classes), each of which sums to 1.
        q: the others, of the same shape.
        divergence: a name of the table, or a short one of the authors' code: "rkl", "js", "sh", "sf", "jf",
            "neyman".
        alpha: a, for "alpha"; 1 is "kl" and 0 "reverse_kl".

    Returns:
        A float in nats for two distributions, else an array (...). Where one of two probabilities is 0 the
        value may be infinite; two that are 0 add nothing.

    Raises:
        InvalidInputError: a probability is NaN or outside [0, 1], or a sum not 1 within 1e-6; an unknown
            name, or ``alpha`` that is missing, not finite, or beside another name.
        ShapeError: shapes that differ.
        DtypeError: an argument that is not an array-like, or no number.

    Source: Xu, Nie and Vahdat, One-step Diffusion Models with f-Divergence Distribution Matching, arXiv
        2502.15681, 2025, table 1; Csiszar, Information-type measures of difference of probability
        distributions, Studia Scientiarum Mathematicarum Hungarica 2, 1967.

    Example:
        >>> f_divergence([0.5, 0.5], [1.0, 0.0], divergence="total_variation")
        0.5
        >>> f_divergence([0.5, 0.5], [1.0, 0.0], divergence="pearson_chi2")
        inf
    """
    name, power = check_divergence(divergence, alpha, (*_SUMS, "alpha"))
    first, second = distributions_of("p", p), distributions_of("q", q)
    if first.shape != second.shape:
        raise ShapeError(f"q: got shape {second.shape}; wanted {first.shape}, as p")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        terms = _SUMS[name](first, second) if name in _SUMS else _alpha_terms(first, second, power)
    values = np.where((first == 0) & (second == 0), 0.0, terms).sum(axis=-1)
    return float(values) if values.ndim == 0 else values


def check_divergence(name: Any, alpha: Any, choices: tuple[str, ...]) -> tuple[str, float]:
    """The long name of a divergence, with the power of "alpha", which is 0 for the others.

    Raises:
        InvalidInputError: an unknown name, or an alpha that does not fit.
        DtypeError: an alpha that is no number.
    """
    short = tuple(alias for alias, long in DIVERGENCE_ALIASES.items() if long in choices)
    check_choice("divergence", name, (*choices, *short))
    name = DIVERGENCE_ALIASES.get(name, name)
    if name != "alpha":
        if alpha is not None:
            raise InvalidInputError(f"alpha: got {alpha!r} with divergence={name!r}; wanted None")
        return name, 0.0
    wanted = "a finite number, as divergence='alpha' has a power"
    if alpha is None:
        raise InvalidInputError(f"alpha: got None; wanted {wanted}")
    if isinstance(alpha, bool) or not isinstance(alpha, Real):
        raise DtypeError(f"alpha: got {alpha!r}; wanted {wanted}")
    if not isfinite(alpha):
        raise InvalidInputError(f"alpha: got {alpha!r}; wanted {wanted}")
    return {1.0: "kl", 0.0: "reverse_kl"}.get(float(alpha), name), float(alpha)


def _kl(p: Doubles, q: Doubles) -> Doubles:
    # What is added sums to 0 for distributions, and keeps rounding from making the sum negative.
    return np.where(p == 0, q, p * np.log(p / q) - p + q)


def _jensen_shannon(p: Doubles, q: Doubles) -> Doubles:
    mean = (p + q) / 2
    return (_kl(p, mean) + _kl(q, mean)) / 2


def _alpha_terms(p: Doubles, q: Doubles, a: float) -> Doubles:
    mixed: Doubles = p**a * q ** (1 - a)
    return (mixed - a * p - (1 - a) * q) / (a * (a - 1))


_SUMS: dict[str, Callable[[Doubles, Doubles], Doubles]] = {
    "kl": _kl,
    "reverse_kl": lambda p, q: _kl(q, p),
    "jensen_shannon": _jensen_shannon,
    "squared_hellinger": lambda p, q: (np.sqrt(p) - np.sqrt(q)) ** 2 / 2,
    "softened_reverse_kl": lambda p, q: 2 * _kl((p + q) / 2, p),
    "jeffreys": lambda p, q: _kl(p, q) + _kl(q, p),
    "neyman_chi2": lambda p, q: (p - q) ** 2 / p,
    "pearson_chi2": lambda p, q: (p - q) ** 2 / q,
    "total_variation": lambda p, q: np.abs(p - q) / 2,
}
