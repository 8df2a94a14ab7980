"""The Mann-Whitney U test: the area under the ROC curve as a count, with a p-value."""

from typing import Any

from lossary import _kernels
from lossary.errors import ShapeError, UndefinedMetricError
from lossary.metrics.arrays import scores
from lossary.metrics.labels import present, two_classes
from lossary.metrics.options import check_choice, check_flag
from lossary.metrics.rank_pairs import ALTERNATIVES, METHODS, RankTest


def mann_whitney_u(
    y_true: Any,
    y_score: Any,
    *,
    alternative: str = "two-sided",
    method: str = "auto",
    use_continuity: bool = True,
) -> RankTest:
    """Pairs of a positive and a negative that the positive wins, and how probable that is by chance.

    U counts wins, a tie as one half: `roc_auc_score` times the number of pairs, exactly.

    Args:
        y_true: labels of two values, (n_samples,); the larger value is positive.
        y_score: scores, (n_samples,). Only their order matters; infinities are ranked.
        alternative: "two-sided", or positives score lower ("less") or higher ("greater") than negatives.
        method: "exact" counts all orders, which is not defined with ties; "asymptotic" takes the normal
            distribution, corrected for ties; "auto" is exact without ties where one class has at most 8
            samples.
        use_continuity: bring the asymptotic statistic nearer to its mean by 1/2, as it is a count.

    Returns:
        ``(statistic, p_value)``. Where all scores tie the p-value is 1.

    Raises:
        UndefinedMetricError: y_true has one class only.
        InvalidInputError: y_true is not binary; a score is NaN; an unknown option; "exact" with ties or with
            more samples than can be counted in seconds.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Differs from scipy.stats.mannwhitneyu: takes labels and scores, ``mannwhitneyu(y_score[y_true == 1],
    y_score[y_true == 0])``; "exact" refuses ties; "auto" is asymptotic where the exact distribution has more
    than 16 million values; without a continuity correction, scores that all tie have a p-value of 1, not NaN.

    Source: Mann and Whitney, On a test of whether one of two random variables is stochastically larger than
        the other, Annals of Mathematical Statistics 18, 1947.

    Example:
        >>> mann_whitney_u([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])  # 3 of 4 pairs; 2 of 6 orders win 3 or more
        RankTest(statistic=3.0, p_value=0.6666666666666666)
    """
    check_choice("alternative", alternative, ALTERNATIVES)
    check_choice("method", method, METHODS)
    check_flag("use_continuity", use_continuity)
    positive, score = two_classes(y_true), scores("y_score", y_score)
    if len(score) != len(positive):
        raise ShapeError(f"y_score: got {len(score)} samples; wanted {len(positive)}, as y_true")
    try:
        return RankTest(*_kernels.mann_whitney_u(positive, score, alternative, method, bool(use_continuity)))
    except UndefinedMetricError:
        classes = present(positive).tolist()
        raise UndefinedMetricError(f"y_true: got the single class {classes}; wanted two") from None
