r"""Whether classifiers scored on the same samples differ: tests of pairs of areas under the ROC curve.

The areas of one data set vary together. For areas a and b with covariance matrix V the test statistic is
:math:`z = (a - b) / \sqrt{V_{aa} + V_{bb} - 2 V_{ab}}`, normal if both classes are large.

Source: DeLong, DeLong and Clarke-Pearson, Comparing the areas under two or more correlated receiver operating
characteristic curves, Biometrics 44, 1988; Holm, A simple sequentially rejective multiple test procedure,
Scandinavian Journal of Statistics 6, 1979.
"""

import math
import warnings
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError, UndefinedMetricWarning
from lossary.metrics.arrays import Array, relative_weights, scores, to_numpy
from lossary.metrics.auc_interval import scaled_by_class
from lossary.metrics.bootstrap import Doubles, draws_of_ranking
from lossary.metrics.confidence import Confidence
from lossary.metrics.labels import two_classes
from lossary.metrics.options import check_choice


@dataclass(frozen=True, eq=False, kw_only=True)
class RocAucComparison:
    """What `compare_roc_auc` finds about k score vectors; arrays over the m = k (k - 1) / 2 pairs of them.

    Attributes:
        values: the areas, (k,).
        covariance: of the areas, (k, k).
        pairs: which two vectors a row of the following compares, (m, 2).
        differences: first area minus second, (m,).
        z: differences by their standard errors, (m,).
        p_values: two-sided, each test for itself, (m,).
        adjusted_p_values: after Holm: the least family-wise error at which a test rejects, (m,).
        low: lower ends of the differences, (m,); with `high`, all m intervals at once hold with the level
            (Bonferroni).
        high: upper ends.
        level: of all intervals together.
        method: "delong" or "bootstrap".
        positives: number of positives that weigh anything.
        negatives: number of negatives that weigh anything.
    """

    values: Doubles
    covariance: Doubles
    pairs: NDArray[np.int64]
    differences: Doubles
    z: Doubles
    p_values: Doubles
    adjusted_p_values: Doubles
    low: Doubles
    high: Doubles
    level: float
    method: str
    positives: int
    negatives: int


def compare_roc_auc(
    y_true: Any,
    *y_scores: Any,
    sample_weight: Any = None,
    level: float = 0.95,
    method: str = "delong",
    resamples: int = 2000,
    seed: int = 0,
    stratified: bool = False,
    groups: Any = None,
) -> RocAucComparison:
    """Test all pairs of score vectors for different areas under the ROC curve, on the same samples.

    Args:
        y_true: labels of two values, (n_samples,); the larger value is positive.
        y_scores: two or more score vectors, (n_samples,) each, or one array (k, n_samples).
        sample_weight: (n_samples,), none below zero; a pair of samples counts the product of its weights. The
            variance is that of `lossary.metrics.roc_auc_score` with weights.
        level: of the simultaneous intervals of all differences.
        method: "delong" is exact for the given data; "bootstrap" takes the covariance of the areas on
            resamples, which all vectors share, and can draw whole groups of samples.
        resamples: how often the bootstrap draws the samples, 100 to 1,000,000.
        seed: fixes the draws.
        stratified: the bootstrap draws each class apart.
        groups: a label for each sample: the bootstrap draws samples of one group together.

    Returns:
        The comparison. Two vectors that rank all pairs alike have z = 0 and p = 1; a difference without any
        variance has z, p and both ends NaN, with an UndefinedMetricWarning.

    Raises:
        UndefinedMetricError: fewer than two samples of a class, or a bootstrap without a value on half or
            more of the resamples.
        InvalidInputError: fewer than two score vectors; y_true is not binary; a score or weight is NaN or
            infinite; a weight below zero; an option out of range.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988.

    Example:
        >>> y_true = [0, 0, 0, 0, 1, 1, 1, 1]
        >>> found = compare_roc_auc(y_true, [1, 2, 3, 6, 4, 5, 7, 8], [1, 5, 3, 6, 2, 7, 4, 8])
        >>> found.values.tolist(), found.differences.tolist()  # 14 and 11 of 16 pairs are won
        ([0.875, 0.6875], [0.1875])
        >>> round(float(found.p_values[0]), 4)
        0.3993
    """
    check_choice("method", method, ("delong", "bootstrap"))
    options = Confidence(level=level, resamples=resamples, seed=seed, stratified=stratified, groups=groups)
    if method == "delong" and (stratified or groups is not None):
        raise InvalidInputError("method: got 'delong' with stratified or groups; wanted 'bootstrap' for them")
    positive = two_classes(y_true)
    vectors = _score_vectors(y_scores, len(positive))
    weight = relative_weights(sample_weight, len(positive))
    areas, covariance, variances = _kernels.compare_areas(
        positive, vectors, scaled_by_class(positive, weight)
    )
    pairs = np.array(list(combinations(range(len(vectors)), 2)), np.int64)
    first, second = pairs.T
    differences = areas[first] - areas[second]
    if method == "bootstrap":
        drawn = _bootstrap_areas(positive, vectors, weight, options)
        covariance = np.cov(drawn, rowvar=False)
        variances = np.var(drawn[:, first] - drawn[:, second], axis=0, ddof=1)
    z = _statistics(differences, variances)
    p_values = np.array([math.erfc(abs(each) / math.sqrt(2)) for each in z])
    # Without a test there is no interval either: one of no width would claim certainty.
    margin = np.where(np.isnan(z), np.nan, _bonferroni_quantile(level, len(pairs)) * np.sqrt(variances))
    counting = positive if weight is None else positive[weight > 0]
    positives = int(np.count_nonzero(counting == positive.max()))
    return RocAucComparison(
        values=areas,
        covariance=np.where(np.isfinite(covariance), covariance, np.nan).reshape(len(vectors), -1),
        pairs=pairs,
        differences=differences,
        z=z,
        p_values=p_values,
        adjusted_p_values=_holm(p_values),
        low=differences - margin,
        high=differences + margin,
        level=float(level),
        method=method,
        positives=positives,
        negatives=len(counting) - positives,
    )


