"""How well rankings put the relevant items of queries first; higher is better.

All take ``y_true``, the relevance of the items (above 0 is relevant), and ``y_score``, which ranks them
(higher first; infinities are ranked, NaN is refused), in one of three forms: matrices (n_queries, n_items),
sequences of one list per query, or flat numbers with ``query``, the query of each row (any labels, in any
order).

- ``ties``: what equal scores mean. "index": the first in the list is ranked first; "optimistic" and
  "pessimistic": the more, or the less, relevant is; "expected": the exact mean over all orders of each group
  of equal scores. Negative zero equals zero.
- ``empty``: a query without a relevant item is left out ("skip") or counts as 0 ("zero").
- ``reduction``: "mean" over queries, or "none": one value per query, 0 where nothing is relevant. With
  ``query`` the queries are in sorted order.
- ``sample_weight``: one weight per query, in the same order, for the weighted mean.
- ``confidence``: the level of a bootstrap interval of that mean, or `Confidence` settings; "auto" takes
  "bca". Whole queries are drawn, without those that are left out. ``groups`` has a label for every query;
  those of queries that are left out are dropped.

Errors of all: InvalidInputError for NaN or negative relevance, NaN scores, no items, an unknown option, k
below 1, weights or confidence without a mean; UndefinedMetricError (one of them) when no query is left to
count; ShapeError for shapes or lengths that differ, and for one flat list without ``query``; DtypeError for
what is not an array-like, or a k that is no integer.
"""

from typing import Any

from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.options import check_choice
from lossary.metrics.queries import Doubles, check_cut, over_queries


