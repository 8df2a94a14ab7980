"""Bins of probabilities, what each holds, and the measures that read nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import Array, relative_weights, to_numpy
from lossary.metrics.bootstrap import of_reweighted
from lossary.metrics.confidence import Confidence, Interval, Value
from lossary.metrics.labels import positives, present
from lossary.metrics.options import check_choice, check_label, check_whole
from lossary.metrics.probabilities import check_probabilities, probabilities, true_classes, true_labels

Doubles = NDArray[np.float64]

MOST_BINS = 1 << 20

STRATEGIES = ("uniform", "quantile")

# Rows of probabilities may miss one by this much, and float16 by its rounding.
_SUM = 1e-4

# Edges of equal-mass bins that are nearer are one.
_APART = 1e-8


class Binned(NamedTuple):
    """Sums over each bin: of ones (or weights), of events, and of probabilities.

    Attributes:
        total: number of probabilities, or their weight.
        happened: how many of the events happened.
        probability: sum of the probabilities.
        of_happened: sum of the probabilities of what happened.
        squared_error: sum, over all bins, of the squared distances between probability and outcome.
    """

    total: Doubles
    happened: Doubles
    probability: Doubles
    of_happened: Doubles
    squared_error: float

    @classmethod
    def of_kernel(cls, sums: tuple[Array, Doubles], squared_error: float) -> "Binned":
        """What the kernels give: each sum for what did not happen, then for what did."""
        (zeros, ones), (low, high) = (each.reshape(2, -1) for each in sums)
        return cls(
            (zeros + ones).astype(np.float64), ones.astype(np.float64), low + high, high, squared_error
        )


@dataclass(frozen=True)
class Events:
    """Probabilities, (n_samples,), and whether each event happened."""

    probability: Array
    happened: NDArray[np.bool_]

    def binned(self, edges: Doubles) -> Binned:
        """What the bins between the edges hold; a number at an edge is in the bin below."""
        try:
            sums, squared_error = _kernels.reliability(self.happened, self.probability, edges)
        except InvalidInputError:
            check_probabilities(self.probability, "y_prob")
            raise
        return Binned.of_kernel(sums, squared_error)

    def reweighted(self, edges: Doubles) -> Callable[[Doubles], Binned]:
        """`binned` as a function of what each event weighs."""
        check_probabilities(self.probability, "y_prob")
        bins = _kernels.reliability_bins(self.probability, edges).astype(np.intp)
        value = self.probability.astype(np.float64)
        outcome = self.happened.astype(np.float64)
        columns = (outcome, value, value * outcome)
        squared_error = (value - outcome) ** 2

        def sums(weight: Doubles) -> Binned:
            total, happened, probability, of_happened = (
                np.bincount(bins, part, len(edges) + 1).astype(np.float64, copy=False)
                for part in (weight, *(weight * column for column in columns))
            )
            return Binned(total, happened, probability, of_happened, float(weight @ squared_error))

        return sums


Measure = Callable[[Sequence[Binned]], float]
"""A number told by the bins of one or more columns."""


def measured(
    columns: Sequence[Events],
    edges: Sequence[Doubles],
    measure: Measure,
    sample_weight: Any,
    confidence: float | Confidence | None,
) -> Value:
    """The measure of all columns, or its bootstrap `Interval`, in which the edges stay where they are."""
    rows = len(columns[0].probability)
    weight = event_weights(sample_weight, rows)
    parts = list(zip(columns, edges, strict=True))
    if weight is None:
        value = measure([events.binned(ends) for events, ends in parts])
        if confidence is None:
            return value
    tables = [events.reweighted(ends) for events, ends in parts]
    if weight is not None:
        value = measure([table(weight) for table in tables])
        if confidence is None:
            return value

    def statistic(counts: NDArray[np.int64]) -> float:
        share = counts.astype(np.float64) if weight is None else counts * weight
        return measure([table(share) for table in tables])

    return interval_around(value, statistic, rows, confidence)


def interval_around(
    value: float, statistic: Callable[[Any], float], rows: int, confidence: float | Confidence | None
) -> Value:
    """The bootstrap interval of a statistic, with a value that equals the statistic's but for rounding."""
    if confidence is None:
        return value
    found = of_reweighted(statistic, rows, confidence)
    low, high = (value if end == found.value else end for end in (found.low, found.high))
    return Interval(value, low, high, found.method)


def event_weights(given: Any, count: int) -> Doubles | None:
    """Weights of samples, none below zero, whose scale does not matter."""
    weight = relative_weights(given, count)
    if weight is not None and weight.min() < 0:
        raise InvalidInputError(f"sample_weight: got {weight.min()}; wanted numbers of at least 0")
    return weight


def uniform_edges(bins: int) -> Doubles:
    """The edges between bins of equal width: k / bins."""
    return np.asarray(np.arange(1, bins) / bins)


def quantile_edges(values: Array, bins: int) -> Doubles:
    """The edges between bins of equal mass; values that tie may leave fewer bins."""
    edges = np.percentile(values, np.linspace(0, 100, bins + 1)).astype(np.float64)
    apart = np.concatenate(([True], np.diff(edges) > _APART))
    # One step down: these bins take a number at their lower end, which the kernels give to the bin below.
    return np.asarray(np.nextafter(edges[apart][1:-1], -np.inf))


