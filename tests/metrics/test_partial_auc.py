"""partial_auc: goldens, scikit-learn's max_fpr, and the area of the clipped curve in exact arithmetic."""

import json
import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import lossary
import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.errors import DtypeError, InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics import Confidence, partial_auc, roc_auc_score
from lossary.metrics.partial import partial_area, standardized

GOLDENS = Path(__file__).parents[1] / "goldens"
CASES = json.loads((GOLDENS / "003-partial_auc.json").read_text())["cases"]
SCORES = st.sampled_from((0.0, -0.0, 1.0, 2.0, -1.5)) | st.floats(-10, 10)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_partial_auc_golden(case):
    score, target = (np.array(case["inputs"][name]["data"]) for name in ("score", "target"))
    value = partial_auc(target, score, **case["params"])
    assert value == pytest.approx(case["expected"]["partial_auc"], rel=1e-6)


def curve(y_true, y_score, weight):
    """(FPR, TPR) at infinity and every distinct score, as fractions."""
    samples = list(zip(y_true, y_score, map(Fraction, weight), strict=True))
    totals = [sum(w for label, _, w in samples if bool(label) is kind) for kind in (False, True)]
    points = [(Fraction(0), Fraction(0))]
    for threshold in sorted({score + 0.0 for _, score, _ in samples}, reverse=True):
        counts = [
            sum((w for label, score, w in samples if score >= threshold and bool(label) is kind), Fraction(0))
            for kind in (False, True)
        ]
        points.append((counts[0] / totals[0], counts[1] / totals[1]))
    return points


def naive_area(points, fpr, tpr):
    """Clip each straight piece to the box, cut where it enters and leaves the range of TPR."""
    (left, right), (floor, ceiling) = (tuple(map(Fraction, each)) for each in (fpr, tpr))
    area = Fraction(0)
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 == x1:
            continue
        at = lambda x, x0=x0, y0=y0, slope=(y1 - y0) / (x1 - x0): y0 + slope * (x - x0)  # noqa: E731
        cuts = {max(x0, left), min(x1, right)}
        for level in (floor, ceiling):
            if y0 < level < y1:
                cuts.add(x0 + (level - y0) * (x1 - x0) / (y1 - y0))
        cuts = sorted(x for x in cuts if max(x0, left) <= x <= min(x1, right))
        for a, b in pairwise(cuts):
            heights = [min(max(at(x), floor), ceiling) - floor for x in (a, b)]
            area += (b - a) * sum(heights) / 2
    return area


@st.composite
def both_classes(draw):
    samples = draw(st.lists(st.tuples(st.booleans(), SCORES), max_size=40))
    samples += [(True, draw(SCORES)), (False, draw(SCORES))]
    order = draw(st.permutations(range(len(samples))))
    y_true, y_score = zip(*(samples[i] for i in order), strict=True)
    weight = draw(st.none() | st.lists(st.integers(1, 9), min_size=len(order), max_size=len(order)))
    return np.array(y_true), np.array(y_score), weight


RATE = st.sampled_from((0.0, 0.1, 0.25, 0.3, 0.5, 0.75, 1.0)) | st.floats(0, 1)
RANGE = st.tuples(RATE, RATE).map(sorted).filter(lambda ends: ends[1] - ends[0] > 1e-3)


@settings(max_examples=500)
@given(both_classes(), RANGE, RANGE, st.booleans(), st.booleans())
def test_partial_auc_is_the_area_inside_the_box(samples, fpr, tpr, whole_fpr, whole_tpr):
    y_true, y_score, weight = samples
    fpr, tpr = (0.0, 1.0) if whole_fpr else fpr, (0.0, 1.0) if whole_tpr else tpr
    found = partial_auc(
        y_true,
        y_score,
        min_fpr=fpr[0],
        max_fpr=fpr[1],
        min_tpr=tpr[0],
        max_tpr=tpr[1],
        normalized=False,
        sample_weight=weight,
    )
    points = curve(y_true, y_score.tolist(), weight or [1] * len(y_true))
    assert found == pytest.approx(float(naive_area(points, fpr, tpr)), rel=1e-12, abs=1e-15)


