"""The forms in which queries come, the options that all retrieval metrics share, and what they refuse."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lossary import _kernels, metrics
from lossary.errors import DtypeError, InvalidInputError, LossaryError, ShapeError, UndefinedMetricError

CALLS = {
    "precision_at_k": {"k": 2},
    "recall_at_k": {"k": 2},
    "r_precision": {},
    "map_at_r": {},
    "mean_average_precision": {},
    "mean_reciprocal_rank": {},
    "ndcg_at_k": {},
}
NAMES = [*CALLS]
NAN = float("nan")
Y = [[0, 1, 0], [1, 0, 1]]
S = [[0.3, 0.2, 0.1], [0.1, 0.2, 0.3]]


def call(name, y_true, y_score, **options):
    return getattr(metrics, name)(y_true, y_score, **(CALLS[name] | options))


def ragged(seed):
    """Lists of different lengths, some empty, in which relevant items are rare."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(0, 9, 12)
    lengths[:2] = (3, 8)
    grades = [generator.integers(0, 3, length) * (generator.random(length) < 0.6) for length in lengths]
    return grades, [generator.integers(0, 5, length) / 4 for length in lengths]


@given(seed=st.integers(0, 2**32), name=st.sampled_from(NAMES))
def test_ragged_lists_are_padded_matrices(seed, name):
    """Irrelevant items of lowest score at the end of a list change nothing."""
    grades, scores = ragged(seed)
    padded_grades, padded_scores = np.zeros((12, 8), np.int64), np.full((12, 8), -np.inf)
    for row, (grade, score) in enumerate(zip(grades, scores, strict=True)):
        padded_grades[row, : len(grade)], padded_scores[row, : len(score)] = grade, score
    found = call(name, grades, scores, reduction="none")
    np.testing.assert_array_equal(found, call(name, padded_grades, padded_scores, reduction="none"))
    assert found.shape == (12,)


@given(seed=st.integers(0, 2**32), name=st.sampled_from(NAMES), strings=st.booleans(), mix=st.booleans())
def test_long_tables_are_ragged_lists(seed, name, strings, mix):
    grades, scores = ragged(seed)
    filled = [row for row, grade in enumerate(grades) if len(grade)]
    query = np.repeat(np.arange(12), [len(grade) for grade in grades])
    if strings:
        query = np.array(list("abcdefghijkl"))[query]
    # Any order of the queries; that of the items within each stays.
    order = np.random.default_rng(seed).permutation(12).repeat(9)[: len(query)] if mix else query
    order = np.argsort(order, kind="stable")
    rank = np.argsort(query[order], kind="stable")
    y_true, y_score = np.empty(len(query), np.int64), np.empty(len(query))
    y_true[rank], y_score[rank] = np.concatenate(grades), np.concatenate(scores)
    found = call(name, y_true, y_score, query=query[order], reduction="none")
    np.testing.assert_array_equal(found, call(name, grades, scores, reduction="none")[filled])


@pytest.mark.parametrize("name", NAMES)
def test_array_likes_of_lists_are_read(name):
    wanted = call(name, Y, S)
    torch, pandas = pytest.importorskip("torch"), pytest.importorskip("pandas")
    polars, arrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    assert call(name, torch.tensor(Y), torch.tensor(S, dtype=torch.float64)) == wanted
    assert call(name, [torch.tensor(row) for row in Y], [np.array(row) for row in S]) == wanted
    assert call(name, pandas.DataFrame(Y), pandas.DataFrame(S)) == wanted
    assert call(name, pandas.Series(Y), pandas.Series(S)) == wanted
    assert call(name, polars.Series(Y), polars.Series(S)) == wanted
    assert call(name, arrow.array(Y), arrow.array(S)) == wanted
    assert call(name, np.asfortranarray(Y), np.repeat(S, 2, axis=1)[:, ::2]) == wanted
    assert call(name, np.array(Y, bool), np.array(S).astype(">f8")) == wanted


def test_ragged_lists_may_mix_kinds_of_rows():
    grades = [(0, 1), [1], np.array([], np.int64), []]
    assert metrics.mean_reciprocal_rank(grades, [[2, 1.0], np.array([3]), [], ()]) == 0.75
    series = np.empty(2, object)
    series[:] = [np.array([0, 1]), np.array([1])]
    assert metrics.mean_reciprocal_rank(series, [[2, 1], [3]]) == 0.75


def test_bytes_of_a_boolean_view_other_than_one_are_true():
    odd = np.array([[0, 7, 0]], np.uint8).view(np.bool_)
    assert metrics.ndcg_at_k(odd, [[1, 2, 3]], gain="linear") == 1 / math.log2(3)


@pytest.mark.parametrize("name", NAMES)
def test_inputs_are_not_changed(name):
    arrays = [np.array(Y), np.array(S), np.ones(2)]
    for array in arrays:
        array.setflags(write=False)
    call(name, arrays[0], arrays[1], sample_weight=arrays[2])
    np.testing.assert_array_equal(arrays[1], S)


