"""Errors of segmentations in topology: goldens, definitions, label maps, intervals, edges, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from lossary import errors
from lossary.metrics import (
    betti_matching_error,
    betti_matching_pairs,
    betti_number_error,
    betti_numbers,
    bootstrap,
    euler_characteristic_error,
)

RANDOM = np.random.default_rng(54)
GOLDENS = Path(__file__).parents[1] / "goldens"
FUNCTIONS = {
    function.__name__: function
    for function in (betti_matching_error, betti_number_error, euler_characteristic_error)
}
every = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))

CASES = [
    pytest.param(function, case, id=f"{name}-{case['id']}")
    for name, function in FUNCTIONS.items()
    for case in json.loads((GOLDENS / f"054-{name}.json").read_text())["cases"]
]


@pytest.mark.parametrize(("function", "case"), CASES)
def test_golden_errors(function, case):
    given = [case["inputs"][name] for name in ("prediction", "target")]
    prediction, target = (np.array(each["data"], each["dtype"]).reshape(each["shape"]) for each in given)
    found = function(prediction, target, **case["params"])
    assert type(found.error) is float
    for name, wanted in case["expected"].items():
        values = np.asarray(getattr(found, name))
        np.testing.assert_allclose(values.reshape(np.shape(wanted)), wanted, rtol=case["rtol"], atol=0)
    single = function(prediction[0, 0], target[0, 0], **case["params"])
    assert single.per_image.shape == ()
    assert single.per_image == found.per_image[0, 0]


def matching_by_values(prediction, target, threshold=0.5, relative=False, include_essential=True):
    """Sums of squared differences of births and deaths of maps of 0 and 1: the loss, in whole numbers."""
    maps = [np.where(np.asarray(each) >= threshold, 1.0, 0.0) for each in (prediction, target)]
    if relative:
        maps = [np.pad(each, 1, constant_values=each.max()) for each in maps]
    pairs = betti_matching_pairs(*(-each for each in maps))
    costs = []
    for record in pairs[: maps[0].ndim]:
        moved = sum(
            2
            * (
                (
                    getattr(record, f"matched_prediction_{end}_value")
                    - getattr(record, f"matched_target_{end}_value")
                )
                ** 2
            ).sum()
            for end in ("birth", "death")
        )
        lengths = (
            getattr(record, f"unmatched_{side}_birth_value")
            - getattr(record, f"unmatched_{side}_death_value")
            for side in ("prediction", "target")
        )
        costs.append(moved + sum((length**2).sum() for length in lengths))
    if include_essential:
        births = (
            maps[0][tuple(pairs.essential_birth_prediction)],
            maps[1][tuple(pairs.essential_birth_target)],
        )
        costs[0] += 2 * (births[0] - births[1]) ** 2
    return costs


shapes = st.one_of(
    st.tuples(st.integers(1, 12)),
    st.tuples(st.integers(1, 7), st.integers(1, 7)),
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
)
pairs = shapes.flatmap(
    lambda shape: st.tuples(*[arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]))] * 2)
)


@settings(max_examples=100)
@given(
    maps=pairs,
    threshold=st.sampled_from([0.5, 0.3, 1.0, 2.0]),
    relative=st.booleans(),
    essential=st.booleans(),
)
def test_the_matching_error_is_the_loss_of_the_masks(maps, threshold, relative, essential):
    options = {"threshold": threshold, "relative": relative, "include_essential": essential}
    found = betti_matching_error(*maps, **options)
    assert found.per_dimension.tolist() == matching_by_values(*maps, **options)
    assert found.error == found.per_image == found.per_dimension.sum()


@settings(max_examples=60)
@given(maps=pairs, construction=st.sampled_from(["V", "T"]))
def test_number_and_euler_errors_are_differences(maps, construction):
    first, second = (betti_numbers(each >= 0.5, construction=construction) for each in maps)
    found = betti_number_error(*maps, construction=construction)
    wanted = np.abs(first.betti_numbers - second.betti_numbers)
    np.testing.assert_array_equal(found.per_dimension, wanted)
    assert found.error == wanted.sum()
    euler = euler_characteristic_error(*maps, construction=construction)
    assert euler.error == abs(first.euler_characteristic - second.euler_characteristic)


@settings(max_examples=60)
@given(maps=pairs)
def test_errors_are_zero_of_equal_maps_and_bounded_below(maps):
    first, second = maps
    assert all(function(first, first).error == 0 for function in FUNCTIONS.values())
    assert all(
        function(first, second).error == function(second, first).error for function in FUNCTIONS.values()
    )
    numbers, euler = betti_number_error(first, second), euler_characteristic_error(first, second)
    assert euler.error <= numbers.error <= betti_matching_error(first, second).error


def test_features_in_other_places_count_for_matching_only():
    prediction = np.array([[1, 1, 0, 0, 0], [1, 1, 0, 0, 1]])
    target = np.array([[1, 1, 0, 1, 0], [1, 1, 0, 0, 0]])
    assert betti_number_error(prediction, target).error == 0
    found = betti_matching_error(prediction, target)
    assert (found.error, found.per_dimension.tolist()) == (2.0, [2, 0])
    assert betti_matching_error(prediction, target, dimensions=[1]).error == 0


def test_an_empty_mask_costs_what_the_other_has():
    target = np.array([[1, 0, 1, 0, 1]])
    empty = np.zeros_like(target)
    assert betti_matching_error(empty, target).error == 2 + 2
    assert betti_matching_error(empty, target, include_essential=False).error == 2
    assert betti_matching_error(empty, empty, relative=True).error == 0


def test_a_frame_closes_what_the_border_cuts():
    target = np.array([[1, 0, 1], [1, 0, 1], [1, 1, 1]])
    prediction = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 1]])
    assert betti_matching_error(prediction, target).per_dimension.tolist() == [1, 0]
    # In the frame the arc encloses a loop, which the prediction has too, and all is one component.
    assert betti_matching_error(prediction, target, relative=True).error == 0


BATCH = np.round(RANDOM.random((3, 2, 6, 7)), 2)
OTHER = np.round(RANDOM.random((3, 2, 6, 7)), 2)


@every
def test_a_batch_is_its_maps(function):
    found = function(BATCH, OTHER)
    alone = np.array(
        [
            [function(*maps).per_image for maps in zip(*row, strict=True)]
            for row in zip(BATCH, OTHER, strict=True)
        ]
    )
    np.testing.assert_array_equal(found.per_image, alone)
    assert found.per_image.dtype == np.int64
    assert found.error == alone.sum() / 6
    assert function(BATCH, OTHER, reduction="sum").error == float(alone.sum())
    np.testing.assert_array_equal(function(BATCH, OTHER, reduction="none").error, alone)
    order = [[2, 0, 1]]
    np.testing.assert_array_equal(function(BATCH[order[0]], OTHER[order[0]]).per_image, alone[order[0]])
    np.testing.assert_array_equal(function(BATCH[:, 0], OTHER[:, 0], space_axes=2).per_image, alone[:, 0])
    if function is not euler_characteristic_error:
        assert found.per_dimension.shape == (3, 2, 2)
        np.testing.assert_array_equal(found.per_dimension.sum(-1), alone)
        second = function(BATCH, OTHER, dimensions={1})
        np.testing.assert_array_equal(second.per_dimension, found.per_dimension[..., 1:])
        assert second.error == found.per_dimension[..., 1].sum() / 6


@every
@pytest.mark.parametrize("dtype", ["b", "B", "i", "Q", "e", "f", "d"])
def test_every_dtype_and_layout_gives_the_same_error(function, dtype):
    first, second = (BATCH * 4).astype(int), (OTHER * 4).astype(int)
    wanted = function(first, second, threshold=2).per_image
    given = first.astype(dtype)
    before = given.copy()
    for each in (given, given.copy("F"), np.repeat(given, 2, axis=3)[..., ::2], given.tolist()):
        np.testing.assert_array_equal(function(each, second, threshold=2).per_image, wanted)
    np.testing.assert_array_equal(given, before)


@every
@pytest.mark.parametrize(
    ("shape", "axes"), [((5, 6), None), ((3, 5, 6), 2), ((2, 3, 4, 5), None), ((2, 3, 4, 4), 2)]
)
def test_labels_are_one_against_the_rest(function, shape, axes):
    first, second = (RANDOM.integers(0, 3, shape).astype(np.uint8) for _ in range(2))
    found = function(first, second, labels=range(3), space_axes=axes)
    leading = shape[:-axes] if axes else {2: (), 4: shape[:1]}[len(shape)]
    assert found.per_image.shape == (*leading, 3)
    for label in range(3):
        masks = (first == label, second == label)
        alone = function(*masks, space_axes=len(shape) - len(leading))
        np.testing.assert_array_equal(found.per_image[..., label], alone.per_image)
        if function is not euler_characteristic_error:
            np.testing.assert_array_equal(found.per_dimension[..., label, :], alone.per_dimension)
    assert found.error == found.per_image.mean()
    some = function(first, second, labels=[2, 0], space_axes=axes)
    np.testing.assert_array_equal(some.per_image, found.per_image[..., [2, 0]])


@every
def test_intervals_are_over_images(function):
    first, second = (RANDOM.random((12, 2, 5, 5)) for _ in range(2))
    found = function(first, second, confidence=0.9)
    rows = found.per_image.mean(axis=1)
    assert found.error == bootstrap.of_rows(rows, None, 0.9, value=found.per_image.mean())
    assert found.error.low < found.error.value < found.error.high
    maps = [(each[:, 0] * 3).astype(int) for each in (first, second)]
    labelled = function(*maps, labels=range(3), space_axes=2, confidence=0.9)
    assert labelled.error[:3] == bootstrap.of_rows(labelled.per_image.mean(axis=1), None, 0.9)[:3]
    with pytest.raises(errors.UndefinedMetricError, match=r"^confidence: got 1 row; wanted two or more"):
        function(maps[0][0], maps[1][0], labels=range(3), confidence=0.9)
    with pytest.raises(errors.InvalidInputError, match=r"^confidence: got a level with reduction='sum'"):
        function(first, second, reduction="sum", confidence=0.9)


@every
def test_no_maps_have_no_mean(function):
    nothing = np.zeros((0, 2, 4, 4))
    assert function(nothing, nothing, reduction="sum").error == 0.0
    assert function(nothing, nothing, reduction="none").error.shape == (0, 2)
    with pytest.raises(errors.UndefinedMetricError, match=r"^prediction: got no maps, shape \(0, 2\)"):
        function(nothing, nothing)


def test_a_threshold_is_rounded_as_the_map_is():
    for dtype in (np.float32, np.float64):
        maps = np.full((2, 2), 0.7, dtype)
        assert betti_matching_error(maps, np.zeros((2, 2)), threshold=0.7).error == 2


@every
def test_equal_maps_among_others_cost_nothing(function):
    other = OTHER.copy()
    other[1], other[0, 1] = BATCH[1], BATCH[0, 1]
    found, wanted = function(BATCH, other).per_image, function(BATCH, OTHER).per_image
    wanted[1] = wanted[0, 1] = 0
    np.testing.assert_array_equal(found, wanted)


def test_a_threshold_beyond_float32_has_no_foreground():
    maps = np.ones((2, 2), np.float32)
    assert betti_matching_error(maps, maps, threshold=1e300).error == 0
    assert betti_matching_error(maps, np.ones((2, 2)) * 1e301, threshold=1e300).error == 2


M = np.zeros((2, 2))


@every
@pytest.mark.parametrize(
    ("args", "options", "error", "message"),
    [
        (
            (M, np.zeros((2, 3))),
            {},
            errors.ShapeError,
            "target: got shape (2, 3); wanted (2, 2), as prediction",
        ),
        (
            (np.zeros((1, 2, 2)), np.zeros((2, 1, 2))),
            {"space_axes": 2},
            errors.ShapeError,
            "target: got shape",
        ),
        (
            (M, [[0, np.nan], [0, 0]]),
            {},
            errors.InvalidInputError,
            "target: got nan at (0, 1); wanted finite",
        ),
        (([[0, 0], [np.inf, 0]], M), {}, errors.InvalidInputError, "prediction: got inf at (1, 0)"),
        (
            (M, M),
            {"threshold": np.nan},
            errors.InvalidInputError,
            "threshold: got nan; wanted a finite number",
        ),
        ((M, M), {"threshold": 10**400}, errors.InvalidInputError, "threshold: got 1000"),
        ((M, M), {"threshold": "x"}, errors.DtypeError, "threshold: got 'x'"),
        ((M, M), {"threshold": True}, errors.DtypeError, "threshold: got True"),
        ((M, M), {"reduction": "median"}, errors.InvalidInputError, "reduction: got 'median'; wanted one of"),
        (
            (M, M),
            {"space_axes": 4},
            errors.InvalidInputError,
            "space_axes: got 4; wanted an integer from 1 to 3",
        ),
        (
            (M, M),
            {"labels": [0, 1]},
            errors.DtypeError,
            "prediction: got dtype float64 with labels; wanted int",
        ),
        ((M, M), {"labels": []}, errors.InvalidInputError, "labels: got []; wanted integers, each once"),
        ((M, M), {"labels": [1, 1]}, errors.InvalidInputError, "labels: got [1, 1]; wanted integers"),
        ((M, M), {"labels": [0.5]}, errors.InvalidInputError, "labels: got [0.5]; wanted integers"),
        ((M, M), {"labels": [1], "threshold": 1}, errors.InvalidInputError, "threshold: got 1 with labels"),
        (
            (np.zeros((2, 2, 2), int),) * 2,
            {"labels": [1]},
            errors.ShapeError,
            "prediction: got shape (2, 2, 2) with labels",
        ),
        (
            (np.zeros((2,) * 5, int),) * 2,
            {"labels": [1]},
            errors.ShapeError,
            "prediction: got shape (2, 2, 2, 2, 2); wanted",
        ),
        ((M, None), {}, errors.DtypeError, "target: got NoneType"),
    ],
)
def test_bad_input_is_refused(function, args, options, error, message):
    with pytest.raises(error) as caught:
        function(*args, **options)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("function", [betti_matching_error, betti_number_error])
@pytest.mark.parametrize(
    ("dimensions", "error"),
    [
        ([], errors.InvalidInputError),
        ([2], errors.InvalidInputError),
        ([-1, 0], errors.InvalidInputError),
        (0, errors.DtypeError),
        (np.array(1), errors.DtypeError),
        ("01", errors.DtypeError),
        ([True], errors.DtypeError),
        ([0.0], errors.DtypeError),
    ],
)
def test_other_dimensions_are_refused(function, dimensions, error):
    with pytest.raises(error, match=r"^dimensions: got .*; wanted some of 0, 1, or None"):
        function(M, M, dimensions=dimensions)


def test_options_of_matching_are_flags():
    for name in ("relative", "include_essential"):
        with pytest.raises(errors.DtypeError, match=f"^{name}: got 1; wanted True or False"):
            betti_matching_error(M, M, **{name: 1})
