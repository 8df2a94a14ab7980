"""Agreement of clusterings: goldens, scikit-learn, exact limits, labels of any kind."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import Confidence, adjusted_mutual_info_score, normalized_mutual_info_score

GOLDENS = Path(__file__).parents[1] / "goldens"
SCORES = (normalized_mutual_info_score, adjusted_mutual_info_score)
AVERAGES = ("arithmetic", "geometric", "max", "min")


@pytest.mark.parametrize("function", SCORES)
def test_goldens(function):
    for case in json.loads((GOLDENS / f"000-{function.__name__}.json").read_text())["cases"]:
        labels, clusters = (np.array(case["inputs"][name]["data"]) for name in ("labels", "clusters"))
        method = case["params"].get("average", "arithmetic")
        value = function(labels, clusters, average_method=method)
        assert type(value) is float
        assert value == pytest.approx(case["expected"]["value"], rel=case["rtol"], abs=case["atol"])


@pytest.mark.parametrize("function", SCORES)
@pytest.mark.parametrize("average_method", AVERAGES)
@settings(max_examples=100)
@given(pairs=st.lists(st.tuples(st.integers(0, 6), st.integers(-3, 3)), min_size=1, max_size=80))
def test_scores_agree_with_scikit_learn(function, average_method, pairs):
    first, second = (list(each) for each in zip(*pairs, strict=True))
    if len(pairs) in (len(set(first)), len(set(second))):
        return  # where every deal gives the same information scikit-learn's ratio is rounding noise
    theirs = getattr(sklearn.metrics, function.__name__)(first, second, average_method=average_method)
    ours = function(first, second, average_method=average_method)
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-11)


def test_many_clusters_agree_with_scikit_learn():
    generator = np.random.default_rng(0)
    first = generator.integers(0, 60, 20_000)
    second = np.where(generator.random(20_000) < 0.3, first, generator.integers(0, 50, 20_000))
    for function in SCORES:
        theirs = getattr(sklearn.metrics, function.__name__)(first, second)
        assert function(first, second) == pytest.approx(theirs, rel=1e-10)


@pytest.mark.parametrize("function", SCORES)
@pytest.mark.parametrize("average_method", AVERAGES)
def test_limits_are_exact(function, average_method):
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 7, 500)
    renamed = np.array(["f", "b", "a", "g", "c", "e", "d"])[labels]
    assert function(labels, renamed, average_method=average_method) == 1.0
    assert function([4, 4], [0, 0], average_method=average_method) == 1.0
    assert function([1], [2], average_method=average_method) == 1.0
    assert function(labels, np.zeros(500, int), average_method=average_method) == 0.0
    product = np.array(list(itertools.product(range(3), range(4))) * 5)
    independent = function(*product.T, average_method=average_method)
    assert independent == 0.0 if function is normalized_mutual_info_score else independent < 0


@pytest.mark.parametrize("average_method", AVERAGES)
def test_singletons_agree_with_anything_by_chance_alone(average_method):
    assert adjusted_mutual_info_score([0, 0, 1, 1], [3, 2, 1, 0], average_method=average_method) == 0.0
    assert adjusted_mutual_info_score(range(4), [3, 2, 1, 0], average_method=average_method) == 1.0


@pytest.mark.parametrize("function", SCORES)
def test_names_and_sides_do_not_matter(function):
    generator = np.random.default_rng(2)
    first, second = generator.integers(0, 9, (2, 400))
    second[:200] = first[:200]
    value = function(first, second)
    assert function(second, first) == value
    far = generator.permutation(2**40 * np.arange(-4, 5))
    assert function(far[first], second) == value
    assert function(first.astype(str), second.astype(np.int8)) == value
    assert function(first.astype(float), list(second)) == value
    assert function(first > 4, second > 4) == function((first > 4) * 1, second > 4)


@pytest.mark.parametrize("function", SCORES)
def test_random_labels_score_as_expected(function):
    generator = np.random.default_rng(3)
    scores = [function(*generator.integers(0, 10, (2, 200))) for _ in range(50)]
    if function is adjusted_mutual_info_score:
        assert abs(np.mean(scores)) < 0.01
    else:
        assert np.mean(scores) > 0.05


@pytest.mark.parametrize("function", SCORES)
def test_bootstrap_interval(function):
    generator = np.random.default_rng(4)
    first = generator.integers(0, 4, 300)
    second = np.where(generator.random(300) < 0.6, first, generator.integers(0, 4, 300))
    interval = function(first, second, confidence=Confidence(level=0.9, resamples=200))
    assert interval.value == function(first, second)
    assert interval.low < interval.value < interval.high
    assert interval.method == "bca"


@pytest.mark.parametrize("function", SCORES)
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([], []), InvalidInputError, "labels_true: got no samples"),
        (([0.5, 1.0], [0, 1]), InvalidInputError, "labels_true: got continuous"),
        (([0, 1], [0.0, np.nan]), InvalidInputError, "labels_pred"),
        ((None, [0, 1]), DtypeError, "labels_true"),
        (([0, 1], [b"a", b"b"]), DtypeError, "labels_pred"),
        # As scikit-learn's tests look for them.
        (
            ([0, 1], [1, 1, 1]),
            ShapeError,
            r"Found input variables with inconsistent numbers of samples: \[2, 3\]",
        ),
        (([[0, 1], [1, 0]], [1, 1, 1]), ShapeError, r"labels_true must be 1D: shape is \(2"),
        (([0, 1, 0], [[1, 1], [0, 0]]), ShapeError, r"labels_pred must be 1D: shape is \(2"),
    ],
)
def test_bad_labels_name_the_argument(function, arguments, error, message):
    with pytest.raises(error, match=message):
        function(*arguments)
    with pytest.raises(InvalidInputError, match="average_method"):
        function([0, 1], [0, 1], average_method="mean")


def test_labels_are_left_alone():
    labels = np.array([0, 1, 1, 2])
    labels.flags.writeable = False
    adjusted_mutual_info_score(labels, labels[::-1])
    assert labels.tolist() == [0, 1, 1, 2]
