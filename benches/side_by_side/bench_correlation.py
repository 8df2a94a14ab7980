"""Rank correlations and the Mann-Whitney test, beside SciPy; clusterings beside scikit-learn."""

import numpy as np
import scipy.stats
import sklearn.metrics
from contest import Contest, benchmark_of, one_and_two
from lossary import metrics

COUNT = 1_000_000


def pair(count: int, decimals: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Two correlated columns, rounded to many ties on request."""
    generator = np.random.default_rng(count)
    first = generator.normal(size=count)
    second = 0.5 * first + generator.normal(size=count)
    return (first, second) if decimals is None else (first.round(decimals), second.round(decimals))


def clusters() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(2)
    labels = generator.integers(0, 1000, size=COUNT)
    moved = generator.random(COUNT) < 0.3
    return labels, np.where(moved, generator.integers(0, 1000, size=COUNT), labels)


def two_groups() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    y_true = generator.random(COUNT) < 0.3
    return y_true, generator.normal(size=COUNT) + 0.01 * y_true


CONTESTS = [
    Contest(
        f"Kendall's tau b, {COUNT:,}, {kind}",
        lambda decimals=decimals: pair(COUNT, decimals),
        lambda given: scipy.stats.kendalltau(*given).statistic,
        one_and_two(lambda given: metrics.kendall_tau(*given))
        | {"SciPy": lambda given: lambda: scipy.stats.kendalltau(*given).statistic},
        tolerance=1e-11,
    )
    for kind, decimals in (("float64", None), ("float64 with ties", 1))
]
CONTESTS += [
    Contest(
        f"Spearman's rho, {COUNT:,}, {kind}",
        lambda decimals=decimals: pair(COUNT, decimals),
        lambda given: scipy.stats.spearmanr(*given).statistic,
        one_and_two(lambda given: metrics.spearman_rho(*given))
        | {"SciPy": lambda given: lambda: scipy.stats.spearmanr(*given).statistic},
        tolerance=1e-11,
    )
    for kind, decimals in (("float64", None), ("float64 with ties", 1))
]
CONTESTS += [
    Contest(
        f"weighted Kendall's tau, {COUNT:,}, float64",
        lambda: pair(COUNT),
        lambda given: scipy.stats.weightedtau(*given).statistic,
        one_and_two(lambda given: metrics.weighted_kendall_tau(*given))
        | {"SciPy": lambda given: lambda: scipy.stats.weightedtau(*given).statistic},
        tolerance=1e-9,
        rounds=5,
    ),
    Contest(
        f"Mann-Whitney U test, {COUNT:,}, float64",
        two_groups,
        lambda given: scipy.stats.mannwhitneyu(given[1][given[0]], given[1][~given[0]]).pvalue,
        one_and_two(lambda given: metrics.mann_whitney_u(*given).p_value)
        | {
            "SciPy": lambda given: (
                lambda: scipy.stats.mannwhitneyu(given[1][given[0]], given[1][~given[0]]).pvalue
            )
        },
        tolerance=1e-9,
    ),
    Contest(
        f"adjusted mutual information, {COUNT:,} in 1,000 clusters",
        clusters,
        lambda given: sklearn.metrics.adjusted_mutual_info_score(*given),
        one_and_two(lambda given: metrics.adjusted_mutual_info_score(*given))
        | {"scikit-learn": lambda given: lambda: sklearn.metrics.adjusted_mutual_info_score(*given)},
        tolerance=1e-8,
        rounds=3,
    ),
    Contest(
        f"normalised mutual information, {COUNT:,} in 1,000 clusters",
        clusters,
        lambda given: sklearn.metrics.normalized_mutual_info_score(*given),
        one_and_two(lambda given: metrics.normalized_mutual_info_score(*given))
        | {"scikit-learn": lambda given: lambda: sklearn.metrics.normalized_mutual_info_score(*given)},
        tolerance=1e-9,
    ),
]

test_time = benchmark_of(CONTESTS)
