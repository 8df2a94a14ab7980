"""Array-likes of every kind: the same value, nothing copied that can be read, nothing changed."""

import array
import pickle
import tracemalloc

import numpy as np
import pytest
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    roc_auc_score,
    roc_curve,
)

LABELS = [0, 0, 1, 1]
SCORES = [0.125, 0.5, 0.25, 0.75]
VALUE = 0.75


class Tagged(np.ndarray):
    """A subclass of ndarray."""


class OnlyDlpack:
    """Offers DLPack and nothing else."""

    def __init__(self, values):
        self._array = np.array(values)

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


class OnlyArrow:
    """Offers the Arrow PyCapsule interface and nothing else."""

    def __init__(self, column):
        self._column = column

    def __arrow_c_array__(self, requested_schema=None):
        return self._column.__arrow_c_array__(requested_schema)


class OnlyArray:
    """Offers __array__ and nothing else."""

    def __init__(self, values):
        self._array = np.array(values)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._array, dtype=dtype)


def strided(values):
    return np.repeat(np.array(values), 3)[::3]


def big_endian(values):
    array = np.array(values)
    return array.astype(array.dtype.newbyteorder(">"))


def read_only(values):
    array = np.array(values)
    array.flags.writeable = False
    return array


def unaligned(values):
    array = np.array(values)
    raw = np.empty(array.nbytes + 1, np.uint8)
    moved = raw[1:].view(array.dtype)
    moved[:] = array
    return moved


def column(values):
    return np.array(values)[:, None]


NUMPY_KINDS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "strided": strided,
    "reversed twice": lambda values: np.array(values)[::-1][::-1],
    "big endian": big_endian,
    "read-only": read_only,
    "unaligned": unaligned,
    "column": column,
    "subclass": lambda values: np.array(values).view(Tagged),
    "pickled": lambda values: pickle.loads(pickle.dumps(np.array(values))),
    "unmasked": np.ma.array,
    "float32": lambda values: np.array(values, np.float32),
    "float16": lambda values: np.array(values, np.float16),
    "objects with __array__": OnlyArray,
    "dlpack": OnlyDlpack,
    "memoryview": lambda values: memoryview(array.array("d", values)),
}


@pytest.mark.parametrize("kind", NUMPY_KINDS)
def test_every_kind_of_array_like_gives_the_same(kind):
    make = NUMPY_KINDS[kind]
    assert roc_auc_score(make(LABELS), make(SCORES)) == VALUE
    assert roc_auc_score(make(LABELS), make(SCORES), sample_weight=make([1.0] * 4)) == VALUE
    assert average_precision_score(make(LABELS), make(SCORES)) == pytest.approx(5 / 6)
    assert confusion_matrix(make(LABELS), make([0, 1, 1, 1])).tolist() == [[1, 1], [0, 2]]
    assert brier_score_loss(make(LABELS), make(SCORES)) == 0.22265625


@pytest.mark.parametrize("module", ["torch", "pandas", "polars", "pyarrow"])
def test_columns_of_other_libraries_give_the_same(module):
    library = pytest.importorskip(module)
    make = {"torch": "tensor", "pandas": "Series", "polars": "Series", "pyarrow": "array"}[module]
    labels, scores = getattr(library, make)(LABELS), getattr(library, make)(SCORES)
    assert roc_auc_score(labels, scores) == VALUE
    assert f1_score(labels, getattr(library, make)([0, 1, 1, 1])) == 0.8


def test_string_columns_of_other_libraries():
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    for series in (pandas.Series, polars.Series):
        assert accuracy_score(series(["a", "b"]), series(["a", "a"])) == 0.5
        assert roc_auc_score(series(["no", "yes"]), [1, 2]) == 1.0


def test_arrow_capsules_are_read():
    pyarrow = pytest.importorskip("pyarrow")
    assert roc_auc_score(OnlyArrow(pyarrow.array(LABELS)), OnlyArrow(pyarrow.array(SCORES))) == VALUE
    with pytest.raises(InvalidInputError, match="y_score: got 1 missing"):
        roc_auc_score([0, 1], OnlyArrow(pyarrow.array([0.5, None])))