def edges_of(events: Events, bins: int, strategy: str) -> Doubles:
    """The edges between bins, by a strategy that is checked."""
    if strategy == "uniform":
        return uniform_edges(bins)
    check_probabilities(events.probability, "y_prob")
    return quantile_edges(events.probability, bins)


def check_bins(bins: Any, strategy: Any = "uniform", name: str = "bins") -> None:
    """Refuse a number of bins, or a strategy, that there is not."""
    check_whole(name, bins, 1, MOST_BINS)
    check_choice("strategy", strategy, STRATEGIES)


def events_of(y_true: Any, y_prob: Any, pos_label: Any, labels: Any) -> Events:
    """The events whose probabilities are told: the positive class, or that the most likely class is right."""
    check_label("pos_label", pos_label, optional=True)
    array, is_matrix = _probabilities(y_prob)
    if not is_matrix:
        if labels is not None:
            raise InvalidInputError("labels: got labels beside probabilities of one class; wanted pos_label")
        truth = positives(true_labels(y_true, len(array), "y_prob"), pos_label)
        return Events(array, truth if truth.dtype.kind == "b" else np.asarray(truth > 0))
    if pos_label is not None:
        raise InvalidInputError("pos_label: got a label beside probabilities of each class; wanted None")
    return _top_label(array, _codes(y_true, array, labels))


def top_label_events(y_true: Any, y_prob: Any, labels: Any) -> Events:
    """The confidence in each row's most likely class, and whether it is right."""
    array = _matrix(y_prob)
    return _top_label(array, _codes(y_true, array, labels))


def class_events(y_true: Any, y_prob: Any, labels: Any) -> list[Events]:
    """For each class, its probabilities and whether it is the true one."""
    array = _matrix(y_prob)
    codes = _codes(y_true, array, labels)
    return [Events(np.ascontiguousarray(column), np.asarray(codes == k)) for k, column in enumerate(array.T)]


def _top_label(array: Array, codes: Array) -> Events:
    chosen = array.argmax(axis=1)
    return Events(np.take_along_axis(array, chosen[:, None], 1)[:, 0], np.asarray(chosen == codes))


def _matrix(given: Any) -> Array:
    array, is_matrix = _probabilities(given)
    if not is_matrix:
        raise ShapeError(f"y_prob: got shape {array.shape}; wanted (n_samples, n_classes)")
    return array


def _probabilities(given: Any) -> tuple[Array, bool]:
    """Checked probabilities, and whether they are those of each class."""
    raw = to_numpy("y_prob", given)
    array, epsilon = probabilities(raw, "y_prob")
    is_matrix = raw.ndim == 2
    array = array.reshape(raw.shape) if is_matrix else array
    if is_matrix:
        check_probabilities(array, "y_prob")
        sums = array.sum(axis=1, dtype=np.float64)
        wrong = np.abs(sums - 1) > max(_SUM, epsilon)
        if wrong.any():
            row = int(wrong.argmax())
            raise InvalidInputError(
                f"y_prob: got a sum of {sums[row]} in row {row}; wanted rows that sum to 1"
            )
    return array, is_matrix


def _codes(y_true: Any, array: Array, labels: Any) -> Array:
    truth = true_labels(y_true, len(array), "y_prob")
    if truth.ndim != 1:
        raise ShapeError(f"y_true: got shape {truth.shape}; wanted ({len(array)},), one class for each")
    if array.shape[1] == 1 and labels is None and len(present(truth)) == 1:
        return np.zeros(len(array), np.uint32)  # one class: it is the true one
    return true_classes(truth, labels, array.shape[1], name="y_prob", stacklevel=5)


def gaps(binned: Binned) -> tuple[Doubles, Doubles]:
    """Of the bins that hold something: their share, and how far mean probability and frequency are apart."""
    held = binned.total > 0
    count = binned.total[held]
    if not len(count):
        raise UndefinedMetricError("sample_weight: got only zeros; wanted one that is not zero")
    gap = np.abs(binned.probability[held] - binned.happened[held]) / count
    return count / count.sum(), gap


def mean_gap(binned: Binned, norm: float) -> float:
    """The mean of the gaps to a power, and the root of it."""
    share, gap = gaps(binned)
    if norm == 1:
        return float(share @ gap)
    most = float(gap.max())
    # Relative to the largest, so that a high power does not vanish.
    return most * float(share @ (gap / most) ** norm) ** (1 / norm) if most else 0.0


def debiased_gap(binned: Binned) -> float:
    """The root of the mean squared gap less what the chance in the frequencies adds to it, at least 0."""
    held = binned.total > 1
    count, frequency = binned.total[held], binned.happened[held] / binned.total[held]
    gap = binned.probability[held] / count - frequency
    chance = frequency * (1 - frequency) / (count - 1)
    square = float(count @ (gap**2 - chance)) / float(binned.total.sum())
    return float(np.sqrt(max(square, 0.0)))
