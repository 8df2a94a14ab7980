"""Betti numbers and Euler characteristics: goldens, labelled components, pairs alive, edges, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from lossary import errors
from lossary.metrics import BettiNumbers, betti_numbers, euler_characteristic, persistence_pairs
from scipy import ndimage

RANDOM = np.random.default_rng(54)
GOLDENS = json.loads((Path(__file__).parents[1] / "goldens/054-betti_numbers.json").read_text())["cases"]

shapes = st.one_of(
    st.tuples(st.integers(1, 40)),
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)),
)
masks = shapes.flatmap(lambda shape: arrays(np.bool_, shape))
constructions = pytest.mark.parametrize("construction", ["V", "T"])


@pytest.mark.parametrize("case", GOLDENS, ids=lambda case: case["id"])
def test_golden_numbers(case):
    given = case["inputs"]["mask"]
    mask = np.array(given["data"], given["dtype"]).reshape(given["shape"])
    found = betti_numbers(mask, **case["params"])
    assert case["rtol"] == 0
    assert found.betti_numbers.dtype == np.int64
    assert found.betti_numbers.tolist() == case["expected"]["betti_numbers"]
    assert found.euler_characteristic == case["expected"]["euler_characteristic"]
    assert euler_characteristic(mask, **case["params"]) == found.euler_characteristic


def components(mask, across_corners):
    reach = mask.ndim if across_corners else 1
    return ndimage.label(mask, ndimage.generate_binary_structure(mask.ndim, reach))[1]


@constructions
@settings(max_examples=80)
@given(mask=masks)
def test_numbers_are_those_of_labelled_components(construction, mask):
    found = betti_numbers(mask, construction=construction)
    numbers = found.betti_numbers.tolist()
    assert numbers[0] == components(mask, construction == "T")
    if mask.ndim > 1:
        assert numbers[-1] == components(~np.pad(mask, 1), construction == "V") - 1
    signs = [1, -1, 1]
    assert found.euler_characteristic == sum(map(int.__mul__, signs, numbers))
    assert euler_characteristic(mask, construction=construction) == found.euler_characteristic
    assert min(numbers) >= 0


@settings(max_examples=80)
@given(
    image=shapes.flatmap(lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 4))),
    level=st.integers(0, 4),
)
def test_numbers_are_those_of_the_pairs_alive_at_a_level(image, level):
    pairs = persistence_pairs(image)
    alive = [
        np.count_nonzero((record.birth_value <= level) & (record.death_value > level))
        for record in pairs[: image.ndim]
    ]
    alive[0] += int(image.min() <= level)
    assert betti_numbers(image <= level).betti_numbers.tolist() == alive


@constructions
@pytest.mark.parametrize("space", [(9,), (5, 6), (3, 4, 5)])
def test_a_batch_is_its_masks(construction, space):
    batch = RANDOM.random((2, 3, *space)) < 0.5
    found = betti_numbers(batch, construction=construction, space_axes=len(space))
    assert found.betti_numbers.shape == (2, 3, len(space))
    assert found.euler_characteristic.shape == (2, 3)
    characteristic = euler_characteristic(batch, construction=construction, space_axes=len(space))
    assert characteristic.dtype == np.int64
    np.testing.assert_array_equal(characteristic, found.euler_characteristic)
    for image in np.ndindex(2, 3):
        numbers, characteristic = betti_numbers(batch[image], construction=construction)
        np.testing.assert_array_equal(found.betti_numbers[image], numbers)
        assert type(characteristic) is int
        assert found.euler_characteristic[image] == characteristic


def test_a_batch_may_be_empty():
    found = betti_numbers(np.zeros((0, 2, 3, 3), bool))
    assert (found.betti_numbers.shape, found.euler_characteristic.shape) == ((0, 2, 2), (0, 2))


@pytest.mark.parametrize("dtype", ["?", "b", "q", "Q", "e", "f", "d"])
def test_masks_are_booleans_or_numbers_that_are_0_and_1(dtype):
    mask = RANDOM.random((7, 8)) < 0.5
    wanted = betti_numbers(mask)
    given = mask.astype(dtype)
    for each in (given, given.copy("F"), np.repeat(given, 2, axis=1)[:, ::2], given.tolist()):
        assert repr(betti_numbers(each)) == repr(wanted)
    np.testing.assert_array_equal(given, mask)


@constructions
@pytest.mark.parametrize("shape", [(1,), (1, 1), (1, 1, 1), (4, 1), (1, 5, 1)])
def test_empty_and_full_masks(construction, shape):
    zeros = [0] * len(shape)
    empty = betti_numbers(np.zeros(shape, bool), construction=construction)
    full = betti_numbers(np.ones(shape, bool), construction=construction)
    assert (empty.betti_numbers.tolist(), empty.euler_characteristic) == (zeros, 0)
    assert (full.betti_numbers.tolist(), full.euler_characteristic) == ([1, *zeros[1:]], 1)
    assert isinstance(full, BettiNumbers)


@pytest.mark.parametrize("function", [betti_numbers, euler_characteristic])
@pytest.mark.parametrize(
    ("mask", "options", "error", "message"),
    [
        ([[0, 2]], {}, errors.InvalidInputError, "mask: got numbers other than 0 and 1; wanted a mask"),
        ([[0.5, 1.0]], {}, errors.InvalidInputError, "mask: got numbers other than 0 and 1; wanted a mask"),
        ([np.nan], {}, errors.InvalidInputError, "mask: got numbers other than 0 and 1"),
        (
            [0],
            {"construction": "X"},
            errors.InvalidInputError,
            "construction: got 'X'; wanted one of 'V', 'T'",
        ),
        ([0], {"construction": None}, errors.InvalidInputError, "construction: got None"),
        (np.zeros((2, 0), bool), {}, errors.ShapeError, "mask: got shape (2, 0)"),
        (np.zeros((), bool), {}, errors.ShapeError, "mask: got shape ()"),
        ("mask", {}, errors.DtypeError, "mask: got str"),
    ],
)
def test_bad_masks_are_refused(function, mask, options, error, message):
    with pytest.raises(error) as caught:
        function(mask, **options)
    assert str(caught.value).startswith(message)
