"""How often each class was predicted as each: every metric of predicted labels, of all samples."""

from collections.abc import Callable
from typing import Any, NamedTuple, Self, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import Array, Repeats, contiguous, numeric, one_axis, to_numpy
from lossary.metrics.confusion import accuracy_score, balanced_accuracy_score, matthews_corrcoef
from lossary.metrics.labels import Encoded, encode_arrays, label_array
from lossary.metrics.precision_recall import f1_score
from lossary.streaming.state import State

T = TypeVar("T")

_LARGEST = 2**63 - 1


class ConfusionPairs(NamedTuple):
    """Every pair of a true and a predicted class that came, once: as good as all samples.

    Attributes:
        y_true: the true class of each pair, sorted.
        y_pred: the predicted class.
        sample_weight: how often it came, int64; with weights that are no counts, what it weighs, float64.
    """

    y_true: Array
    y_pred: Array
    sample_weight: Array


class ConfusionSummary(NamedTuple):
    """The metrics of all samples.

    Attributes:
        accuracy: share of the samples whose predicted class is the true one.
        balanced_accuracy: mean recall over the true classes.
        macro_f1: mean F1 over all classes.
        matthews: correlation of true and predicted classes.
        samples: how many; with weights that are no counts, what they weigh.
    """

    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    matthews: float
    samples: float


