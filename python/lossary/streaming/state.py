"""What all kinds of states share: merges and bytes; and those of rankings: batches in, curves."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, Self, TypeVar

from lossary import _kernels
from lossary.errors import DtypeError, UndefinedMetricError
from lossary.metrics.options import check_flag
from lossary.streaming.results import Points, precision_recall_points, roc_points
from lossary.streaming.samples import batch, data_bytes, label_of
from lossary.streaming.topology_sums import TopologySums

K = TypeVar(
    "K",
    _kernels.ExactRanking,
    _kernels.BoundedRanking,
    _kernels.Calibration,
    _kernels.ConfusionCells,
    TopologySums,
)
R = TypeVar("R", _kernels.ExactRanking, _kernels.BoundedRanking)


class State(ABC, Generic[K]):
    """What grows batch by batch. Methods may be called from several threads."""

    __slots__ = ("_state",)

    _kernel: ClassVar[Any]
    _state: K

    @classmethod
    @abstractmethod
    def _of(cls, kernel: K) -> Self:
        """The state around a kernel's."""

    def merge(self, other: Self) -> Self:
        """Add the samples of another state, which stays as it is.

        Returns:
            The state itself.

        Raises:
            InvalidInputError: the states were made with other options, or hold what cannot be added: labels
                of another kind, weights that together span too many bits. This one is unchanged.
            DtypeError: no state of this kind.
        """
        if not isinstance(other, type(self)):
            raise DtypeError(
                f"other: got {type(other).__name__}; wanted a state of type {type(self).__name__}"
            )
        self._state.merge(other._state)
        return self

    def to_bytes(self) -> bytes:
        """The state as bytes, for another process or version. Equal states have equal bytes."""
        return self._state.to_bytes()

    @classmethod
    def from_bytes(cls, data: Any) -> Self:
        """The state of bytes that `to_bytes` returned.

        Raises:
            InvalidInputError: other bytes, damaged ones, another kind of state, or a newer version.
            DtypeError: not bytes.
        """
        return cls._of(cls._kernel.from_bytes(data_bytes(data)))

    @property
    def nbytes(self) -> int:
        """Bytes that the counts take, those that copies share included."""
        return self._state.nbytes

    def __eq__(self, other: object) -> bool:
        """Whether both have equal options and samples, in whatever batches they came."""
        return self._state == other._state if isinstance(other, type(self)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Self:
        return self._of(self._state.copy())

    def __deepcopy__(self, _memo: Any) -> Self:
        return self._of(self._state.copy())

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return type(self).from_bytes, (self.to_bytes(),)


class RankingState(State[R]):
    """A ranking that grows batch by batch."""

    __slots__ = ("_pos_label",)

    _pos_label: Any

    @classmethod
    def _of(cls, kernel: R) -> Self:
        state = cls.__new__(cls)
        state._pos_label, state._state = label_of(kernel.tag), kernel
        return state

    def update(self, y_true: Any, y_score: Any, *, sample_weight: Any = None) -> Self:
        """Add a batch, which may be empty.

        Args:
            y_true: labels, (n_samples,).
            y_score: finite scores, (n_samples,); higher means positive. Integers must be numbers that float64
                holds, as all up to 2**53 are.
            sample_weight: (n_samples,), at least 0. Samples of weight zero drop out.

        Returns:
            The state itself.

        Raises:
            InvalidInputError: labels other than 0 and 1 or -1 and 1 without pos_label; a score or weight is
                NaN or infinite; a weight is negative; the weights span too many bits. The state is unchanged.
            ShapeError: lengths that differ, or more than one axis.
            DtypeError: an argument that is not an array-like.
        """
        self._state.update(*batch(y_true, y_score, sample_weight, self._pos_label))
        return self

    def roc_curve(self, *, drop_intermediate: bool = True) -> Points:
        """Points of the ROC curve of all samples, as `lossary.metrics.roc_curve` gives them.

        An exact state has one for each distinct score, a bounded state for each bin that holds a sample.

        Args:
            drop_intermediate: leave out points on a straight line between their neighbours.

        Returns:
            ``(fpr, tpr, thresholds)``, float64, from the highest threshold down. Without negatives ``fpr``,
            and without positives ``tpr``, is NaN with an UndefinedMetricWarning.

        Raises:
            UndefinedMetricError: the state has no samples.
        """
        check_flag("drop_intermediate", drop_intermediate)
        self._check_samples()
        return roc_points(self._state.curve(collinear=not drop_intermediate))

    def precision_recall_curve(self) -> Points:
        """Points of the precision-recall curve of all samples, at the thresholds of `roc_curve`.

        Returns:
            ``(precision, recall, thresholds)``, float64, from the lowest threshold up; precision and recall
            end with a point (1, 0) that has no threshold. Without positives recall is 1 with a UserWarning.

        Raises:
            UndefinedMetricError: the state has no samples.
        """
        self._check_samples()
        return precision_recall_points(self._state.curve(collinear=True))

    @property
    def pos_label(self) -> Any:
        """The positive class; None stands for 1, or True."""
        return self._pos_label

    def _check_samples(self) -> None:
        """Refuse to tell anything of no samples, as the metrics do."""
        if sum(self._state.totals()) == 0:
            raise UndefinedMetricError("state: got no samples; wanted at least one")
