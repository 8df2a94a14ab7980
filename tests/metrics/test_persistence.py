"""Persistence pairs and Betti matching: goldens, a plain reduction of matrices, batches, refusals."""

import json
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from lossary import errors
from lossary.metrics import betti_matching_pairs, persistence_pairs

RANDOM = np.random.default_rng(54)
GOLDENS = Path(__file__).parents[1] / "goldens"
DIMENSIONS = ("dimension_0", "dimension_1", "dimension_2")


def golden(file, *names):
    found = []
    for case in json.loads((GOLDENS / f"054-{file}.json").read_text())["cases"]:
        assert case["params"] == {}
        assert case["rtol"] == 0
        given = [case["inputs"][name] for name in names]
        images = [np.array(each["data"], each["dtype"]).reshape(each["shape"]) for each in given]
        found.append(pytest.param(*images, case["expected"], id=case["id"]))
    return pytest.mark.parametrize((*names, "expected"), found)


def check(found, expected, axes):
    for name, values in expected.items():
        if name in DIMENSIONS[axes:]:
            assert values is None
        elif name in DIMENSIONS:
            check(getattr(found, name), values, axes)
        else:
            array = getattr(found, name)
            assert array.dtype == (np.float64 if name.endswith("_value") else np.int64)
            if not name.endswith("_value") and not name.startswith(("num", "essential")):
                assert array.shape[1:] == (axes,)
            np.testing.assert_array_equal(array, np.reshape(values, array.shape))
    assert all(getattr(found, name, None) is None for name in DIMENSIONS[axes:])


@golden("persistence_pairs", "image")
def test_golden_pairs(image, expected):
    check(persistence_pairs(image), expected, image.ndim)


@golden("betti_matching_pairs", "prediction", "target")
def test_golden_matching(prediction, target, expected):
    check(betti_matching_pairs(prediction, target), expected, prediction.ndim)


class Complex:
    """All cells of images of a shape, and the reduction of their boundary matrices, entry by entry."""

    def __init__(self, shape):
        axes = range(len(shape))
        self.shape = shape
        self.cells = []
        for dimension in range(len(shape) + 1):
            spans = [*combinations(axes, dimension)]
            if len(shape) == 3 and dimension == 2:
                spans.reverse()  # squares of 3-D images are counted by the axis they lack
            self.cells.append([*self.spanned(spans)])

    def spanned(self, spans):
        """Cells as (place of the first vertex, type, first vertex, axes)."""
        for place, base in enumerate(product(*map(range, self.shape))):
            for kind, span in enumerate(spans):
                if all(base[axis] + 1 < self.shape[axis] for axis in span):
                    yield place, kind, base, span

    @staticmethod
    def vertices(cell):
        _, _, base, span = cell
        steps = product(*((0, 1) if axis in span else (0,) for axis in range(len(base))))
        return [tuple(at + by for at, by in zip(base, step, strict=True)) for step in steps]

    def level(self, image, cell):
        return max(image[vertex] for vertex in self.vertices(cell))

    def voxel(self, image, cell):
        """The vertex that gives a cell its level: the last of several, but the first of a cube's."""
        top = self.level(image, cell)
        vertices = [vertex for vertex in self.vertices(cell) if image[vertex] == top]
        return min(vertices) if len(cell[3]) == 3 else max(vertices)

    def ordered(self, image, dimension):
        return sorted(self.cells[dimension], key=lambda cell: (self.level(image, cell), cell[:2]))

    def faces(self, cell):
        _, _, base, span = cell
        for axis in span:
            rest = tuple(other for other in span if other != axis)
            for step in (0, 1):
                yield tuple(at + step * (each == axis) for each, at in enumerate(base)), rest

    def reduced(self, dimension, row_image, column_image):
        """(row, column) of each pivot: births in a dimension ordered by one image, deaths by another."""
        ranks = {cell[2:]: rank for rank, cell in enumerate(self.ordered(row_image, dimension))}
        rows = self.ordered(row_image, dimension)
        owners, found = {}, []
        for cell in self.ordered(column_image, dimension + 1):
            column = {ranks[face] for face in self.faces(cell)}
            while column and max(column) in owners:
                column ^= owners[max(column)]
            if column:
                owners[max(column)] = column
                found.append((rows[max(column)], cell))
        return found

    def pairs(self, image, dimension):
        """Cells (birth, death) of positive length."""
        found = self.reduced(dimension, image, image)
        return {one: other for one, other in found if self.level(image, one) < self.level(image, other)}

    def coordinates(self, image, pair):
        return tuple(self.voxel(image, cell) for cell in pair)

    def matched(self, first, second, dimension):
        """Coordinates of matched pairs, and of those of each image alone, as the definition has them."""
        union = np.minimum(first, second)
        sides = [(image, self.pairs(image, dimension)) for image in (first, second)]
        images = [
            {death: birth for birth, death in self.reduced(dimension, image, union)}
            for image in (first, second)
        ]
        matched = []
        for death in self.pairs(union, dimension).values():
            births = [image[death] for image in images]
            if all(birth in pairs for birth, (_, pairs) in zip(births, sides, strict=True)):
                matched.append(
                    [
                        self.coordinates(image, (birth, pairs.pop(birth)))
                        for birth, (image, pairs) in zip(births, sides, strict=True)
                    ]
                )
        alone = [sorted(self.coordinates(image, pair) for pair in pairs.items()) for image, pairs in sides]
        return sorted(matched), alone