@pytest.mark.parametrize("name", NAMES)
def test_queries_without_relevant_items_are_skipped_or_zero(name):
    y_true, y_score = [*Y, [0, 0, 0]], [*S, [1, 2, 3]]
    each = call(name, y_true, y_score, reduction="none")
    assert each[2] == 0.0
    assert call(name, y_true, y_score) == pytest.approx(each[:2].mean(), rel=1e-15)
    assert call(name, y_true, y_score, empty="zero") == pytest.approx(each.mean(), rel=1e-15)
    assert call(name, [[0, 0]], [[1, 2]], empty="zero") == 0.0
    with pytest.raises(UndefinedMetricError, match="y_true: got no query with a relevant item"):
        call(name, [[0, 0]], [[1, 2]])


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_those_of_queries(name):
    each = call(name, Y, S, reduction="none")
    weighted = call(name, Y, S, sample_weight=[3, 1])
    assert weighted == pytest.approx((3 * each[0] + each[1]) / 4, rel=1e-15)
    assert call(name, [*Y, Y[0]], [*S, S[0]]) == pytest.approx(call(name, Y, S, sample_weight=[2, 1]))
    skipped = call(name, [*Y, [0, 0, 0]], [*S, S[0]], sample_weight=[3, 1, 1e300])
    assert skipped == pytest.approx(weighted, rel=1e-15)
    assert call(name, Y, S, sample_weight=[1e308, 1e308]) == pytest.approx(each.mean())


