"""`ndcg_score` and `dcg_score` against scikit-learn's."""

import inspect
import math

import numpy as np
import pytest
import sklearn.metrics
import sklearn.metrics.tests.test_ranking as scikit_learn_tests
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError


@st.composite
def graded(draw):
    """Grades and scores, with ties or without, and weights or none."""
    rows, columns = draw(st.integers(1, 5)), draw(st.sampled_from((2, 3, 10, 40, 100)))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    grades = generator.integers(0, draw(st.sampled_from((2, 5, 200))), (rows, columns))
    if draw(st.booleans()):
        grades = generator.random((rows, columns)) * grades
    levels = draw(st.sampled_from((1, 2, 7, 10**9)))
    score = generator.integers(0, levels, (rows, columns)) - levels // 2
    score = score.astype(draw(st.sampled_from((np.int64, np.float64))))
    weight = draw(st.sampled_from((None, generator.random(rows), generator.integers(1, 4, rows))))
    return grades, score, {"k": draw(st.sampled_from((None, 1, 3, 10, 1000))), "sample_weight": weight}


@settings(max_examples=300)
@given(data=graded())
def test_averaged_ties_agree(agree, data):
    grades, score, options = data
    agree("ndcg_score", grades, score, **options)
    agree("dcg_score", grades, score, **options)
    agree("dcg_score", grades - 3, score, **options)


@settings(max_examples=100)
@given(data=graded(), log_base=st.sampled_from((0.5, 2, math.e, 10, 1e300)))
def test_bases_of_the_logarithm_agree(agree, data, log_base):
    grades, score, options = data
    agree("dcg_score", grades, score, log_base=log_base, **options)


@settings(max_examples=200)
@given(seed=st.integers(0, 2**32), columns=st.sampled_from((2, 10, 100)), k=st.sampled_from((None, 1, 7)))
def test_distinct_scores_agree_with_ties_ignored(agree, seed, columns, k):
    generator = np.random.default_rng(seed)
    grades, score = generator.integers(0, 4, (6, columns)), generator.random((6, columns))
    agree("ndcg_score", grades, score, k=k, ignore_ties=True)
    agree("dcg_score", grades, score, k=k, ignore_ties=True)


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32))
def test_ties_of_short_lists_agree_when_ignored(agree, seed):
    """scikit-learn's order of ties is that of NumPy's sort, which is stable on short lists."""
    generator = np.random.default_rng(seed)
    grades, score = generator.integers(0, 4, (3, 6)), generator.integers(0, 3, (3, 6)).astype(np.int16)
    agree("dcg_score", grades, score, k=3, ignore_ties=True)


@pytest.mark.parametrize("name", ["ndcg_score", "dcg_score"])
@pytest.mark.parametrize(
    ("args", "options"),
    [
        (([1, 2], [1, 2]), {}),
        (([[1]], [[1]]), {}),
        (([[1], [2]], [[1], [2]]), {}),
        (([[1, 2]], [[1, 2, 3]]), {}),
        (([[1, 2]], [[1, 2], [3, 4]]), {}),
        (([[1, np.nan]], [[1, 2]]), {}),
        (([[1, 2]], [[1, np.nan]]), {}),
        (([[1, 2]], [[1, np.inf]]), {}),
        (([["a", "b"]], [[1, 2]]), {}),
        (([], []), {}),
        (([[]], [[]]), {}),
        ((None, [[1, 2]]), {}),
        (([[1, 2]], [[1, 2]]), {"k": 0}),
        (([[1, 2]], [[1, 2]]), {"k": 1.5}),
        (([[1, 2]], [[1, 2]]), {"ignore_ties": "no"}),
        (([[1, 2]], [[1, 2]]), {"sample_weight": [1, 2]}),
    ],
)
def test_bad_input_raises_as_scikit_learn_does(agree, name, args, options):
    assert isinstance(agree(name, *args, **options), Exception)


@pytest.mark.parametrize("log_base", [0, -1, math.nan])
def test_bad_bases_raise(log_base):
    with pytest.raises(InvalidInputError, match=r"log_base: got .*; wanted a number above 0"):
        metrics.dcg_score([[1, 2]], [[1, 2]], log_base=log_base)
    with pytest.raises(DtypeError, match="log_base: got"):
        metrics.dcg_score([[1, 2]], [[1, 2]], log_base="2")


@pytest.mark.parametrize("name", ["ndcg_score", "dcg_score"])
def test_parameters_are_scikit_learns(name):
    """And ``confidence``, the last."""

    def parameters(module):
        found = inspect.signature(getattr(module, name)).parameters.values()
        return [(each.name, each.kind, each.default) for each in found]

    ours = parameters(metrics)
    assert ours.pop() == ("confidence", inspect.Parameter.KEYWORD_ONLY, None)
    assert ours == parameters(sklearn.metrics)


SCIKIT_LEARN_TESTS = [name for name in dir(scikit_learn_tests) if name.startswith("test_") and "dcg" in name]


@pytest.mark.parametrize("name", SCIKIT_LEARN_TESTS)
def test_scikit_learns_own_tests_pass(name, monkeypatch):
    monkeypatch.setattr(scikit_learn_tests, "ndcg_score", metrics.ndcg_score)
    monkeypatch.setattr(scikit_learn_tests, "dcg_score", metrics.dcg_score)
    test = getattr(scikit_learn_tests, name)
    choices = [{"ignore_ties": True}, {"ignore_ties": False}] if inspect.signature(test).parameters else [{}]
    for options in choices:
        test(**options)


def test_scikit_learn_has_tests_to_pass():
    assert {"test_ndcg_score", "test_ndcg_toy_examples", "test_ndcg_error_single_document"} <= set(
        SCIKIT_LEARN_TESTS
    )


def test_ndcg_score_is_ndcg_at_k_with_linear_gains_and_expected_ties():
    generator = np.random.default_rng(0)
    grades, score = generator.integers(0, 3, (30, 12)), generator.integers(0, 4, (30, 12))
    options = {"gain": "linear", "ties": "expected", "empty": "zero"}
    assert metrics.ndcg_score(grades, score, k=5) == metrics.ndcg_at_k(grades, score, 5, **options)