def rows(record, *names):
    """The coordinates of a record, a tuple for each of its rows."""
    columns = [map(tuple, getattr(record, name).tolist()) for name in names]
    return [*zip(*columns, strict=True)]


shapes = st.one_of(
    st.tuples(st.integers(1, 12)),
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)),
)
levels = st.sampled_from([-1.0, -0.0, 0.0, 0.5, 1.0, 2.0])


@st.composite
def two_images(draw):
    shape = draw(shapes)
    return [draw(arrays(np.float64, shape, elements=levels)) for _ in range(2)]


@settings(max_examples=80)
@given(two_images())
def test_pairs_and_matching_are_those_of_the_boundary_matrices(images):
    first, second = images
    cells = Complex(first.shape)
    alone, both = persistence_pairs(first), betti_matching_pairs(first, second)
    for dimension in range(first.ndim):
        found = rows(alone[dimension], "birth", "death")
        wanted = cells.pairs(first, dimension).items()
        assert found == sorted(cells.coordinates(first, pair) for pair in wanted)
        record = both[dimension]
        kinds = ("matched_prediction", "matched_target", "unmatched_prediction", "unmatched_target")
        pairs = {kind: rows(record, f"{kind}_birth", f"{kind}_death") for kind in kinds}
        matched, single = cells.matched(first, second, dimension)
        assert [[*pair] for pair in zip(pairs[kinds[0]], pairs[kinds[1]], strict=True)] == matched
        assert [pairs[kinds[2]], pairs[kinds[3]]] == single


@settings(max_examples=60)
@given(two_images())
def test_an_image_matches_itself_completely(images):
    found = betti_matching_pairs(images[0], images[0])
    for dimension, record in enumerate(persistence_pairs(images[0])[: images[0].ndim]):
        own = found[dimension]
        for field in record._fields:
            np.testing.assert_array_equal(getattr(own, f"matched_prediction_{field}"), getattr(record, field))
            np.testing.assert_array_equal(getattr(own, f"matched_target_{field}"), getattr(record, field))
        assert found.num_matched[dimension] == len(record.birth)
    assert not found.num_unmatched_prediction.any()
    assert not found.num_unmatched_target.any()


@settings(max_examples=60)
@given(two_images())
def test_swapping_the_images_swaps_the_sides(images):
    first, second = betti_matching_pairs(*images), betti_matching_pairs(*images[::-1])
    np.testing.assert_array_equal(first.num_matched, second.num_matched)
    np.testing.assert_array_equal(first.num_unmatched_prediction, second.num_unmatched_target)
    np.testing.assert_array_equal(first.essential_birth_prediction, second.essential_birth_target)
    for one, other in zip(first[: images[0].ndim], second[: images[0].ndim], strict=True):
        np.testing.assert_array_equal(one.unmatched_target_death, other.unmatched_prediction_death)


def same(one, other):
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return one is other is None or (one.dtype == other.dtype and np.array_equal(one, other))


@pytest.mark.parametrize("space", [(7,), (5, 6), (3, 4, 3)])
def test_a_batch_is_its_images(space):
    batch = np.round(RANDOM.random((2, 3, *space)), 1)
    other = np.round(RANDOM.random((2, 3, *space)), 1)
    alone = persistence_pairs(batch, space_axes=len(space))
    both = betti_matching_pairs(batch, other, space_axes=len(space))
    assert [len(row) for row in alone] == [3, 3]
    for image in np.ndindex(2, 3):
        assert same(alone[image[0]][image[1]], persistence_pairs(batch[image]))
        assert same(both[image[0]][image[1]], betti_matching_pairs(batch[image], other[image]))
    turned = persistence_pairs(batch[::-1], space_axes=len(space))
    assert same(turned, alone[::-1])
    if len(space) > 1:
        assert same(alone, persistence_pairs(batch))
    assert same(alone[0], persistence_pairs(batch[0], space_axes=len(space)))


def test_batches_may_be_empty():
    assert persistence_pairs(np.zeros((0, 2, 3, 3))) == []
    assert persistence_pairs(np.zeros((2, 0, 3, 3))) == [[], []]
    assert betti_matching_pairs(np.zeros((0, 3, 3)), np.zeros((0, 3, 3)), space_axes=2) == []


