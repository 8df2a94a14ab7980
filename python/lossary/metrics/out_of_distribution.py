"""Telling samples that are like the training data from others: a confidence, and how well one does."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import InvalidInputError
from lossary.metrics.arrays import contiguous, one_axis, to_numpy
from lossary.metrics.bootstrap import of_ranking
from lossary.metrics.class_rows import Indices, class_indices, class_means
from lossary.metrics.confidence import Confidence, Interval, Value, resolve
from lossary.metrics.embeddings import check_features, vectors
from lossary.metrics.options import check_not_negative
from lossary.metrics.thresholds import best_threshold
from lossary.metrics.verification import one_class, ranked

Doubles = NDArray[np.float64]

# Rates of counts are compared with what is wanted up to rounding.
_SLACK = 1e-12


class MahalanobisConfidence(NamedTuple):
    """What `mahalanobis_confidence` returns.

    Attributes:
        class_means: (n_classes, n_features).
        precision: the inverse of the common covariance, (n_features, n_features).
        score: of each query, 0 or below; higher is more like the training data.
        nearest_class: whose mean each query is nearest to.
    """

    class_means: Doubles
    precision: Doubles
    score: Doubles
    nearest_class: Indices


def mahalanobis_confidence(
    features: Any, labels: Any, query: Any, *, factor: float = 1.0
) -> MahalanobisConfidence:
    r"""How far queries are from the nearest class of Gaussians with one covariance; higher is nearer.

    .. math:: - a \min_c \, (q - \mu_c)^T \Sigma^{+} (q - \mu_c), \qquad
              \Sigma = \frac{1}{N} \sum_i (f_i - \mu_{y_i})(f_i - \mu_{y_i})^T

    Low values tell samples that are like none of the classes; with `fpr_at_tpr` or `roc_auc_score`.

    Args:
        features: f, of the training data, (n_samples, n_features). Maps are averaged over space first.
        labels: y, the class of each, (n_samples,): 0 to n_classes - 1, none without a sample.
        query: q, (n_queries, n_features).
        factor: a, above 0. 1 is the paper, 0.5 its official code and the density of a Gaussian up to a
            constant; the order is the same.

    Returns:
        MahalanobisConfidence: class_means, precision, score and nearest_class, the smaller of equally near
        ones. Where the features span fewer dimensions than there are, what a query has beyond these counts
        nothing.

    Raises:
        InvalidInputError: NaN or infinity; a class without a sample; ``factor`` not above 0.
        ShapeError: shapes or lengths that do not fit.
        DtypeError: an argument of another type.

    Source: Lee, Lee, Lee and Shin, A Simple Unified Framework for Detecting Out-of-Distribution Samples and
        Adversarial Attacks, NeurIPS 2018, section 2.1.

    Example:
        >>> features, labels = [[-1.0], [1.0], [9.0], [11.0]], [0, 0, 1, 1]  # means 0 and 10, variance 1
        >>> found = mahalanobis_confidence(features, labels, [[2.0], [10.0]])
        >>> found.score.tolist(), found.nearest_class.tolist()
        ([-4.0, 0.0], [0, 1])
    """
    check_not_negative("factor", factor)
    if not 0 < factor < np.inf:
        raise InvalidInputError(f"factor: got {factor!r}; wanted a number above 0")
    rows = vectors("features", features).astype(np.float64)
    queries = vectors("query", query).astype(np.float64)
    check_features("query", queries, rows, like="features")
    codes = class_indices("labels", labels, len(rows))
    means = class_means("labels", rows, codes)
    within = rows - means[codes]
    variances, axes = np.linalg.eigh(within.T @ within / len(rows))
    # As for the pseudo-inverse: variances that are rounding are none.
    kept = variances > rows.shape[1] * np.finfo(np.float64).eps * np.abs(variances).max()
    # As squared lengths no distance is below 0.
    whitening = axes[:, kept] / np.sqrt(variances[kept])
    distances = np.stack([np.square((queries - mean) @ whitening).sum(axis=1) for mean in means], axis=1)
    nearest = distances.argmin(axis=1)
    score = -factor * distances[np.arange(len(queries)), nearest] + 0.0
    return MahalanobisConfidence(means, whitening @ whitening.T, score, nearest.astype(np.int64))


def fpr_at_tpr(
    y_true: Any,
    y_score: Any,
    *,
    tpr: float = 0.95,
    pos_label: Any = None,
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    """False positive rate at a true positive rate; lower is better. Of 0.95 it is FPR95.

    The least rate of all thresholds that accept this share of the positives or more, with no straight line
    between them.

    Args:
        y_true: labels, (n_samples,); for detection, 1 is in distribution.
        y_score: scores, (n_samples,); higher means positive.
        tpr: the share of the positives that must be accepted, in [0, 1].
        pos_label: the positive class; may be left out for labels 0 and 1, or -1 and 1.
        sample_weight: (n_samples,), not negative; rates are shares of the weight.
        confidence: the level of a bootstrap interval, such as 0.95, or `Confidence` settings; "auto" takes
            "bca".

    Returns:
        A float in [0, 1], or an `Interval` with confidence.

    Raises:
        UndefinedMetricError: a class is missing, or has no weight.
        InvalidInputError: ``tpr`` is outside [0, 1]; pos_label is missing; a score or weight is NaN or
            infinite; a weight is negative; no samples.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument of another type.

    Source: Lee, Lee, Lee and Shin, A Simple Unified Framework for Detecting Out-of-Distribution Samples and
        Adversarial Attacks, NeurIPS 2018, section 3.1.

    Example:
        >>> fpr_at_tpr([1, 0, 1, 0], [4, 3, 2, 1])  # accepting both positives accepts the first negative
        0.5
        >>> fpr_at_tpr([1, 0, 1, 0], [4, 3, 2, 1], tpr=0.5)
        0.0
    """
    check_not_negative("tpr", tpr)
    if tpr > 1:
        raise InvalidInputError(f"tpr: got {tpr!r}; wanted a number from 0 to 1")
    positive, score, weight = ranked(y_true, y_score, pos_label, sample_weight)
    # The share of the negatives that are refused, while few positives are: the mirror image of a true accept
    # rate. ~ reverses the order of integers, of which the least has no negative.
    refused, reverse = contiguous(positive == 0), -score if score.dtype.kind == "f" else ~score
    limit = min(1 - tpr + _SLACK, 1.0)
    rates = _kernels.true_accept_rates(refused, reverse, weight, np.array([limit]), linear=False)
    if rates is None:
        raise one_class()
    rate = float(rates[0])
    if confidence is None:
        return 1 - rate
    mirrored = of_ranking("true_accept_rate", rate, refused, reverse, weight, resolve(confidence), (limit,))
    return Interval(1 - rate, 1 - mirrored.high, 1 - mirrored.low, mirrored.method)


def detection_accuracy(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = None,
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    """The best accuracy over all thresholds where both classes count half; higher is better.

    It is the best balanced accuracy of `best_threshold`.

    Args:
        y_true: labels, (n_samples,); for detection, 1 is in distribution.
        y_score: scores, (n_samples,); higher means positive.
        pos_label: the positive class; may be left out for labels 0 and 1, or -1 and 1.
        sample_weight: (n_samples,), not negative.
        confidence: the level of a bootstrap interval, which chooses a threshold for each resample, or
            `Confidence` settings; "auto" takes "bca".

    Returns:
        A float in [0.5, 1], or an `Interval` with confidence.

    Raises:
        UndefinedMetricError: a class is missing, or has no weight.
        InvalidInputError: pos_label is missing; a score or weight is NaN or infinite; a weight is negative;
            no samples.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Source: Lee, Lee, Lee and Shin, A Simple Unified Framework for Detecting Out-of-Distribution Samples and
        Adversarial Attacks, NeurIPS 2018, section 3.1.

    Example:
        >>> detection_accuracy([1, 0, 0, 1], [4, 3, 2, 1])  # accepts the first
        0.75
    """
    one_axis("y_true", to_numpy("y_true", y_true))
    choice = best_threshold(
        y_true,
        y_score,
        metric="balanced_accuracy",
        pos_label=pos_label,
        sample_weight=sample_weight,
        confidence=confidence,
    )
    return choice.value
