"""Clustering accuracy: goldens, all namings, limits, intervals, labels of any kind."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import Confidence, accuracy_score, clustering_accuracy

GOLDENS = Path(__file__).parents[1] / "goldens" / "033-clustering_accuracy.json"
CASES = json.loads(GOLDENS.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_goldens(case):
    labels, clusters = (np.array(case["inputs"][name]["data"]) for name in ("labels", "clusters"))
    value = clustering_accuracy(labels, clusters)
    assert type(value) is float
    assert value == pytest.approx(case["expected"]["value"], rel=case["rtol"], abs=case["atol"])


PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(-2, 2)), min_size=1, max_size=30)


@given(pairs=PAIRS)
@settings(max_examples=40)
def test_is_the_best_of_all_namings(pairs):
    labels, clusters = (np.array(each) for each in zip(*pairs, strict=True))
    names = [0, 1, 2, 3, 4]
    best = max(
        accuracy_score(labels, np.array([naming[cluster + 2] for cluster in clusters]))
        for naming in itertools.permutations(names)
    )
    assert clustering_accuracy(labels, clusters) == pytest.approx(best)
    assert clustering_accuracy(clusters, labels) == pytest.approx(best)


@given(pairs=PAIRS, seed=st.integers(0, 99))
@settings(max_examples=20)
def test_names_do_not_matter_and_merging_clusters_adds_at_most_one_share(pairs, seed):
    labels, clusters = (np.array(each) for each in zip(*pairs, strict=True))
    renamed = np.random.default_rng(seed).permutation(5)[clusters + 2].astype(str)
    value = clustering_accuracy(labels, clusters)
    assert clustering_accuracy(labels, renamed) == value
    assert value >= np.bincount(labels).max() / len(labels) / len(np.unique(clusters))


def test_the_same_partition_is_exactly_one_and_a_cluster_per_sample_counts_a_sample_per_class():
    labels = np.arange(300) % 7
    assert clustering_accuracy(labels, np.array(list("fbagced"))[labels]) == 1.0
    assert clustering_accuracy(labels, np.arange(300)) == pytest.approx(7 / 300)


def test_an_interval_names_the_clusters_anew_in_each_resample():
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 3, 200)
    clusters = np.where(generator.random(200) < 0.8, labels, generator.integers(0, 3, 200))
    found = clustering_accuracy(labels, clusters, confidence=Confidence(method="percentile", seed=5))
    direct = accuracy_score(labels, clusters)  # the naming that is best in all but odd resamples
    assert found.value == direct
    spread = np.sqrt(direct * (1 - direct) / 200)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * spread, rel=0.15)


@pytest.mark.parametrize(
    ("labels", "clusters", "error", "argument"),
    [
        ([], [], InvalidInputError, "labels_true"),
        ([0, 1], [0], ShapeError, "labels_pred"),
        ([[0, 1]], [0, 1], ShapeError, "labels_true"),
        ([0.5, 1], [0, 1], InvalidInputError, "labels_true"),
        ([0, 1], [0, np.nan], InvalidInputError, "labels_pred"),
        ([0, 1], [b"a", b"b"], DtypeError, "labels_pred"),
    ],
)
def test_bad_input_is_named(labels, clusters, error, argument):
    with pytest.raises(error, match=f"^{argument}"):
        clustering_accuracy(labels, clusters)
