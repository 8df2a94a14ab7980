"""What both states refuse, and leave unchanged; labels; and bytes through Python."""

import copy
import pickle
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, LossaryError, ShapeError
from lossary.streaming import BoundedRankingState, ExactRankingState

KINDS = [ExactRankingState, BoundedRankingState]
Y, S = [0, 1, 1, 0], [0.1, 0.2, 0.3, 0.4]

BAD_BATCHES = {
    "nan score": ((Y, [0.1, np.nan, 0.3, 0.4]), {}, InvalidInputError),
    "infinite score": ((Y, [0.1, np.inf, 0.3, 0.4]), {}, InvalidInputError),
    "string score": ((Y, ["a", "b", "c", "d"]), {}, InvalidInputError),
    "huge integer": ((Y, [1, 2, 3, 2**60 + 1]), {}, InvalidInputError),
    "no array": ((Y, None), {}, DtypeError),
    "matrix": ((Y, [[0.1, 0.2]] * 4), {}, ShapeError),
    "short": ((Y, S[:2]), {}, ShapeError),
    "long": (([], S), {}, ShapeError),
    "other labels": (([1, 2, 2, 1], S), {}, InvalidInputError),
    "one other label": (([2, 2, 2, 2], S), {}, InvalidInputError),
    "three labels": (([0, 1, 2, 0], S), {}, InvalidInputError),
    "strings": ((["a", "b", "a", "b"], S), {}, InvalidInputError),
    "continuous labels": ((S, S), {}, InvalidInputError),
    "negative weight": ((Y, S), {"sample_weight": [1, 1, -1, 1]}, InvalidInputError),
    "nan weight": ((Y, S), {"sample_weight": [1, 1, np.nan, 1]}, InvalidInputError),
    "short weights": ((Y, S), {"sample_weight": [1, 1]}, ShapeError),
    "weights too far apart": ((Y, S), {"sample_weight": [1e30, 1e-30, 1, 1]}, InvalidInputError),
}


@pytest.mark.parametrize("case", BAD_BATCHES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_batch_is_refused_and_changes_nothing(kind, case):
    args, options, error = BAD_BATCHES[case]
    state = kind().update(Y, S)
    before = state.to_bytes()
    with pytest.raises(error, match=r"^[a-z_]+: got .*; wanted ") as caught:
        state.update(*args, **options)
    assert isinstance(caught.value, LossaryError)
    assert state.to_bytes() == before
    assert state.update([], []).to_bytes() == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda state: state.partial_auc(max_fpr=0), InvalidInputError),
        (lambda state: state.partial_auc(max_fpr=1.5), InvalidInputError),
        (lambda state: state.partial_auc(max_fpr=np.nan), InvalidInputError),
        (lambda state: state.partial_auc(max_fpr="all"), DtypeError),
        (lambda state: state.partial_auc(max_fpr=0.5, normalized=None), DtypeError),
        (lambda state: state.best_threshold(metric="mcc"), InvalidInputError),
        (lambda state: state.roc_curve(drop_intermediate="no"), DtypeError),
        (lambda state: state.merge(None), DtypeError),
        (lambda state: state.merge(state.to_bytes()), DtypeError),
        (lambda state: type(state)(pos_label=[1]), DtypeError),
        (lambda state: type(state)(pos_label=float("nan")), InvalidInputError),
        (lambda state: type(state)(pos_label="x" * 70_000), InvalidInputError),
        (lambda state: state.from_bytes("text"), DtypeError),
        (lambda state: state.from_bytes(None), DtypeError),
        (lambda state: state.from_bytes(np.array(["2026-01-01"], dtype="datetime64[D]")), DtypeError),
    ],
)
def test_a_bad_option_is_refused(kind, call, error):
    with pytest.raises(error, match=r"^[a-z_]+: got .*; wanted "):
        call(kind().update(Y, S))


@pytest.mark.parametrize(
    ("args", "options", "error"),
    [
        ((0.0, 0.0), {}, InvalidInputError),
        ((1.0, 0.0), {}, InvalidInputError),
        ((0.0, np.inf), {}, InvalidInputError),
        ((np.nan, 1.0), {}, InvalidInputError),
        ((0.0, 1.0), {"bins": 1}, InvalidInputError),
        ((0.0, 1.0), {"bins": 2**24 + 1}, InvalidInputError),
        ((0.0, 1.0), {"bins": -5}, InvalidInputError),
        ((0.0, 1.0), {"bins": 2**80}, InvalidInputError),
        ((0.0, 1.0), {"bins": 10.0}, DtypeError),
        ((0.0, 1.0), {"bins": True}, DtypeError),
        (("0", 1.0), {}, DtypeError),
        ((0.0, None), {}, DtypeError),
    ],
)
def test_bins_that_cannot_be_are_refused(args, options, error):
    with pytest.raises(error, match=r"^[a-z_]+: got .*; wanted "):
        BoundedRankingState(*args, **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("batches", "pos_label"),
    [
        ([[0, 1], [1, 1], [0]], None),
        ([[-1, 1], [1, 1], [-1]], None),
        ([[False, True], [True, True], [False]], None),
        ([[0.0, 1.0], [1.0, 1.0], [0.0]], None),
        ([[3, 7], [7, 7], [2]], 7),
        ([["ham", "spam"], ["spam", "spam"], ["egg"]], "spam"),
        ([[False, True], [True, True], [False]], True),
        ([[0, 1], [1, 1], [0]], np.int64(1)),
        ([[0, 1], [1, 1], [0]], 1.0),
    ],
)
def test_labels_mean_the_same_in_every_batch(kind, batches, pos_label):
    state = kind(pos_label=pos_label)
    for labels, scores in zip(batches, ([0.1, 0.4], [0.2, 0.8], [0.3]), strict=True):
        state.update(labels, scores)
    wanted = kind().update([0, 1, 1, 1, 0], [0.1, 0.4, 0.2, 0.8, 0.3])
    assert state.compute() == wanted.compute()
    again = kind.from_bytes(state.to_bytes())
    assert again == state
    assert again.pos_label == pos_label
    assert again.update(*batches[:1], [0.5, 0.6]) != state


