"""Metrics of verification: is a pair of the same identity? Its score is accepted at or above a threshold.

FAR, the false accept rate, is the share of the negatives that are accepted; TAR, the true accept rate, that
of the positives. They are the rates of the ROC curve, which runs in straight lines from (0, 0) through a
point for each distinct score: equal scores are accepted together.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import Array, numeric, to_numpy
from lossary.metrics.bootstrap import of_ranking
from lossary.metrics.confidence import Confidence, Value, resolve
from lossary.metrics.curves import ranked_samples
from lossary.metrics.labels import label_array
from lossary.metrics.options import check_choice, check_label

Doubles = NDArray[np.float64]


class VerificationAccuracy(NamedTuple):
    """What `verification_accuracy` returns.

    Attributes:
        value: the best accuracy, or with folds the mean of `per_fold`; an `Interval` with confidence.
        threshold: the threshold that is best on all samples: a score, or infinity to accept nothing.
        per_fold: accuracy on each fold at the threshold that is best on the others, in ascending order of the
            folds; None without folds.
    """

    value: Value
    threshold: float
    per_fold: Doubles | None


def tar_at_far(
    y_true: Any,
    y_score: Any,
    far: Any,
    *,
    interpolation: str = "step",
    pos_label: Any = None,
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    """True accept rate at a false accept rate; higher is better. Also known as `true_accept_rate`.

    Args:
        y_true: labels, (n_samples,).
        y_score: similarities, (n_samples,); higher means positive.
        far: the false accept rate that is allowed, in [0, 1]; one, or several, (n_rates,).
        interpolation: ``"step"``: the largest TAR of a threshold whose FAR is at most ``far``, which that
            threshold achieves. ``"linear"``: the TAR at ``far`` on the straight line from the last such point
            of the curve to the next.
        pos_label: the positive class; may be left out for labels 0 and 1, or -1 and 1.
        sample_weight: (n_samples,), not negative; rates are shares of the weight.
        confidence: the level of a bootstrap interval, such as 0.95, or `Confidence` settings; "auto" takes
            "bca".

    Returns:
        A float, or an `Interval` with confidence; for several rates an array of float64.

    Raises:
        UndefinedMetricError: a class is missing, or has no weight.
        InvalidInputError: far is outside [0, 1]; pos_label is missing; a score or weight is NaN or infinite;
            a weight is negative; no samples; an unknown option.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Example:
        >>> tar_at_far([1, 0, 1, 0], [4, 3, 2, 1], [0.0, 0.25, 0.5]).tolist()
        [0.5, 0.5, 1.0]
        >>> tar_at_far([1, 0, 1, 0], [2, 1, 1, 0], 0.25, interpolation="linear")  # halfway to (0.5, 1)
        0.75
    """
    check_choice("interpolation", interpolation, ("step", "linear"))
    limits = _rates(far)
    if confidence is not None and limits.ndim:
        raise InvalidInputError(f"confidence: got {confidence!r} with several rates; wanted it with one far")
    positive, score, weight = ranked(y_true, y_score, pos_label, sample_weight)
    linear = interpolation == "linear"
    rates = _kernels.true_accept_rates(positive, score, weight, np.atleast_1d(limits), linear=linear)
    if rates is None:
        raise one_class()
    if limits.ndim:
        return rates
    rate = float(rates[0])
    if confidence is None:
        return rate
    name = "true_accept_rate_linear" if linear else "true_accept_rate"
    return of_ranking(name, rate, positive, score, weight, resolve(confidence), (float(limits),))


true_accept_rate = tar_at_far


def equal_error_rate(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = None,
    sample_weight: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    """The rate at which false accepts and false rejects (1 - TAR) are equally frequent; lower is better.

    Between two points of the curve it is read on the straight line. Equal scores everywhere give 0.5, a
    perfect ranking 0, a reversed one 1.

    Args:
        y_true: labels, (n_samples,).
        y_score: similarities, (n_samples,); higher means positive.
        pos_label: the positive class; may be left out for labels 0 and 1, or -1 and 1.
        sample_weight: (n_samples,), not negative; rates are shares of the weight.
        confidence: the level of a bootstrap interval, such as 0.95, or `Confidence` settings; "auto" takes
            "bca".

    Returns:
        A float in [0, 1], or an `Interval` with confidence.

    Raises:
        UndefinedMetricError: a class is missing, or has no weight.
        InvalidInputError: pos_label is missing; a score or weight is NaN or infinite; a weight is negative;
            no samples.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Example:
        >>> equal_error_rate([1, 0, 1, 0], [4, 3, 2, 1])  # at the threshold 3: half of each
        0.5
    """
    positive, score, weight = ranked(y_true, y_score, pos_label, sample_weight)
    rate = _kernels.equal_error_rate(positive, score, weight)
    if rate is None:
        raise one_class()
    if confidence is None:
        return rate
    return of_ranking("equal_error_rate", rate, positive, score, weight, resolve(confidence))


def verification_accuracy(
    y_true: Any,
    y_score: Any,
    *,
    fold: Any = None,
    pos_label: Any = None,
    confidence: float | Confidence | None = None,
) -> VerificationAccuracy:
    """The accuracy at the best threshold, chosen on the same samples or on other folds; higher is better.

    Candidates are infinity, which accepts nothing, and every distinct score; of equally good thresholds the
    largest is taken. With folds this is the protocol of Labeled Faces in the Wild, over all thresholds
    instead of a grid.

    Args:
        y_true: labels, (n_samples,). One class alone will do.
        y_score: similarities, (n_samples,); higher means positive.
        fold: the fold of each sample, (n_samples,), at least two different ones. The threshold for a fold is
            the one that is best on all other folds.
        pos_label: the positive class; may be left out for labels 0 and 1, or -1 and 1.
        confidence: the level of a bootstrap interval of the value, which chooses a threshold for each
            resample, or `Confidence` settings; "auto" takes "bca". Without folds only.

    Returns:
        VerificationAccuracy: value, threshold and per_fold.

    Raises:
        InvalidInputError: a single fold; fold with confidence; pos_label is missing; a score is NaN or
            infinite; no samples.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like.

    Source: Huang, Ramesh, Berg and Learned-Miller, Labeled Faces in the Wild, technical report 07-49,
        University of Massachusetts, 2007.

    Example:
        >>> value, threshold, _ = verification_accuracy([1, 0, 1, 0], [4, 3, 2, 1])
        >>> value, threshold  # accepts the first, and misses the third
        (0.75, 4.0)
    """
    positive, score, _ = ranked(y_true, y_score, pos_label, None)
    folds = None if fold is None else _fold_numbers(fold, len(score))
    if confidence is not None and folds is not None:
        raise InvalidInputError(f"confidence: got {confidence!r} with fold; wanted one of the two")
    threshold, best, *_ = _kernels.best_threshold(positive, score, "accuracy", may_accept_nothing=True)
    if folds is None:
        value: Value = best or 0.0
        if confidence is not None:
            value = of_ranking("best_accuracy", value, positive, score, None, resolve(confidence))
        return VerificationAccuracy(value, threshold, None)
    per_fold = _kernels.accuracy_per_fold(positive, score, folds, int(folds.max()) + 1)
    return VerificationAccuracy(float(per_fold.mean()), threshold, per_fold)


def _fold_numbers(fold: Any, count: int) -> NDArray[np.uint32]:
    labels = label_array("fold", fold)
    if labels.ndim != 1 or len(labels) != count:
        raise ShapeError(f"fold: got shape {labels.shape}; wanted {count} samples, as y_true")
    folds, numbers = np.unique(labels, return_inverse=True)
    if len(folds) == 1:
        raise InvalidInputError(f"fold: got the single fold {folds[0]!r}; wanted at least two")
    return numbers.astype(np.uint32)


def _rates(far: Any) -> Doubles:
    """Rates in [0, 1], none or one axis."""
    if isinstance(far, bool | str):
        raise DtypeError(f"far: got {far!r}; wanted a number in [0, 1], or several")
    given = np.asarray(far) if np.isscalar(far) else to_numpy("far", far)
    if given.ndim > 1:
        raise ShapeError(f"far: got shape {given.shape}; wanted one number, or (n_rates,)")
    limits = numeric("far", given).astype(np.float64)
    wrong = ~((limits >= 0) & (limits <= 1))
    if wrong.any():
        raise InvalidInputError(f"far: got {limits[wrong].flat[0]}; wanted numbers in [0, 1]")
    return limits


def ranked(
    y_true: Any, y_score: Any, pos_label: Any, sample_weight: Any
) -> tuple[Array, Array, Doubles | None]:
    """Positives, scores and weights, none of them below zero, as the kernels read them."""
    check_label("pos_label", pos_label, optional=True)
    positive, score, weight = ranked_samples(y_true, y_score, pos_label, sample_weight)
    if weight is not None and weight.min() < 0:
        raise InvalidInputError("sample_weight: got negative weights; wanted none below 0")
    return positive, score, weight


def one_class() -> UndefinedMetricError:
    """The error of a metric that needs both classes."""
    return UndefinedMetricError(
        "y_true: got one class, or one without weight; wanted positives and negatives"
    )
