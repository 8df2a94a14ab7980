"""Intervals of retrieval metrics: queries are drawn, and those that do not count are not."""

import math

import numpy as np
import pytest
from lossary import metrics
from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics import Confidence, Interval

NAMES = {
    "precision_at_k": {"k": 2},
    "recall_at_k": {"k": 2},
    "r_precision": {},
    "map_at_r": {},
    "mean_average_precision": {},
    "mean_reciprocal_rank": {},
    "ndcg_at_k": {},
}
COUNT = 80
every = pytest.mark.parametrize("name", NAMES)


def call(name, y_true, y_score, **options):
    return getattr(metrics, name)(y_true, y_score, **(NAMES[name] | options))


@pytest.fixture(scope="module")
def queries():
    """Grades, scores and weights; every eighth query has nothing relevant."""
    generator = np.random.default_rng(11)
    grades = generator.integers(0, 4, (COUNT, 9)) * (generator.random((COUNT, 9)) < 0.5)
    grades[:, 0] = 1
    grades[::8] = 0
    return grades, np.round(generator.random((COUNT, 9)), 1), generator.random(COUNT) + 0.1


@every
@pytest.mark.parametrize("weighted", [False, True])
def test_ends_are_those_of_plain_draws_of_queries(queries, name, weighted):
    """The metric of NumPy's draws: 4,000 of them place the ends within a hundredth or so."""
    grades, scores, weight = queries
    weight = weight if weighted else np.ones(COUNT)
    interval = call(
        name,
        grades,
        scores,
        sample_weight=weight if weighted else None,
        confidence=Confidence(level=0.9, method="percentile", resamples=4000, seed=2),
    )
    each = call(name, grades, scores, reduction="none")
    counted = grades.any(axis=1)
    values, weights = each[counted], weight[counted]
    draws = np.random.default_rng(5).integers(0, len(values), (4000, len(values)))
    means = (values[draws] * weights[draws]).sum(axis=1) / weights[draws].sum(axis=1)
    assert interval.value == pytest.approx(values @ weights / weights.sum())
    assert interval[1:3] == pytest.approx(np.quantile(means, [0.05, 0.95]), abs=0.012)
    assert interval.high - interval.low > 0.05


@every
def test_skipped_queries_are_as_if_they_were_not_there(queries, name):
    grades, scores, weight = queries
    counted = grades.any(axis=1)
    groups = np.array([f"user {index % 20}" for index in range(COUNT)])
    for given, kept in ((None, None), (groups, groups[counted])):
        whole = call(name, grades, scores, sample_weight=weight, confidence=Confidence(groups=given))
        options = {"sample_weight": weight[counted], "confidence": Confidence(groups=kept)}
        assert call(name, grades[counted], scores[counted], **options) == whole
        every_one = call(name, grades, scores, empty="zero", confidence=Confidence(groups=given))
        assert every_one.value < whole.value
        assert (every_one.low, every_one.high) != (whole.low, whole.high)


@every
def test_groups_have_a_label_for_every_query(queries, name):
    grades, scores, _ = queries
    short = Confidence(groups=np.arange(COUNT - 10))
    with pytest.raises(ShapeError, match=r"groups: got shape \(70,\); wanted \(80,\)"):
        call(name, grades, scores, confidence=short)
    # All queries that count are of one group.
    lone = Confidence(groups=grades.any(axis=1))
    with pytest.raises(InvalidInputError, match="groups: got 1 group; wanted two or more"):
        call(name, grades, scores, confidence=lone)
    assert call(name, grades, scores, empty="zero", confidence=lone).method == "bca"


def test_groups_widen_the_interval_of_queries_that_repeat(queries):
    grades, scores, _ = queries
    twice = np.concatenate([grades] * 4), np.concatenate([scores] * 4)
    groups = np.tile(np.arange(COUNT), 4)
    apart = metrics.map_at_r(*twice, confidence=Confidence(method="percentile"))
    together = metrics.map_at_r(*twice, confidence=Confidence(method="percentile", groups=groups))
    assert together.value == apart.value
    assert (together.high - together.low) / (apart.high - apart.low) == pytest.approx(2, rel=0.15)


@every
def test_one_value_per_query_has_no_interval(queries, name):
    with pytest.raises(
        InvalidInputError, match=r"confidence: got 0\.9 with reduction='none'; wanted it with"
    ):
        call(name, *queries[:2], reduction="none", confidence=0.9)


@every
def test_all_forms_of_input_have_one_interval(queries, name):
    grades, scores, _ = queries
    wanted = call(name, grades, scores, confidence=0.9)
    assert call(name, [*grades, [0]], [*scores, [1.0]], confidence=0.9) == wanted
    query = np.repeat(np.arange(COUNT), 9)
    mixed = np.random.default_rng(0).permutation(COUNT)
    # The queries in another order: sorted by their labels they come back.
    table = (each.reshape(COUNT, 9)[mixed].ravel() for each in (grades, scores, query))
    y_true, y_score, query = table
    assert call(name, y_true, y_score, query=query, confidence=0.9) == wanted


