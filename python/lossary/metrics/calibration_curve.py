"""What the bins of predicted probabilities hold: reliability diagrams, and the parts of the Brier score."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError
from lossary.metrics.arrays import one_axis, to_numpy
from lossary.metrics.labels import present
from lossary.metrics.options import check_label
from lossary.metrics.probabilities import check_probabilities, true_labels
from lossary.metrics.reliability import (
    Binned,
    check_bins,
    edges_of,
    event_weights,
    events_of,
)

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReliabilityDiagram:
    """Each bin, from the lowest probabilities up; NaN where a bin is empty.

    Attributes:
        count: number of samples, or their weight.
        mean_confidence: mean probability.
        accuracy: how often what was predicted happened.
    """

    count: Doubles
    mean_confidence: Doubles
    accuracy: Doubles


class BrierDecomposition(NamedTuple):
    """Parts of the Brier score, which is reliability - resolution + uncertainty + variance - covariance.

    Attributes:
        reliability: mean squared distance between probability and frequency of the bins; lower is better.
        resolution: how much the frequencies of the bins differ from that of all; higher is better.
        uncertainty: variance of what happened, which no forecast can change.
        within_bin_variance: of the probabilities inside the bins.
        within_bin_covariance: twice that of probabilities and outcomes inside the bins; what finer bins would
            add to the resolution.
    """

    reliability: float
    resolution: float
    uncertainty: float
    within_bin_variance: float
    within_bin_covariance: float

    @property
    def brier_score(self) -> float:
        """The sum: `brier_score_loss`, or `top_label_brier_score`, of the same samples."""
        skill = self.reliability - self.resolution + self.uncertainty
        return skill + self.within_bin_variance - self.within_bin_covariance


def calibration_curve(
    y_true: Any, y_prob: Any, *, pos_label: Any = None, n_bins: int = 5, strategy: str = "uniform"
) -> tuple[Doubles, Doubles]:
    """Frequency of the positive class and mean probability in each bin that holds a sample.

    Args:
        y_true: true labels of two classes, (n_samples,).
        y_prob: probabilities of the positive class, (n_samples,). float32 and float64 are read in place.
        pos_label: the positive class; None takes 1, of 0 and 1 or -1 and 1.
        n_bins: how many, 1 to 2**20.
        strategy: bins of equal width ("uniform"), or between percentiles of ``y_prob`` ("quantile"). Both are
            closed above.

    Returns:
        ``(prob_true, prob_pred)``, float64, from the lowest bin up.

    Raises:
        InvalidInputError: a probability is NaN or outside [0, 1]; more than two classes; no samples; an
            option that there is not.
        ShapeError: lengths that differ, or more than one axis.
        DtypeError: an argument that is not an array-like, or no integer.

    Differs from scikit-learn: NaN and continuous labels are refused; float16 is widened to float32.

    Example:
        >>> prob_true, prob_pred = calibration_curve([0, 1, 1], [0.25, 0.5, 1.0], n_bins=2)
        >>> prob_true.tolist(), prob_pred.tolist()
        ([0.5, 1.0], [0.375, 1.0])
    """
    check_bins(n_bins, strategy, "n_bins")
    check_label("pos_label", pos_label, optional=True)
    array = one_axis("y_prob", to_numpy("y_prob", y_prob))
    truth = true_labels(y_true, len(array), "y_prob")
    events = events_of(truth, array, pos_label, None)
    classes = present(truth)
    if len(classes) > 2:
        raise InvalidInputError(
            f"y_true: got {len(classes)} classes (Only binary classification is supported. Provided labels "
            f"{classes}.); wanted two"
        )
    check_probabilities(events.probability, "y_prob")
    # Its own edges, which differ from k / n in the last bit, and are no percentiles of adaptive bins.
    inner = np.linspace(0.0, 1.0, n_bins + 1)
    if strategy == "quantile":
        inner = np.percentile(events.probability, 100 * inner).astype(np.float64)
    return curve_of(events.binned(np.ascontiguousarray(inner[1:-1])))


def curve_of(binned: Binned) -> tuple[Doubles, Doubles]:
    """Frequency and mean probability of the bins that hold something."""
    held = binned.total > 0
    return binned.happened[held] / binned.total[held], binned.probability[held] / binned.total[held]


def reliability_diagram(
    y_true: Any,
    y_prob: Any,
    *,
    bins: int = 15,
    strategy: str = "uniform",
    sample_weight: Any = None,
    pos_label: Any = None,
    labels: Any = None,
) -> ReliabilityDiagram:
    """What each bin of `expected_calibration_error` holds, the empty ones included.

    Args:
        y_true: as `expected_calibration_error`.
        y_prob: as `expected_calibration_error`.
        bins: how many, 1 to 2**20.
        strategy: "uniform" or "quantile", which may leave fewer bins.
        sample_weight: (n_samples,), at least 0.
        pos_label: the positive class of a one-dimensional ``y_prob``.
        labels: all classes, when y_true may lack some.

    Returns:
        Three arrays, float64, NaN for the mean and the accuracy of an empty bin.

    Raises:
        InvalidInputError: as `expected_calibration_error`.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like, or no integer.

    Example:
        >>> diagram = reliability_diagram([0, 1, 1], [0.25, 0.5, 1.0], bins=3)
        >>> diagram.count.tolist(), diagram.mean_confidence.tolist(), diagram.accuracy.tolist()
        ([1.0, 1.0, 1.0], [0.25, 0.5, 1.0], [0.0, 1.0, 1.0])
    """
    return diagram_of(_binned(y_true, y_prob, bins, strategy, sample_weight, pos_label, labels))


def diagram_of(binned: Binned) -> ReliabilityDiagram:
    """The diagram of bins."""
    held = binned.total > 0
    means = (
        np.divide(sums, binned.total, out=np.full(len(held), np.nan), where=held)
        for sums in (binned.probability, binned.happened)
    )
    return ReliabilityDiagram(binned.total, *means)


def brier_score_decomposition(
    y_true: Any,
    y_prob: Any,
    *,
    bins: int = 15,
    strategy: str = "uniform",
    sample_weight: Any = None,
    pos_label: Any = None,
    labels: Any = None,
) -> BrierDecomposition:
    r"""What the Brier score is made of: reliability, resolution, uncertainty, and two terms within bins.

    .. math:: B = \sum_b \frac{n_b}{n} \Bigl((\bar{p}_b - \bar{y}_b)^2 - (\bar{y}_b - \bar{y})^2\Bigr)
              + \bar{y} (1 - \bar{y}) + V - C

    The terms within bins, which Murphy's three leave out, make the sum the Brier score itself.

    Args:
        y_true: as `expected_calibration_error`.
        y_prob: as `expected_calibration_error`; of each class, the score is `top_label_brier_score`.
        bins: how many, 1 to 2**20.
        strategy: "uniform" or "quantile".
        sample_weight: (n_samples,), at least 0.
        pos_label: the positive class of a one-dimensional ``y_prob``.
        labels: all classes, when y_true may lack some.

    Returns:
        A `BrierDecomposition`.

    Raises:
        InvalidInputError: as `expected_calibration_error`.
        ShapeError: lengths that differ.
        DtypeError: an argument that is not an array-like, or no integer.

    Source: Stephenson, Coelho and Jolliffe, Two extra components in the Brier score decomposition, Weather
        and Forecasting 23, 2008, equation 7.

    Example:
        >>> parts = brier_score_decomposition([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], bins=2)
        >>> parts.reliability, parts.resolution, parts.uncertainty, parts.brier_score
        (0.0625, 0.0625, 0.1875, 0.1875)
    """
    return decomposition_of(_binned(y_true, y_prob, bins, strategy, sample_weight, pos_label, labels))


def decomposition_of(binned: Binned) -> BrierDecomposition:
    """The parts of the Brier score of bins."""
    count, happened, probability, of_happened = (each[binned.total > 0] for each in binned[:4])
    total = float(count.sum())
    frequency, mean = happened / count, probability / count
    overall = float(happened.sum()) / total
    covariance = of_happened - mean * happened
    # (p - y)^2 = p^2 - 2 p y + y, as y is 0 or 1.
    variance = binned.squared_error + float((2 * of_happened - happened - mean * probability).sum())
    return BrierDecomposition(
        reliability=float(count @ (mean - frequency) ** 2) / total,
        resolution=float(count @ (frequency - overall) ** 2) / total,
        uncertainty=overall * (1 - overall),
        within_bin_variance=max(variance / total, 0.0),
        within_bin_covariance=2 * float(covariance.sum()) / total,
    )


def _binned(
    y_true: Any,
    y_prob: Any,
    bins: int,
    strategy: str,
    sample_weight: Any,
    pos_label: Any,
    labels: Any,
) -> Binned:
    check_bins(bins, strategy)
    events = events_of(y_true, y_prob, pos_label, labels)
    weight = event_weights(sample_weight, len(events.probability))
    edges = edges_of(events, bins, strategy)
    return events.binned(edges) if weight is None else events.reweighted(edges)(weight)
