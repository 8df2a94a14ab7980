r"""How far predicted probabilities are from the frequencies of what happened.

Probabilities of one class, (n_samples,), are those of the positive class. Of probabilities of each class,
(n_samples, n_classes), each row's largest is taken as the confidence that its class, the first of several, is
right. Bins of equal width have the edges k / n and are closed above: 0.2 of ten bins is in the second.

With ``confidence=`` the bins stay where they are while rows are drawn. Resamples repeat rows, which makes
most of these errors larger: where that outweighs the error itself a warning says that the value is not in
its interval.
"""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError
from lossary.metrics.averaging import mean_of_rows
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.options import check_flag
from lossary.metrics.probabilities import check_probabilities
from lossary.metrics.reliability import (
    check_bins,
    class_events,
    debiased_gap,
    edges_of,
    event_weights,
    events_of,
    gaps,
    interval_around,
    mean_gap,
    measured,
    top_label_events,
)


def expected_calibration_error(
    y_true: Any,
    y_prob: Any,
    *,
    bins: int = 15,
    norm: float = 1,
    strategy: str = "uniform",
    debias: bool = False,
    sample_weight: Any = None,
    pos_label: Any = None,
    labels: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    r"""Mean distance between the mean probability and the frequency in each bin; lower is better.

    .. math:: \Bigl(\sum_b \frac{n_b}{n} \bigl|\bar{p}_b - \bar{y}_b\bigr|^q\Bigr)^{1/q}

    Args:
        y_true: true labels, (n_samples,).
        y_prob: probabilities of the positive class, (n_samples,), or of each class, (n_samples, n_classes),
            in the sorted order of the classes; rows sum to 1. float32 and float64 are read in place.
        bins: how many, 1 to 2**20.
        norm: q, 1 or above; 2 gives the root mean square calibration error.
        strategy: bins of equal width ("uniform"), or of as many samples each ("quantile", as in
            `adaptive_calibration_error`).
        debias: subtract from the squares of norm 2 what chance adds to them: that of bin b is
            :math:`\bar{y}_b (1 - \bar{y}_b) / (n_b - 1)`. A bin of one sample tells nothing and adds nothing,
            and a sum below 0 counts as 0.
        sample_weight: (n_samples,), at least 0; edges of equal mass count each sample once.
        pos_label: the positive class of a one-dimensional ``y_prob``; None takes 1, of 0 and 1 or -1 and 1.
        labels: all classes, when y_true may lack some.
        confidence: the level of a bootstrap interval, or a `Confidence`.

    Returns:
        A float in [0, 1], or an `Interval`.

    Raises:
        InvalidInputError: a probability is NaN or outside [0, 1]; a row does not sum to 1; y_true does not
            fit; an option out of range; ``debias`` with another norm than 2, or with weights.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like, or no number or flag.

    Source: Guo, Pleiss, Sun and Weinberger, On calibration of modern neural networks, ICML 2017, equation 3;
        Kumar, Liang and Ma, Verified uncertainty calibration, NeurIPS 2019, section 5, for ``debias``.

    Example:
        >>> expected_calibration_error([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], bins=2)  # 1/4 in both bins
        0.25
    """
    check_bins(bins, strategy)
    check_norm(norm, debias)
    if debias and sample_weight is not None:
        raise InvalidInputError("debias: got True with sample_weight; wanted samples that count once")
    events = events_of(y_true, y_prob, pos_label, labels)
    edges = edges_of(events, bins, strategy)
    return measured(
        [events],
        [edges],
        lambda tables: debiased_gap(tables[0]) if debias else mean_gap(tables[0], float(norm)),
        sample_weight,
        confidence,
    )


def maximum_calibration_error(
    y_true: Any,
    y_prob: Any,
    *,
    bins: int = 15,
    strategy: str = "uniform",
    sample_weight: Any = None,
    pos_label: Any = None,
    labels: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    """Largest distance between the mean probability and the frequency in a bin; lower is better.

    A bin of one sample can decide it.

    Args:
        y_true: as `expected_calibration_error`.
        y_prob: as `expected_calibration_error`.
        bins: how many, 1 to 2**20.
        strategy: "uniform" or "quantile".
        sample_weight: (n_samples,), at least 0.
        pos_label: the positive class of a one-dimensional ``y_prob``.
        labels: all classes, when y_true may lack some.
        confidence: the level of a bootstrap interval, or a `Confidence`.

    Returns:
        A float in [0, 1], or an `Interval`.

    Raises:
        InvalidInputError: as `expected_calibration_error`.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like, or no number.

    Source: Naeini, Cooper and Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning,
        AAAI 2015.

    Example:
        >>> maximum_calibration_error([0, 1, 1, 1], [0.0, 0.25, 0.75, 1.0], bins=2)  # 1/8 below 3/8
        0.375
    """
    check_bins(bins, strategy)
    events = events_of(y_true, y_prob, pos_label, labels)
    edges = edges_of(events, bins, strategy)
    return measured(
        [events], [edges], lambda tables: float(gaps(tables[0])[1].max()), sample_weight, confidence
    )


def adaptive_calibration_error(
    y_true: Any,
    y_prob: Any,
    *,
    bins: int = 10,
    sample_weight: Any = None,
    pos_label: Any = None,
    labels: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    """`expected_calibration_error` in bins of as many samples each; lower is better.

    The edges are percentiles of the probabilities, interpolated linearly. A number at an edge is in the bin
    above it, and edges within 1e-8 of each other are one, so that ties leave fewer bins.

    Args:
        y_true: as `expected_calibration_error`.
        y_prob: as `expected_calibration_error`.
        bins: how many at most, 1 to 2**20.
        sample_weight: (n_samples,), at least 0; the edges count each sample once.
        pos_label: the positive class of a one-dimensional ``y_prob``.
        labels: all classes, when y_true may lack some.
        confidence: the level of a bootstrap interval, or a `Confidence`.

    Returns:
        A float in [0, 1], or an `Interval`.

    Raises:
        InvalidInputError: as `expected_calibration_error`.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like, or no number.

    Source: Nguyen and O'Connor, Posterior calibration and exploratory analysis for natural language
        processing models, EMNLP 2015.

    Example:
        >>> adaptive_calibration_error([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], bins=2)
        0.25
    """
    return expected_calibration_error(
        y_true,
        y_prob,
        bins=bins,
        strategy="quantile",
        sample_weight=sample_weight,
        pos_label=pos_label,
        labels=labels,
        confidence=confidence,
    )


def classwise_calibration_error(
    y_true: Any,
    y_prob: Any,
    *,
    bins: int = 15,
    strategy: str = "uniform",
    sample_weight: Any = None,
    labels: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    """Mean over the classes of the calibration error of their probabilities; lower is better.

    Also called static calibration error. Probabilities of zero count like all others.

    Args:
        y_true: true labels, (n_samples,).
        y_prob: probabilities of each class, (n_samples, n_classes), in the sorted order of the classes.
        bins: how many for each class, 1 to 2**20.
        strategy: "uniform", or "quantile" of the probabilities of each class.
        sample_weight: (n_samples,), at least 0.
        labels: all classes, when y_true may lack some.
        confidence: the level of a bootstrap interval, or a `Confidence`.

    Returns:
        A float in [0, 1], or an `Interval`.

    Raises:
        InvalidInputError: as `expected_calibration_error`.
        ShapeError: lengths that differ, or ``y_prob`` with one axis.
        DtypeError: an argument that is not an array-like, or no number.

    Source: Nixon, Dusenberry, Zhang, Jerfel and Tran, Measuring calibration in deep learning, CVPR workshops
        2019.

    Example:
        >>> classwise_calibration_error([0, 1], [[0.75, 0.25], [0.75, 0.25]], bins=2)  # 1/4 for both
        0.25
    """
    check_bins(bins, strategy)
    columns = class_events(y_true, y_prob, labels)
    edges = [edges_of(events, bins, strategy) for events in columns]
    return measured(
        columns,
        edges,
        lambda tables: sum(mean_gap(table, 1) for table in tables) / len(tables),
        sample_weight,
        confidence,
    )


def ks_calibration_error(
    y_true: Any,
    y_prob: Any,
    *,
    sample_weight: Any = None,
    pos_label: Any = None,
    labels: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    r"""Largest distance between cumulative probability and frequency, without bins; lower is better.

    .. math:: \max_t \frac{1}{n} \Bigl|\sum_{p_i \le t} (p_i - y_i)\Bigr|

    Args:
        y_true: as `expected_calibration_error`.
        y_prob: as `expected_calibration_error`.
        sample_weight: (n_samples,), at least 0.
        pos_label: the positive class of a one-dimensional ``y_prob``.
        labels: all classes, when y_true may lack some.
        confidence: the level of a bootstrap interval, or a `Confidence`.

    Returns:
        A float in [0, 1], or an `Interval`. The order of samples that tie does not matter.

    Raises:
        InvalidInputError: as `expected_calibration_error`.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like.

    Source: Gupta, Rahimi, Ajanthan, Mensink, Sminchisescu and Hartley, Calibration of neural networks using
        splines, ICLR 2021.

    Example:
        >>> ks_calibration_error([0, 1, 0], [0.5, 0.5, 0.75])  # after all three: (1.75 - 1) / 3
        0.25
    """
    events = events_of(y_true, y_prob, pos_label, labels)
    check_probabilities(events.probability, "y_prob")
    weight = event_weights(sample_weight, len(events.probability))
    false, true, thresholds = _kernels.curve(events.happened, events.probability, weight, collinear=True)
    happened = np.diff(true, prepend=0.0)[::-1]
    count = happened + np.diff(false, prepend=0.0)[::-1]
    value = _largest_excess(thresholds[::-1], count, happened)
    if confidence is None:
        return value
    levels, places = np.unique(events.probability, return_inverse=True)
    levels = levels.astype(np.float64)

    def statistic(counts: NDArray[np.int64]) -> float:
        share = counts.astype(np.float64) if weight is None else counts * weight
        sums = (
            np.bincount(places, part, len(levels)).astype(np.float64, copy=False)
            for part in (share, share * events.happened)
        )
        return _largest_excess(levels, *sums)

    return interval_around(value, statistic, len(places), confidence)


def top_label_brier_score(
    y_true: Any,
    y_prob: Any,
    *,
    sample_weight: Any = None,
    labels: Any = None,
    confidence: float | Confidence | None = None,
) -> Value:
    r"""Mean squared distance between confidence and whether the likeliest class is right; lower is better.

    .. math:: \frac{1}{n} \sum_i (\max_k \hat{p}_{ik} - [\arg\max_k \hat{p}_{ik} = y_i])^2

    It is the value of the loss `correctness_aware_calibration`.

    Args:
        y_true: true labels, (n_samples,).
        y_prob: probabilities of each class, (n_samples, n_classes), in the sorted order of the classes. For
            those of one class there is `brier_score_loss`.
        sample_weight: (n_samples,), at least 0.
        labels: all classes, when y_true may lack some.
        confidence: the level of a bootstrap interval, or a `Confidence`.

    Returns:
        A float in [0, 1], or an `Interval`.

    Raises:
        InvalidInputError: as `expected_calibration_error`.
        ShapeError: lengths that differ, or ``y_prob`` with one axis.
        DtypeError: an argument that is not an array-like.

    Source: Liu, Wang, Zou, Zou and Zheng, Optimizing calibration by gaining aware of prediction correctness,
        arXiv 2404.13016, 2024.

    Example:
        >>> top_label_brier_score([0, 1], [[0.5, 0.5], [1.0, 0.0]])  # (0.25 + 1) / 2
        0.625
    """
    events = top_label_events(y_true, y_prob, labels)
    weight = event_weights(sample_weight, len(events.probability))
    return mean_of_rows((events.probability.astype(np.float64) - events.happened) ** 2, weight, confidence)


def _largest_excess(
    levels: NDArray[np.float64], count: NDArray[np.float64], happened: NDArray[np.float64]
) -> float:
    return float(np.abs(np.cumsum(levels * count - happened)).max() / count.sum())


def check_norm(norm: Any, debias: Any) -> None:
    """Refuse a norm that is none, or one that the debiased estimate does not have."""
    wanted = "a finite number of at least 1"
    if isinstance(norm, bool) or not isinstance(norm, Real):
        raise DtypeError(f"norm: got {norm!r}; wanted {wanted}")
    if not 1 <= float(norm) < float("inf"):
        raise InvalidInputError(f"norm: got {norm!r}; wanted {wanted}")
    check_flag("debias", debias)
    if debias and norm != 2:
        raise InvalidInputError(f"debias: got True with norm={norm!r}; wanted norm=2")