@pytest.mark.parametrize("kind", KINDS)
def test_strings_and_numbers_do_not_mix(kind):
    with pytest.raises(
        InvalidInputError, match="y_true: got labels of dtype int64; wanted the kind of pos_label"
    ):
        kind(pos_label="1").update([0, 1], [0.1, 0.2])


@pytest.mark.parametrize("kind", KINDS)
def test_states_of_other_options_do_not_merge(kind):
    state, other = kind().update(Y, S), kind(pos_label=1).update(Y, S)
    before = state.to_bytes()
    with pytest.raises(
        InvalidInputError, match=r"other: got a state with .*positive label 1; wanted one with .*no"
    ):
        state.merge(other)
    assert state.to_bytes() == before
    assert state != other
    assert kind(pos_label=1) == kind(pos_label=1.0)
    assert kind(pos_label="1") != kind(pos_label=1)


def test_bins_must_agree():
    state = BoundedRankingState(bins=4)
    for other in (BoundedRankingState(bins=5), BoundedRankingState(0.5, bins=4)):
        with pytest.raises(InvalidInputError, match=r"other: got a state with .* bins over"):
            state.merge(other)


def test_states_of_other_kinds_differ():
    assert ExactRankingState() != BoundedRankingState()
    assert ExactRankingState() != b""
    with pytest.raises(TypeError, match="unhashable"):
        hash(ExactRankingState())


@pytest.mark.parametrize("kind", KINDS)
def test_copies_go_their_own_way(kind):
    state = kind(pos_label="b").update(["a", "b"], [0.1, 0.2])
    for copied in (copy.copy(state), copy.deepcopy(state), pickle.loads(pickle.dumps(state))):
        assert copied == state
        assert copied.pos_label == "b"
        assert copied.update(["a"], [0.5]) != state


@pytest.mark.parametrize("kind", KINDS)
def test_the_input_is_left_alone(kind):
    y, s, w = np.array(Y), np.array(S), np.array([1.0, 2.0, 0.5, 0.0])
    for each in (y, s, w):
        each.flags.writeable = False
    kind().update(y, s, sample_weight=w)
    assert (y.tolist(), s.tolist(), w.tolist()) == (Y, S, [1.0, 2.0, 0.5, 0.0])


@pytest.mark.parametrize("kind", KINDS)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_every_changed_bit_of_the_bytes_is_found(kind, place, bit):
    options = {} if kind is ExactRankingState else {"bins": 8}
    data = bytearray(kind(**options).update(Y, S).to_bytes())
    data[int(place * len(data))] ^= 1 << bit
    with pytest.raises(InvalidInputError, match=r"^data: got .*; wanted "):
        kind.from_bytes(data)


FORGEABLE = [
    ExactRankingState(pos_label="x"),
    ExactRankingState().update(Y, S),
    ExactRankingState().update(Y, S, sample_weight=S),
    BoundedRankingState(bins=8, pos_label=1),
    BoundedRankingState(bins=8).update(Y, S),
    BoundedRankingState(bins=8).update(Y, S, sample_weight=S),
]


@given(
    st.sampled_from(FORGEABLE),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
    st.one_of(st.just(1.0), st.floats(0, 1)),
)
@settings(max_examples=500)
def test_a_forged_checksum_gives_a_state_or_an_error(original, changes, cut):
    content = bytearray(original.to_bytes()[:-4])
    for place, value in changes:
        content[int(place * len(content))] = value
    content = content[: int(cut * len(content))]
    forged = bytes(content) + zlib.crc32(content).to_bytes(4, "little")
    try:
        state = type(original).from_bytes(forged)
    except InvalidInputError:
        return
    assert type(original).from_bytes(state.to_bytes()) == state


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_say_why_they_are_refused(kind):
    other = KINDS[1 - KINDS.index(kind)]
    data = kind().update(Y, S).to_bytes()
    newer = data[:8] + b"\x02" + data[9:]
    tag = kind(pos_label="x").to_bytes().replace(b'"x"', b'"x}')[:-4]
    for given_bytes, message in [
        (b"", "other bytes"),
        (pickle.dumps(1), "other bytes"),
        (data[:-1], "a damaged or cut state"),
        (data + b"\0", "a damaged or cut state"),
        (newer, "a state of version 2; wanted at most 1: update lossary"),
        (other().to_bytes(), "another kind of state"),
        (tag + zlib.crc32(tag).to_bytes(4, "little"), "the tag"),
    ]:
        with pytest.raises(InvalidInputError, match=f"data: got {message}"):
            kind.from_bytes(given_bytes)
    assert kind.from_bytes(memoryview(data)) == kind.from_bytes(bytearray(data)) == kind().update(Y, S)