@final
class ConfusionState(State[_kernels.ConfusionCells]):
    """Metrics of predicted labels of any number of batches, exactly as of all samples at once.

    Classes need not be known before: states of different classes merge to a state of all of them. A state
    takes 16 bytes for each pair of classes that came, 32 with weights that are no integers. Methods may be
    called from several threads.

    Counts are integers. Weights are summed exactly, in units of their lowest bit: they must span at most 126
    bits, from the lowest of any to the highest of their sum. An integer weight is as many samples; a sample
    of weight zero still names its classes. Booleans and floats count as the integers that they equal.

    Example:
        >>> state = ConfusionState().update(["cat", "dog"], ["cat", "cat"])
        >>> state.merge(ConfusionState().update(["dog", "ox"], ["dog", "dog"])).compute().accuracy
        0.5
        >>> from lossary.metrics import confusion_matrix, recall_score
        >>> state.evaluate(confusion_matrix).tolist()
        [[1, 0, 0], [1, 1, 0], [0, 1, 0]]
        >>> state.evaluate(recall_score, average="macro")  # (1 + 1/2 + 0) / 3
        0.5
    """

    __slots__ = ()

    _kernel = _kernels.ConfusionCells

    def __init__(self) -> None:
        """An empty state."""
        self._state = _kernels.ConfusionCells()

    @classmethod
    def _of(cls, cells: _kernels.ConfusionCells) -> Self:
        state = cls.__new__(cls)
        state._state = cells
        return state

    def update(self, y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Self:
        """Add a batch, which may be empty.

        Args:
            y_true: true labels, (n_samples,): integers below 2**63, booleans or strings.
            y_pred: predicted labels, (n_samples,).
            sample_weight: (n_samples,), at least 0.

        Returns:
            The state itself.

        Raises:
            InvalidInputError: continuous or multi-label targets, strings mixed with numbers, here or with
                batches before; a weight is NaN, infinite or negative; the weights span too many bits. The
                state is unchanged.
            ShapeError: lengths that differ, or more than one axis.
            DtypeError: an argument that is not an array-like.
        """
        actual, predicted = label_array("y_true", y_true), label_array("y_pred", y_pred)
        weight = None if sample_weight is None else _weights(sample_weight, len(actual))
        if actual.shape == predicted.shape == (0,):
            return self
        encoded = encode_arrays(actual, predicted)
        classes = _known(encoded)
        if weight is None:
            true, guessed, counts = encoded.cells(None)
            self._state.count(classes, _places(true), _places(guessed), counts.astype(np.uint64))
        else:
            true, guessed = encoded.ranks()
            self._state.weigh(classes, _places(true), _places(guessed), weight)
        return self

    def evaluate(self, metric: Callable[..., T], **options: Any) -> T:
        """Any metric of labels and weights, on all samples.

        Args:
            metric: called as ``metric(y_true, y_pred, sample_weight=..., **options)`` on the pairs of
                classes. To it a sample of weight 2 must be two samples, as to all of `lossary.metrics` that
                take weights: `confusion_matrix`, `classification_report`, `f1_score`, `cohen_kappa_score`...
            options: passed to it.

        Returns:
            What the metric returns: without weights, the same bits as for all samples at once.

        Raises:
            UndefinedMetricError: the state has no samples.
            InvalidInputError: what the metric refuses.
            DtypeError: no function.
        """
        if not callable(metric):
            raise DtypeError(
                f"metric: got {metric!r:.60}; wanted a function, such as lossary.metrics.f1_score"
            )
        y_true, y_pred, amounts = self.pairs()
        weight = Repeats(amounts) if amounts.dtype == np.int64 else amounts
        return metric(y_true, y_pred, sample_weight=weight, **options)

    def compute(self) -> ConfusionSummary:
        """The metrics that are single numbers and need no options, with their warnings.

        Raises:
            UndefinedMetricError: the state has no samples.
        """
        return ConfusionSummary(
            self.evaluate(accuracy_score),
            self.evaluate(balanced_accuracy_score),
            float(self.evaluate(f1_score, average="macro", zero_division=0)),
            self.evaluate(matthews_corrcoef),
            self.pairs().sample_weight.sum().item(),
        )

    def pairs(self) -> ConfusionPairs:
        """All pairs of classes that came, and how often: for metrics of your own.

        Raises:
            UndefinedMetricError: the state has no samples.

        Example:
            >>> ConfusionState().update([3, 1, 3], [1, 1, 1]).pairs().sample_weight.tolist()  # (1, 1), (3, 1)
            [1, 2]
        """
        classes, true, guessed, amounts = self._state.pairs()
        if not len(classes):
            raise UndefinedMetricError("state: got no samples; wanted at least one")
        names = _names(classes)
        signed = amounts.view(np.int64) if amounts.dtype.kind == "u" else amounts
        return ConfusionPairs(names[true], names[guessed], signed)

    @property
    def classes(self) -> Array:
        """The classes that came, true or predicted, sorted."""
        return _names(self._state.pairs()[0])

    @classmethod
    def from_bytes(cls, data: Any) -> Self:
        """The state of bytes that `to_bytes` returned.

        Raises:
            InvalidInputError: other bytes, damaged ones, another kind of state, or a newer version.
            DtypeError: not bytes.
        """
        state = super().from_bytes(data)
        try:
            _ = state.classes
        except UnicodeDecodeError as error:
            raise InvalidInputError(
                "data: got a class that is no text; wanted what to_bytes returned"
            ) from error
        return state

    def __repr__(self) -> str:
        classes, _, _, amounts = self._state.pairs()
        return f"ConfusionState(classes={len(classes)}, samples={amounts.sum()})"


def _weights(given: Any, count: int) -> NDArray[np.float64]:
    array = one_axis("sample_weight", numeric("sample_weight", to_numpy("sample_weight", given)))
    if len(array) != count:
        raise ShapeError(f"sample_weight: got {len(array)} weights; wanted {count}, as y_true")
    return contiguous(array.astype(np.float64, copy=False))


def _known(encoded: Encoded) -> Any:
    """The classes of a batch as the kernel takes them: integers, or strings in UTF-8."""
    classes = encoded.classes.tolist()
    if encoded.classes.dtype.kind == "U":
        return [name.encode("utf-8", "surrogatepass") for name in classes]
    if classes[-1] > _LARGEST:
        raise InvalidInputError(
            f"y_true: got the label {classes[-1]}; wanted integers below 2**63, or strings"
        )
    return classes


def _names(classes: list[int] | list[bytes]) -> Array:
    if classes and isinstance(classes[0], bytes):
        return np.array([str(name, "utf-8", "surrogatepass") for name in classes], np.str_)
    return np.array(classes, np.int64)


def _places(ranks: Array) -> NDArray[np.uint32]:
    return ranks.astype(np.uint32)
