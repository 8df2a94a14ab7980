"""Ranking metrics against scikit-learn, on small arrays full of ties, extremes and odd weights."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

DTYPES = (np.float64, np.float32, np.float16, np.int64, np.int8, np.uint16, np.bool_)
EXTREMES = (0.0, -0.0, 5e-324, -5e-324, 1e-30, 1e30, -1e300, 1.7e308, 1.0, np.nextafter(1.0, 2.0), -2.5)


@st.composite
def ranked(draw):
    """Binary labels of some pair of values, and scores of some dtype."""
    count = draw(st.integers(2, 40))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(("ties", "distinct", "extreme", "wide")))
    if kind == "ties":
        score = generator.integers(0, draw(st.integers(1, 8)), count).astype(draw(st.sampled_from(DTYPES)))
    elif kind == "distinct":
        score = generator.normal(size=count).astype(draw(st.sampled_from((np.float64, np.float32))))
    elif kind == "extreme":
        score = generator.choice(EXTREMES, count)
    else:
        score = generator.integers(-(2**63), 2**63 - 1, count) >> generator.integers(0, 60)
    pair = draw(st.sampled_from(((0, 1), (-1, 1), (False, True), (0.0, 1.0))))
    share = draw(st.sampled_from((0.0, 0.1, 0.5, 0.9, 1.0)))
    return np.where(generator.random(count) < share, pair[1], pair[0]), score


@st.composite
def weighted(draw):
    """Labels, scores and weights; some weights are zero."""
    y_true, y_score = draw(ranked())
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    weight = draw(
        st.sampled_from(
            (
                generator.integers(0, 4, len(y_true)),
                generator.integers(0, 4, len(y_true)) / 8,
                generator.random(len(y_true)).astype(np.float32),
                generator.random(len(y_true)) * 10.0 ** generator.integers(-12, 12, len(y_true)),
            )
        )
    )
    assume(weight.any())
    return y_true, y_score, weight


@settings(max_examples=1000)
@given(data=ranked())
def test_unweighted_metrics_agree(agree, data):
    agree("roc_auc_score", *data)
    agree("roc_curve", *data)
    agree("roc_curve", *data, drop_intermediate=False)
    agree("average_precision_score", *data)


@settings(max_examples=1000)
@given(data=weighted())
def test_weighted_metrics_agree(agree, data):
    y_true, y_score, weight = data
    agree("roc_auc_score", y_true, y_score, sample_weight=weight)
    agree("average_precision_score", y_true, y_score, sample_weight=weight)
    agree("roc_curve", y_true, y_score, sample_weight=weight, drop_intermediate=False)
    if weight.dtype.kind == "i":
        agree("roc_curve", y_true, y_score, sample_weight=weight)


@settings(max_examples=400)
@given(
    data=weighted(), max_fpr=st.sampled_from((1e-9, 0.01, 0.1, 0.25, 0.5, 0.999, 1.0, 1)), use=st.booleans()
)
def test_partial_auc_agrees(agree, data, max_fpr, use):
    y_true, y_score, weight = data
    # Of a class without weight, scikit-learn's curve has one point or two NaN: an error here, NaN there.
    assume(not use or all(weight[y_true == each].any() for each in np.unique(y_true)))
    agree("roc_auc_score", y_true, y_score, max_fpr=max_fpr, sample_weight=weight if use else None)


@settings(max_examples=300)
@given(data=ranked(), names=st.sampled_from((("no", "yes"), ("yes", "no"))), positive=st.integers(0, 1))
def test_string_labels_agree(agree, data, names, positive):
    y_true = np.where(data[0] == 1, names[1], names[0])
    agree("roc_auc_score", y_true, data[1])
    agree("roc_curve", y_true, data[1], pos_label=names[positive])
    agree("average_precision_score", y_true, data[1], pos_label=names[positive])


@settings(max_examples=200)
@given(seed=st.integers(0, 2**32), positive=st.integers(0, 3))
def test_one_class_of_many_agrees_in_the_curve(agree, seed, positive):
    generator = np.random.default_rng(seed)
    y_true = generator.integers(0, 4, 20)
    agree("roc_curve", y_true, generator.integers(0, 6, 20), pos_label=positive)


@pytest.mark.parametrize("count", [2**14 - 1, 2**14, 2**14 + 1, 70_000, 2**17 + 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8])
def test_sizes_around_the_cuts_of_the_kernel_agree(agree, count, dtype):
    generator = np.random.default_rng(count)
    y_true = generator.integers(0, 2, count)
    y_score = np.round(generator.normal(100, 40, count).clip(0, 255), 2).astype(dtype)
    agree("roc_auc_score", y_true, y_score)
    agree("average_precision_score", y_true, y_score)
    agree("roc_curve", y_true, y_score)