@settings(max_examples=300)
@given(both_classes(), st.sampled_from((0.1, 0.3, 0.5, 0.9, 1.0)) | st.floats(0.01, 1))
def test_max_fpr_agrees_with_scikit_learn(samples, max_fpr):
    y_true, y_score, weight = samples
    wanted = sklearn.metrics.roc_auc_score(y_true, y_score, max_fpr=max_fpr, sample_weight=weight)
    assert partial_auc(y_true, y_score, max_fpr=max_fpr, sample_weight=weight) == pytest.approx(
        wanted, rel=1e-12
    )
    floats = None if weight is None else np.array(weight, float)
    area = partial_area(y_true, y_score, floats, (0.0, max_fpr))
    chance = max_fpr**2 / 2
    assert standardized(area, chance, max_fpr) == pytest.approx(wanted, rel=1e-12)


@settings(max_examples=100)
@given(both_classes())
def test_the_whole_box_is_the_auc(samples):
    y_true, y_score, weight = samples
    auc = roc_auc_score(y_true, y_score, sample_weight=weight)
    assert partial_auc(y_true, y_score, max_fpr=1, sample_weight=weight) == pytest.approx(auc, rel=1e-14)
    assert partial_auc(y_true, y_score, min_tpr=0, sample_weight=weight) == pytest.approx(auc, rel=1e-14)


def test_adjacent_boxes_tile_the_area():
    generator = np.random.default_rng(0)
    y_true = generator.random(20_000) < 0.4
    y_score = np.round(generator.normal(size=20_000) + y_true, 2)
    edges = (0.0, 0.013, 0.3, 0.77, 1.0)
    total = math.fsum(
        partial_auc(y_true, y_score, min_fpr=f0, max_fpr=f1, min_tpr=t0, max_tpr=t1, normalized=False)
        for f0, f1 in pairwise(edges)
        for t0, t1 in pairwise(edges)
    )
    assert total == pytest.approx(roc_auc_score(y_true, y_score), rel=1e-13)


@pytest.mark.parametrize("box", [{}, {"max_fpr": 0.1}, {"min_tpr": 0.8}, {"max_fpr": 0.4, "min_tpr": 0.3}])
@pytest.mark.parametrize("min_fpr", [None, 0.05])
def test_standardised_areas_are_half_by_chance_and_one_when_perfect(box, min_fpr):
    y_true = [0, 1] * 50
    assert partial_auc(y_true, np.ones(100), min_fpr=min_fpr, **box) == pytest.approx(0.5, rel=1e-12)
    assert partial_auc(y_true, y_true, min_fpr=min_fpr, **box) == pytest.approx(1.0, rel=1e-12)


def test_shares_of_the_box_follow_jiang_and_yang():
    y_true, y_score = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]  # (0, 0.5), (0.5, 0.5), (0.5, 1), (1, 1)
    assert partial_auc(y_true, y_score, min_tpr=0.5, normalized="share") == 0.5  # 0.5 * 0.5 of 1 * 0.5
    assert partial_auc(y_true, y_score, min_tpr=0.5, max_fpr=0.75, normalized="share") == pytest.approx(1 / 3)
    assert partial_auc(y_true, y_score, min_tpr=0.5, max_fpr=0.25, normalized="share") == 0.0


def test_only_a_call_without_bounds_stops_at_three_tenths():
    y_true, y_score = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
    assert partial_auc(y_true, y_score) == partial_auc(y_true, y_score, max_fpr=0.3)
    assert partial_auc(y_true, y_score, min_fpr=0.4) == partial_auc(y_true, y_score, min_fpr=0.4, max_fpr=1)
    assert partial_auc(y_true, y_score, max_tpr=0.4) == partial_auc(y_true, y_score, max_tpr=0.4, max_fpr=1)


