"""Codes of strings against `numpy.unique`, which sorts them all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import InvalidInputError
from lossary.metrics import confusion_matrix, precision_recall_fscore_support
from lossary.metrics.label_strings import string_codes
from lossary.metrics.labels import encode

# The first four share their last eight bits, the next two are as long as several words.
NAMES = (
    "a",
    chr(256 + ord("a")),
    chr(2**16 + ord("a")),
    "",
    "long" * 5,
    "long" * 4 + "lone",
    "b",
    "ab",
    "a\0b",
    "\U0001f600",
    "\ud800",
)

names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=20)


def assert_codes(first, second):
    classes, *codes = string_codes(first, second)
    np.testing.assert_array_equal(np.sort(classes), np.unique(np.concatenate((first, second))))
    for each, found in zip((first, second), codes, strict=True):
        np.testing.assert_array_equal(classes[found], each)


@settings(max_examples=200)
@given(first=names, second=names, late=st.lists(st.sampled_from(NAMES), max_size=3))
def test_codes_are_exact_wherever_a_class_appears_first(first, second, late):
    head = np.resize(np.array(first), 1100)
    assert_codes(np.concatenate([head, np.array(late, np.str_)]), np.array(second))


@pytest.mark.parametrize("classes", [1, 255, 257, 30_000])
def test_any_number_of_classes_is_coded(classes):
    named = np.array([f"class {number}" for number in range(classes)])
    assert_codes(np.resize(named, 40_000), named[::-1])


def test_arrays_of_any_layout_are_coded():
    wide = np.array([["a", "long name"], ["b", "c"]])
    for first in (wide[:, 0], wide.T[1], wide[::-1, 0].astype(">U3")):
        assert_codes(first, np.array(["b", "longer name"]))
    empty = np.array([""])
    assert_codes(empty[:0], empty)
    without_width = np.zeros(2, np.dtype([("name", "U0")]))["name"]
    assert_codes(without_width, np.array(["a", ""]))


@pytest.mark.parametrize("classes", [7, 2000])
def test_scores_of_strings_are_those_of_their_numbers(classes):
    generator = np.random.default_rng(3)
    y_true, y_pred = generator.integers(0, classes, (2, 50_000))
    named = np.array([f"label {number:04d}" for number in range(classes)])
    ours = precision_recall_fscore_support(named[y_true], named[y_pred], zero_division=0)
    np.testing.assert_array_equal(ours, precision_recall_fscore_support(y_true, y_pred, zero_division=0))


@pytest.mark.parametrize("classes", [300, 5000])
def test_cells_of_many_classes_are_those_of_the_matrix(classes):
    generator = np.random.default_rng(classes)
    y_true, y_pred = generator.integers(0, classes, (2, 3000))
    named = np.array([f"label {number:04d}" for number in range(classes)])
    encoded, wanted = encode(named[y_true], named[y_pred]), encode(y_true, y_pred)
    table = np.zeros((len(encoded.classes),) * 2, np.int64)
    true, guessed, counts = encoded.cells(None)
    table[true, guessed] = counts
    np.testing.assert_array_equal(table, confusion_matrix(y_true, y_pred))
    weight = generator.random(3000)
    np.testing.assert_array_equal(encoded.confusion(weight), wanted.confusion(weight))


@given(
    pairs=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), min_size=1),
    shared=st.booleans(),
)
def test_objects_are_the_strings_that_they_hold(pairs, shared):
    first, second = zip(*pairs, strict=True)

    def objects(given):
        return np.array(given if shared else ["".join([*name]) for name in given], object)

    if len({*first, *second}) > 1:
        np.testing.assert_array_equal(
            confusion_matrix(objects(first), objects(second)),
            confusion_matrix(np.array(first), np.array(second)),
        )


def test_objects_other_than_strings_are_refused():
    for odd in (1, None, b"a", np.nan):
        with pytest.raises(InvalidInputError, match="y_pred: got objects that are not all strings"):
            confusion_matrix(["a", "b"], np.array(["a", odd], object))
