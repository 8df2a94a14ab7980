"""The logarithm of the probability that was given to what happened."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, UndefinedMetricWarning
from lossary.metrics.arrays import Array, relative_weights, weights
from lossary.metrics.averaging import mean_of
from lossary.metrics.confusion import finite_sums
from lossary.metrics.options import check_flag
from lossary.metrics.probabilities import (
    check_probabilities,
    probabilities,
    true_classes,
    true_labels,
    warn_sums,
)

_EPSILON = float(np.finfo(np.float64).eps)


def log_loss(
    y_true: Any, y_proba: Any, *, normalize: bool = True, sample_weight: Any = None, labels: Any = None
) -> float:
    r"""Mean of minus the log of the probability of the true class; lower is better.

    .. math:: -\frac{1}{n} \sum_i \log \hat{p}_{i y_i}

    Args:
        y_true: true labels, (n_samples,), or indicators of the classes, (n_samples, n_classes).
        y_proba: probabilities of the larger of two classes, (n_samples,), or of each class, (n_samples,
            n_classes), in the sorted order of the classes. They are clipped by the epsilon of their dtype, so
            that an impossible event costs much, but not infinity.
        normalize: False gives the sum.
        sample_weight: (n_samples,).
        labels: all classes, when y_true may lack some.

    Returns:
        A float.

    Raises:
        InvalidInputError: a probability is NaN or outside [0, 1]; y_true does not fit the columns or
            ``labels``; one class only without ``labels``; no samples; weights that sum to zero.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like, or a ``normalize`` that is no flag.

    Differs from scikit-learn: float16 and float32 probabilities are clipped by their own epsilon, but their
        logarithms are taken and added in float64; indicators other than 0 and 1 are refused; there is no
        deprecated ``y_pred``.

    Source: Good, Rational decisions, Journal of the Royal Statistical Society B 14, 1952.

    Example:
        >>> log_loss(["no", "yes"], [0.5, 0.5])  # log 2
        0.6931471805599453
    """
    check_flag("normalize", normalize)
    proba, epsilon = probabilities(y_proba)
    truth = true_classes(true_labels(y_true, len(proba)), labels, _columns(proba))
    if proba.ndim == 2:
        warn_sums(proba, epsilon)
    losses = sample_losses(truth, proba, epsilon)
    if normalize:
        return mean_of(losses, relative_weights(sample_weight, len(losses)))
    weight = weights(sample_weight, len(losses))
    return float(finite_sums(losses.sum() if weight is None else losses @ weight))


def d2_log_loss_score(y_true: Any, y_proba: Any, *, sample_weight: Any = None, labels: Any = None) -> float:
    r"""Share of the log loss of the class frequencies that the probabilities save; higher is better.

    .. math:: D^2 = 1 - \frac{L(y, \hat{p})}{L(y, \bar{y})}

    Args:
        y_true: as `log_loss`.
        y_proba: as `log_loss`.
        sample_weight: (n_samples,).
        labels: as `log_loss`.

    Returns:
        A float: 1 is perfect, 0 as good as the frequencies of the classes in y_true, and there is no lower
        limit. NaN, with an UndefinedMetricWarning, for one sample, or where no row of y_true has a class.

    Raises:
        InvalidInputError: as `log_loss`, or weights that make a frequency negative.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Differs from scikit-learn: as `log_loss`.

    Example:
        >>> d2_log_loss_score([0, 1], [0.5, 0.5])
        0.0
    """
    proba, epsilon = probabilities(y_proba)
    labelled = true_labels(y_true, len(proba))
    if len(labelled) < 2:
        warnings.warn(
            "D^2 score is not well-defined with less than two samples.", UndefinedMetricWarning, stacklevel=2
        )
        return float("nan")
    columns = _columns(proba)
    truth = true_classes(labelled, labels, columns)
    if proba.ndim == 2:
        warn_sums(proba, epsilon)
    weight = relative_weights(sample_weight, len(proba))
    loss = mean_of(sample_losses(truth, proba, epsilon), weight)
    share = np.ones(len(proba)) if weight is None else weight
    if truth.ndim == 1:
        frequencies = np.bincount(truth, weights=share, minlength=columns) / share.sum()
    else:
        frequencies = share @ truth / share.sum()
    if not ((frequencies >= 0) & (frequencies <= 1)).all():
        raise InvalidInputError(
            "sample_weight: got weights that make the frequency of a class negative; wanted none below zero"
        )
    of_classes = -np.log(frequencies.clip(_EPSILON, 1 - _EPSILON))
    loss_of_frequencies = mean_of(of_classes[truth] if truth.ndim == 1 else truth @ of_classes, weight)
    if loss_of_frequencies == 0:
        warnings.warn(
            "No sample of y_true has a class. D^2 score is not defined.", UndefinedMetricWarning, stacklevel=2
        )
        return float("nan")
    return 1 - loss / loss_of_frequencies


def _columns(proba: Array) -> int:
    return int(proba.shape[1]) if proba.ndim == 2 else 2


def sample_losses(truth: Array, proba: Array, epsilon: float) -> NDArray[np.float64]:
    """The loss of each sample: classes as numbers or indicators, probabilities clipped by ``epsilon``."""
    check_probabilities(proba)
    proba = proba.astype(np.float64, copy=False)
    if truth.ndim == 1:
        if proba.ndim == 1:
            chosen = np.where(truth == 1, proba, 1 - proba)
        else:
            chosen = np.take_along_axis(proba, truth[:, None].astype(np.intp), axis=1)[:, 0]
        return np.asarray(-np.log(chosen.clip(epsilon, 1 - epsilon)))
    if proba.ndim == 1:
        proba = np.column_stack((1 - proba, proba))
    return np.asarray(-np.log(proba.clip(epsilon, 1 - epsilon)).sum(axis=1, where=truth))
