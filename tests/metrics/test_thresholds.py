"""The search for the best threshold, against every distinct threshold in exact arithmetic."""

import math
from fractions import Fraction

import lossary
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary import _kernels
from lossary.errors import InvalidInputError

COSTS, BETA = (1.0, 3.0), 2.0


def squared_matthews(tp, fp, positives, negatives):
    """The sign of Matthews' correlation times its square, which is rational."""
    accepted = tp + fp
    spread = positives * negatives * accepted * (positives + negatives - accepted)
    lead = tp * negatives - fp * positives
    return Fraction(0) if spread == 0 else Fraction(lead * abs(lead), spread)


def youden(tp, fp, positives, negatives):
    """TPR - FPR; the same for all thresholds when it is undefined."""
    return Fraction(tp * negatives - fp * positives, max(positives * negatives, 1))


EXACT = {
    "accuracy": lambda tp, fp, p, n: Fraction(tp + n - fp, p + n),
    "balanced_accuracy": lambda tp, fp, p, n: (1 + youden(tp, fp, p, n)) / 2,
    "cost": lambda tp, fp, p, n: -(Fraction(COSTS[0]) * fp + Fraction(COSTS[1]) * (p - tp)),
    "f1": lambda tp, fp, p, n: Fraction(2 * tp, max(tp + fp + p, 1)),
    "f_beta": lambda tp, fp, p, n: Fraction(5 * tp, max(tp + fp + 4 * p, 1)),
    "geometric_mean": lambda tp, fp, p, n: Fraction(tp * (n - fp), max(p * n, 1)),
    "jaccard": lambda tp, fp, p, n: Fraction(tp, max(fp + p, 1)),
    "matthews": squared_matthews,
    "precision": lambda tp, fp, p, n: Fraction(tp, max(tp + fp, 1)),
    "recall": lambda tp, fp, p, n: Fraction(tp, max(p, 1)),
    "specificity": lambda tp, fp, p, n: Fraction(n - fp, max(n, 1)),
    "youden": youden,
}

NEED_POSITIVES = ("balanced_accuracy", "geometric_mean", "recall", "youden")
NEED_NEGATIVES = ("balanced_accuracy", "geometric_mean", "specificity", "youden")


def shown(criterion, exact):
    """The value as the kernel gives it: costs are positive, roots are drawn."""
    if criterion == "cost":
        return float(-exact)
    if criterion in ("geometric_mean", "matthews"):
        return math.copysign(math.sqrt(abs(exact)), exact)
    return float(exact)


def every_point(y_true, y_score):
    """Threshold and counts of every distinct score, highest first, after accepting nothing."""
    points = [(math.inf, 0, 0)]
    for threshold in sorted({float(score) + 0.0 for score in y_score}, reverse=True):
        accepted = [bool(label) for label, score in zip(y_true, y_score, strict=True) if score >= threshold]
        points.append((threshold, sum(accepted), len(accepted) - sum(accepted)))
    return points


def naive_best(criterion, y_true, y_score, may_accept_nothing):
    positives, negatives = int(np.sum(y_true)), len(y_true) - int(np.sum(y_true))
    points = every_point(y_true, y_score)[0 if may_accept_nothing else 1 :]
    scored = [(EXACT[criterion](tp, fp, positives, negatives), t, tp, fp) for t, tp, fp in points]
    return max(scored, key=lambda each: (each[0], each[1]))  # of equal values the largest threshold


def best(criterion, y_true, y_score, may_accept_nothing=False):
    costs, beta = COSTS if criterion == "cost" else None, BETA if criterion == "f_beta" else None
    return _kernels.best_threshold(
        np.asarray(y_true), y_score, criterion, costs=costs, beta=beta, may_accept_nothing=may_accept_nothing
    )


