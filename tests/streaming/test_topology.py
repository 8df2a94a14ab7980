"""The state of errors in topology: any cut and order, what it tells, bytes, and what it refuses."""

import copy
import pickle
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import errors, metrics
from lossary.streaming import CalibrationState, TopologyState, TopologySummary
from lossary.streaming.topology_sums import TopologySums

KINDS = [
    {},
    {"channels": 2, "relative": True, "threshold": 0.3},
    {"labels": [2, 0], "space_axes": 3, "construction": "T"},
    {"space_axes": 1},
]
kinds = pytest.mark.parametrize("options", KINDS)


def data(options, count, seed=0):
    generator = np.random.default_rng(seed)
    space = (4, 5, 3)[: options.get("space_axes", 2)]
    channels = (options["channels"],) if "channels" in options else ()
    maps = [generator.random((count, *channels, *space)) for _ in range(2)]
    return [(each * 3).astype(int) for each in maps] if "labels" in options else maps


def told(state):
    first = state.space_axes > 1
    return (
        *state.compute(),
        state.betti_matching_error(include_essential=False, dimensions=[0]),
        state.betti_number_error(dimensions=[int(first)]),
        *(np.asarray(part).tobytes() for part in state.totals()),
    )


@settings(max_examples=40)
@given(
    options=st.sampled_from(KINDS),
    seed=st.integers(0, 2**32),
    cuts=st.lists(st.integers(0, 20), max_size=5),
    order=st.randoms(use_true_random=False),
)
def test_any_cut_and_order_gives_the_same_bits(options, seed, cuts, order):
    first, second = data(options, 20, seed)
    whole = TopologyState(**options).update(first, second)
    parts = [
        TopologyState(**options).update(first[start:stop], second[start:stop])
        for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), 20], strict=True)
    ]
    order.shuffle(parts)
    merged = TopologyState(**options)
    for part in parts:
        merged.merge(part)
    assert merged == whole
    assert merged.to_bytes() == whole.to_bytes()
    assert told(TopologyState.from_bytes(merged.to_bytes())) == told(whole)


@kinds
def test_a_state_tells_what_the_metrics_tell(options):
    first, second = data(options, 20)
    state = TopologyState(**options).update(first, second)
    relative = {"relative": options["relative"]} if "relative" in options else {}
    construction = {"construction": options["construction"]} if "construction" in options else {}
    names = ("labels", "threshold")
    shared = {name: options[name] for name in names if name in options}
    shared["space_axes"] = options.get("space_axes", 2)
    matching = metrics.betti_matching_error(first, second, **relative, **shared)
    numbers = metrics.betti_number_error(first, second, **construction, **shared)
    euler = metrics.euler_characteristic_error(first, second, **construction, **shared)
    assert state.compute() == TopologySummary(matching.error, numbers.error, euler.error, 20)
    for dimension in range(state.space_axes):
        for essential in (True, False):
            wanted = metrics.betti_matching_error(
                first, second, dimensions=[dimension], include_essential=essential, **relative, **shared
            )
            found = state.betti_matching_error(dimensions=[dimension], include_essential=essential)
            assert found == wanted.error
        wanted = metrics.betti_number_error(first, second, dimensions=[dimension], **construction, **shared)
        assert state.betti_number_error(dimensions=[dimension]) == wanted.error
    totals = state.totals()
    columns = totals.euler_characteristic.shape
    by_class = numbers.per_dimension.reshape(20, *columns, -1).sum(axis=0)
    np.testing.assert_array_equal(totals.betti_numbers, by_class)
    np.testing.assert_array_equal(
        totals.euler_characteristic, euler.per_image.reshape(20, *columns).sum(axis=0)
    )
    of_class = matching.per_dimension.reshape(20, *columns, -1).sum(axis=0)
    of_class[:, 0] -= 2 * totals.essential
    np.testing.assert_array_equal(totals.betti_matching, of_class)