def _score_vectors(given: tuple[Any, ...], rows: int) -> list[Array]:
    if len(given) == 1:
        matrix = to_numpy("y_scores", given[0])
        if matrix.ndim != 2:
            raise InvalidInputError(
                f"y_scores: got one array of shape {matrix.shape}; wanted several vectors, or (k, n_samples)"
            )
        given = tuple(matrix)
    if len(given) < 2:
        raise InvalidInputError(f"y_scores: got {len(given)} score vectors; wanted two or more to compare")
    vectors = [scores(f"y_scores[{index}]", vector) for index, vector in enumerate(given)]
    for index, vector in enumerate(vectors):
        if len(vector) != rows:
            raise ShapeError(f"y_scores[{index}]: got {len(vector)} samples; wanted {rows}, as y_true")
    return vectors


def _bootstrap_areas(
    positive: Array, vectors: list[Array], weight: Doubles | None, options: Confidence
) -> Doubles:
    drawn, _ = draws_of_ranking("roc_auc", positive, vectors, weight, options)
    areas = drawn.reshape(-1, len(vectors))
    defined = areas[~np.isnan(areas[:, 0])]  # a resample without a class has no area for any vector
    if 2 * len(defined) < len(areas):
        raise UndefinedMetricError(
            f"resamples: got areas on {len(defined)} of {len(areas)}; wanted half of them or more"
        )
    return defined


def _statistics(differences: Doubles, variances: Doubles) -> Doubles:
    """Differences by their standard errors; 0 where both are 0, NaN and a warning if only the error is.

    So too where weights leave one sample of a class in effect, and the variance is infinite or NaN.
    """
    known = np.isfinite(variances)
    z = np.where(known & (differences == 0), 0.0, np.nan)
    varies = known & (variances > 0)
    z[varies] = differences[varies] / np.sqrt(variances[varies])
    if np.isnan(z).any():
        warnings.warn(
            f"{np.isnan(z).sum()} differences of areas have no variance, so their tests are not defined.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
    return z


def _holm(p_values: Doubles) -> Doubles:
    """Adjusted p-values: the i-th smallest of m times m - i + 1, none below a smaller one's."""
    order = np.argsort(p_values, kind="stable")  # NaN last
    defined = np.count_nonzero(~np.isnan(p_values))
    factors = np.arange(defined, defined - len(p_values), -1).clip(min=1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1)
    return adjusted


def _bonferroni_quantile(level: float, tests: int) -> float:
    from statistics import NormalDist

    return -NormalDist().inv_cdf((1 - level) / (2 * tests))
