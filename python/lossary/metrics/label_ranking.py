"""How scores rank the relevant labels of each sample above the others; ties count against the ranking.

Source: Tsoumakas, Katakis and Vlahavas, Mining multi-label data, Data Mining and Knowledge Discovery
Handbook, 2010.
"""

from typing import Any

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import (
    Array,
    check_axes,
    contiguous,
    numeric,
    score_matrix,
    to_numpy,
)
from lossary.metrics.averaging import mean_of_rows
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.confusion import indicators


def coverage_error(
    y_true: Any,
    y_score: Any,
    *,
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    """How far down the ranking one must go to find all relevant labels, on average; lower is better.

    Args:
        y_true: indicators of 0 and 1, (n_samples, n_labels), with two labels or more; sparse will do.
        y_score: scores, (n_samples, n_labels); higher means relevant. float32, float64, integers and booleans
            stored by rows are read in place.
        sample_weight: (n_samples,).
        confidence: the level of a bootstrap interval over samples, such as 0.95, or `Confidence` settings;
            "auto" takes "bca".

    Returns:
        The mean number of labels that score at least as high as the lowest relevant one; 0 for a sample
        without relevant labels. At best the mean number of relevant labels. An
        `Interval` with confidence.

    Raises:
        InvalidInputError: values other than 0 and 1 in y_true; a score or weight is NaN or infinite; weights
            that sum to zero; no samples.
        ShapeError: not a matrix with several columns, or shapes that differ.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: a sparse y_true is read.

    Example:
        >>> coverage_error([[1, 0, 1]], [[0.9, 0.1, 0.5]])
        2.0
    """
    truth, score = _matrices(y_true, y_score)
    _refuse_one_label(truth)
    values = _kernels.label_coverage(truth.reshape(-1), score.reshape(-1), truth.shape[1])
    return mean_of_rows(values, sample_weight, confidence)


def label_ranking_average_precision_score(
    y_true: Any,
    y_score: Any,
    *,
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    """Precision at the place of each relevant label, averaged over labels, then samples; higher is better.

    Args:
        y_true: indicators of 0 and 1, (n_samples, n_labels); sparse will do.
        y_score: as `coverage_error`.
        sample_weight: (n_samples,).
        confidence: as `coverage_error`.

    Returns:
        A float in (0, 1], or an `Interval`. Precision is the share of relevant labels among those that score
        at least as high; a sample without relevant labels, or with nothing else, counts 1.

    Raises:
        InvalidInputError: as `coverage_error`.
        ShapeError: not a matrix, or shapes that differ.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: zeros that a sparse y_true stores are irrelevant; weights that sum to zero are
        refused, where it gives NaN.

    Example:
        >>> label_ranking_average_precision_score([[1, 0, 1]], [[0.9, 0.5, 0.1]])  # (1/1 + 2/3) / 2
        0.8333333333333333
    """
    truth, score = _matrices(y_true, y_score)
    values = _kernels.label_ranking_average_precision(truth.reshape(-1), score.reshape(-1), truth.shape[1])
    return mean_of_rows(values, sample_weight, confidence)


def label_ranking_loss(
    y_true: Any,
    y_score: Any,
    *,
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    """Share of pairs of a relevant and an irrelevant label in the wrong order, on average; lower is better.

    Args:
        y_true: as `coverage_error`.
        y_score: as `coverage_error`.
        sample_weight: (n_samples,).
        confidence: as `coverage_error`.

    Returns:
        A float in [0, 1], or an `Interval`; a tie is wrong. A sample without relevant labels, or with nothing
        else, counts 0.

    Raises:
        InvalidInputError: as `coverage_error`.
        ShapeError: as `coverage_error`.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: zeros that a sparse y_true stores are irrelevant.

    Example:
        >>> label_ranking_loss([[1, 0, 1]], [[0.9, 0.5, 0.1]])  # the last is below the second
        0.5
    """
    truth, score = _matrices(y_true, y_score)
    _refuse_one_label(truth)
    values = _kernels.label_ranking_loss(truth.reshape(-1), score.reshape(-1), truth.shape[1])
    return mean_of_rows(values, sample_weight, confidence)


def _matrices(y_true: Any, y_score: Any) -> tuple[Array, Array]:
    """Indicators and scores of one shape, both stored by rows."""
    given = y_true.toarray() if hasattr(y_true, "toarray") else y_true  # sparse, whatever made it
    truth = numeric("y_true", to_numpy("y_true", given))
    check_axes("y_true", truth)
    score = score_matrix("y_score", y_score)
    if truth.shape != score.shape:
        raise ShapeError(
            f"y_score: got shape {score.shape}; wanted {truth.shape}, as y_true (y_true and y_score have "
            "different shape)"
        )
    if not truth.size:
        raise InvalidInputError(f"y_true: got shape {truth.shape}; wanted a sample and a label at least")
    return contiguous(indicators("y_true", truth)), contiguous(score)


def _refuse_one_label(truth: Array) -> None:
    if truth.shape[1] == 1:
        raise ShapeError(
            f"y_true: got shape {truth.shape} (binary format is not supported); wanted two labels or more"
        )
