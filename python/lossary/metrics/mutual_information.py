"""Agreement of two clusterings: mutual information, normalised, or adjusted for chance."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, to_numpy
from lossary.metrics.bootstrap import of_reweighted
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.labels import label_array
from lossary.metrics.options import check_choice

_AVERAGES = ("arithmetic", "geometric", "max", "min")


def normalized_mutual_info_score(
    labels_true: Any,
    labels_pred: Any,
    *,
    average_method: str = "arithmetic",
    confidence: float | Confidence | None = None,
) -> Value:
    r"""How much two clusterings say about each other, from 0 (nothing) to 1 (the same); higher is better.

    .. math:: \frac{\sum_{ij} \frac{n_{ij}}{N} \ln \frac{N n_{ij}}{a_i b_j}}{M(H_a, H_b)}

    The same partition gives exactly 1 and independent ones exactly 0, whatever the names of the clusters.

    Args:
        labels_true: labels, (n_samples,): integers, booleans or strings.
        labels_pred: labels, (n_samples,).
        average_method: the mean M of the two entropies: "arithmetic", "geometric", "max" or "min".
        confidence: the level of a bootstrap interval, such as 0.95, or `Confidence` settings. Resamples
            repeat samples, which moves their values up, the more so with few samples of many clusters; "bca",
            the default, corrects for that in part, and a UserWarning says where it cannot.

    Returns:
        A float in [0, 1], or an `Interval` with confidence.

    Raises:
        InvalidInputError: no samples; labels that are continuous or NaN; an unknown option.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like, or bytes.

    Differs from scikit-learn: no samples are an error, not 1; continuous labels are refused, not warned of.

    Source: Strehl and Ghosh, Cluster ensembles, Journal of Machine Learning Research 3, 2002; the means:
        Vinh, Epps and Bailey, Journal of Machine Learning Research 11, 2010.

    Example:
        >>> normalized_mutual_info_score([0, 0, 1, 1], [0, 0, 1, 2])  # ln 2 / ((ln 2 + 1.5 ln 2) / 2)
        0.8
    """
    score, samples = _prepared(_kernels.LabelPairs.normalized, labels_true, labels_pred, average_method)
    return score(None) if confidence is None else of_reweighted(score, samples, confidence)


def adjusted_mutual_info_score(
    labels_true: Any,
    labels_pred: Any,
    *,
    average_method: str = "arithmetic",
    confidence: float | Confidence | None = None,
) -> Value:
    r"""Mutual information of two clusterings beyond chance: 0 at random, at most 1; higher is better.

    .. math:: \frac{I - E[I]}{M(H_a, H_b) - E[I]}

    The expected value runs over all ways to deal the same labels. It is found without factorials, from the
    ratios of neighbouring terms, once for each pair of distinct cluster sizes.

    Args:
        labels_true: labels, (n_samples,): integers, booleans or strings.
        labels_pred: labels, (n_samples,).
        average_method: the mean M of the two entropies: "arithmetic", "geometric", "max" or "min".
        confidence: the level of a bootstrap interval, such as 0.95, or `Confidence` settings. Resamples
            repeat samples, which moves their values up, the more so with few samples of many clusters; "bca",
            the default, corrects for that in part, and a UserWarning says where it cannot.

    Returns:
        A float, negative where the clusterings agree less than by chance, or an `Interval` with confidence.
        The same partition gives exactly 1.

    Raises:
        InvalidInputError: no samples; labels that are continuous or NaN; an unknown option.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like, or bytes.

    Differs from scikit-learn: where every deal gives the same information (a clustering of singletons) the
    score is exactly 0, not rounding noise; no samples are an error, not 1; continuous labels are refused,
    not warned of.

    Source: Vinh, Epps and Bailey, Information theoretic measures for clusterings comparison, Journal of
        Machine Learning Research 11, 2010.

    Example:
        >>> adjusted_mutual_info_score([0, 0, 1, 1], [5, 5, 3, 3])
        1.0
        >>> round(adjusted_mutual_info_score([0, 0, 1, 1], [0, 1, 0, 1]), 12)  # I = 0, E = ln 2 / 3, M = ln 2
        -0.5
    """
    score, samples = _prepared(_kernels.LabelPairs.adjusted, labels_true, labels_pred, average_method)
    return score(None) if confidence is None else of_reweighted(score, samples, confidence)


def _prepared(
    measure: Callable[[_kernels.LabelPairs, str, Any], float],
    labels_true: Any,
    labels_pred: Any,
    average_method: str,
) -> tuple[Callable[[Array | None], float], int]:
    """A score as a function of how often each sample counts (None: once), and the number of samples."""
    check_choice("average_method", average_method, _AVERAGES)
    labels, samples = _label_pairs(labels_true, labels_pred)

    def score(times: Array | None) -> float:
        return measure(labels, average_method, None if times is None else times.astype(np.uint32))

    return score, samples


def _label_pairs(labels_true: Any, labels_pred: Any) -> tuple[_kernels.LabelPairs, int]:
    first, second = paired_labels(labels_true, labels_pred)
    return _kernels.LabelPairs(first, second), len(first)


def paired_labels(labels_true: Any, labels_pred: Any) -> tuple[Array, Array]:
    """The labels of two clusterings of the same samples, of which there is one or more, as numbers."""
    first, second = _labels("labels_true", labels_true), _labels("labels_pred", labels_pred)
    if len(first) != len(second):
        raise ShapeError(
            "labels_pred: got other lengths (Found input variables with inconsistent numbers of samples: "
            f"[{len(first)}, {len(second)}]); wanted one label each per sample"
        )
    if not len(first):
        raise InvalidInputError("labels_true: got no samples; wanted at least one")
    return first, second


def _labels(name: str, given: Any) -> Array:
    """Labels as numbers: strings become the rank of each among all."""
    array = to_numpy(name, given)
    if array.ndim != 1:
        # In scikit-learn's words, which other programs look for.
        raise ShapeError(
            f"{name}: got two axes or none ({name} must be 1D: shape is {array.shape}); wanted one"
        )
    array = label_array(name, array)
    if array.dtype.kind == "b":
        return array.view(np.uint8)
    return np.unique(array, return_inverse=True)[1] if array.dtype.kind == "U" else array
