"""Metrics of unlearning: does a language model behave as if it had never seen what it should forget?

The protocol of TOFU. Each question has its right answer, paraphrased, and several wrong ones; `truth_ratio`
compares what a model thinks of them. `forget_quality` tests whether the ratios of the unlearned model could
be those of a model that was trained without the data.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import check_axes, numeric, scores, to_numpy
from lossary.metrics.rank_pairs import RankTest

Doubles = NDArray[np.float64]


def truth_ratio(paraphrased_loss: Any, perturbed_loss: Any) -> Doubles:
    r"""How much likelier a model finds the right answer than the wrong ones; above 1 it knows the answer.

    .. math:: R = \exp \Big( \frac{1}{K} \sum_k \ell(\tilde{y}_k) - \ell(\hat{y}) \Big)

    Of a model to be useful, the mean of max(0, 1 - 1 / R) is taken; of what is forgotten, that of
    min(R, 1 / R).

    Args:
        paraphrased_loss: cross-entropy of the right answer in other words, mean over its tokens,
            (n_questions,).
        perturbed_loss: the same of wrong answers, (n_questions, n_wrong).

    Returns:
        R of each question, (n_questions,); infinite where it is beyond float64.

    Raises:
        InvalidInputError: a loss is NaN or infinite.
        ShapeError: another number of axes or of questions, or no wrong answer.
        DtypeError: an argument that is not an array-like.

    Differs from the paper: this is the inverse of the printed ratio, as in the authors' code. It does not
        change `forget_quality`.

    Source: Maini, Feng, Schwarzschild, Lipton and Kolter, TOFU: A Task of Fictitious Unlearning for LLMs,
        COLM 2024, equation 1.

    Example:
        >>> truth_ratio([1.0, 2.0], [[1.0, 1.0], [1.0, 3.0]]).tolist()
        [1.0, 1.0]
    """
    right = scores("paraphrased_loss", paraphrased_loss).astype(np.float64)
    wrong = numeric("perturbed_loss", to_numpy("perturbed_loss", perturbed_loss)).astype(np.float64)
    check_axes("perturbed_loss", wrong)
    if len(wrong) != len(right) or wrong.shape[1] == 0:
        raise ShapeError(
            f"perturbed_loss: got shape {wrong.shape}; wanted ({len(right)}, n_wrong), as paraphrased_loss, "
            "with a wrong answer at least"
        )
    for name, losses in (("paraphrased_loss", right), ("perturbed_loss", wrong)):
        if not np.isfinite(losses).all():
            raise InvalidInputError(f"{name}: got values that are NaN or infinite; wanted finite losses")
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(wrong.mean(axis=1) - right))


def forget_quality(unlearned_truth_ratio: Any, retained_truth_ratio: Any) -> RankTest:
    r"""Kolmogorov-Smirnov test of whether two models behave alike; a higher p-value is better.

    .. math:: D = \max_x |F_u(x) - F_r(x)|

    The p-value is exact for samples without ties: the share of the orders of both samples in which the two
    distribution functions come as far apart. It is a sum of what is above 0, so that tiny ones keep their
    digits.

    Args:
        unlearned_truth_ratio: `truth_ratio` of the unlearned model on what it should forget, (n,). Only the
            order matters; infinities count.
        retained_truth_ratio: that of a model trained without the data, (m,), on the same or other questions.

    Returns:
        ``(statistic, p_value)``. The paper reports log10 of the p-value; above 0.05 the two cannot be told
        apart.

    Raises:
        InvalidInputError: a NaN, or no sample.
        ShapeError: more than one axis.
        DtypeError: an argument that is not an array-like.

    Differs from scipy.stats.ks_2samp: exact for any number of samples; the second field is called
    ``p_value``; NaN is refused.

    Source: Maini, Feng, Schwarzschild, Lipton and Kolter, TOFU: A Task of Fictitious Unlearning for LLMs,
        COLM 2024; counting: Hodges, The significance probability of the Smirnov two-sample test, Arkiv foer
        Matematik 3, 1958.

    Example:
        >>> found = forget_quality([1.0, 2.0], [3.0, 4.0])  # 2 of the 6 orders are as far apart
        >>> found.statistic, round(found.p_value, 12)
        (1.0, 0.333333333333)
    """
    first = _ratios("unlearned_truth_ratio", unlearned_truth_ratio)
    second = _ratios("retained_truth_ratio", retained_truth_ratio)
    n, m = len(first), len(second)
    points = np.concatenate([first, second])
    below_first = np.searchsorted(np.sort(first), points, side="right")
    below_second = np.searchsorted(np.sort(second), points, side="right")
    distance = int(np.abs(below_first * m - below_second * n).max())  # D n m, an integer
    return RankTest(distance / (n * m), _share_of_orders(n, m, distance))


def _ratios(name: str, given: Any) -> Doubles:
    ratios: Doubles = scores(name, given).astype(np.float64)
    if len(ratios) == 0:
        raise InvalidInputError(f"{name}: got no samples; wanted one at least")
    if np.isnan(ratios).any():
        raise InvalidInputError(f"{name}: got NaN; wanted numbers")
    return ratios


def _share_of_orders(n: int, m: int, distance: int) -> float:
    """Share of the paths from (0, 0) to (n, m) on which some point (i, j) has |i m - j n| >= distance.

    Step by step, with the probability of each point that is reached without having been that far.
    """
    if distance == 0:
        return 1.0
    inside, low, share = np.ones(1), 0, 0.0  # of (low, step - low) and so on
    for step in range(n + m):
        left = n + m - step
        i = np.arange(low, low + len(inside))
        right = inside * ((n - i) / left)
        inside = np.append(inside * ((m - step + i) / left), 0.0)
        inside[1:] += right
        # |i (n + m) - (step + 1) n| < distance
        start = max(((step + 1) * n - distance) // (n + m) + 1 - low, 0)
        stop = -(-((step + 1) * n + distance) // (n + m)) - low
        share += float(inside[:start].sum() + inside[stop:].sum())
        inside, low = inside[start:stop], low + start
    return min(share, 1.0)
