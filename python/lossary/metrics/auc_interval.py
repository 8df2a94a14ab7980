r"""Intervals of the area under the ROC curve without a resample.

All start from the area :math:`\hat\theta` of P positives and N negatives (effective numbers with weights,
Kish 1965), and z, the normal quantile of the level.

- ``"delong"``: :math:`\hat\theta \pm z s`, with DeLong's standard error s. The ends may lie outside [0, 1].
- ``"delong_logit"``: the same for :math:`\operatorname{logit} \theta`, whose standard error is
  :math:`s / (\hat\theta (1 - \hat\theta))`.
- ``"newcombe"``: all areas with :math:`|\theta - \hat\theta| \le z \sqrt{H(\theta)}`, where
  :math:`H = \theta (1 - \theta) [1 + n^* ((1 - \theta) / (2 - \theta) + \theta / (1 + \theta))] / (P N)` and
  :math:`n^* = (P + N) / 2 - 1`: Hanley and McNeil's variance of scores with exponential tails.
- ``"delong_newcombe"``, the default: ``"delong_logit"`` with the variance
  :math:`(\nu s^2 + 10 H(\hat\theta)) / (\nu + 10)` and the quantile of Student's t with
  :math:`\nu + 10` degrees of freedom, where :math:`\nu` is Satterthwaite's number of them behind
  :math:`s^2`; cut to what ``"delong_logit"`` and ``"newcombe"`` cover together. From a few positives s is
  unsteady, and smallest just when the area comes out too high; ten degrees of freedom of H steady it, and
  count for nothing when both classes are large.

Coverage of 95 % intervals, simulated with normal scores (``benches/interval_coverage.py``): the default 94.3
to 95.4 % where ``"delong_logit"`` falls to 91 % (area 0.95, 20 positives among 200), ``"delong"`` to 85 %,
and ``"newcombe"`` rises to 98 % for any number of samples, since its variance assumes a shape.

Classes without overlap, or scores that all tie, leave DeLong's variance at 0, which says nothing: there the
default is ``"newcombe"``, as it is with fewer than two samples of a class.

Sources: DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988; logit: Pepe, The Statistical Evaluation of
Medical Tests for Classification and Prediction, 2003, section 5.2; Newcombe, Confidence intervals for an
effect size measure based on the Mann-Whitney statistic, part 2, Statistics in Medicine 25, 2006, method 5;
Satterthwaite, Biometrics Bulletin 2, 1946; the quantile of Student's t: Abramowitz and Stegun, 1964, 26.7.5.
"""

import math
from typing import overload

import numpy as np

from lossary import _kernels
from lossary.errors import InvalidInputError, UndefinedMetricError
from lossary.metrics.arrays import Array
from lossary.metrics.bootstrap import Doubles, of_ranking
from lossary.metrics.confidence import BOOTSTRAP, Confidence, Interval

DELONG = ("delong_newcombe", "delong_logit", "delong")
METHODS = (*DELONG, "newcombe", *BOOTSTRAP)

_PRIOR = 10.0
"""Degrees of freedom that Hanley and McNeil's variance counts beside DeLong's."""


def delong_interval(positive: Array, score: Array, confidence: Confidence) -> Interval | None:
    """`roc_auc_interval` without weights, area included: one sort gives both.

    Returns:
        The interval; None for another method, and for what has no variance or is an error of `roc_auc_score`.
    """
    method = confidence.choose(METHODS)
    if method not in DELONG or not 0 < len(positive) == len(score):
        return None
    sizes = _sizes(positive, None)
    if min(sizes) < 2:
        return None
    value, *parts = _kernels.delong(positive, score, None)
    return _of_parts(value, parts, sizes, method, confidence.level)


def roc_auc_interval(
    value: float, positive: Array, score: Array, sample_weight: Doubles | None, confidence: Confidence
) -> Interval:
    """The interval of an area.

    Args:
        value: the area, as `roc_auc_score` computes it.
        positive: labels as the kernels read them: the larger of two values is positive.
        score: scores as the kernels read them.
        sample_weight: weights, none below zero.
        confidence: settings; "auto" takes "delong_newcombe", or with groups "bca".

    Returns:
        The interval; NaN for an area that is NaN.

    Raises:
        UndefinedMetricError: "delong" or "delong_logit" where DeLong's variance is 0 or undefined.
        InvalidInputError: a weight below zero.
    """
    method = confidence.choose(METHODS)
    if method in BOOTSTRAP:
        return of_ranking("roc_auc", value, positive, score, sample_weight, confidence)
    if math.isnan(value):
        return Interval(value, math.nan, math.nan, method)
    if sample_weight is not None and sample_weight.min() < 0:
        raise InvalidInputError("sample_weight: got weights below zero; wanted none, for an interval")
    sizes = _sizes(positive, sample_weight)
    level = confidence.level
    if method == "newcombe":
        return Interval(value, *_newcombe(value, sizes, level), method)
    if method == "delong_newcombe" and min(sizes) <= 1:
        return Interval(value, *_newcombe(value, sizes, level), "newcombe")
    _, *parts = _kernels.delong(positive, score, scaled_by_class(positive, sample_weight))
    return _of_parts(value, parts, sizes, method, level)