def precision_at_k(
    y_true: Any,
    y_score: Any,
    k: int,
    *,
    query: Any = None,
    ties: str = "index",
    empty: str = "skip",
    reduction: str = "mean",
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value | Doubles:
    r"""Share of the first k items that are relevant.

    .. math:: \frac{1}{k} \sum_{i \le k} rel_i

    Args:
        y_true: relevance of the items; above 0 is relevant.
        y_score: scores of the items; higher is ranked earlier.
        k: how many ranks to look at. The sum is divided by k even where a list is shorter, as in trec_eval.
        query: the query of each row, for flat ``y_true`` and ``y_score``.
        ties: "index", "optimistic", "pessimistic" or "expected".
        empty: "skip" or "zero", for queries without a relevant item.
        reduction: "mean" or "none".
        sample_weight: (n_queries,).
        confidence: the level of an interval over queries, such as 0.95, or `Confidence` settings.

    Returns:
        A float in [0, 1], an `Interval` with confidence, or an array (n_queries,).

    Raises:
        InvalidInputError: see the module; so for ShapeError and DtypeError.

    Source: Manning, Raghavan and Schuetze, Introduction to Information Retrieval, 2008, section 8.4.

    Example:
        >>> precision_at_k([[1, 0, 1]], [[0.9, 0.8, 0.7]], k=2)
        0.5
    """
    return over_queries(
        y_true,
        y_score,
        "precision",
        check_cut("k", k, optional=False),
        query=query,
        ties=ties,
        empty=empty,
        reduction=reduction,
        sample_weight=sample_weight,
        confidence=confidence,
    )


def recall_at_k(
    y_true: Any,
    y_score: Any,
    k: int,
    *,
    mode: str = "hit",
    query: Any = None,
    ties: str = "index",
    empty: str = "skip",
    reduction: str = "mean",
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value | Doubles:
    r"""Whether a relevant item is among the first k, or, with ``mode="fraction"``, how many of them are.

    TWO DIFFERENT NUMBERS carry this name. In metric learning Recall@K is "hit" (success@k), the default here:
    1 if any of the first k items is relevant, else 0. In information retrieval it is "fraction":

    .. math:: \frac{1}{R} \sum_{i \le k} rel_i

    Args:
        y_true: relevance of the items; above 0 is relevant.
        y_score: scores of the items; higher is ranked earlier.
        k: how many ranks to look at.
        mode: "hit" or "fraction".
        query: the query of each row, for flat ``y_true`` and ``y_score``.
        ties: "index", "optimistic", "pessimistic" or "expected": the chance of a hit, or the mean fraction.
        empty: "skip" or "zero", for queries without a relevant item.
        reduction: "mean" or "none".
        sample_weight: (n_queries,).
        confidence: the level of an interval over queries, such as 0.95, or `Confidence` settings.

    Returns:
        A float in [0, 1], an `Interval` with confidence, or an array (n_queries,).

    Raises:
        InvalidInputError: see the module; so for ShapeError and DtypeError.

    Source: hit: Jegou, Douze and Schmid, Product quantization for nearest neighbor search, IEEE TPAMI 33,
        2011; fraction: Manning, Raghavan and Schuetze, Introduction to Information Retrieval, 2008, section
        8.3.

    Example:
        >>> recall_at_k([[1, 0, 1]], [[0.9, 0.8, 0.7]], k=2)
        1.0
        >>> recall_at_k([[1, 0, 1]], [[0.9, 0.8, 0.7]], k=2, mode="fraction")
        0.5
    """
    check_choice("mode", mode, ("hit", "fraction"))
    return over_queries(
        y_true,
        y_score,
        "hit" if mode == "hit" else "recall",
        check_cut("k", k, optional=False),
        query=query,
        ties=ties,
        empty=empty,
        reduction=reduction,
        sample_weight=sample_weight,
        confidence=confidence,
    )


def r_precision(
    y_true: Any,
    y_score: Any,
    *,
    query: Any = None,
    ties: str = "index",
    empty: str = "skip",
    reduction: str = "mean",
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value | Doubles:
    r"""Precision, and recall, at as many ranks as the query has relevant items.

    .. math:: \frac{1}{R} \sum_{i \le R} rel_i

    Args:
        y_true: relevance of the items; above 0 is relevant.
        y_score: scores of the items; higher is ranked earlier.
        query: the query of each row, for flat ``y_true`` and ``y_score``.
        ties: "index", "optimistic", "pessimistic" or "expected".
        empty: "skip" or "zero", for queries without a relevant item.
        reduction: "mean" or "none".
        sample_weight: (n_queries,).
        confidence: the level of an interval over queries, such as 0.95, or `Confidence` settings.

    Returns:
        A float in [0, 1], an `Interval` with confidence, or an array (n_queries,).

    Raises:
        InvalidInputError: see the module; so for ShapeError and DtypeError.

    Source: Musgrave, Belongie and Lim, A metric learning reality check, ECCV 2020, section 3.2.

    Example:
        >>> r_precision([[1, 0, 1]], [[0.9, 0.8, 0.7]])  # R = 2, one of the first two
        0.5
    """
    return over_queries(
        y_true,
        y_score,
        "r_precision",
        None,
        query=query,
        ties=ties,
        empty=empty,
        reduction=reduction,
        sample_weight=sample_weight,
        confidence=confidence,
    )


def map_at_r(
    y_true: Any,
    y_score: Any,
    *,
    query: Any = None,
    ties: str = "index",
    empty: str = "skip",
    reduction: str = "mean",
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value | Doubles:
    r"""Mean average precision over as many ranks as the query has relevant items (MAP@R).

    .. math:: \frac{1}{R} \sum_{i \le R} P(i) \, rel_i

    Args:
        y_true: relevance of the items; above 0 is relevant.
        y_score: scores of the items; higher is ranked earlier.
        query: the query of each row, for flat ``y_true`` and ``y_score``.
        ties: "index", "optimistic" or "pessimistic".
        empty: "skip" or "zero", for queries without a relevant item.
        reduction: "mean" or "none".
        sample_weight: (n_queries,).
        confidence: the level of an interval over queries, such as 0.95, or `Confidence` settings.

    Returns:
        A float in [0, 1], an `Interval` with confidence, or an array (n_queries,).

    Raises:
        InvalidInputError: see the module; so for ShapeError and DtypeError.

    Source: Musgrave, Belongie and Lim, A metric learning reality check, ECCV 2020, section 3.2.

    Example:
        >>> map_at_r([[1, 0, 1]], [[0.9, 0.8, 0.7]])  # R = 2: (1/1 + 0) / 2
        0.5
    """
    return over_queries(
        y_true,
        y_score,
        "average_precision_at_r",
        None,
        query=query,
        ties=ties,
        empty=empty,
        reduction=reduction,
        sample_weight=sample_weight,
        confidence=confidence,
    )


def mean_average_precision(
    y_true: Any,
    y_score: Any,
    k: int | None = None,
    *,
    denominator: str = "relevant",
    query: Any = None,
    ties: str = "index",
    empty: str = "skip",
    reduction: str = "mean",
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value | Doubles:
    r"""Mean over the relevant items of the precision at the rank of each (MAP).

    .. math:: \frac{1}{D} \sum_{i \le k} P(i) \, rel_i

    Args:
        y_true: relevance of the items; above 0 is relevant.
        y_score: scores of the items; higher is ranked earlier.
        k: how many ranks to look at; None for the whole list.
        denominator: D is "relevant", the number R of relevant items, as in trec_eval's map_cut; or "min", the
            smaller of R and k, as in many libraries.
        query: the query of each row, for flat ``y_true`` and ``y_score``.
        ties: "index", "optimistic" or "pessimistic".
        empty: "skip" or "zero", for queries without a relevant item.
        reduction: "mean" or "none".
        sample_weight: (n_queries,).
        confidence: the level of an interval over queries, such as 0.95, or `Confidence` settings.

    Returns:
        A float in [0, 1], an `Interval` with confidence, or an array (n_queries,).

    Raises:
        InvalidInputError: see the module; so for ShapeError and DtypeError.

    Source: Manning, Raghavan and Schuetze, Introduction to Information Retrieval, 2008, equation 8.8.

    Example:
        >>> mean_average_precision([[1, 0, 1]], [[0.9, 0.8, 0.7]])  # (1/1 + 2/3) / 2
        0.8333333333333333
    """
    check_choice("denominator", denominator, ("relevant", "min"))
    return over_queries(
        y_true,
        y_score,
        "average_precision" if denominator == "relevant" else "capped_average_precision",
        check_cut("k", k, optional=True),
        query=query,
        ties=ties,
        empty=empty,
        reduction=reduction,
        sample_weight=sample_weight,
        confidence=confidence,
    )


def mean_reciprocal_rank(
    y_true: Any,
    y_score: Any,
    k: int | None = None,
    *,
    query: Any = None,
    ties: str = "index",
    empty: str = "skip",
    reduction: str = "mean",
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value | Doubles:
    """One divided by the rank of the first relevant item (MRR).

    Args:
        y_true: relevance of the items; above 0 is relevant.
        y_score: scores of the items; higher is ranked earlier.
        k: a first relevant item beyond this rank counts as 0; None for the whole list.
        query: the query of each row, for flat ``y_true`` and ``y_score``.
        ties: "index", "optimistic" or "pessimistic".
        empty: "skip" or "zero", for queries without a relevant item.
        reduction: "mean" or "none".
        sample_weight: (n_queries,).
        confidence: the level of an interval over queries, such as 0.95, or `Confidence` settings.

    Returns:
        A float in [0, 1], an `Interval` with confidence, or an array (n_queries,).

    Raises:
        InvalidInputError: see the module; so for ShapeError and DtypeError.

    Source: Voorhees, The TREC-8 question answering track report, TREC 1999.

    Example:
        >>> mean_reciprocal_rank([[0, 1, 1]], [[0.9, 0.8, 0.7]])
        0.5
    """
    return over_queries(
        y_true,
        y_score,
        "reciprocal_rank",
        check_cut("k", k, optional=True),
        query=query,
        ties=ties,
        empty=empty,
        reduction=reduction,
        sample_weight=sample_weight,
        confidence=confidence,
    )
