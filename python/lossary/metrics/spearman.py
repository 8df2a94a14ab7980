"""Spearman's rank correlation, from exact sums, and its test."""

import math
from typing import Any

from lossary.errors import UndefinedMetricError
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.options import check_choice
from lossary.metrics.rank_pairs import ALTERNATIVES, RankTest, Statistic, correlation, two_scores


def spearman_rho(
    y_true: Any,
    y_score: Any,
    *,
    undefined: str | float = "raise",
    confidence: float | Confidence | None = None,
) -> Value:
    """Correlation of ranks, tied samples sharing their mean rank; from -1 to 1, higher is better.

    Sums of products of ranks are integers here, so the value is exact to rounding for any number of samples,
    with the same bits for any number of threads.

    Args:
        y_true: numbers, (n_samples,). Only their order matters; infinities are ranked.
        y_score: numbers, (n_samples,).
        undefined: what to return where an array is constant or there are fewer than two samples. Unless it
            is "raise", which raises, a value without an interval has ends that are NaN.
        confidence: the level of an interval, such as 0.95, or `Confidence` settings. Methods: "fisher", the
            default, normal on the scale of atanh with variance (1 + rho^2 / 2) / (n - 3), from four samples
            on; "bca" and "percentile". A perfect order has an interval of no width.

    Returns:
        A float in [-1, 1], or an `Interval` with confidence.

    Raises:
        UndefinedMetricError: an array is constant, or there are fewer than two samples, or too few for an
            interval.
        InvalidInputError: a NaN.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Differs from scipy.stats.spearmanr: returns the statistic alone (`spearman_test` adds the p-value), for
    two arrays only; constant arrays raise unless ``undefined`` says otherwise; NaN is refused.

    Source: Spearman, The proof and measurement of association between two things, American Journal of
        Psychology 15, 1904; interval: Bonett and Wright, Sample size requirements for estimating Pearson,
        Kendall and Spearman correlations, Psychometrika 65, 2000.

    Example:
        >>> spearman_rho([1, 2, 3], [0.5, 0.2, 0.9])  # ranks (1, 2, 3) and (2, 1, 3)
        0.5
    """

    def measure() -> tuple[Statistic, int]:
        truth, _, pairs = two_scores(y_true, y_score)
        return pairs.spearman, len(truth)

    return correlation(measure, undefined, confidence, _bonett_wright_variance)


def _bonett_wright_variance(rho: float, rows: int) -> float:
    return (1 + rho**2 / 2) / (rows - 3) if rows > 3 else math.inf


def spearman_test(y_true: Any, y_score: Any, *, alternative: str = "two-sided") -> RankTest:
    """Spearman's rho, and how probable one as far out is if the two arrays are independent.

    The p-value is that of Student's t with n - 2 degrees of freedom, as in scipy: an approximation below some
    500 samples.

    Args:
        y_true: numbers, (n_samples,).
        y_score: numbers, (n_samples,).
        alternative: "two-sided", or only a negative ("less") or a positive ("greater") association counts.

    Returns:
        ``(statistic, p_value)``.

    Raises:
        UndefinedMetricError: an array is constant, or there are fewer than three samples.
        InvalidInputError: a NaN, or an unknown option.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Differs from scipy.stats.spearmanr: the second field is called ``p_value``; two samples raise, where
    scipy's p-value is NaN; otherwise as `spearman_rho`.

    Source: Kendall, Rank Correlation Methods, 4th edition, 1970, chapter 5.

    Example:
        >>> round(spearman_test([1, 2, 3], [0.5, 0.2, 0.9]).p_value, 12)  # t = 1 / sqrt(3)
        0.666666666667
    """
    check_choice("alternative", alternative, ALTERNATIVES)
    truth, _, pairs = two_scores(y_true, y_score)
    if len(truth) < 3:
        raise UndefinedMetricError(f"y_true: got {len(truth)} samples; wanted at least three, for a test")
    return RankTest(*pairs.spearman_test(alternative))