def assert_best(criterion, y_true, y_score, may_accept_nothing=False):
    threshold, value, tp, fp, fn, tn = best(criterion, y_true, y_score, may_accept_nothing)
    exact, *wanted = naive_best(criterion, y_true, y_score, may_accept_nothing)
    assert [threshold, tp, fp] == wanted
    positives = int(np.sum(y_true))
    assert (tp + fn, fp + tn) == (positives, len(y_true) - positives)
    without = (criterion in NEED_POSITIVES and not tp + fn) or (criterion in NEED_NEGATIVES and not fp + tn)
    if without:
        assert value is None
    else:
        assert value == pytest.approx(shown(criterion, exact), rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("criterion", sorted(EXACT))
@settings(max_examples=150)
@given(data=st.data(), nothing=st.booleans(), dtype=st.sampled_from(("f4", "f8", "i8", "u1")))
def test_best_threshold_is_that_of_all_thresholds(criterion, data, nothing, dtype):
    width = np.dtype(dtype).itemsize * 8
    numbers = {
        "f": st.floats(allow_nan=False, allow_infinity=False, width=width)
        | st.sampled_from((0.0, -0.0, 1.0)),
        "i": st.integers(-3, 3) | st.integers(-(2**50), 2**50),
        "u": st.integers(0, 255),
    }
    samples = data.draw(
        st.lists(st.tuples(st.booleans(), numbers[np.dtype(dtype).kind]), min_size=1, max_size=40)
    )
    y_true, y_score = map(list, zip(*samples, strict=True))
    assert_best(criterion, np.array(y_true), np.array(y_score, dtype), nothing)


def rough_matthews(tp, fp, p, n):
    spread = (tp + fp) * (p + n - tp - fp)
    return (tp * n - fp * p) / np.sqrt(np.where(spread == 0, np.inf, float(p * n) * spread))


ROUGH = {
    "accuracy": lambda tp, fp, p, n: (tp + n - fp) / (p + n),
    "balanced_accuracy": lambda tp, fp, p, n: (tp / p + (n - fp) / n) / 2,
    "cost": lambda tp, fp, p, n: -(COSTS[0] * fp + COSTS[1] * (p - tp)),
    "f1": lambda tp, fp, p, n: 2 * tp / (tp + fp + p),
    "f_beta": lambda tp, fp, p, n: 5 * tp / (tp + fp + 4 * p),
    "geometric_mean": lambda tp, fp, p, n: tp / p * ((n - fp) / n),
    "jaccard": lambda tp, fp, p, n: tp / (fp + p),
    "matthews": rough_matthews,
    "precision": lambda tp, fp, p, n: tp / (tp + fp),
    "recall": lambda tp, fp, p, n: tp / p,
    "specificity": lambda tp, fp, p, n: (n - fp) / n,
    "youden": lambda tp, fp, p, n: tp / p - fp / n,
}


def crowds(name, count, dtype):
    """Scores that a histogram of the keys does not spread."""
    generator = np.random.default_rng(count)
    tiny = np.finfo(dtype).tiny
    spread = generator.normal(size=count)
    return {
        "normal": spread,
        "one fine bin": 1 + np.abs(spread) * 300 * np.finfo(dtype).eps,
        "two far clusters": np.where(spread < 0, -1e30, 1e30) * (1 + spread * 1e-5),
        "denormals": np.round(spread * 1000) * tiny / 4096,
        "constant": np.full(count, 0.25),
        "one outlier": np.where(np.arange(count) == 7, 1e30, 1 + spread * 1e-6),
        "rounded": np.round(spread, 1),
        "wide": np.sign(spread) * 10 ** (spread * 8),
    }[name].astype(dtype)


def points_of_sorted(y_true, y_score):
    """`every_point` by a sort, for many samples."""
    order = np.argsort(-y_score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(y_score[order]) != 0, True))
    tp = np.cumsum(y_true[order])[ends]
    return y_score[order][ends], tp, ends + 1 - tp


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(
    "name",
    ["normal", "one fine bin", "two far clusters", "denormals", "constant", "one outlier", "rounded", "wide"],
)
@pytest.mark.parametrize("labels", ["informative", "random", "rare"])
def test_adversarial_scores_have_the_same_best_threshold(name, dtype, labels):
    count = 70_001  # enough for bins of equal width
    y_score = crowds(name, count, dtype)
    generator = np.random.default_rng(1)
    ranks = np.argsort(np.argsort(y_score, kind="stable")) / count
    chance = {"informative": ranks, "random": 0.3, "rare": 0.001}[labels]
    y_true = generator.random(count) < chance
    thresholds, tp, fp = points_of_sorted(y_true, y_score)
    positives, negatives = int(y_true.sum()), int(count - y_true.sum())
    for criterion, exact in EXACT.items():
        # Floats rule out nearly all points; exact arithmetic decides among the rest.
        rough = ROUGH[criterion](tp, fp, positives, negatives)
        near = np.flatnonzero(rough >= rough.max() - 1e-12 * max(1.0, abs(rough.max())))
        counts = ((thresholds[i].item(), tp[i].item(), fp[i].item()) for i in near)
        wanted = max(counts, key=lambda each: (exact(*each[1:], positives, negatives), each[0]))
        threshold, _, hits, alarms, *_ = best(criterion, y_true, y_score)
        assert (threshold, hits, alarms) == wanted, criterion


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [("i8", -(2**62), 2**62), ("u8", 2**63 - 2**40, 2**63 + 2**40), ("u4", 2**31 - 10**6, 2**31 + 10**6)],
)
def test_integers_on_both_sides_of_the_top_bit_are_searched_exactly(dtype, low, high):
    generator = np.random.default_rng(5)
    y_score = generator.integers(low, high, 70_001, dtype)
    y_true = generator.random(70_001) < (y_score.astype(float) - low) / (high - low)
    order = np.argsort(y_score, kind="stable")[::-1]
    ends = np.flatnonzero(np.append(y_score[order][1:] != y_score[order][:-1], True))
    hits = np.cumsum(y_true[order])[ends]
    positives, negatives = int(y_true.sum()), int((~y_true).sum())
    for criterion in EXACT:
        _, value, tp, fp, *_ = best(criterion, y_true, y_score)
        rough = ROUGH[criterion](hits, ends + 1 - hits, positives, negatives)
        chosen = ROUGH[criterion](np.array([tp]), np.array([fp]), positives, negatives)
        assert chosen[0] >= rough.max() - 1e-12
        assert (tp, fp) in {*zip(hits.tolist(), (ends + 1 - hits).tolist(), strict=True)}
        assert value is not None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_bad_score_among_many_is_named(bad, dtype):
    y_score = np.random.default_rng(0).normal(size=70_001).astype(dtype)
    y_score[54_321] = bad
    with pytest.raises(InvalidInputError, match="y_score: got NaN or infinity at position 54321"):
        best("f1", y_score < 0, y_score)