def _of_parts(
    value: float, parts: list[float], sizes: tuple[float, float], method: str, level: float
) -> Interval:
    if sum(parts) <= 0 or not 0 < value < 1:
        if method == "delong_newcombe":
            return Interval(value, *_newcombe(value, sizes, level), "newcombe")
        raise UndefinedMetricError(
            f"y_score: got scores whose area {value:g} has no variance; wanted classes that overlap in part, "
            "or method='newcombe'"
        )
    if method == "delong":
        margin = normal_quantile(level) * math.sqrt(sum(parts))
        return Interval(value, value - margin, value + margin, method)
    if method == "delong_logit":
        return Interval(value, *_logit(value, math.sqrt(sum(parts)), normal_quantile(level)), method)
    return Interval(value, *_steadied(value, parts, sizes, level), method)


@overload
def scaled_by_class(positive: Array, sample_weight: None) -> None: ...
@overload
def scaled_by_class(positive: Array, sample_weight: Doubles) -> Doubles: ...
def scaled_by_class(positive: Array, sample_weight: Doubles | None) -> Doubles | None:
    """Weights of each class times a power of two of its own: none of their products overflow or vanish.

    Areas and their variances depend on ratios within a class only.
    """
    if sample_weight is None:
        return None
    scaled = sample_weight.copy()
    is_positive = positive == positive.max()
    for own in (is_positive, ~is_positive):
        largest = scaled[own].max(initial=0.0)
        scaled[own] = np.ldexp(scaled[own], -np.frexp(largest)[1])
    return scaled


def _sizes(positive: Array, sample_weight: Doubles | None) -> tuple[float, float]:
    """How many positives and negatives there are; effective numbers with weights."""
    is_positive = positive == positive.max()
    if sample_weight is None:
        positives = int(np.count_nonzero(is_positive))
        return float(positives), float(len(positive) - positives)
    relative = scaled_by_class(positive, sample_weight)

    def size(weight: Doubles) -> float:
        return float(weight.sum() ** 2 / (weight**2).sum())

    return size(relative[is_positive]), size(relative[~is_positive])


def _steadied(
    value: float, parts: list[float], sizes: tuple[float, float], level: float
) -> tuple[float, float]:
    variance, z = sum(parts), normal_quantile(level)
    own = variance**2 / sum(part**2 / (size - 1) for part, size in zip(parts, sizes, strict=True))
    freedom = own + _PRIOR
    steady = (own * variance + _PRIOR * _hanley_mcneil(value, sizes)) / freedom
    low, high = _logit(value, math.sqrt(steady), _student_quantile(z, freedom))
    lows, highs = zip(_logit(value, math.sqrt(variance), z), _newcombe(value, sizes, level), strict=True)
    return max(low, min(lows)), min(high, max(highs))


def _logit(value: float, error: float, quantile: float) -> tuple[float, float]:
    centre = math.log(value) - math.log1p(-value)
    margin = quantile * error / (value * (1 - value))
    return _expit(centre - margin), _expit(centre + margin)


def _expit(number: float) -> float:
    return 1 / (1 + math.exp(-number)) if number >= 0 else math.exp(number) / (1 + math.exp(number))


def _hanley_mcneil(area: float, sizes: tuple[float, float]) -> float:
    """The variance of an area, with the mean of the sizes for either (Newcombe 2006)."""
    half = sum(sizes) / 2 - 1
    spread = 1 + half * ((1 - area) / (2 - area) + area / (1 + area))
    return area * (1 - area) * spread / (sizes[0] * sizes[1])


def _newcombe(value: float, sizes: tuple[float, float], level: float) -> tuple[float, float]:
    z = normal_quantile(level)

    def end(outer: float) -> float:
        """Bisect between the area, which is inside, and the outer limit, which is not."""
        inside, outside = value, outer
        while (middle := (inside + outside) / 2) not in (inside, outside):
            if abs(middle - value) <= z * math.sqrt(_hanley_mcneil(middle, sizes)):
                inside = middle
            else:
                outside = middle
        return inside

    return end(0.0), end(1.0)


def normal_quantile(level: float) -> float:
    """How many standard deviations a normal variable strays at most with this probability."""
    from statistics import NormalDist

    return -NormalDist().inv_cdf((1 - level) / 2)


def _student_quantile(z: float, freedom: float) -> float:
    """The quantile of Student's t where the normal one is z.

    Right to four digits for 10 degrees of freedom or more and levels to 0.99.
    """
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))
