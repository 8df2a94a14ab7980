"""Whether ensembles spread as far as they err: what to look at beside their scores."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, UndefinedMetricError
from lossary.metrics.forecasts import blocks_of, check_finite_values, ensemble_of, point_weights
from lossary.metrics.options import check_choice, check_flag, check_not_negative


class SpreadSkill(NamedTuple):
    """`spread_skill_ratio` and its parts."""

    spread: float
    skill: float
    ratio: float


def spread_skill_ratio(
    ensemble: Any, target: Any, *, weight: Any = None, correction: str = "subtract", eps: float = 1e-6
) -> SpreadSkill:
    r"""The spread of ensembles over the error of their means: 1 for a reliable one, less if it is too sure.

    With the mean variance V of members, which divides by M - 1, and the mean squared error E of ensemble
    means over points, the ratio is

    .. math:: \sqrt{\frac{V}{E - V / M}} \; \text{(subtract)}, \quad \sqrt{\frac{M + 1}{M} \frac{V}{E}} \;
              \text{(inflate)}, \quad \sqrt{V / E} \; \text{(none)}

    Args:
        ensemble: forecasts, (*points, members), of M = 2 members or more.
        target: what happened, (*points).
        weight: of the points, (*points) or what can be broadcast to it, at least 0.
        correction: of what few members add to the error of their mean: "subtract", "inflate" or "none".
        eps: the least that "subtract" leaves of the error, above 0.

    Returns:
        The roots of V and E, and the ratio.

    Raises:
        InvalidInputError: NaN or infinity, nothing to compare, fewer than two members, or an option or weight
            out of range.
        ShapeError: shapes that do not fit.
        UndefinedMetricError: no error to divide by, with "inflate" or "none".
        DtypeError: an argument that is not an array-like, or no number.

    Source: Fortin, Abaza, Anctil and Turcotte, Why should ensemble spread match the RMSE of the ensemble
        mean?, Journal of Hydrometeorology 15, 2014, for "inflate"; "subtract" as in Bonev et al., FourCastNet
        3: A geometric approach to probabilistic machine-learning weather forecasting at scale, arXiv
        2507.12144, 2025.

    Example:
        >>> spread_skill_ratio([[-2.0, 0.0, 2.0]], [4.0], correction="none")  # V = 8 / 2, E = 4^2
        SpreadSkill(spread=2.0, skill=4.0, ratio=0.5)
    """
    check_choice("correction", correction, ("subtract", "inflate", "none"))
    check_not_negative("eps", eps)
    if not 0 < eps < np.inf:
        raise InvalidInputError(f"eps: got {eps!r}; wanted a finite number above 0")
    members, truth, shape = ensemble_of(ensemble, target, least=2)
    weights = point_weights(weight, shape)
    count = members.shape[1]
    sums = np.zeros((len(members), 2))
    with np.errstate(over="ignore", invalid="ignore"):
        for rows in blocks_of(len(members), count):
            distances = np.subtract(members[rows], truth[rows], dtype=np.float64)
            sums[rows, 0] = distances.var(axis=1, ddof=1)
            sums[rows, 1] = distances.mean(axis=1) ** 2
    check_finite_values(sums, {"ensemble": members, "target": truth})
    variance, error = (float(each) for each in np.average(sums, axis=0, weights=weights))
    if correction == "subtract":
        squared = variance / max(error - variance / count, eps)
    elif error == 0:
        raise UndefinedMetricError(
            f"correction: got {correction!r} where the skill is zero; wanted 'subtract', or targets that are "
            "not all ensemble means"
        )
    else:
        squared = variance / error * ((count + 1) / count if correction == "inflate" else 1.0)
    return SpreadSkill(variance**0.5, error**0.5, squared**0.5)


def rank_histogram(
    ensemble: Any, target: Any, *, weight: Any = None, ties: str = "split", normalize: bool = True
) -> NDArray[np.float64]:
    """How often each number of members is below what happened: flat where ensembles are reliable.

    The ends are high where ensembles are too sure, the middle where they doubt too much; a slope shows a
    bias.

    Args:
        ensemble: forecasts, (*points, members).
        target: what happened, (*points).
        weight: of the points, (*points) or what can be broadcast to it, at least 0.
        ties: where a target equals members: "split" shares it among the ranks between them, as breaking ties
            at random does on average; "left" takes the lowest rank, "right" the highest.
        normalize: divide by the total weight.

    Returns:
        Weights of the ranks from 0 to the number of members, (members + 1,).

    Raises:
        InvalidInputError: NaN or infinity, no points or members, or a weight or option out of range.
        ShapeError: shapes that do not fit.
        DtypeError: an argument that is not an array-like, or no flag.

    Source: Hamill, Interpretation of rank histograms for verifying ensemble forecasts, Monthly Weather Review
        129, 2001.

    Example:
        >>> rank_histogram([[1.0, 2.0], [1.0, 2.0]], [1.5, 3.0])
        array([0. , 0.5, 0.5])
    """
    check_choice("ties", ties, ("split", "left", "right"))
    check_flag("normalize", normalize)
    members, truth, shape = ensemble_of(ensemble, target)
    weights = point_weights(weight, shape)
    count = members.shape[1]
    for name, array in (("ensemble", members), ("target", truth)):
        check_finite_values(array, {name: array})
    counts = np.zeros(count + 1)
    for rows in blocks_of(len(members), count):
        below = np.count_nonzero(members[rows] < truth[rows], axis=1)
        above = np.count_nonzero(members[rows] > truth[rows], axis=1)
        low, high = below, count - above
        if ties != "split":
            low = high = low if ties == "left" else high
        share = (np.ones(len(low)) if weights is None else weights[rows]) / (high - low + 1)
        while len(low):
            counts += np.bincount(low, share, count + 1)
            tied = low < high
            low, high, share = low[tied] + 1, high[tied], share[tied]
    total = len(members) if weights is None else float(weights.sum())
    return counts / total if normalize else counts