@pytest.mark.parametrize("dtype", ["?", "b", "h", "i", "q", "B", "H", "I", "Q", "e", "f", "d", ">f8", ">i4"])
def test_every_dtype_gives_the_same_pairs(dtype):
    numbers = RANDOM.integers(0, 2 if dtype == "?" else 5, (6, 7))
    wanted = persistence_pairs(numbers.astype(np.float64))
    given = numbers.astype(dtype)
    before = given.copy()
    assert same(persistence_pairs(given), wanted)
    assert same(persistence_pairs(given.copy("F")), wanted)
    assert same(persistence_pairs(np.repeat(given, 2, axis=0)[::2]), wanted)
    assert same(persistence_pairs(given.tolist()), wanted)
    for other in ("?", "B", "f", "d"):
        mixed = betti_matching_pairs(given, (numbers > 0).astype(other))
        assert same(mixed, betti_matching_pairs(numbers.astype(float), (numbers > 0).astype(float)))
    np.testing.assert_array_equal(given, before)


def test_tensors_and_read_only_arrays_are_read():
    numbers = RANDOM.random((5, 5)).astype(np.float32)
    numbers.flags.writeable = False
    wanted = persistence_pairs(numbers)

    class Tensor:
        def __array__(self, dtype=None, copy=None):
            return numbers

    assert same(persistence_pairs(Tensor()), wanted)


@pytest.mark.parametrize("shape", [(1,), (1, 1), (1, 1, 1), (3,), (4, 5), (2, 3, 4)])
def test_a_constant_image_has_no_pairs(shape):
    found = persistence_pairs(np.full(shape, 7, np.uint8))
    assert all(len(found[dimension].birth) == 0 for dimension in range(len(shape)))
    assert found[0].birth.shape == (0, len(shape))
    np.testing.assert_array_equal(found.essential_birth, [0] * len(shape))


def test_extreme_values_are_compared_and_returned_as_they_are():
    image = np.array([[1.5e308, -1.5e308, 5e-324], [0.0, 1.7e308, -0.0]])
    found = persistence_pairs(image)
    wanted = persistence_pairs(np.array([[4, 0, 3], [1, 5, 1]]))
    assert same(found.dimension_0.birth, wanted.dimension_0.birth)
    assert set(found.dimension_0.death_value) <= set(image.ravel())


@pytest.mark.parametrize(
    ("image", "options", "error", "message"),
    [
        (np.array(5.0), {}, errors.ShapeError, "image: got shape (); wanted 1 to 3 axes"),
        (np.zeros((1,) * 6), {}, errors.ShapeError, "image: got shape (1, 1, 1, 1, 1, 1); wanted 1 to 3"),
        (np.zeros((2, 0)), {}, errors.ShapeError, "image: got shape (2, 0); wanted images without an axis"),
        (np.zeros((2, 2)), {"space_axes": 3}, errors.ShapeError, "image: got shape (2, 2); wanted 3 axes"),
        (np.zeros(2), {"space_axes": 0}, errors.InvalidInputError, "space_axes: got 0; wanted an integer"),
        (np.zeros(2), {"space_axes": True}, errors.DtypeError, "space_axes: got True"),
        ([[0, np.nan]], {}, errors.InvalidInputError, "image: got nan at (0, 1); wanted finite"),
        ([0, -np.inf], {}, errors.InvalidInputError, "image: got -inf at (1,); wanted finite"),
        ([2**53 + 1, 0], {}, errors.InvalidInputError, "image: got integers up to 9007199254740993"),
        ([-(2**63), 0], {}, errors.InvalidInputError, "image: got integers up to 9223372036854775808"),
        ([1j], {}, errors.InvalidInputError, "image: got dtype complex128"),
        (["a"], {}, errors.InvalidInputError, "image: got dtype <U1"),
        (None, {}, errors.DtypeError, "image: got NoneType"),
    ],
)
def test_bad_images_are_refused(image, options, error, message):
    with pytest.raises(error) as caught:
        persistence_pairs(image, **options)
    assert str(caught.value).startswith(message)
    with pytest.raises(error) as caught:
        betti_matching_pairs(image, image, **options)
    assert str(caught.value).startswith(message.replace("image:", "prediction:"))


def test_a_bad_voxel_of_a_batch_is_told_by_its_coordinates():
    batch = np.zeros((2, 3, 4, 5), np.float32)
    batch[1, 2, 3, 4] = np.inf
    with pytest.raises(errors.InvalidInputError, match=r"^target: got inf at \(1, 2, 3, 4\); wanted finite"):
        betti_matching_pairs(np.zeros_like(batch), batch)


def test_images_of_other_shapes_are_refused():
    with pytest.raises(errors.ShapeError, match=r"^target: got shape \(3, 2\); wanted \(2, 3\), as pred"):
        betti_matching_pairs(np.zeros((2, 3)), np.zeros((3, 2)))
