"""Codes of strings against `numpy.unique`, which sorts them all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.metrics import label_strings, precision_recall_fscore_support
from lossary.metrics.label_strings import string_codes

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
    "\U0001f600",
)


def assert_codes(arrays):
    classes, codes = string_codes(arrays)
    np.testing.assert_array_equal(classes, np.unique(np.concatenate(arrays)))
    for each, found in zip(arrays, codes, strict=True):
        np.testing.assert_array_equal(classes[found], each)


@settings(max_examples=200)
@given(
    first=st.lists(st.sampled_from(NAMES), min_size=1, max_size=20),
    second=st.lists(st.sampled_from(NAMES), min_size=1, max_size=20),
    late=st.lists(st.sampled_from(NAMES), max_size=3),
)
def test_codes_are_exact_wherever_a_class_appears_first(first, second, late):
    head = np.resize(np.array(first), label_strings._FIRST + 5)
    assert_codes([np.concatenate([head, np.array(late, np.str_)]), np.array(second)])


@pytest.mark.parametrize("classes", [1, 255, 257, 3000])
def test_any_number_of_classes_is_coded(classes):
    names = np.array([f"class {number}" for number in range(classes)])
    assert_codes([np.resize(names, 20_000), names[::-1]])


def test_classes_that_collide_in_every_table_are_sorted(monkeypatch):
    monkeypatch.setattr(label_strings, "_buckets", lambda words, _: np.zeros(len(words), np.uint64))
    assert_codes([np.array(["a", "b", "a"]), np.array(["c", "a", "b"])])


def test_scores_of_strings_are_those_of_their_numbers():
    generator = np.random.default_rng(3)
    y_true, y_pred = generator.integers(0, 7, (2, 50_000))
    names = np.array([f"label {number}" for number in range(7)])
    ours = precision_recall_fscore_support(names[y_true], names[y_pred])
    np.testing.assert_array_equal(ours, precision_recall_fscore_support(y_true, y_pred))