def test_missing_values_of_other_libraries_are_refused():
    polars = pytest.importorskip("polars")
    with pytest.raises(InvalidInputError, match="y_score"):
        roc_auc_score([0, 1], polars.Series([0.5, None]))


def test_a_tensor_that_requires_a_gradient_is_told_to_detach():
    torch = pytest.importorskip("torch")
    with pytest.raises(InvalidInputError, match=r"y_score: .*requires a gradient.*\.detach\(\)"):
        roc_auc_score(LABELS, torch.tensor(SCORES, requires_grad=True))


def test_bfloat16_tensors_are_refused_by_name():
    torch = pytest.importorskip("torch")
    with pytest.raises(DtypeError, match="y_score"):
        roc_auc_score(LABELS, torch.tensor(SCORES, dtype=torch.bfloat16))


def test_masked_values_are_refused():
    with pytest.raises(InvalidInputError, match="masked"):
        roc_auc_score(LABELS, np.ma.array(SCORES, mask=[0, 0, 0, 1]))


@pytest.mark.parametrize(
    "scores",
    [
        np.float32,
        np.float64,
        np.int8,
        np.int16,
        np.int32,
        np.int64,
        np.uint8,
        np.uint16,
        np.uint32,
        np.uint64,
    ],
)
@pytest.mark.parametrize("labels", [np.bool_, np.uint8, np.int64, np.float32])
def test_every_dtype_is_ranked_as_it_is(labels, scores):
    y_score = np.array([1, 4, 2, 7], scores)
    assert roc_auc_score(np.array(LABELS, labels), y_score) == VALUE
    fpr, tpr, thresholds = roc_curve(np.array(LABELS, labels), y_score)
    assert thresholds.tolist() == [np.inf, 7, 4, 2, 1]
    assert fpr.tolist() == [0, 0, 0.5, 0.5, 1]
    assert tpr.tolist() == [0, 0.5, 0.5, 1, 1]


def test_booleans_made_of_other_bytes_count_as_true():
    labels = np.array([0, 0, 2, 255], np.uint8).view(np.bool_)
    assert roc_auc_score(labels, SCORES) == VALUE


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8])
def test_python_allocates_nothing_for_contiguous_arrays(dtype):
    generator = np.random.default_rng(0)
    y_true, y_score = generator.integers(0, 2, 100_000), generator.integers(0, 200, 100_000).astype(dtype)
    y_true.flags.writeable = y_score.flags.writeable = False
    roc_auc_score(y_true, y_score)
    tracemalloc.start()
    roc_auc_score(y_true, y_score)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000


def test_inputs_are_left_as_they_were():
    generator = np.random.default_rng(1)
    y_true, y_score = generator.integers(0, 2, 40_000), generator.normal(size=40_000)
    weight, y_pred = generator.random(40_000), (y_score > 0).astype(np.int64)
    before = [each.copy() for each in (y_true, y_score, weight, y_pred)]
    roc_auc_score(y_true, y_score, sample_weight=weight)
    roc_curve(y_true, y_score, sample_weight=weight)
    average_precision_score(y_true, y_score)
    confusion_matrix(y_true, y_pred, sample_weight=weight)
    for now, then in zip((y_true, y_score, weight, y_pred), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_one_array_may_be_given_twice():
    values = np.array([0, 1, 1, 0])
    assert roc_auc_score(values, values, sample_weight=values + 1.0) == 1.0
    assert accuracy_score(values, values) == 1.0


def test_lengths_and_axes_are_checked():
    with pytest.raises(ShapeError, match="y_score: got 3 samples; wanted 4"):
        roc_auc_score(LABELS, [1, 2, 3])
    with pytest.raises(ShapeError, match=r"y_score: got shape \(4, 2\)"):
        roc_auc_score(LABELS, np.zeros((4, 2)))
    with pytest.raises(ShapeError, match="sample_weight: got 2 weights; wanted 4"):
        roc_auc_score(LABELS, SCORES, sample_weight=[1, 2])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_position_of_a_number_that_is_not_finite_is_named(bad, dtype):
    y_score = np.zeros(200_000, dtype)
    y_score[150_001] = bad
    with pytest.raises(InvalidInputError, match=r"y_score: got NaN or infinity at position 150001"):
        roc_auc_score(np.arange(200_000) % 2, y_score)
