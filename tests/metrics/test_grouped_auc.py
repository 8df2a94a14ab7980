"""grouped_auc, against the AUC of each group on its own."""

import math

import lossary
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import grouped_auc, roc_auc_score

Y_TRUE = np.array([1, 0, 1, 0, 0, 1])
Y_SCORE = np.array([0.9, 0.1, 0.5, 0.6, 0.4, 0.2])
GROUPS = np.array([7, 7, 8, 8, 8, 9])  # AUC 1, AUC 0.5, one class


def naive(y_true, y_score, groups, weight=None):
    """Per group: label, AUC or None, positives, negatives."""
    rows = []
    weights = np.ones(len(y_true)) if weight is None else np.asarray(weight, float)
    for group in np.unique(groups):
        own = np.flatnonzero(np.asarray(groups) == group)
        sums = [weights[own][y_true[own] == label].sum() for label in (1, 0)]
        value = None
        if min(sums) > 0:
            value = roc_auc_score(y_true[own], y_score[own], sample_weight=weights[own])
        rows.append((group, value, *sums))
    return rows


@settings(max_examples=300)
@given(data=st.data(), weigh=st.booleans())
def test_groups_are_measured_one_by_one(data, weigh):
    score = st.sampled_from((0.0, -0.0, 1.0, 2.0)) | st.floats(-5, 5)
    group = data.draw(st.sampled_from((st.integers(0, 5), st.integers(-(2**62), 2**62), st.integers(-3, 3))))
    row = st.tuples(st.integers(0, 1), score, group, st.integers(0, 4))
    rows = [*data.draw(st.lists(row, max_size=60)), (0, 0.5, 0, 1), (1, 0.5, 0, 1)]
    y_true, y_score, groups, weight = (np.array(each) for each in zip(*rows, strict=True))
    weight = weight if weigh else None
    wanted = naive(y_true, y_score, groups, weight)
    found = grouped_auc(y_true, y_score, groups, average=None, sample_weight=weight)
    kept = [row for row in wanted if row[1] is not None]
    assert found.skipped == len(wanted) - len(kept)
    assert found.groups.tolist() == [row[0] for row in kept]
    for field, place in (("values", 1), ("positives", 2), ("negatives", 3)):
        assert getattr(found, field) == pytest.approx([row[place] for row in kept], rel=1e-12)
    sizes = {"mean": [1] * len(kept), "weighted": [row[2] + row[3] for row in kept]}
    sizes["pairs"] = [row[2] * row[3] for row in kept]
    for average, size in sizes.items():
        value = grouped_auc(y_true, y_score, groups, average=average, sample_weight=weight)
        mean = sum(row[1] * each for row, each in zip(kept, size, strict=True)) / sum(size)
        assert value == pytest.approx(mean, rel=1e-12)


def test_averages_by_hand():
    assert grouped_auc(Y_TRUE, Y_SCORE, GROUPS) == 0.75
    assert grouped_auc(Y_TRUE, Y_SCORE, GROUPS, average="weighted") == pytest.approx((2 + 1.5) / 5)
    assert grouped_auc(Y_TRUE, Y_SCORE, GROUPS, average="pairs") == pytest.approx((1 + 2 * 0.5) / 3)
    assert grouped_auc(Y_TRUE, Y_SCORE, GROUPS, undefined=0.5) == pytest.approx(2 / 3)
    filled = grouped_auc(Y_TRUE, Y_SCORE, GROUPS, average=None, undefined=0.5)
    assert (filled.values.tolist(), filled.skipped) == ([1.0, 0.5, 0.5], 0)


def test_one_group_is_the_auc():
    generator = np.random.default_rng(0)
    y_true, y_score = generator.integers(0, 2, 5000), np.round(generator.normal(size=5000), 2)
    assert grouped_auc(y_true, y_score, np.zeros(5000, int)) == roc_auc_score(y_true, y_score)


@pytest.mark.parametrize(
    "labels",
    [
        ["u7", "u7", "u8", "u8", "u8", "u9"],
        np.array(["u7", "u7", "u8", "u8", "u8", "u9"], object),
        np.array([7, 7, 8, 8, 8, 9], np.int8) * np.int8(14),
        np.array([-128, -128, 0, 0, 0, 127], np.int8),
        np.array([0, 0, 2**64 - 2, 2**64 - 2, 2**64 - 2, 2**64 - 1], np.uint64),
        np.array([-(2**63), -(2**63), 0, 0, 0, 2**63 - 1]),
        np.array([0.5, 0.5, 1.5, 1.5, 1.5, 2.5]),
        np.array(["2020-01-01", "2020-01-01", *["2020-01-02"] * 3, "2020-01-03"], "M8[D]"),
    ],
)
def test_groups_have_labels_of_any_kind(labels):
    found = grouped_auc(Y_TRUE, Y_SCORE, labels, average=None)
    assert found.values.tolist() == [1.0, 0.5]
    assert found.groups.tolist() == np.unique(np.asarray(labels)).tolist()[:2]


