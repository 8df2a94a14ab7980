"""Confusion states against the metrics of all samples at once, and the laws of a monoid."""

import copy
import pickle
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import lossary
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.streaming import ConfusionState, ConfusionSummary, ExactRankingState

AVERAGES = ("micro", "macro", "weighted", None)
EVALUATED = [
    (metrics.accuracy_score, {}),
    (metrics.accuracy_score, {"normalize": False}),
    (metrics.balanced_accuracy_score, {}),
    (metrics.balanced_accuracy_score, {"adjusted": True}),
    (metrics.classification_report, {"output_dict": True}),
    (metrics.cohen_kappa_score, {}),
    (metrics.cohen_kappa_score, {"weights": "quadratic"}),
    (metrics.confusion_matrix, {}),
    (metrics.confusion_matrix, {"normalize": "true"}),
    (metrics.geometric_mean_score, {}),
    (metrics.hamming_loss, {}),
    (metrics.matthews_corrcoef, {}),
    (metrics.multilabel_confusion_matrix, {}),
    (metrics.zero_one_loss, {}),
    (metrics.zero_one_loss, {"normalize": False}),
    (metrics.fbeta_score, {"beta": 2.0, "average": "macro"}),
    *(
        (metric, {"average": average, "zero_division": 0})
        for average in AVERAGES
        for metric in (
            metrics.f1_score,
            metrics.jaccard_score,
            metrics.precision_recall_fscore_support,
            metrics.precision_score,
            metrics.recall_score,
        )
    ),
]

KINDS = {
    "integers": (3, -1, 12, 0),
    "far apart": (0, 2**62, -(2**62), 7),
    "strings": ("ox", "cat", "", "\ud800dog"),
    "booleans": (False, True),
    "floats": (2.0, -1.0, 0.0),
}

samples = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([0.0, 0.1, 1.0, 2.5])), max_size=40
)


def columns(rows, kind):
    known = np.array(KINDS[kind])
    true, guessed, weight = (np.array([row[column] for row in rows]) for column in range(3))
    return known[true.astype(int) % len(known)], known[guessed.astype(int) % len(known)], weight


def state_of(rows, kind, weighted):
    y_true, y_pred, weight = columns(rows, kind)
    return ConfusionState().update(y_true, y_pred, sample_weight=weight if weighted else None)