def test_matthews_ties_that_rounding_would_break_go_to_the_largest_threshold():
    # (tp, fp) = (7, 3) and (8, 4) of 11 and 11 are mirror images: the same correlation.
    y_true = np.array([1] * 7 + [0] * 3 + [1, 0] + [1] * 3 + [0] * 7, bool)
    y_score = np.array([3.0] * 10 + [2.0] * 2 + [1.0] * 10)
    assert best("matthews", y_true, y_score)[0] == 3.0


def test_an_integer_threshold_beyond_doubles_is_found_by_its_own_value():
    y_score = np.array([2**60, 2**60 + 1, 2**60 + 2])
    assert best("accuracy", [0, 1, 1], y_score)[2:4] == (2, 0)


@pytest.fixture
def threads():
    yield lossary.set_num_threads
    lossary.set_num_threads(None)


@pytest.mark.parametrize("name", ["normal", "one fine bin", "rounded"])
def test_best_threshold_does_not_depend_on_threads(threads, name):
    count = 2**18 + 77
    y_score = crowds(name, count, "f8")
    y_true = np.random.default_rng(0).random(count) < 0.4
    seen = []
    for number in (1, 2, 3):
        threads(number)
        seen.append([best(criterion, y_true, y_score) for criterion in EXACT])
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("costs", [(-1.0, 1.0), (math.nan, 1.0), (1.0, math.inf), None])
def test_costs_are_finite_and_not_negative(costs):
    with pytest.raises(InvalidInputError, match=r"criterion: got .*; wanted"):
        _kernels.best_threshold(np.array([0, 1]), np.ones(2), "cost", costs=costs, may_accept_nothing=False)


def test_an_unknown_criterion_is_refused():
    with pytest.raises(InvalidInputError, match="criterion: got auc; wanted"):
        best("auc", [0, 1], np.ones(2))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_scores_are_finite(bad):
    with pytest.raises(InvalidInputError, match="y_score: got NaN or infinity at position 1"):
        best("f1", [0, 1, 1], np.array([0.0, bad, 1.0]))


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_costs_of_any_magnitude_choose_alike(scale):
    y_true, y_score = np.array([1, 0, 1, 0, 0, 1], bool), np.arange(6.0)[::-1].copy()
    found = _kernels.best_threshold(
        y_true, y_score, "cost", costs=(scale, 2 * scale), may_accept_nothing=True
    )
    assert found[2:4] == (2, 1)  # costs 1 + 2; accepting all positives costs 3 as well, at a lower threshold
