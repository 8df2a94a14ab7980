"""Class labels of any dtype: what counts as labels, which class is positive, and codes for counting.

The rules are scikit-learn's: labels are integers (floats without a fraction included), booleans or strings; a
continuous target, bytes and other objects are refused.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import Array, contiguous, in_place, one_axis, to_numpy
from lossary.metrics.label_strings import string_codes, strings_of

# Classes that are counted by their own value: beyond, labels are encoded first.
_WIDEST = 1 << 12

# Up to this many classes a confusion matrix is small.
_SQUARED = 1 << 8

_NAMES = ("y_true", "y_pred")

_UNSPECIFIED = ((0, 1), (-1, 1), (0, 0), (-1, -1), (1, 1))


def label_array(name: str, given: Any) -> Array:
    """Labels as a contiguous array of booleans, integers or strings; two axes only if several columns.

    Raises:
        DtypeError: labels are bytes, or a sparse array of one column; ``given`` is not an array-like.
        InvalidInputError: labels are continuous, NaN, complex, or objects that are not strings.
        ShapeError: no axis, or more than two.
    """
    if in_place(given) and given.dtype.kind in "biu":
        return given  # type: ignore[no-any-return]
    array = to_numpy(name, _dense(name, given))
    if array.ndim not in (1, 2):
        raise ShapeError(f"{name}: got shape {array.shape}; wanted (n_samples,)")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    kind = array.dtype.kind
    if kind == "S":
        raise DtypeError(
            f"{name}: got bytes (Support for labels represented as bytes is not supported); wanted integers "
            "or strings"
        )
    if kind in "OT":
        strings = strings_of(array.astype(object, copy=False))
        if strings is None:
            raise InvalidInputError(
                f"{name}: got objects that are not all strings; wanted integers or strings"
            )
        array = strings
    elif kind == "f":
        array = _integers(name, array)
    elif kind not in "biuU":
        raise InvalidInputError(f"{name}: got dtype {array.dtype}; wanted integers, booleans or strings")
    return contiguous(array.astype(array.dtype.newbyteorder("="), copy=False))


def _dense(name: str, given: Any) -> Any:
    """A sparse matrix of scipy as one of all its zeros; anything else as it is."""
    if not hasattr(given, "toarray"):
        return given
    if len(given.shape) != 2 or given.shape[1] < 2:
        raise DtypeError(
            f"{name}: got a sparse array of shape {given.shape} (Sparse input is only supported when targets "
            "are of multilabel type); wanted a dense one"
        )
    return given.toarray()


def _integers(name: str, array: Array) -> Array:
    if not np.isfinite(array).all():
        raise InvalidInputError(f"{name}: got NaN or infinity; wanted class labels")
    if np.any(array != np.trunc(array)):
        raise InvalidInputError(
            f"{name}: got continuous values; wanted class labels (y type must be 'binary' or 'multiclass', "
            "got 'continuous')"
        )
    if array.size and float(np.abs(array).max()) >= 2.0**63:
        raise InvalidInputError(f"{name}: got continuous values beyond 64 bits; wanted class labels")
    return array.astype(np.int64)


def two_classes(given: Any) -> Array:
    """y_true of at most two values, in a form that the kernels read: the larger value is positive.

    Raises:
        InvalidInputError: more than two values, or several columns; the kernel checks integers for it.
    """
    if in_place(given):
        return given  # type: ignore[no-any-return]
    array = label_array("y_true", given)
    if array.ndim == 2:
        raise binary_only(f"an indicator matrix of shape {array.shape}")
    if array.dtype.kind != "U":
        return array
    values = np.unique(array)
    if len(values) > 2:
        raise binary_only(f"{len(values)} classes")
    return np.asarray(array == values[1]) if len(values) == 2 else np.zeros(len(array), np.bool_)


def present(labels: Array) -> Array:
    """The distinct labels, sorted; without a sort of all of them when there are two at most."""
    if labels.dtype.kind == "b":
        return np.array([value for value, some in ((False, ~labels), (True, labels)) if some.any()], np.bool_)
    if labels.dtype.kind == "U" or not len(labels):
        return np.unique(labels)
    few = np.unique([labels.min(), labels.max()])
    return few if np.all((labels == few[0]) | (labels == few[-1])) else np.unique(labels)


def binary_only(came: str) -> InvalidInputError:
    """The error of a metric of two classes."""
    return InvalidInputError(f"y_true: got {came}; wanted two classes (this function is binary only)")


def positives(given: Any, pos_label: Any) -> Array:
    """y_true as positives and negatives, in a form that the kernels read.

    Args:
        given: the labels; with ``pos_label`` any number of classes.
        pos_label: the positive class; None takes 1, provided that the labels are 0 and 1 or -1 and 1.

    Raises:
        InvalidInputError: ``pos_label`` is None and the labels are others.
    """
    array = label_array("y_true", given)
    if array.ndim == 2:
        raise binary_only(f"an indicator matrix of shape {array.shape}")
    if pos_label is not None:
        # Booleans as bytes: NumPy does not compare them with integers beyond 64 bits.
        return np.asarray((array.view(np.uint8) if array.dtype.kind == "b" else array) == pos_label)
    if array.dtype.kind == "b":
        return array
    limits = None if array.dtype.kind == "U" else _kernels.label_range(array)
    if limits is None and not len(array):
        return array.astype(np.bool_)
    if limits not in _UNSPECIFIED:
        values = np.unique(array)
        known = (
            f"y_true takes value in {_shown(values)} and pos_label is not specified: either make y_true take "
            "value in {0, 1} or {-1, 1} or pass pos_label explicitly."
        )
        raise InvalidInputError(
            f"y_true: got values {_shown(values)} and no pos_label; wanted 0 and 1, or -1 and 1, or "
            f"pos_label ({known if len(values) <= 2 else 'multiclass format is not supported'})"
        )
    return np.ones(len(array), np.bool_) if limits == (1, 1) else array


def _shown(values: Array) -> str:
    shown = ", ".join(repr(value) for value in values[:5].tolist())
    return f"{{{shown}, ...}}" if len(values) > 5 else f"{{{shown}}}"


@dataclass(frozen=True)
class Encoded:
    """A pair of label arrays, ready to be counted.

    Attributes:
        classes: the labels present in either array, sorted.
        size: number of samples.
    """

    classes: Array
    size: int
    _actual: Array
    _predicted: Array
    _low: int
    _width: int
    _places: NDArray[np.intp]  # of the classes, from _low on
    _counts: tuple[Array, Array, Array]
    _table: Array | None  # the whole confusion matrix, where it is small

    def tallies(self, sample_weight: Array | None) -> tuple[Array, Array, Array]:
        """Per class: hits, how often it is true, how often it is predicted (counts, or sums of weights)."""
        if sample_weight is None:
            return self._counts
        if sample_weight.dtype == np.int64:
            return self._integer_tallies(sample_weight)
        sums = _kernels.tally_weights(self._actual, self._predicted, sample_weight, self._low, self._width)
        hits, actual, predicted = (each[self._places] for each in sums)
        return hits, actual, predicted

    def _integer_tallies(self, repeats: Array) -> tuple[Array, Array, Array]:
        actual, predicted = self.ranks()
        hits, true, guessed = np.zeros((3, len(self.classes)), np.int64)
        right = actual == predicted
        for sums, ranks, counts in (
            (hits, actual[right], repeats[right]),
            (true, actual, repeats),
            (guessed, predicted, repeats),
        ):
            np.add.at(sums, ranks, counts)
        return hits, true, guessed

    def confusion(self, sample_weight: Array | None) -> Array:
        """The confusion matrix of the classes present: rows are true, columns predicted; integers exactly."""
        if sample_weight is None and self._table is not None:
            return self._of_classes(self._table, self._places)
        actual, predicted, low, width = self._actual, self._predicted, self._low, self._width
        places = self._places
        if width > 2 * len(places):
            actual, predicted = self.ranks()
            low, width, places = 0, len(places), np.arange(len(places))
        table: Array
        if sample_weight is None:
            table = _kernels.confusion_counts(actual, predicted, low, width).view(np.int64)
        elif sample_weight.dtype == np.int64:
            table = _kernels.confusion_integer_weights(actual, predicted, sample_weight, low, width)
        else:
            table = _kernels.confusion_weights(actual, predicted, sample_weight, low, width)
        return self._of_classes(table.reshape(width, width), places)

    def cells(self, sample_weight: Array | None) -> tuple[Array, Array, Array]:
        """The cells of the confusion matrix with samples: the true class, the predicted one, and the sum.

        Classes are positions in `classes`. Memory does not grow with the square of their number.
        """
        if len(self.classes) <= _SQUARED or (sample_weight is None and self._table is not None):
            table = self.confusion(sample_weight)
            true, guessed = np.nonzero(table)
            return true, guessed, table[true, guessed]
        actual, predicted = self.ranks()
        pairs = actual * len(self.classes) + predicted
        if sample_weight is None:
            cells, sums = np.unique(pairs, return_counts=True)
        else:
            cells, inverse = np.unique(pairs, return_inverse=True)
            sums = np.bincount(inverse, weights=sample_weight)
        return *np.divmod(cells, len(self.classes)), sums

    def ranks(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the labels of each array stand among the classes."""
        rank = np.zeros(self._width, np.int64)
        rank[self._places] = np.arange(len(self._places))
        actual, predicted = (
            rank[each.astype(np.int64) - self._low] for each in (self._actual, self._predicted)
        )
        return actual, predicted

    @staticmethod
    def _of_classes(table: Array, places: NDArray[np.intp]) -> Array:
        every = np.array_equal(places, np.arange(len(table)))
        return table if every else table[np.ix_(places, places)]

    def positions(self, labels: Array) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Where each label stands among the classes, and whether it is there at all."""
        return class_positions(self.classes, labels)


def column_classes(labels: Any, truth: Array) -> Array:
    """The class of each column of scores: ``labels``, which must be sorted, or those of ``truth``."""
    if labels is None:
        return present(truth)
    given = one_axis("labels", label_array("labels", labels))
    classes = np.unique(given)
    if len(classes) != len(given):
        raise InvalidInputError(
            f"labels: got {given.tolist()}; wanted each label once (Parameter 'labels' must be unique)"
        )
    if np.any(classes != given):
        raise InvalidInputError(
            f"labels: got {given.tolist()}; wanted {classes.tolist()} (Parameter 'labels' must be ordered)"
        )
    return classes


def column_codes(truth: Array, classes: Array) -> NDArray[np.uint32]:
    """The column of each sample's class.

    Raises:
        InvalidInputError: a class that has no column.
    """
    codes, known = class_positions(classes, truth)
    if not known.all():
        unknown = np.unique(truth[~known]).tolist()
        raise InvalidInputError(
            f"labels: got {classes.tolist()}; wanted {unknown} too ('y_true' contains labels not in "
            "parameter 'labels')"
        )
    return codes.astype(np.uint32)


def class_positions(classes: Array, labels: Array) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where each label stands among the sorted classes, and whether it is there at all."""
    if (classes.dtype.kind == "U") != (labels.dtype.kind == "U"):
        return np.zeros(len(labels), np.intp), np.zeros(len(labels), np.bool_)
    if np.result_type(classes, labels).kind == "f":  # uint64 with a signed dtype: exact only as objects
        classes, labels = classes.astype(object), labels.astype(object)
    places = np.searchsorted(classes, labels).clip(max=len(classes) - 1)
    return places, np.asarray(classes[places] == labels)