def outcome(function):
    """What a metric tells, its type included, or its error, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = function()
        except InvalidInputError as error:
            value = type(error)
    return value, sorted(str(each.message) for each in caught)


def assert_same(ours, wanted, *, rtol=0.0):
    if isinstance(wanted, dict):
        assert [*ours] == [*wanted]
        for key, value in wanted.items():
            assert_same(ours[key], value, rtol=rtol)
    elif isinstance(wanted, tuple):
        for one, other in zip(ours, wanted, strict=True):
            assert_same(one, other, rtol=rtol)
    elif isinstance(wanted, np.ndarray | float):
        assert type(ours) is type(wanted)
        assert np.asarray(ours).dtype == np.asarray(wanted).dtype
        np.testing.assert_allclose(ours, wanted, rtol=rtol, atol=0.1 * rtol)
    else:
        assert ours == wanted


@settings(max_examples=60)
@given(rows=samples.filter(len), kind=st.sampled_from([*KINDS]))
def test_every_metric_has_the_bits_of_all_samples(rows, kind):
    y_true, y_pred, _ = columns(rows, kind)
    if kind in ("booleans", "floats"):  # they count as the integers that they equal
        y_true, y_pred = y_true.astype(np.int64), y_pred.astype(np.int64)
    state = state_of(rows, kind, weighted=False)
    for metric, options in EVALUATED:
        assert_same(
            outcome(lambda m=metric, o=options: state.evaluate(m, **o)),
            outcome(lambda m=metric, o=options: m(y_true, y_pred, **o)),
        )


@settings(max_examples=60)
@given(
    rows=samples.filter(lambda rows: any(row[2] for row in rows)),
    kind=st.sampled_from(["integers", "strings"]),
)
def test_every_metric_of_weights_is_that_of_all_samples(rows, kind):
    y_true, y_pred, weight = columns(rows, kind)
    state = state_of(rows, kind, weighted=True)
    for metric, options in EVALUATED:
        if state.pairs().sample_weight.dtype == np.int64 and metric is metrics.classification_report:
            continue  # whole numbers stay integers
        ours, wanted = (
            outcome(lambda m=metric, o=options: state.evaluate(m, **o)),
            outcome(lambda m=metric, o=options: m(y_true, y_pred, sample_weight=weight, **o)),
        )
        np.testing.assert_equal(ours[1], wanted[1])
        np.testing.assert_allclose(flat(ours[0]), flat(wanted[0]), rtol=1e-13, atol=1e-15)


def flat(value):
    """All numbers of a result, one after the other; an error has none."""
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, tuple | list):
        return np.concatenate([flat(each) for each in value])
    if value is None or isinstance(value, type):
        return np.empty(0)
    return np.asarray(value, np.float64).reshape(-1)


def test_likelihood_ratios_and_reports_as_text_are_those_of_all_samples():
    generator = np.random.default_rng(5)
    y_true, y_pred = generator.integers(0, 2, (2, 500))
    state = ConfusionState().update(y_true, y_pred)
    for metric in (metrics.class_likelihood_ratios, metrics.classification_report):
        assert state.evaluate(metric) == metric(y_true, y_pred)


@given(rows=samples, cut=st.integers(0, 40), kind=st.sampled_from([*KINDS]), weighted=st.booleans())
def test_cut_order_and_bytes_change_nothing(rows, cut, kind, weighted):
    whole = state_of(rows, kind, weighted)
    first, second = state_of(rows[:cut], kind, weighted), state_of(rows[cut:], kind, weighted)
    back = pickle.loads(pickle.dumps(second)).merge(first).merge(ConfusionState())
    assert back == whole == first.merge(second)
    assert back.to_bytes() == whole.to_bytes() == first.to_bytes()
    if rows:
        for one, other in zip(back.pairs(), whole.pairs(), strict=True):
            assert one.tobytes() == other.tobytes()


@given(rows=samples.filter(len))
def test_sums_of_weights_are_exact(rows):
    y_true, y_pred, weight = columns(rows, "integers")
    sums = {}
    for truth, guess, each in zip(y_true.tolist(), y_pred.tolist(), weight.tolist(), strict=True):
        sums[truth, guess] = sums.get((truth, guess), 0) + Fraction(each)
    pairs = ConfusionState().update(y_true, y_pred, sample_weight=weight).pairs()
    found = dict(
        zip(zip(pairs.y_true.tolist(), pairs.y_pred.tolist(), strict=True), pairs.sample_weight, strict=True)
    )
    assert found == {pair: float(total) for pair, total in sorted(sums.items())}


def test_classes_that_turn_up_later_are_added():
    state = ConfusionState().update(["b", "a"], ["b", "b"]).update(["a longer name"], ["aa"])
    assert state.classes.tolist() == ["a", "a longer name", "aa", "b"]
    assert state.evaluate(metrics.confusion_matrix, labels=["b", "a"]).tolist() == [[1, 0], [1, 0]]
    assert repr(state) == "ConfusionState(classes=4, samples=3)"


@pytest.mark.parametrize("classes", [3, 900, 3000])
def test_batches_of_several_threads_are_one(classes):
    generator = np.random.default_rng(3)
    y_true, y_pred = generator.integers(0, classes, (2, 100_000))
    shared = ConfusionState()
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda rows: shared.update(y_true[rows], y_pred[rows]), np.array_split(np.arange(100_000), 7)
            )
        )
    assert shared == ConfusionState().update(y_true, y_pred)
    assert shared.evaluate(metrics.f1_score, average="macro") == metrics.f1_score(
        y_true, y_pred, average="macro"
    )


def test_the_number_of_threads_changes_nothing():
    generator = np.random.default_rng(4)
    y_true, y_pred = generator.integers(0, 40, (2, 300_000))
    named, told = np.array([f"class {number}" for number in range(40)]), []
    for threads in (1, 2, 3):
        lossary.set_num_threads(threads)
        told.append(ConfusionState().update(named[y_true], named[y_pred]).to_bytes())
    lossary.set_num_threads(None)
    assert len(set(told)) == 1


def test_the_summary_is_its_metrics():
    y_true, y_pred = [0, 1, 2, 2, 1], [0, 2, 2, 2, 1]
    assert ConfusionState().update(y_true, y_pred).compute() == ConfusionSummary(
        metrics.accuracy_score(y_true, y_pred),
        metrics.balanced_accuracy_score(y_true, y_pred),
        metrics.f1_score(y_true, y_pred, average="macro"),
        metrics.matthews_corrcoef(y_true, y_pred),
        5,
    )


def test_counts_beyond_the_integers_of_a_double_are_exact():
    state = ConfusionState().update([0, 1], [0, 0], sample_weight=[2.0**60, 1.0])
    assert state.evaluate(metrics.confusion_matrix).tolist() == [[2**60, 0], [1, 0]]
    state.update([0], [0])
    assert state.evaluate(metrics.precision_recall_fscore_support, zero_division=0)[3].tolist() == [
        2**60 + 1,
        1,
    ]


def test_what_is_refused_leaves_the_state_as_it_was():
    state = ConfusionState().update([0, 1], [1, 1])
    before = state.to_bytes()
    for error, message, arguments in [
        (InvalidInputError, "y_true: got a mix of strings and numbers with what came before", (["a"], ["a"])),
        (InvalidInputError, "y_pred: got a mix of strings and numbers with y_true", (["a"], [1])),
        (
            InvalidInputError,
            r"y_true: got the label 9223372036854775808; wanted integers below 2\*\*63",
            ([2**63], [1]),
        ),
        (InvalidInputError, "y_true: got continuous values", ([0.5], [1])),
        (InvalidInputError, "y_true: got an indicator matrix", ([[0, 1]], [[0, 1]])),
        (ShapeError, "y_pred: got 1 samples; wanted 2, as y_true", ([0, 1], [1])),
        (ShapeError, "y_pred: got 1 samples; wanted 0, as y_true", ([], [1])),
        (ShapeError, "sample_weight: got 1 weights; wanted 2, as y_true", ([0, 1], [1, 1], [1.0])),
        (
            InvalidInputError,
            "sample_weight: got a negative number at position 1",
            ([0, 1], [1, 1], [1.0, -1.0]),
        ),
        (InvalidInputError, "sample_weight: got NaN or infinity at position 0", ([0], [1], [np.nan])),
        (InvalidInputError, "sample_weight: got numbers that span more than 126 bits", ([0], [1], [1e-300])),
        (DtypeError, "y_true: got bytes", ([b"a"], [b"a"])),
    ]:
        weight = arguments[2] if len(arguments) == 3 else None
        with pytest.raises(error, match=message):
            state.update(*arguments[:2], sample_weight=weight)
    with pytest.raises(InvalidInputError, match="a mix of strings and numbers"):
        state.merge(ConfusionState().update(["a"], ["a"]))
    with pytest.raises(
        DtypeError, match="other: got ExactRankingState; wanted a state of type ConfusionState"
    ):
        state.merge(ExactRankingState())
    assert state.to_bytes() == before


def test_no_samples_have_no_metrics():
    state = ConfusionState().update([], []).merge(ConfusionState())
    assert state == ConfusionState()
    for ask in (state.compute, state.pairs, lambda: state.evaluate(metrics.accuracy_score)):
        with pytest.raises(UndefinedMetricError, match="state: got no samples; wanted at least one"):
            ask()
    with pytest.raises(InvalidInputError, match="sample_weight: got only zeros"):
        state.update([1], [1], sample_weight=[0.0]).compute()


def test_what_is_no_function_cannot_be_evaluated():
    state = ConfusionState().update([1], [1])
    with pytest.raises(DtypeError, match=r"metric: got 'f1_score'; wanted a function"):
        state.evaluate("f1_score")


def test_copies_go_their_own_way():
    state = ConfusionState().update(["a", "b"], ["b", "b"])
    for copied in (copy.copy(state), copy.deepcopy(state), pickle.loads(pickle.dumps(state))):
        assert copied == state
        assert copied.update(["a"], ["a"]) != state
    assert state.nbytes > 0
    assert state != b""
    with pytest.raises(TypeError, match="unhashable"):
        hash(state)


def test_the_input_is_left_alone():
    y_true, y_pred, weight = np.array([3, 1]), np.array([1, 1]), np.array([0.5, 1.0])
    for each in (y_true, y_pred, weight):
        each.flags.writeable = False
    ConfusionState().update(y_true, y_pred, sample_weight=weight)
    assert (y_true.tolist(), y_pred.tolist(), weight.tolist()) == ([3, 1], [1, 1], [0.5, 1.0])


FORGEABLE = [
    ConfusionState(),
    ConfusionState().update([3, 1, 3], [1, 1, 1]),
    ConfusionState().update(["ox", "\ud800", "ox"], ["ox", "é", "é"]),
    ConfusionState().update(["ox", "cat"], ["ox", "ox"], sample_weight=[0.3, 1e-9]),
]


@settings(max_examples=400)
@given(
    original=st.sampled_from(FORGEABLE),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
    cut=st.one_of(st.just(1.0), st.floats(0, 1)),
)
def test_a_forged_checksum_gives_a_state_or_an_error(original, changes, cut):
    content = bytearray(original.to_bytes()[:-4])
    for place, value in changes:
        content[int(place * len(content))] = value
    content = content[: int(cut * len(content))]
    try:
        state = ConfusionState.from_bytes(bytes(content) + zlib.crc32(content).to_bytes(4, "little"))
    except InvalidInputError:
        return
    assert ConfusionState.from_bytes(state.to_bytes()) == state
    assert len(repr(state.classes)) > 0


def test_bytes_say_why_they_are_refused():
    data = FORGEABLE[2].to_bytes()
    no_text = data[:-4].replace("é".encode(), b"\xc3(")
    for given_bytes, message in [
        (b"", "other bytes"),
        (data[:-1], "a damaged or cut state"),
        (data[:8] + b"\x02" + data[9:], "a state of version 2; wanted at most 1: update lossary"),
        (ExactRankingState().to_bytes(), "another kind of state"),
        (no_text + zlib.crc32(no_text).to_bytes(4, "little"), "a class that is no text"),
    ]:
        with pytest.raises(InvalidInputError, match=f"data: got {message}"):
            ConfusionState.from_bytes(given_bytes)
