"""roc_auc_score against counting every pair exactly, and its bits for any number of threads."""

from fractions import Fraction

import lossary
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossary.metrics import average_precision_score, roc_auc_score, roc_curve

FINITE = st.floats(allow_nan=False, allow_infinity=False)
WEIGHTS = st.floats(2.0**-20, 2.0**20)


def exact_auc(y_true, y_score, weight=None):
    """Count all pairs of a positive and a negative, in exact arithmetic."""
    weight = [Fraction(1)] * len(y_true) if weight is None else [Fraction(float(each)) for each in weight]
    samples = list(zip(y_true, y_score, weight, strict=True))
    positives = [(score, share) for label, score, share in samples if label]
    negatives = [(score, share) for label, score, share in samples if not label]
    wins = sum(
        share * other * (2 * (score > against) + (score == against))
        for score, share in positives
        for against, other in negatives
    )
    total = sum(share for _, share in positives) * sum(share for _, share in negatives)
    return float(Fraction(wins) / (2 * total))


@settings(max_examples=500)
@given(
    data=st.lists(
        st.tuples(st.booleans(), FINITE | st.sampled_from((0.0, -0.0, 1.0))), min_size=2, max_size=25
    )
)
def test_auc_is_the_exact_quotient_rounded(data):
    y_true, y_score = [label for label, _ in data], [score for _, score in data]
    y_true[:2] = [True, False]
    assert roc_auc_score(y_true, y_score) == exact_auc(y_true, y_score)


@settings(max_examples=500)
@given(
    data=st.lists(st.tuples(st.booleans(), st.integers(-3, 3), WEIGHTS), min_size=2, max_size=25),
    order=st.randoms(use_true_random=False),
)
def test_weighted_auc_is_exact_and_free_of_order(data, order):
    data[0], data[1] = (True, *data[0][1:]), (False, *data[1][1:])
    y_true, y_score, weight = zip(*data, strict=True)
    value = roc_auc_score(y_true, y_score, sample_weight=weight)
    assert value == pytest.approx(exact_auc(*zip(*data, strict=True)), rel=1e-15, abs=0)
    order.shuffle(data)
    y_true, y_score, weight = zip(*data, strict=True)
    assert roc_auc_score(y_true, y_score, sample_weight=weight) == value


def test_integers_beyond_double_precision_do_not_tie():
    assert roc_auc_score([0, 1], [2**53, 2**53 + 1]) == 1.0
    assert roc_auc_score([0, 1], np.array([2**64 - 2, 2**64 - 1], np.uint64)) == 1.0


def test_negative_zero_ties_with_zero():
    assert roc_auc_score([0, 1], [0.0, -0.0]) == 0.5


@pytest.mark.parametrize("scale", [5e-324, 1e-300, 1.0, 1e300, 1.7e308])
def test_weights_of_any_magnitude_give_the_same_area(scale):
    weight = np.array([1.0, 1.0, 1.0, 1.0]) * scale
    assert roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], sample_weight=weight) == 0.75
    assert average_precision_score([0, 0, 1, 1], [1, 3, 2, 4], sample_weight=weight) == pytest.approx(5 / 6)


def test_negative_weights_that_turn_the_curve_back_are_refused():
    with pytest.raises(lossary.errors.InvalidInputError, match="sample_weight"):
        roc_auc_score([0, 0, 1], [1, 2, 3], sample_weight=[2.0, -1.0, 1.0])


@pytest.mark.parametrize("distinct", [3, 1000, 10**9])
def test_bits_do_not_depend_on_threads(threads, distinct):
    generator = np.random.default_rng(distinct)
    count = 2**18 + 77
    y_true = generator.integers(0, 2, count)
    y_score = generator.integers(0, distinct, count) / 7
    weight = generator.random(count)
    seen = []
    for number in (1, 2, 3, 7):
        threads(number)
        curve = roc_curve(y_true, y_score, sample_weight=weight)
        seen.append(
            (
                roc_auc_score(y_true, y_score),
                roc_auc_score(y_true, y_score, sample_weight=weight),
                average_precision_score(y_true, y_score),
                average_precision_score(y_true, y_score, sample_weight=weight),
                *(each.tobytes() for each in curve),
            )
        )
    assert all(each == seen[0] for each in seen)


@pytest.mark.parametrize("order", ["rising", "falling", "constant", "half in one value", "one outlier"])
def test_shortcuts_give_the_same_as_a_shuffle(order):
    generator = np.random.default_rng(3)
    y_score = np.sort(generator.normal(size=50_000))
    y_true = generator.integers(0, 2, 50_000)
    if order == "falling":
        y_score = y_score[::-1].copy()
    elif order == "constant":
        y_score[:] = 0.25
    elif order == "half in one value":
        y_score[::2] = 0.5
    elif order == "one outlier":
        y_score = np.nextafter(1.0, 2.0) + y_score * 1e-9
        y_score[-1] = 1e300
    shuffle = generator.permutation(50_000)
    assert roc_auc_score(y_true, y_score) == roc_auc_score(y_true[shuffle], y_score[shuffle])
    if order == "constant":
        assert roc_auc_score(y_true, y_score) == 0.5
