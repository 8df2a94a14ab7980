"""Accuracy of clusters whose names say nothing: each stands for the class that suits all of them best."""

from typing import Any

import numpy as np

from lossary.metrics.arrays import Array
from lossary.metrics.bootstrap import of_reweighted
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.mutual_information import paired_labels


def clustering_accuracy(
    labels_true: Any, labels_pred: Any, *, confidence: float | Confidence | None = None
) -> Value:
    r"""Share of samples in the right cluster under the best naming of clusters by classes; higher is better.

    .. math:: \max_\pi \frac{1}{N} \sum_i [\, y_i = \pi(c_i) \,]

    over all ways to give clusters classes of their own, found by `lossary.numerics.linear_assignment`. Where
    there are more clusters than classes, the samples of those left over are wrong.

    Args:
        labels_true: classes, (n_samples,): integers, booleans or strings.
        labels_pred: clusters, (n_samples,).
        confidence: the level of a bootstrap interval, such as 0.95, or `Confidence` settings. Each resample
            has its own best naming, which moves their values up, the more so with few samples.

    Returns:
        A float in (0, 1], or an `Interval` with confidence. The same partition gives exactly 1.

    Raises:
        InvalidInputError: no samples; labels that are continuous or NaN.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like, or bytes.

    Source: Xie, Girshick and Farhadi, Unsupervised Deep Embedding for Clustering Analysis, ICML 2016,
        equation 10.

    Example:
        >>> clustering_accuracy(["a", "a", "b", "b"], [7, 7, 3, 7])  # 7 is a, and 3 is b
        0.75
    """
    # numerics reads its arrays as metrics do, so that neither can wait for the other
    from lossary.numerics.assignment import linear_assignment

    classes, clusters = (
        np.unique(labels, return_inverse=True)[1] for labels in paired_labels(labels_true, labels_pred)
    )
    shape = (int(classes.max()) + 1, int(clusters.max()) + 1)
    cells = classes * shape[1] + clusters

    def score(times: Array | None) -> float:
        table = np.bincount(cells, times, minlength=shape[0] * shape[1]).reshape(shape)
        return float(table[linear_assignment(table, maximize=True)].sum() / table.sum())

    return score(None) if confidence is None else of_reweighted(score, len(cells), confidence)
