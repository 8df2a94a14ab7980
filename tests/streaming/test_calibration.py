"""The state of calibration: any cut and order, what it tells, bytes, and what it refuses."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import lossary
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import errors, metrics
from lossary.streaming import BoundedRankingState, CalibrationState

KINDS = ("binary", "top_label", "class_wise")


def made(kind, bins=15):
    return CalibrationState(bins=bins, kind=kind, labels=None if kind == "binary" else [0, 1, 2])


def data(kind, count, seed=0):
    generator = np.random.default_rng(seed)
    if kind == "binary":
        return generator.integers(0, 2, count), np.round(generator.random(count), 2)
    return generator.integers(0, 3, count), generator.dirichlet(np.ones(3), count)


def told(state):
    values = [state.expected_calibration_error(), state.maximum_calibration_error(), state.brier_score_loss()]
    values.append(state.expected_calibration_error(norm=2, debias=True))
    if state.kind != "class_wise":
        diagram = state.reliability_diagram()
        values += [*diagram.count, *diagram.mean_confidence, *diagram.accuracy]
        values += [*state.brier_score_decomposition(), *np.concatenate(state.calibration_curve())]
    return np.array(values).tobytes()


@settings(max_examples=60)
@given(
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**32),
    cuts=st.lists(st.integers(0, 80), max_size=5),
    order=st.randoms(use_true_random=False),
    dtype=st.sampled_from((np.float32, np.float64)),
)
def test_any_cut_and_order_gives_the_same_bits(kind, seed, cuts, order, dtype):
    y_true, y_prob = data(kind, 80, seed)
    y_prob = y_prob.astype(dtype)
    whole = made(kind).update(y_true, y_prob)
    parts = [
        made(kind).update(y_true[start:stop], y_prob[start:stop])
        for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), 80], strict=True)
    ]
    order.shuffle(parts)
    merged = made(kind)
    for part in parts:
        merged.merge(part)
    assert merged == whole
    assert merged.to_bytes() == whole.to_bytes()
    assert told(merged) == told(whole) == told(CalibrationState.from_bytes(whole.to_bytes()))
    assert merged.samples == 80


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_tells_what_the_metrics_do(kind):
    y_true, y_prob = data(kind, 500)
    state = made(kind, bins=11).update(y_true, y_prob)
    options = {"bins": 11}
    if kind == "class_wise":
        wanted = metrics.classwise_calibration_error(y_true, y_prob, **options)
        assert state.expected_calibration_error() == wanted
        each = [metrics.maximum_calibration_error(y_true == k, y_prob[:, k], **options) for k in range(3)]
        assert state.maximum_calibration_error() == max(each)
        score = metrics.brier_score_loss(y_true, y_prob, scale_by_half=False)
        assert state.brier_score_loss() == pytest.approx(score, rel=1e-14)
        return
    for norm in (1, 2):
        wanted = metrics.expected_calibration_error(y_true, y_prob, norm=norm, **options)
        assert state.expected_calibration_error(norm=norm) == wanted
    assert state.maximum_calibration_error() == metrics.maximum_calibration_error(y_true, y_prob, **options)
    score = metrics.brier_score_loss if kind == "binary" else metrics.top_label_brier_score
    assert state.brier_score_loss() == pytest.approx(score(y_true, y_prob), rel=1e-14)
    assert state.brier_score_decomposition() == metrics.brier_score_decomposition(y_true, y_prob, **options)
    wanted = metrics.reliability_diagram(y_true, y_prob, **options)
    np.testing.assert_array_equal(state.reliability_diagram().accuracy, wanted.accuracy)


def test_a_curve_of_four_bins_is_that_of_the_metric():
    y_true, y_prob = data("binary", 200)
    found = CalibrationState(bins=4).update(y_true, y_prob).calibration_curve()
    np.testing.assert_array_equal(found, metrics.calibration_curve(y_true, y_prob, n_bins=4))


@pytest.fixture
def threads():
    yield lossary.set_num_threads
    lossary.set_num_threads(None)


def test_the_number_of_threads_changes_nothing(threads):
    y_true, y_prob = data("binary", 300_000)
    found = set()
    for count in (1, 2, 3):
        threads(count)
        found.add(CalibrationState().update(y_true, y_prob).to_bytes())
    assert len(found) == 1


def test_threads_may_share_a_state():
    y_true, y_prob = data("binary", 10_000)
    state = CalibrationState()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda k: state.update(y_true[k::20], y_prob[k::20]), range(20)))
    assert state == CalibrationState().update(y_true, y_prob)


def test_copies_are_apart():
    state = made("top_label").update(*data("top_label", 10))
    for other in (copy.copy(state), copy.deepcopy(state), pickle.loads(pickle.dumps(state))):
        assert other == state
        other.update(*data("top_label", 10))
        assert other != state
        assert other.samples == 20
    assert state != "state"
    assert repr(state) == "CalibrationState(bins=15, kind='top_label', labels=[0, 1, 2], samples=10)"


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_state_takes_nothing_and_tells_nothing(kind):
    state = made(kind)
    y_true, y_prob = data(kind, 5)
    state.update(y_true[:0], y_prob[:0])
    assert (state.nbytes, state.samples) == (0, 0)
    assert CalibrationState.from_bytes(state.to_bytes()) == state
    for tell in (state.expected_calibration_error, state.maximum_calibration_error, state.brier_score_loss):
        with pytest.raises(errors.UndefinedMetricError, match=r"^state: got no samples"):
            tell()


@pytest.mark.parametrize(
    ("kind", "y_true", "y_prob", "message"),
    [
        ("binary", [0, 1], [0.5, 1.5], "y_prob: got 1.5"),
        ("binary", [0, 1], [0.5, float("nan")], "y_prob: got NaN"),
        ("binary", [0], [0.5, 0.5], "y_true: got 1 samples"),
        ("binary", [0, 2], [0.5, 0.5], "y_true: got values"),
        ("binary", [0], [[0.5, 0.5]], "y_prob: got shape (1, 2); wanted 1 axis"),
        ("top_label", [0], [0.5], "y_prob: got shape (1,); wanted 2 axes"),
        ("top_label", [0], [[0.5, 0.5]], "y_prob: got 2 columns"),
        ("class_wise", [3], [[0.5, 0.25, 0.25]], "y_true: got {3}"),
        ("class_wise", [0], [[0.5, 0.5, 0.5]], "y_prob: got a sum of 1.5 in row 0"),
    ],
)
def test_a_bad_batch_changes_nothing(kind, y_true, y_prob, message):
    state = made(kind).update(*data(kind, 5))
    before = state.to_bytes()
    with pytest.raises(errors.InvalidInputError) as caught:
        state.update(y_true, y_prob)
    assert str(caught.value).startswith(message)
    assert state.to_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bins": 0}, "bins: got 0"),
        ({"kind": "x"}, "kind: got 'x'"),
        ({"kind": "top_label"}, "labels: got None"),
        ({"labels": [0, 1]}, "labels: got [0, 1]"),
        ({"kind": "class_wise", "labels": [1, 0]}, "labels: got [1, 0]; wanted them sorted"),
        ({"kind": "class_wise", "labels": [0, 0]}, "labels: got [0, 0]; wanted two or more"),
        ({"kind": "class_wise", "labels": [0, 1], "bins": 2**20}, "bins: got 1048576 for 2 classes"),
        ({"kind": "class_wise", "labels": [0, 1], "pos_label": 1}, "pos_label: got 1"),
        ({"kind": "top_label", "labels": list(range(20_000))}, "labels: got"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(errors.InvalidInputError) as caught:
        CalibrationState(**options)
    assert str(caught.value).startswith(message)


def test_states_of_other_options_are_refused():
    state = CalibrationState()
    for other in (CalibrationState(bins=3), CalibrationState(pos_label=0), made("top_label")):
        with pytest.raises(errors.InvalidInputError, match=r"^other: got a state with"):
            state.merge(other)
    with pytest.raises(errors.DtypeError, match=r"^other: got BoundedRankingState"):
        state.merge(BoundedRankingState())
    with pytest.raises(errors.InvalidInputError, match=r"^data: got another kind"):
        CalibrationState.from_bytes(BoundedRankingState().to_bytes())


@pytest.mark.parametrize(
    "tag", ["", "[]", '["x", "", []]', '["top_label", "", []]', '["binary","",[]]', "[" * 9999]
)
def test_bytes_with_another_tag_are_refused(tag):
    from lossary import _kernels

    with pytest.raises(errors.InvalidInputError, match=r"^data: got the tag"):
        CalibrationState.from_bytes(_kernels.Calibration(tag, 3, 1).to_bytes())


def test_class_wise_states_have_no_one_diagram():
    state = made("class_wise").update(*data("class_wise", 5))
    for tell in (state.reliability_diagram, state.calibration_curve, state.brier_score_decomposition):
        with pytest.raises(errors.InvalidInputError, match=r"^kind: got 'class_wise'"):
            tell()