def encode(y_true: Any, y_pred: Any) -> Encoded:
    """Check a pair of label arrays and bring them to codes that the kernels count.

    Raises:
        InvalidInputError: no labels, none at all, several columns, or a mix of numbers and strings.
        ShapeError: the lengths differ.
    """
    return encode_arrays(label_array("y_true", y_true), label_array("y_pred", y_pred))


def encode_arrays(actual: Array, predicted: Array, names: tuple[str, str] = _NAMES) -> Encoded:
    """`encode` for arrays that are checked already, each for itself."""
    check_pair(actual, predicted, names)
    if actual.ndim == 2:
        raise InvalidInputError(
            f"{names[0]}: got an indicator matrix (multilabel); wanted one label per sample"
        )
    classes, actual, predicted = _numbered(actual, predicted)
    dense = _kernels.dense_confusion(actual, predicted)
    table, low, width = None, 0, 0
    if dense is not None:
        low, tallies, cells = dense
        width = len(tallies[0])
        table = cells.view(np.int64).reshape(width, width)
    else:
        low, width = _range(actual, predicted) if classes is None else (0, len(classes))
        if classes is None and not 0 < width <= _WIDEST:
            classes, inverse = np.unique(np.concatenate((actual, predicted)), return_inverse=True)
            actual, predicted = inverse[: len(actual)], inverse[len(actual) :]
            low, width = 0, len(classes)
        tallies = _kernels.tally_counts(actual, predicted, low, width)
    hits, true, guessed = (each.view(np.int64) for each in tallies)
    if classes is None:
        places = np.flatnonzero(true + guessed)
        classes = places + low
    else:
        places = np.argsort(classes)
        classes = classes[places]
    counts = hits[places], true[places], guessed[places]
    return Encoded(classes, len(actual), actual, predicted, low, width, places, counts, table)


