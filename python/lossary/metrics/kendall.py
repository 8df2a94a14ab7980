"""Kendall's rank correlation: exact counts of pairs in order, weighted by rank if wanted, and its test."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.options import check_choice, check_flag
from lossary.metrics.rank_pairs import ALTERNATIVES, METHODS, RankTest, Statistic, correlation, two_scores

_VARIANTS = ("a", "b", "c")


def kendall_tau(
    y_true: Any,
    y_score: Any,
    *,
    variant: str = "b",
    undefined: str | float = "raise",
    confidence: float | Confidence | None = None,
) -> Value:
    r"""How far two arrays put samples in the same order: from -1 (reversed) through 0 to 1; higher is better.

    .. math:: \tau_b = \frac{P - D}{\sqrt{(n_0 - n_1)(n_0 - n_2)}}

    Pairs are counted as integers in O(n log n) time: P concordant and D discordant ones, n0 in all, n1 and n2
    that tie in one array. Exact to rounding, with the same bits for any number of threads.

    Args:
        y_true: numbers, (n_samples,). Only their order matters; infinities are ranked.
        y_score: numbers, (n_samples,).
        variant: "b" corrects for ties; "a" divides by all pairs, n0; "c" (Stuart's) by n^2 (m - 1) / (2 m),
            where m is the smaller number of distinct values.
        undefined: what to return where an array is constant or there are fewer than two samples. Unless it
            is "raise", which raises, a value without an interval has ends that are NaN.
        confidence: the level of an interval, such as 0.95, or `Confidence` settings. Methods: "fisher", the
            default, normal on the scale of atanh with variance 0.437 / (n - 4), from five samples on;
            "bca" and "percentile". A perfect order has an interval of no width.

    Returns:
        A float in [-1, 1], or an `Interval` with confidence.

    Raises:
        UndefinedMetricError: an array is constant, or there are fewer than two samples, or too few for an
            interval.
        InvalidInputError: a NaN, or an unknown option.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Differs from scipy.stats.kendalltau: returns the statistic alone (`kendall_test` adds the p-value);
    constant arrays raise unless ``undefined`` says otherwise; NaN is refused; there is variant "a".

    Source: Kendall, A new measure of rank correlation, Biometrika 30, 1938; The treatment of ties in ranking
        problems, Biometrika 33, 1945; counting: Knight, Journal of the American Statistical Association 61,
        1966; interval: Fieller, Hartley and Pearson, Tests for rank correlation coefficients, Biometrika 44,
        1957.

    Example:
        >>> kendall_tau([1, 2, 3, 4], [0.1, 0.3, 0.2, 0.4])  # 5 pairs agree, 1 does not
        0.6666666666666666
    """
    check_choice("variant", variant, _VARIANTS)

    def measure() -> tuple[Statistic, int]:
        truth, _, pairs = two_scores(y_true, y_score)
        return (lambda times: pairs.kendall(variant, times)), len(truth)

    return correlation(measure, undefined, confidence, _fieller_variance)


def _fieller_variance(_tau: float, rows: int) -> float:
    return 0.437 / (rows - 4) if rows > 4 else math.inf


def kendall_test(
    y_true: Any,
    y_score: Any,
    *,
    variant: str = "b",
    alternative: str = "two-sided",
    method: str = "auto",
) -> RankTest:
    """Kendall's tau, and how probable one as far out is if the two arrays are independent.

    Args:
        y_true: numbers, (n_samples,).
        y_score: numbers, (n_samples,).
        variant: of the statistic, as in `kendall_tau`; the p-value is the same for all.
        alternative: "two-sided", or only a negative ("less") or a positive ("greater") association counts.
        method: "exact" counts all orders, which is not defined with ties; "asymptotic" takes the normal
            distribution, corrected for ties; "auto" is exact without ties for at most 33 samples, or where at
            most one pair is out of line.

    Returns:
        ``(statistic, p_value)``.

    Raises:
        UndefinedMetricError: an array is constant, or there are fewer than two samples.
        InvalidInputError: a NaN, an unknown option, or "exact" with ties or with more samples than can be
            counted in seconds.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Differs from scipy.stats.kendalltau: the second field is called ``p_value``; otherwise as `kendall_tau`.

    Source: Kendall, Rank Correlation Methods, 4th edition, 1970, chapters 4 and 5.

    Example:
        >>> kendall_test([1, 2, 3], [1, 2, 3])  # 2 of the 6 orders are as far out
        RankTest(statistic=1.0, p_value=0.3333333333333333)
    """
    check_choice("variant", variant, _VARIANTS)
    check_choice("alternative", alternative, ALTERNATIVES)
    check_choice("method", method, METHODS)
    return RankTest(*two_scores(y_true, y_score).pairs.kendall_test(variant, alternative, method))


def weighted_kendall_tau(
    y_true: Any,
    y_score: Any,
    *,
    rank: str = "average",
    additive: bool = True,
    weigher: str = "hyperbolic",
    undefined: str | float = "raise",
    confidence: float | Confidence | None = None,
) -> Value:
    r"""Kendall's tau where pairs near the top of the ranking count more; in [-1, 1], higher is better.

    .. math:: \tau = \frac{\sum_{i \ne j} w_{ij} \operatorname{sgn}(x_i - x_j) \operatorname{sgn}(y_i - y_j)}
        {\sqrt{\sum w_{ij} \operatorname{sgn}(x_i - x_j)^2 \sum w_{ij} \operatorname{sgn}(y_i - y_j)^2}}

    A pair weighs :math:`\omega(r_i) + \omega(r_j)`, where rank 0 is the most important. Takes O(n log n)
    time. There is no p-value: the distribution without association is not known.

    Args:
        y_true: numbers, (n_samples,).
        y_score: numbers, (n_samples,).
        rank: "score" ranks by decreasing ``y_score``, ties by decreasing ``y_true``; "average" is the mean of
            that result and the one with the arrays exchanged; "index" takes the order of the samples.
        additive: weights of a pair are added; False multiplies them.
        weigher: "hyperbolic" is 1 / (r + 1), "logarithmic" is 1 / log2(r + 2), "uniform" is 1.
        undefined: what to return where an array is constant or there are fewer than two samples. Unless it
            is "raise", which raises, a value without an interval has ends that are NaN.
        confidence: the level of an interval, such as 0.95, or `Confidence` settings. Methods: "bca", the
            default, and "percentile"; each resample is sorted anew.

    Returns:
        A float in [-1, 1], or an `Interval` with confidence.

    Raises:
        UndefinedMetricError: an array is constant, or there are fewer than two samples.
        InvalidInputError: a NaN, or an unknown option.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Differs from scipy.stats.weightedtau: ``rank`` has names for its None ("score", of the first argument
    there), True and False; ``weigher`` is a name; constant arrays raise unless ``undefined`` says otherwise;
    NaN is refused.

    Source: Vigna, A weighted correlation index for rankings with ties, WWW 2015.

    Example:
        >>> weighted_kendall_tau([2, 3, 1], [3, 2, 1], weigher="uniform")  # 2 pairs agree, 1 does not
        0.3333333333333333
    """
    check_choice("rank", rank, ("average", "score", "index"))
    check_flag("additive", additive)
    check_choice("weigher", weigher, ("hyperbolic", "logarithmic", "uniform"))

    def measure() -> tuple[Statistic, int]:
        truth, score, pairs = two_scores(y_true, y_score)

        def statistic(times: NDArray[np.uint32] | None) -> float | None:
            drawn = pairs
            if times is not None:
                drawn = _kernels.RankPairs(np.repeat(truth, times), np.repeat(score, times))
            return drawn.weighted_kendall(rank, weigher, bool(additive))

        return statistic, len(truth)

    return correlation(measure, undefined, confidence)
