"""Discounted cumulative gain: graded relevance, less with every rank; higher is better."""

import math
from numbers import Real
from typing import Any

import numpy as np

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, to_numpy
from lossary.metrics.averaging import mean_of_rows
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.options import check_choice, check_flag
from lossary.metrics.queries import Doubles, check_cut, matrix, over_queries, rankings


def ndcg_at_k(
    y_true: Any,
    y_score: Any,
    k: int | None = None,
    *,
    gain: str = "exponential",
    query: Any = None,
    ties: str = "index",
    empty: str = "skip",
    reduction: str = "mean",
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value | Doubles:
    r"""Discounted cumulative gain, divided by that of the ideal order (NDCG@k).

    .. math:: DCG = \sum_{i \le k} \frac{g(y_i)}{\log_2(i + 1)}

    Args:
        y_true: grades of the items, at least 0; above 0 is relevant.
        y_score: scores of the items; higher is ranked earlier.
        k: how many ranks to look at, in the ideal order too; None for the whole list.
        gain: "exponential", :math:`2^y - 1`, as in LETOR and Kaggle, of grades up to 900; or "linear", y
            itself, as in trec_eval and scikit-learn.
        query: the query of each row, for flat ``y_true`` and ``y_score``.
        ties: "index", "optimistic", "pessimistic" or "expected", which is scikit-learn's rule.
        empty: "skip" or "zero", for queries without a relevant item.
        reduction: "mean" or "none".
        sample_weight: (n_queries,).
        confidence: the level of an interval over queries, such as 0.95, or `Confidence` settings.

    Returns:
        A float in [0, 1], an `Interval` with confidence, or an array (n_queries,).

    Raises:
        InvalidInputError: a grade above 900 with exponential gain, gains whose sum overflows; else see
            `lossary.metrics.retrieval`, whose forms of input and options these are.

    Source: Jarvelin and Kekalainen, Cumulated gain-based evaluation of IR techniques, ACM TOIS 20, 2002; the
        exponential gain: Burges et al., Learning to rank using gradient descent, ICML 2005.

    Example:
        >>> ndcg_at_k([[0, 1]], [[0.9, 0.8]])  # 1 / log2(3)
        0.6309297535714575
    """
    check_choice("gain", gain, ("exponential", "linear"))
    return over_queries(
        y_true,
        y_score,
        "ndcg" if gain == "linear" else "exponential_ndcg",
        check_cut("k", k, optional=True),
        query=query,
        ties=ties,
        empty=empty,
        reduction=reduction,
        sample_weight=sample_weight,
        confidence=confidence,
    )


def ndcg_score(
    y_true: Any,
    y_score: Any,
    *,
    k: int | None = None,
    sample_weight: Any = None,
    ignore_ties: bool = False,
    confidence: float | Confidence | None = None,
) -> Value:
    """Mean NDCG with linear gains, as scikit-learn counts it: ties averaged, 0 where nothing is relevant.

    Args:
        y_true: grades, (n_samples, n_labels), at least 0.
        y_score: scores, (n_samples, n_labels); higher is ranked earlier.
        k: how many ranks to look at; None for all.
        sample_weight: (n_samples,).
        ignore_ties: take equal scores in one order, the last label first, instead of the mean over all.
        confidence: the level of a bootstrap interval over samples, such as 0.95, or `Confidence` settings;
            "auto" takes "bca".

    Returns:
        A float in [0, 1], or an `Interval` with confidence.

    Raises:
        InvalidInputError: negative grades; NaN or infinity; weights that sum to zero; k below 1.
        ShapeError: shapes that differ, or fewer than two labels.
        DtypeError: an argument that is not an array-like, a k that is no integer, an ``ignore_ties`` that is
            no flag.

    Differs from scikit-learn: with ``ignore_ties=True`` equal scores have one order in lists of any length,
    where its order depends on the sort that NumPy takes; sums that overflow are refused.

    Source: Jarvelin and Kekalainen, Cumulated gain-based evaluation of IR techniques, ACM TOIS 20, 2002;
        ties: McSherry and Najork, Computing information retrieval performance measures efficiently in the
        presence of tied scores, ECIR 2008.

    Example:
        >>> ndcg_score([[10, 0, 0, 1, 5]], [[1, 0, 0, 0, 1]], k=1)  # (10 + 5) / 2, divided by 10
        0.75
    """
    cut = check_cut("k", k, optional=True)
    check_flag("ignore_ties", ignore_ties)
    relevance = _finite("y_true", y_true)
    if relevance.min() < 0:
        raise InvalidInputError(
            "y_true: got negative numbers; wanted none (ndcg_score should not be used on negative y_true "
            "values)"
        )
    values = _per_row(relevance, y_score, "ndcg", cut, ignore_ties=ignore_ties)
    return mean_of_rows(values, sample_weight, confidence)


def dcg_score(
    y_true: Any,
    y_score: Any,
    *,
    k: int | None = None,
    log_base: float = 2,
    sample_weight: Any = None,
    ignore_ties: bool = False,
    confidence: float | Confidence | None = None,
) -> Value:
    """Mean discounted cumulative gain with linear gains, not normalised.

    Args:
        y_true: grades, (n_samples, n_labels); negative ones count negatively.
        y_score: scores, (n_samples, n_labels); higher is ranked earlier.
        k: how many ranks to look at; None for all.
        log_base: base of the logarithm of the discount; lower ones discount more.
        sample_weight: (n_samples,).
        ignore_ties: take equal scores in one order, the last label first, instead of the mean over all.
        confidence: the level of a bootstrap interval over samples, such as 0.95, or `Confidence` settings;
            "auto" takes "bca".

    Returns:
        A float, or an `Interval` with confidence.

    Raises:
        InvalidInputError: NaN or infinity; weights that sum to zero; k below 1; a ``log_base`` that is not
            above 0.
        ShapeError: shapes that differ, or fewer than two labels.
        DtypeError: an argument that is not an array-like, or an option of another type.

    Differs from scikit-learn: with ``ignore_ties=True`` equal scores have one order in lists of any length,
    where its order depends on the sort that NumPy takes; sums that overflow are refused.

    Source: as `ndcg_score`.

    Example:
        >>> dcg_score([[10, 0, 0, 1, 5]], [[1, 0, 0, 0, 1]], k=1)  # (10 + 5) / 2
        7.5
    """
    cut = check_cut("k", k, optional=True)
    if isinstance(log_base, bool) or not isinstance(log_base, Real):
        raise DtypeError(f"log_base: got {log_base!r}; wanted a number above 0")
    if not 0 < log_base < math.inf:
        raise InvalidInputError(f"log_base: got {log_base!r}; wanted a number above 0")
    check_flag("ignore_ties", ignore_ties)
    relevance = _finite("y_true", y_true)
    values = _per_row(relevance, y_score, "dcg", cut, ignore_ties=ignore_ties)
    return mean_of_rows(math.log2(log_base) * values, sample_weight, confidence)


def _finite(name: str, given: Any) -> Array:
    array = matrix(name, to_numpy(name, given))
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InvalidInputError(f"{name}: got NaN or infinity; wanted finite numbers")
    return array


def _per_row(relevance: Array, y_score: Any, measure: str, cut: int | None, *, ignore_ties: bool) -> Doubles:
    if relevance.shape[1] == 1:
        raise ShapeError(
            f"y_true: got shape {relevance.shape}; wanted several columns. Computing NDCG is only meaningful "
            "when there is more than 1 document. Got 1 instead."
        )
    found = rankings(relevance, _finite("y_score", y_score))
    values, _ = found.measured([(measure, cut)], "last_index" if ignore_ties else "expected")
    return values[:, 0]