def _numbered(actual: Array, predicted: Array) -> tuple[Array | None, Array, Array]:
    """The labels as integers of one dtype; with the classes, in any order, where these are codes of them."""
    if actual.dtype.kind == "U":
        return string_codes(actual, predicted)
    dtype = np.result_type(actual, predicted)
    if dtype.kind == "f":  # uint64 with a signed dtype: exact only as objects
        both = np.concatenate((actual.astype(object), predicted.astype(object)))
        classes, codes = np.unique(both, return_inverse=True)
        return classes, codes[: len(actual)], codes[len(actual) :]
    dtype = np.dtype(np.uint8) if dtype == np.bool_ else dtype
    return None, actual.astype(dtype, copy=False), predicted.astype(dtype, copy=False)


def _range(actual: Array, predicted: Array) -> tuple[int, int]:
    """The smallest label, and how many there can be up to the largest; none where that is not exact."""
    ranges = [_kernels.label_range(each) or (0.0, 0.0) for each in (actual, predicted)]
    low, high = int(min(ranges[0][0], ranges[1][0])), int(max(ranges[0][1], ranges[1][1]))
    return low, high - low + 1 if max(abs(low), abs(high)) < 2**53 else 0  # beyond, the range is rounded


def check_pair(actual: Array, predicted: Array, names: tuple[str, str] = _NAMES) -> None:
    """Refuse label arrays of different shapes or kinds, and empty ones."""
    true, guessed = names
    if len(actual) != len(predicted):
        raise ShapeError(f"{guessed}: got {len(predicted)} samples; wanted {len(actual)}, as {true}")
    if not actual.size:
        raise InvalidInputError(f"{true}: got no samples; wanted at least one")
    if actual.ndim != predicted.ndim:
        raise InvalidInputError(
            f"{guessed}: got shape {predicted.shape}; wanted labels of the same kind as {true}, "
            f"{actual.shape}"
        )
    if actual.shape != predicted.shape:
        raise ShapeError(f"{guessed}: got shape {predicted.shape}; wanted {actual.shape}, as {true}")
    if (actual.dtype.kind == "U") != (predicted.dtype.kind == "U"):
        raise InvalidInputError(
            f"{guessed}: got a mix of strings and numbers with {true}; wanted one kind of label"
        )