@pytest.mark.parametrize("dtype", ["object", "category"])
def test_groups_may_be_a_column_of_pandas(dtype):
    pandas = pytest.importorskip("pandas")
    groups = pandas.Series(["a", "a", "b", "b", "b", "c"], dtype=dtype)
    assert grouped_auc(Y_TRUE, Y_SCORE, groups, average=None).groups.tolist() == ["a", "b"]


@pytest.mark.parametrize("weigh", [False, True])
def test_bits_do_not_depend_on_threads(weigh):
    generator = np.random.default_rng(1)
    count = 2**18
    y_true, y_score = generator.integers(0, 2, count), np.round(generator.normal(size=count), 2)
    groups = np.minimum(generator.geometric(0.001, count), 3000) // 100  # from large to a few samples
    weight = generator.random(count) if weigh else None
    seen = []
    try:
        for threads in (1, 2, 3):
            lossary.set_num_threads(threads)
            found = grouped_auc(y_true, y_score, groups, average=None, sample_weight=weight)
            seen.append([each.tobytes() for each in found[:4]])
    finally:
        lossary.set_num_threads(None)
    assert seen[0] == seen[1] == seen[2]
    wanted = [row[1] for row in naive(y_true, y_score, groups, weight)]
    assert found.values == pytest.approx(wanted, rel=1e-12)


def test_undefined_groups_raise_where_that_is_asked():
    with pytest.raises(UndefinedMetricError, match=r"groups: got 1 with one class, such as .*9"):
        grouped_auc(Y_TRUE, Y_SCORE, GROUPS, undefined="raise")
    assert grouped_auc(Y_TRUE[:5], Y_SCORE[:5], GROUPS[:5], undefined="raise") == 0.75


def test_no_defined_group_is_undefined():
    with pytest.raises(UndefinedMetricError, match="groups: got none with both classes"):
        grouped_auc([0, 1], [1, 2], [0, 1])
    assert grouped_auc([0, 1], [1, 2], [0, 1], undefined=0.5) == 0.5
    with pytest.raises(UndefinedMetricError, match="groups: got none with weight"):
        grouped_auc([0, 1], [1, 2], [0, 1], undefined=0.5, average="pairs")


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"average": "macro"}, InvalidInputError, "average"),
        ({"undefined": "zero"}, InvalidInputError, "undefined"),
        ({"undefined": 1.5}, InvalidInputError, "undefined"),
        ({"undefined": math.nan}, InvalidInputError, "undefined"),
        ({"undefined": True}, InvalidInputError, "undefined"),
        ({"groups": [0, 1]}, ShapeError, "groups"),
        ({"groups": np.eye(6)}, ShapeError, "groups"),
        ({"groups": [0, 0, 0, 1, 1, math.nan]}, InvalidInputError, "groups"),
        ({"groups": np.array([0, "a", None, 1, 2, 3], object)}, InvalidInputError, "groups"),
        ({"groups": 7}, DtypeError, "groups"),
        ({"sample_weight": [1, 1, 1, 1, 1, -1]}, InvalidInputError, "sample_weight"),
        ({"y_score": [0, 1, 2, 3, 4, math.inf]}, InvalidInputError, "y_score"),
        ({"y_score": [0, 1, 2, 3, math.nan, 4]}, InvalidInputError, "y_score"),
        ({"y_score": [0, 1]}, ShapeError, "y_score"),
        ({"y_true": [0, 1, 2, 0, 1, 2]}, InvalidInputError, "y_true"),
    ],
)
def test_bad_input(options, error, argument):
    given = {"y_true": Y_TRUE, "y_score": Y_SCORE, "groups": GROUPS} | options
    with pytest.raises(error, match=rf"^{argument}: got .*; wanted"):
        grouped_auc(**given)


def test_no_samples_are_an_error():
    with pytest.raises(InvalidInputError, match="no samples"):
        grouped_auc([], [], [])


def test_the_kernel_refuses_groups_beyond_their_count():
    numbers = np.array([0, 2, 0], np.uint32)
    with pytest.raises(InvalidInputError, match="groups: got a number at position 1"):
        _kernels.grouped_auc(np.array([0, 1, 1]), np.ones(3), None, numbers, 2)


def test_input_is_untouched():
    before = [each.copy() for each in (Y_TRUE, Y_SCORE, GROUPS)]
    grouped_auc(Y_TRUE, Y_SCORE, GROUPS, sample_weight=np.ones(6))
    assert all(np.array_equal(a, b) for a, b in zip(before, (Y_TRUE, Y_SCORE, GROUPS), strict=True))


def test_groups_of_the_interval_are_those_of_the_metric():
    with pytest.raises(InvalidInputError, match="confidence: got settings with groups; wanted none"):
        grouped_auc(Y_TRUE, Y_SCORE, GROUPS, confidence=lossary.metrics.Confidence(groups=GROUPS))
