"""Bins of probabilities that merge exactly: every measure of calibration that reads bins."""

import json
from typing import Any, Self, final

import numpy as np

from lossary import _kernels
from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import to_numpy
from lossary.metrics.calibration import check_norm
from lossary.metrics.calibration_curve import (
    BrierDecomposition,
    ReliabilityDiagram,
    curve_of,
    decomposition_of,
    diagram_of,
)
from lossary.metrics.labels import label_array
from lossary.metrics.options import check_choice, check_whole
from lossary.metrics.reliability import (
    MOST_BINS,
    Binned,
    Doubles,
    class_events,
    debiased_gap,
    events_of,
    gaps,
    mean_gap,
)
from lossary.streaming.samples import label_of, tag_of
from lossary.streaming.state import State

_LONGEST_TAG = 2**16 - 1

_KINDS = ("binary", "top_label", "class_wise")


@final
class CalibrationState(State[_kernels.Calibration]):
    """Measures of calibration of any number of batches, in bins of equal width.

    Each bin keeps integers: counts, and the sums of probabilities and of squared errors in units of 2^-60. So
    batches may come in any order and be merged in any way. A state takes 80 bytes a bin, and none while it is
    empty.

    Args:
        bins: how many of each column, as in `lossary.metrics.expected_calibration_error`.
        kind: what is told of: probabilities of the positive class ("binary"); of each class, whose largest is
            the confidence that its class is right ("top_label"); or of every class apart ("class_wise").
        pos_label: the positive class of "binary"; None takes 1, of 0 and 1 or -1 and 1.
        labels: all classes, in sorted order, for the other kinds.

    Raises:
        InvalidInputError: bins out of range, an unknown kind, or pos_label or labels that do not go with it.
        DtypeError: bins that are no integer, or labels that are not an array-like.

    Example:
        >>> state = CalibrationState(bins=2).update([0, 1], [0.25, 0.25]).update([1, 1], [0.75, 0.75])
        >>> state.expected_calibration_error(), state.brier_score_loss()
        (0.25, 0.1875)
    """

    __slots__ = ("_kind", "_labels", "_pos_label")

    _kernel = _kernels.Calibration

    def __init__(
        self, *, bins: int = 15, kind: str = "binary", pos_label: Any = None, labels: Any = None
    ) -> None:
        """An empty state."""
        check_whole("bins", bins, 1, MOST_BINS)
        check_choice("kind", kind, _KINDS)
        if (labels is None) != (kind == "binary"):
            raise InvalidInputError(
                f"labels: got {labels!r} with kind={kind!r}; wanted them for all others than 'binary'"
            )
        if pos_label is not None and kind != "binary":
            raise InvalidInputError(f"pos_label: got {pos_label!r} with kind={kind!r}; wanted None")
        classes = [] if labels is None else _sorted_labels(labels)
        columns = len(classes) if kind == "class_wise" else 1
        if int(bins) * columns > MOST_BINS:
            raise InvalidInputError(f"bins: got {bins} for {columns} classes; wanted 2**20 together at most")
        tag = json.dumps([kind, tag_of(pos_label), classes])
        if len(tag) > _LONGEST_TAG:
            raise InvalidInputError(f"labels: got {len(tag)} bytes of names; wanted at most {_LONGEST_TAG}")
        self._set(_kernels.Calibration(tag, int(bins), columns), kind, pos_label, classes)

    def _set(self, kernel: _kernels.Calibration, kind: str, pos_label: Any, classes: list[Any]) -> None:
        self._state, self._kind, self._pos_label = kernel, kind, pos_label
        self._labels = np.array(classes) if classes else None

    @classmethod
    def _of(cls, kernel: _kernels.Calibration) -> Self:
        state = cls.__new__(cls)
        try:
            kind, tag, classes = json.loads(kernel.tag)
            made = cls(
                bins=kernel.options[0],
                kind=kind,
                pos_label=label_of(tag),
                labels=classes if classes else None,
            )
        except (ValueError, TypeError, RecursionError) as error:
            raise _other_tag(kernel.tag) from error
        if (made._state.tag, made._state.options) != (kernel.tag, kernel.options):
            raise _other_tag(kernel.tag)
        state._set(kernel, kind, made._pos_label, classes)
        return state

    def update(self, y_true: Any, y_prob: Any) -> Self:
        """Add a batch, which may be empty.

        Args:
            y_true: labels, (n_samples,).
            y_prob: probabilities, (n_samples,) of the positive class, or (n_samples, n_classes).

        Returns:
            The state itself.

        Raises:
            InvalidInputError: a probability is NaN or outside [0, 1]; a row does not sum to 1; a label that
                does not fit. The state is unchanged.
            ShapeError: lengths that differ, or another number of axes or classes.
            DtypeError: an argument that is not an array-like.
        """
        probability = to_numpy("y_prob", y_prob)
        axes = 1 if self._labels is None else 2
        if probability.ndim != axes:
            raise ShapeError(
                f"y_prob: got shape {probability.shape}; wanted {axes} {'axis' if axes == 1 else 'axes'}"
            )
        if not probability.size and not label_array("y_true", y_true).size:
            return self
        if self._kind == "class_wise":
            columns = class_events(y_true, probability, self._labels)
        else:
            columns = [events_of(y_true, probability, self._pos_label, self._labels)]
        # Apart, then merged: whatever is refused leaves the state as it is.
        batch = self._state.identity()
        for column, events in enumerate(columns):
            batch.update(column, events.happened, events.probability)
        self._state.merge(batch)
        return self

    def expected_calibration_error(self, *, norm: float = 1, debias: bool = False) -> float:
        """`lossary.metrics.expected_calibration_error`; the mean of it over the classes for "class_wise".

        Args:
            norm: 1 or above.
            debias: subtract what chance adds, for norm 2.

        Raises:
            UndefinedMetricError: the state has no samples.
            InvalidInputError: norm out of range, or debias with another than 2.
        """
        check_norm(norm, debias)
        tables = self._tables()
        errors = (debiased_gap(table) if debias else mean_gap(table, float(norm)) for table in tables)
        return sum(errors) / len(tables)

    def maximum_calibration_error(self) -> float:
        """`lossary.metrics.maximum_calibration_error`, over all classes for "class_wise".

        Raises:
            UndefinedMetricError: the state has no samples.
        """
        return max(float(gaps(table)[1].max()) for table in self._tables())

    def brier_score_loss(self) -> float:
        """Mean squared distance between probability and outcome; summed over the classes for "class_wise".

        For "binary" `lossary.metrics.brier_score_loss`, for "top_label" `top_label_brier_score`.

        Raises:
            UndefinedMetricError: the state has no samples.
        """
        tables = self._tables()
        return sum(table.squared_error for table in tables) / float(tables[0].total.sum())

    def brier_score_decomposition(self) -> BrierDecomposition:
        """`lossary.metrics.brier_score_decomposition`; not for "class_wise".

        Raises:
            UndefinedMetricError: the state has no samples.
            InvalidInputError: the state is class-wise.
        """
        return decomposition_of(self._table())

    def reliability_diagram(self) -> ReliabilityDiagram:
        """`lossary.metrics.reliability_diagram`; not for "class_wise".

        Raises:
            UndefinedMetricError: the state has no samples.
            InvalidInputError: the state is class-wise.
        """
        return diagram_of(self._table())

    def calibration_curve(self) -> tuple[Doubles, Doubles]:
        """Frequency and mean probability of each bin that holds a sample; not for "class_wise".

        `lossary.metrics.calibration_curve`, but for its edges, which may differ from k / n in the last bit.

        Raises:
            UndefinedMetricError: the state has no samples.
            InvalidInputError: the state is class-wise.
        """
        return curve_of(self._table())

    @property
    def bins(self) -> int:
        """Number of bins, of each class for "class_wise"."""
        return self._state.options[0]

    @property
    def kind(self) -> str:
        """What is told of."""
        return self._kind

    @property
    def samples(self) -> int:
        """Number of samples."""
        (counts, _), _ = self._state.table()
        return int(counts.sum()) // self._state.options[1]

    def _tables(self) -> list[Binned]:
        bins, columns = self._state.options
        (counts, sums), errors = self._state.table()
        if not len(errors):
            raise UndefinedMetricError("state: got no samples; wanted at least one")
        counts, sums = counts.reshape(2, columns, bins), sums.reshape(2, columns, bins)
        return [
            Binned.of_kernel((counts[:, column], sums[:, column]), float(error))
            for column, error in enumerate(errors)
        ]

    def _table(self) -> Binned:
        if self._kind == "class_wise":
            raise InvalidInputError(
                "kind: got 'class_wise'; wanted 'binary' or 'top_label', which have one column"
            )
        return self._tables()[0]

    def __repr__(self) -> str:
        label = "" if self._pos_label is None else f", pos_label={self._pos_label!r}"
        labels = "" if self._labels is None else f", labels={self._labels.tolist()!r}"
        return (
            f"CalibrationState(bins={self.bins}, kind={self._kind!r}{label}{labels}, samples={self.samples})"
        )


def _sorted_labels(given: Any) -> list[Any]:
    labels = label_array("labels", given)
    if labels.ndim != 1 or len(labels) < 2 or len(np.unique(labels)) != len(labels):
        raise InvalidInputError(f"labels: got {labels.tolist()}; wanted two or more classes, each once")
    if np.any(np.sort(labels) != labels):
        raise InvalidInputError(f"labels: got {labels.tolist()}; wanted them sorted, as the columns are")
    return [int(label) if isinstance(label, bool) else label for label in labels.tolist()]


def _other_tag(tag: str) -> InvalidInputError:
    return InvalidInputError(f"data: got the tag {tag!r:.80}; wanted what to_bytes returned")