def test_empty_masks_are_told_apart():
    state = TopologyState().update(np.zeros((3, 4, 4)), np.ones((3, 4, 4)))
    assert state.totals().essential.tolist() == [3]
    assert state.betti_matching_error() == 2
    assert state.betti_matching_error(include_essential=False) == 0


def test_images_of_any_size_and_number_go_together():
    first, second = data({}, 4)
    state = TopologyState().update(first[0], second[0]).update(first[1:, None], second[1:, None])
    assert state == TopologyState().update(first, second)
    assert state.update(np.ones((7, 9)), np.zeros((7, 9))).images == 5


def test_threads_may_share_a_state():
    first, second = data({}, 60)
    state = TopologyState()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda k: state.update(first[k::20], second[k::20]), range(20)))
    assert state == TopologyState().update(first, second)


def test_a_state_may_be_merged_with_itself():
    state = TopologyState().update(*data({}, 3))
    errors_before = state.totals().betti_matching
    assert state.merge(state).images == 6
    np.testing.assert_array_equal(state.totals().betti_matching, 2 * errors_before)


def test_copies_are_apart():
    options = KINDS[2]
    state = TopologyState(**options).update(*data(options, 5))
    for other in (copy.copy(state), copy.deepcopy(state), pickle.loads(pickle.dumps(state))):
        assert other == state
        other.update(*data(options, 5, seed=1))
        assert other != state
        assert other.images == 10
    state.totals().betti_numbers[:] = 9
    assert state == TopologyState(**options).update(*data(options, 5))
    assert state != "state"
    assert repr(state) == "TopologyState(construction='T', labels=[2, 0], space_axes=3, images=5)"
    assert state.nbytes == 2 * 8 * 8


@kinds
def test_an_empty_state_tells_nothing(options):
    first, second = data(options, 2)
    state = TopologyState(**options).update(first[:0], second[:0])
    assert state == TopologyState(**options)
    assert state.images == 0
    assert not state.totals().betti_matching.any()
    assert TopologyState.from_bytes(state.to_bytes()) == state
    for tell in (state.compute, state.betti_number_error, state.euler_characteristic_error):
        with pytest.raises(errors.UndefinedMetricError, match=r"^state: got no images; wanted at least one"):
            tell()