@pytest.mark.parametrize(
    ("options", "error", "argument"),
    [
        ({"max_fpr": 0}, InvalidInputError, "max_fpr"),
        ({"max_fpr": 1.1}, InvalidInputError, "max_fpr"),
        ({"max_fpr": math.nan}, InvalidInputError, "max_fpr"),
        ({"min_fpr": -0.1}, InvalidInputError, "min_fpr"),
        ({"min_fpr": 0.5, "max_fpr": 0.5}, InvalidInputError, "max_fpr"),
        ({"min_tpr": 1}, InvalidInputError, "max_tpr"),
        ({"min_tpr": "0.5"}, DtypeError, "min_tpr"),
        ({"max_tpr": True}, DtypeError, "max_tpr"),
        ({"normalized": "box"}, InvalidInputError, "normalized"),
        ({"min_fpr": 0.5, "max_tpr": 0.5}, InvalidInputError, "normalized"),
        ({"sample_weight": [1, -1, 1]}, InvalidInputError, "sample_weight"),
        ({"sample_weight": [1, 1]}, ShapeError, "sample_weight"),
    ],
)
def test_bad_options(options, error, argument):
    with pytest.raises(error, match=rf"^{argument}: got .*; wanted"):
        partial_auc([0, 1, 1], [0.0, 1.0, 2.0], **options)


def test_bad_samples():
    for y_true in ([0, 0, 0], [1, 1, 1]):
        with pytest.raises(UndefinedMetricError, match="y_true: got one class"):
            partial_auc(y_true, [0.0, 1.0, 2.0])
    with pytest.raises(UndefinedMetricError, match="y_true: got one class"):
        partial_auc([0, 1, 1], [0.0, 1.0, 2.0], sample_weight=[0, 1, 1])
    for bad in (math.nan, math.inf):
        with pytest.raises(InvalidInputError, match="y_score: got NaN or infinity at position 1"):
            partial_auc([0, 1, 1], [0.0, bad, 2.0])
    with pytest.raises(ShapeError, match="y_score"):
        partial_auc([0, 1, 1], [0.0, 1.0])
    with pytest.raises(InvalidInputError, match="no samples"):
        partial_auc([], [])
    with pytest.raises(InvalidInputError, match="y_true"):
        partial_auc([0, 1, 2], [0.0, 1.0, 2.0])


def test_weights_that_turn_the_curve_back_are_refused():
    with pytest.raises(InvalidInputError, match="sample_weight: got negative"):
        partial_area(np.array([0, 0, 1]), np.array([1.0, 2.0, 3.0]), np.array([2.0, -1.0, 1.0]), (0.0, 0.5))


@pytest.mark.parametrize("kind", ["normal", "rounded", "one fine bin"])
def test_bits_do_not_depend_on_threads(kind):
    generator = np.random.default_rng(2)
    count = 2**18 + 5
    y_true = generator.random(count) < 0.3
    y_score = generator.normal(size=count) + y_true
    y_score = {"normal": y_score, "rounded": np.round(y_score, 1), "one fine bin": 1 + y_score * 1e-15}[kind]
    weight = generator.random(count)
    seen = []
    try:
        for threads in (1, 2, 3):
            lossary.set_num_threads(threads)
            options = {"max_fpr": 0.2, "min_tpr": 0.4}
            seen.append(
                (
                    partial_auc(y_true, y_score),
                    partial_auc(y_true, y_score, **options),
                    partial_auc(y_true, y_score, sample_weight=weight, **options),
                )
            )
    finally:
        lossary.set_num_threads(None)
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0] == pytest.approx(sklearn.metrics.roc_auc_score(y_true, y_score, max_fpr=0.3), rel=1e-12)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 0.99), st.booleans())
def test_roc_auc_score_up_to_a_rate_is_the_partial_area_to_the_bit(seed, max_fpr, weigh):
    generator = np.random.default_rng(seed)
    y_true = np.concatenate(([0, 1], generator.integers(0, 2, 60)))
    y_score = np.round(generator.normal(size=62) + y_true, 1)
    options = {"max_fpr": max_fpr, "sample_weight": generator.random(62) if weigh else None}
    assert roc_auc_score(y_true, y_score, **options) == partial_auc(y_true, y_score, **options)
    few = Confidence(resamples=100)
    whole = roc_auc_score(y_true, y_score, **options, confidence=few)
    assert whole == partial_auc(y_true, y_score, **options, confidence=few)