BAD = {
    "nan score": (Y, [[0.1, NAN, 0.3], [0.1, 0.2, 0.3]], {}, InvalidInputError, "y_score"),
    "nan relevance": ([[0, NAN, 1.0]], [[1, 2, 3]], {}, InvalidInputError, "y_true"),
    "infinite relevance": ([[0, math.inf, 1.0]], [[1, 2, 3]], {}, InvalidInputError, "y_true"),
    "negative relevance": ([[0, -1, 1]], [[1, 2, 3]], {}, InvalidInputError, "y_true"),
    "negative int8": (np.array([[0, -1, 1]], "i1"), [[1, 2, 3]], {}, InvalidInputError, "y_true"),
    "shapes": (Y, [[1, 2], [3, 4]], {}, ShapeError, "y_score"),
    "rows": (Y, [[1, 2, 3]], {}, ShapeError, "y_score"),
    "one axis": ([0, 1, 0], [1, 2, 3], {}, ShapeError, "y_true"),
    "three axes": (np.zeros((1, 2, 2)), np.zeros((1, 2, 2)), {}, ShapeError, "y_true"),
    "no query": (np.zeros((0, 3)), np.zeros((0, 3)), {}, InvalidInputError, "y_true"),
    "no item": (np.zeros((3, 0)), np.zeros((3, 0)), {}, InvalidInputError, "y_true"),
    "empty list": ([], [], {}, LossaryError, "y_true"),
    "ragged lengths": ([[1], [0, 1]], [[1.0], [1.0]], {}, ShapeError, "y_score"),
    "ragged rows": ([[1], [0, 1]], [[1.0], [1.0, 2.0], [1.0]], {}, ShapeError, "y_score"),
    "ragged and flat": ([[1], [0, 1]], [1.0, 2.0], {}, ShapeError, "y_score"),
    "ragged deep": ([[[1]], [[0], [1]]], [[1.0], [1.0, 2.0]], {}, ShapeError, "y_true"),
    "strings": (Y, [["a"] * 3] * 2, {}, InvalidInputError, "y_score"),
    "no array": (None, S, {}, DtypeError, "y_true"),
    "query lengths": ([1, 0], [1, 2], {"query": [1]}, ShapeError, "query"),
    "query scores": ([1, 0], [1, 2, 3], {"query": [1, 1]}, ShapeError, "y_score"),
    "query fractions": ([1, 0], [1, 2], {"query": [0.5, 1]}, InvalidInputError, "query"),
    "query and lists": ([[1], [1, 0]], [[1], [1, 2]], {"query": [1, 1, 2]}, ShapeError, "y_true"),
    "query of nothing": ([], [], {"query": []}, InvalidInputError, "query"),
    "ties": (Y, S, {"ties": "random"}, InvalidInputError, "ties"),
    "empty": (Y, S, {"empty": "one"}, InvalidInputError, "empty"),
    "reduction": (Y, S, {"reduction": "sum"}, InvalidInputError, "reduction"),
    "weights of items": (Y, S, {"sample_weight": [1, 1, 1]}, ShapeError, "sample_weight"),
    "weights of zero": (Y, S, {"sample_weight": [1, -1]}, InvalidInputError, "sample_weight"),
    "weights of none": (Y, S, {"sample_weight": [1, 1], "reduction": "none"}, InvalidInputError, "sample_"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("name", NAMES)
def test_bad_input_is_named(name, case):
    y_true, y_score, options, error, argument = BAD[case]
    with pytest.raises(error, match=argument) as caught:
        call(name, y_true, y_score, **options)
    assert re.fullmatch(r"[a-z_]+: got .*; wanted .*", str(caught.value), re.DOTALL)


@pytest.mark.parametrize(
    "name", ["precision_at_k", "recall_at_k", "mean_average_precision", "mean_reciprocal_rank", "ndcg_at_k"]
)
@pytest.mark.parametrize(
    ("k", "error"),
    [(0, InvalidInputError), (-1, InvalidInputError), (2**63, InvalidInputError)]
    + [(given, DtypeError) for given in (1.5, True, "1", [1])],
)
def test_a_bad_k_is_named(name, k, error):
    with pytest.raises(error, match=r"k: got .*; wanted an integer of at least 1"):
        getattr(metrics, name)(Y, S, k)


def test_a_cut_may_be_any_integer():
    assert metrics.precision_at_k(Y, S, np.int8(2)) == metrics.precision_at_k(Y, S, 2)
    assert metrics.ndcg_at_k(Y, S, 2**63 - 1) == metrics.ndcg_at_k(Y, S)


@pytest.mark.parametrize("name", ["map_at_r", "mean_average_precision", "mean_reciprocal_rank"])
def test_metrics_without_a_closed_form_refuse_expected_ties(name):
    with pytest.raises(InvalidInputError, match="ties: got 'expected'; wanted another"):
        call(name, Y, S, ties="expected")


@pytest.mark.parametrize(
    ("name", "option"),
    [("recall_at_k", "mode"), ("mean_average_precision", "denominator"), ("ndcg_at_k", "gain")],
)
def test_options_of_one_metric_are_checked(name, option):
    with pytest.raises(InvalidInputError, match=f"{option}: got 'other'; wanted one of"):
        call(name, Y, S, **{option: "other"})


@pytest.mark.parametrize("huge", [901, 1e300])
def test_grades_whose_power_of_two_overflows_are_named(huge):
    with pytest.raises(InvalidInputError, match=r"y_true: .*at position 1.*at most 900"):
        metrics.ndcg_at_k([[0.0, huge]], [[1, 2]])
    assert metrics.ndcg_at_k([[0.0, huge]], [[1, 2]], gain="linear") == 1.0


def test_linear_gains_whose_sum_overflows_are_named():
    with pytest.raises(InvalidInputError, match="y_true: got gains in query 1 whose sum overflows"):
        metrics.ndcg_at_k([[1.0, 0.0], [1.7e308, 1.7e308]], [[1, 2], [1, 2]], gain="linear")


INTS, FLOATS = np.array([0, 1, 1, 0]), np.array([0.1, 0.2, 0.3, 0.4])
CODES = np.array([0, 1], np.uint32)
BOUNDS = np.array([0, 4], np.uintp)


@pytest.mark.parametrize(
    "arguments",
    [
        (INTS, FLOATS[:2], 2, [("hit", 1)], "index"),
        (INTS[:0], FLOATS[:0], 2, [("hit", 1)], "index"),
        (INTS, FLOATS, 3, [("hit", 1)], "index"),
        (INTS, FLOATS, 0, [("hit", 1)], "index"),
        (INTS, FLOATS, BOUNDS[:1], [("hit", 1)], "index"),
        (INTS, FLOATS, BOUNDS[:0], [("hit", 1)], "index"),
        (INTS, FLOATS, BOUNDS + 1, [("hit", 1)], "index"),
        (INTS, FLOATS, np.array([0, 3, 1, 4], np.uintp), [("hit", 1)], "index"),
        (INTS, FLOATS, 2, [("hit", 0)], "index"),
        (INTS, FLOATS, 2, [("hits", 1)], "index"),
        (INTS, FLOATS, 2, [("hit", 1)], "by name"),
    ],
)
def test_the_kernel_refuses_what_python_never_sends(arguments):
    with pytest.raises(InvalidInputError, match=r"[a-z_]+: got .*; wanted .*"):
        _kernels.retrieval(*arguments)


@pytest.mark.parametrize(
    ("queries", "items", "first"), [(CODES[:1], CODES, None), (CODES, CODES, 1), (CODES, CODES[:1], 0)]
)
def test_the_kernel_of_labels_refuses_matrices_that_do_not_fit(queries, items, first):
    with pytest.raises(ShapeError, match=r"y_score: got .*; wanted .*"):
        _kernels.label_retrieval(queries, items, first, FLOATS, [("hit", 1)])


@pytest.mark.parametrize("empty", ["skip", "zero"])
def test_weights_and_groups_of_a_long_table_have_one_number_for_each_query(empty):
    rows = ([0, 1, 1, 0], [0.1, 0.4, 0.3, 0.8])
    options = {"query": [1, 1, 2, 2], "empty": empty}
    with pytest.raises(ShapeError, match="sample_weight: got 4 weights; wanted 2, one for each query"):
        metrics.mean_reciprocal_rank(*rows, **options, sample_weight=[1] * 4)
    with pytest.raises(
        ShapeError, match=r"groups: got shape \(4,\); wanted \(2,\), one label for each query"
    ):
        metrics.mean_reciprocal_rank(*rows, **options, confidence=metrics.Confidence(groups=[1, 1, 2, 2]))
