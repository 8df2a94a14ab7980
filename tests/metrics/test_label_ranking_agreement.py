"""Rankings of labels against scikit-learn, where scipy is installed in every form of y_true that it takes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError

NAMES = ("coverage_error", "label_ranking_average_precision_score", "label_ranking_loss")
EXTREMES = (0.0, -0.0, 5e-324, -5e-324, 1e-30, 1e300, -1e300, 1.0, np.nextafter(1.0, 2.0))


@st.composite
def ranked_labels(draw):
    """Indicators and scores: ties, extremes, rows without relevant labels or with nothing else."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.integers(1, 30)), draw(st.integers(2, 40))
    share = generator.choice((0.0, 0.2, 0.5, 1.0), (shape[0], 1))
    y_true = (generator.random(shape) < share).astype(draw(st.sampled_from((np.int64, np.bool_, np.float32))))
    kind = draw(st.sampled_from(("ties", "distinct", "extreme", "int64", "float32")))
    y_score = {
        "ties": lambda: generator.integers(0, 4, shape),
        "distinct": lambda: generator.normal(size=shape),
        "extreme": lambda: generator.choice(EXTREMES, shape),
        "int64": lambda: generator.integers(-(2**62), 2**62, shape) >> generator.integers(0, 60),
        "float32": lambda: generator.normal(size=shape).astype(np.float32),
    }[kind]()
    if draw(st.booleans()):
        y_true, y_score = np.asfortranarray(y_true), np.asfortranarray(y_score)
    weights = (None, generator.integers(1, 4, shape[0]), generator.random(shape[0]) + 0.01)
    return y_true, y_score, draw(st.sampled_from(weights))


@settings(max_examples=500)
@given(data=ranked_labels())
def test_rankings_of_labels_agree(agree, data):
    y_true, y_score, weight = data
    for name in NAMES:
        agree(name, y_true, y_score, sample_weight=weight)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 2), (3, 20_000), (9000, 2), (2**14 + 1, 9)])
def test_sizes_around_the_blocks_of_the_kernel_agree(agree, name, shape):
    generator = np.random.default_rng(0)
    agree(name, generator.random(shape) < 0.3, np.round(generator.random(shape), 3))


@pytest.mark.parametrize("name", NAMES)
def test_lists_and_frames_agree(agree, name):
    y_true, y_score = [[1, 0, 1], [0, 1, 0]], [[3, 2, 1], [1, 2, 2]]
    value = agree(name, y_true, y_score)
    agree(name, y_true, y_score, sample_weight=[1, 2])
    pandas = pytest.importorskip("pandas")
    assert agree(name, pandas.DataFrame(y_true), pandas.DataFrame(y_score)) == value


def test_one_label_has_a_precision_and_nothing_else(agree):
    assert agree("label_ranking_average_precision_score", [[1], [0]], [[0.5], [0.5]]) == 1.0
    for name in ("coverage_error", "label_ranking_loss"):
        assert isinstance(agree(name, [[1], [0]], [[0.5], [0.5]]), ShapeError)


@pytest.mark.parametrize("name", NAMES)
def test_sparse_indicators_give_the_value_of_dense_ones(name):
    sparse = pytest.importorskip("scipy.sparse")
    generator = np.random.default_rng(0)
    y_true, y_score = generator.integers(0, 2, (20, 5)), generator.random((20, 5))
    metric = getattr(metrics, name)
    for container in (sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.coo_array):
        assert metric(container(y_true), y_score) == metric(y_true, y_score)
    stored_zero = sparse.csr_array((np.array([1, 0]), np.array([0, 1]), np.array([0, 2])), shape=(1, 3))
    assert metric(stored_zero, y_score[:1, :3]) == metric([[1, 0, 0]], y_score[:1, :3])


@pytest.mark.parametrize("name", NAMES)
def test_an_interval_holds_the_value(name):
    generator = np.random.default_rng(0)
    y_true, y_score, weight = generator.random((60, 5)) < 0.4, generator.random((60, 5)), generator.random(60)
    metric = getattr(metrics, name)
    for options in ({}, {"sample_weight": weight}):
        interval = metric(y_true, y_score, confidence=0.9, **options)
        assert interval.value == pytest.approx(metric(y_true, y_score, **options), rel=1e-14)
        assert interval.low < interval.value < interval.high


BAD = {
    "one axis": ([1, 0, 1], [0.1, 0.2, 0.3]),
    "scores of one axis": ([[1, 0, 1]], [0.1, 0.2, 0.3]),
    "labels of one axis": ([1, 0, 1], [[0.1, 0.2, 0.3]]),
    "three axes": (np.zeros((1, 2, 2)), np.zeros((1, 2, 2))),
    "other shape": ([[1, 0], [0, 1]], [[0.1, 0.2]]),
    "fewer columns": ([[1, 0, 1], [0, 1, 1]], [[0.1, 0.2], [0.3, 0.4]]),
    "three values": ([[1, 0], [0, 2]], [[0.1, 0.2], [0.3, 0.4]]),
    "continuous": ([[0.5, 0.0], [0.0, 1.0]], [[0.1, 0.2], [0.3, 0.4]]),
    "nan score": ([[1, 0], [0, 1]], [[0.1, np.nan], [0.3, 0.4]]),
    "infinite score": ([[1, 0], [0, 1]], [[0.1, 0.2], [np.inf, 0.4]]),
    "strings": ([["a", "b"]], [[0.1, 0.2]]),
    "no samples": (np.zeros((0, 2)), np.zeros((0, 2))),
    "no labels": (np.zeros((2, 0)), np.zeros((2, 0))),
    "nothing": (None, [[0.1, 0.2]]),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("name", NAMES)
def test_bad_matrices_raise_as_scikit_learn_does(agree, name, case):
    assert isinstance(agree(name, *BAD[case]), Exception)


@pytest.mark.parametrize("name", NAMES)
def test_bad_weights_are_refused(name):
    metric, arrays = getattr(metrics, name), ([[1, 0], [0, 1]], [[0.1, 0.2], [0.3, 0.4]])
    with pytest.raises(ShapeError, match="sample_weight: got 3"):
        metric(*arrays, sample_weight=[1, 2, 3])
    for weight in ([0, 0], [1, -1], [1, np.nan]):
        with pytest.raises(InvalidInputError, match="sample_weight"):
            metric(*arrays, sample_weight=weight)
    with pytest.raises(DtypeError, match="sample_weight"):
        metric(*arrays, sample_weight=3)


@pytest.mark.parametrize("name", NAMES)
def test_the_position_of_a_score_that_is_not_finite_is_named(name):
    y_score = np.zeros((70_000, 3))
    y_score[60_000, 1] = np.nan
    with pytest.raises(InvalidInputError, match="y_score: got NaN or infinity at position 180001"):
        getattr(metrics, name)(np.zeros((70_000, 3), bool), y_score)


@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_threads_changes_no_bit(threads, name):
    generator = np.random.default_rng(0)
    y_true, y_score = generator.random((30_000, 9)) < 0.3, generator.integers(0, 50, (30_000, 9))
    values = set()
    for number in (1, 2, 3):
        threads(number)
        values.add(getattr(metrics, name)(y_true, y_score))
    assert len(values) == 1
