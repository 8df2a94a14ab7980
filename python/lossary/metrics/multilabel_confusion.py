"""A confusion matrix of two classes for each class, label or sample."""

from typing import Any

import numpy as np

from lossary.errors import InvalidInputError
from lossary.metrics.arrays import Array, weights
from lossary.metrics.class_counts import column_subset, column_tallies, tallies_of
from lossary.metrics.confusion import finite_sums
from lossary.metrics.labels import check_pair, encode_arrays, label_array
from lossary.metrics.options import check_flag


def multilabel_confusion_matrix(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    labels: Any = None,
    samplewise: bool = False,
) -> Array:
    """For each class, how often it was true and predicted: [[TN, FP], [FN, TP]].

    Args:
        y_true: true labels, (n_samples,), or an indicator matrix (n_samples, n_labels).
        y_pred: predicted labels, in the same form.
        sample_weight: (n_samples,).
        labels: which classes, in which order; a class that is not there has no positives. None takes all,
            sorted.
        samplewise: count the labels of each row of an indicator matrix instead.

    Returns:
        (n_classes, 2, 2), or (n_samples, 2, 2) where ``samplewise``: int64 without weights, else float64.

    Raises:
        InvalidInputError: continuous targets, strings mixed with numbers, indicators other than 0 and 1, no
            samples, empty ``labels``, columns that are not there, ``samplewise`` without an indicator matrix,
            weights whose sum overflows.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like, or a ``samplewise`` that is no flag.

    Differs from scikit-learn: counts of rows with integer weights are float64, as those of classes are; empty
    ``labels`` and sums that overflow are refused.

    Example:
        >>> multilabel_confusion_matrix([0, 1, 1], [0, 0, 1]).tolist()
        [[[1, 1], [0, 1]], [[1, 0], [1, 1]]]
    """
    check_flag("samplewise", samplewise)
    actual, predicted = label_array("y_true", y_true), label_array("y_pred", y_pred)
    check_pair(actual, predicted)
    weight = weights(sample_weight, len(actual))
    total: Any = len(actual) if weight is None else weight.sum()
    if actual.ndim == 2:
        average = "samples" if samplewise else None
        hits, true, guessed = column_tallies(actual, predicted, labels, average, weight)
        if samplewise:
            columns = column_subset(actual, labels).shape[1]
            total = columns if weight is None else columns * weight
    elif samplewise:
        raise InvalidInputError(
            "samplewise: got True with one label per sample (Samplewise metrics are not available outside of "
            "multilabel classification.); wanted False"
        )
    else:
        hits, true, guessed = tallies_of(encode_arrays(actual, predicted), labels, weight)
    table = np.array([total - true - guessed + hits, guessed - hits, true - hits, hits])
    return finite_sums(table).T.reshape(-1, 2, 2)