@every
def test_queries_of_equal_values_have_an_interval_of_one_point(name):
    """However the mean of equal values is rounded."""
    grades, scores = [[0, 1, 0, 2, 1, 0, 0]] * 7, [[7, 6, 5, 4, 3, 2, 1]] * 7
    for method in ("percentile", "bca"):
        interval = call(name, grades, scores, confidence=Confidence(method=method, resamples=100))
        assert interval.low == interval.value == interval.high == call(name, grades, scores)


def test_settings_serve_again(queries):
    settings = Confidence(groups=np.arange(COUNT) // 2)
    first = metrics.r_precision(*queries[:2], confidence=settings)
    assert metrics.r_precision(*queries[:2], confidence=settings) == first
    np.testing.assert_array_equal(settings.groups, np.arange(COUNT) // 2)


@pytest.mark.parametrize("name", ["ndcg_score", "dcg_score"])
def test_gains_of_rows_are_drawn_as_rows(queries, name):
    grades, scores, weight = queries
    interval = getattr(metrics, name)(
        grades, scores, sample_weight=weight, confidence=Confidence(method="percentile", resamples=4000)
    )
    each = np.array(
        [getattr(metrics, name)([grade], [score]) for grade, score in zip(grades, scores, strict=True)]
    )
    draws = np.random.default_rng(5).integers(0, COUNT, (4000, COUNT))
    means = (each[draws] * weight[draws]).sum(axis=1) / weight[draws].sum(axis=1)
    assert interval[1:3] == pytest.approx(np.quantile(means, [0.025, 0.975]), rel=0.03)


def test_a_base_below_one_turns_the_interval_round(queries):
    grades, scores, _ = queries
    plain = metrics.dcg_score(grades, scores, confidence=Confidence(method="percentile"))
    turned = metrics.dcg_score(grades, scores, log_base=0.5, confidence=Confidence(method="percentile"))
    assert turned.low < turned.value == -plain.value < turned.high
    assert turned[1:3] == pytest.approx((-plain.high, -plain.low))


def test_weights_near_the_largest_double_weigh_as_small_ones(queries):
    grades, scores, _ = queries
    small = metrics.ndcg_score(grades, scores, sample_weight=np.full(COUNT, 0.5), confidence=0.9)
    huge = metrics.ndcg_score(grades, scores, sample_weight=np.full(COUNT, 1e308), confidence=0.9)
    assert huge[:3] == pytest.approx(small[:3])
    assert all(map(math.isfinite, huge[:3]))


@pytest.fixture(scope="module")
def embedded():
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 6, 90)
    labels[:2] = (100, 200)  # alone: their queries are left out
    return generator.normal(size=(90, 5)) + labels[:, None] % 7 / 4, labels


def test_all_values_of_the_report_are_intervals_of_the_metrics_of_queries(embedded):
    embeddings, labels = embedded
    settings = Confidence(level=0.9, resamples=500, seed=4)
    report = metrics.retrieval_report(*embedded, similarity="dot", k=(1, 5), confidence=settings)
    keep = ~np.eye(90, dtype=bool)
    relevant, score = (
        each[keep].reshape(90, -1) for each in (labels[:, None] == labels, embeddings @ embeddings.T)
    )
    wanted = {
        "precision_at_1": metrics.precision_at_k(relevant, score, 1, confidence=settings),
        "r_precision": metrics.r_precision(relevant, score, confidence=settings),
        "map_at_r": metrics.map_at_r(relevant, score, confidence=settings),
        "mean_reciprocal_rank": metrics.mean_reciprocal_rank(relevant, score, confidence=settings),
        "mean_average_precision": metrics.mean_average_precision(relevant, score, confidence=settings),
        "recall_at_1": metrics.recall_at_k(relevant, score, 1, confidence=settings),
        "recall_at_5": metrics.recall_at_k(relevant, score, 5, confidence=settings),
    }
    assert list(report) == list(wanted)
    assert all(type(interval) is Interval for interval in report.values())
    for name, interval in wanted.items():
        assert report[name][:3] == pytest.approx(interval[:3], rel=1e-12), name
    assert report["precision_at_1"] == report["recall_at_1"]  # the same resamples


@pytest.mark.parametrize("k", [[2], (2, 1), np.array([3])])
def test_any_ranks_of_the_report_will_do(embedded, k):
    plain = metrics.retrieval_report(*embedded, k=k)
    report = metrics.retrieval_report(*embedded, k=k, confidence=0.8)
    assert {name: interval.value for name, interval in report.items()} == plain


def test_groups_of_the_report_have_a_label_for_each_embedding(embedded):
    embeddings, labels = embedded
    report = metrics.retrieval_report(*embedded, confidence=Confidence(groups=np.arange(90) // 3))
    assert report["map_at_r"].low < report["map_at_r"].value < report["map_at_r"].high
    with pytest.raises(ShapeError, match=r"groups: got shape \(88,\); wanted \(90,\)"):
        metrics.retrieval_report(*embedded, confidence=Confidence(groups=np.arange(88)))
    reference = {"reference": embeddings[:40], "reference_labels": labels[:40]}
    apart = metrics.retrieval_report(*embedded, **reference, confidence=Confidence(groups=labels))
    assert apart["r_precision"].low < apart["r_precision"].high