@pytest.mark.parametrize(
    ("options", "first", "second", "error", "message"),
    [
        ({}, [[0.0]], [[np.nan]], errors.InvalidInputError, "target: got nan at (0, 0)"),
        ({}, [[0.0]], [[0.0, 1.0]], errors.ShapeError, "target: got shape (1, 2); wanted (1, 1)"),
        ({}, [0.0], [0.0], errors.ShapeError, "prediction: got shape (1,); wanted 2 axes or more"),
        (
            {},
            np.ones((2, 3, 4, 4)),
            np.ones((2, 3, 4, 4)),
            errors.ShapeError,
            "prediction: got leading axes (2, 3)",
        ),
        (
            {"channels": 3},
            np.ones((3, 4, 4)),
            np.ones((3, 4, 4)),
            errors.ShapeError,
            "prediction: got leading axes",
        ),
        (
            {"labels": [1]},
            np.ones((2, 1, 4, 4), int),
            np.ones((2, 1, 4, 4), int),
            errors.ShapeError,
            "prediction: got",
        ),
        (
            {"labels": [1]},
            np.ones((4, 4)),
            np.ones((4, 4)),
            errors.DtypeError,
            "prediction: got dtype float64",
        ),
    ],
)
def test_a_bad_batch_changes_nothing(options, first, second, error, message):
    state = TopologyState(**options)
    before = state.to_bytes()
    with pytest.raises(error) as caught:
        state.update(first, second)
    assert str(caught.value).startswith(message)
    assert state.to_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"space_axes": 0}, "space_axes: got 0"),
        ({"space_axes": 4}, "space_axes: got 4"),
        ({"channels": 0}, "channels: got 0"),
        ({"channels": 2, "labels": [1]}, "channels: got 2 with labels"),
        ({"labels": []}, "labels: got []"),
        ({"labels": range(20_000)}, "labels: got 128992 bytes of options"),
        ({"threshold": np.inf}, "threshold: got inf"),
        ({"threshold": 1.0, "labels": [1]}, "threshold: got 1.0 with labels"),
        ({"construction": "U"}, "construction: got 'U'"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(errors.InvalidInputError) as caught:
        TopologyState(**options)
    assert str(caught.value).startswith(message)


def test_states_of_other_options_are_refused():
    state = TopologyState().update([[1]], [[0]])
    for options in KINDS[1:]:
        with pytest.raises(errors.InvalidInputError, match=r"^other: got a state with .*; wanted one with"):
            state.merge(TopologyState(**options))
    with pytest.raises(errors.DtypeError, match=r"^other: got CalibrationState"):
        state.merge(CalibrationState())
    for dimensions in ([2], []):
        with pytest.raises(errors.InvalidInputError, match=r"^dimensions: got"):
            state.betti_matching_error(dimensions=dimensions)
    with pytest.raises(errors.DtypeError, match=r"^include_essential: got 1"):
        state.betti_matching_error(include_essential=1)


def sealed(body):
    return body + struct.pack("<I", zlib.crc32(body))


STORED = TopologyState().update([[1, 0], [0, 1]], [[1, 0], [0, 0]]).to_bytes()


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (b"", "data: got other bytes"),
        (b"lossary\x1a", "data: got a damaged"),
        (STORED[:-1], "data: got a damaged"),
        (STORED[:60] + b"\0" + STORED[61:], "data: got a damaged"),
        (STORED[:8] + b"\2" + STORED[9:], "data: got a state of version 2; wanted at most 1"),
        (sealed(STORED[:8] + b"\0" + STORED[9:-4]), "data: got sums that no images have"),
        (sealed(STORED[:11] + b"\1" + STORED[12:-4]), "data: got sums that no images have"),
        (sealed(STORED[:-8]), "data: got another length"),
        (sealed(STORED[:-12]), "data: got another length"),
        (sealed(STORED[:14]), "data: got another length"),
        (sealed(STORED[:-4] + bytes(8)), "data: got another length"),
        (sealed(STORED[:-5] + b"\x80"), "data: got sums that no images have"),
        (sealed(STORED[:-5] + b"\x7f"), "data: got sums that no images have"),
        (CalibrationState().to_bytes(), "data: got another kind of state"),
    ],
)
def test_other_bytes_are_refused(stored, message):
    with pytest.raises(errors.InvalidInputError) as caught:
        TopologyState.from_bytes(stored)
    assert str(caught.value).startswith(message)


def test_sums_without_images_are_refused():
    sums = TopologySums(TopologyState()._state.tag, 1, 6)
    sums.add(0, np.ones((1, 6), np.int64))
    with pytest.raises(errors.InvalidInputError, match=r"^data: got sums that no images have"):
        TopologyState.from_bytes(sums.to_bytes())


@pytest.mark.parametrize(
    "tag",
    ["", "[]", "{}", "[" * 9999, TopologyState(channels=2)._state.tag, '{"threshold": NaN}', '{"x": 1}'],
)
def test_bytes_with_other_options_are_refused(tag):
    with pytest.raises(errors.InvalidInputError, match=r"^data: got the options"):
        TopologyState.from_bytes(TopologySums(tag, 1, 6).to_bytes())


def test_compiled_states_refuse_the_bytes():
    with pytest.raises(errors.InvalidInputError, match=r"^data: got another kind of state"):
        CalibrationState.from_bytes(STORED)


def test_sums_that_grow_too_large_are_refused():
    sums = TopologySums("", 1, 2)
    sums.add(1, np.array([[2**60, 0]]))
    with pytest.raises(errors.InvalidInputError, match=r"^state: got 1152921504606846977 images or errors"):
        sums.add(1, np.array([[1, 0]]))
    assert sums.content[0] == 1
