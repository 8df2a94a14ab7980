"""Metrics of several classes and labels against scikit-learn: ties, missing classes, weights, layouts."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lossary import metrics
from lossary.errors import InvalidInputError

NAMES = {
    "counting": np.arange(6),
    "scattered": np.array([-7, 0, 3, 10**6, 2**40, 2**62]),
    "unsigned": np.array([0, 1, 2, 200, 2**32, 2**64 - 1], np.uint64),
    "whole floats": np.array([-2.0, 0.0, 1.0, 5.0, 7.0, 9.0]),
    "strings": np.array(["a", "aa", "b", "c", "dd", "e"]),
    "objects": np.array(["a", "aa", "b", "c", "dd", "e"], object),
}
LAYOUTS = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "gaps": lambda matrix: np.repeat(np.repeat(matrix, 2, axis=0), 2, axis=1)[::2, ::2],
    "reversed": lambda matrix: matrix[::-1, ::-1].copy()[::-1, ::-1],
}
AVERAGES = ("macro", "weighted", "micro", "samples", None)


def some_weights(draw, generator, count):
    kind = draw(st.sampled_from((None, "integers", "zeros", "float32", "wide")))
    if kind is None:
        return None
    weights = {
        "integers": generator.integers(1, 4, count),
        "zeros": generator.integers(0, 3, count),
        "float32": (generator.integers(1, 16, count) / 8).astype(np.float32),  # whose sums are exact
        "wide": generator.random(count) * 10.0 ** generator.integers(-5, 6, count),
    }[kind]
    assume(weights.any())
    return weights


@st.composite
def several_classes(draw):
    """Labels of some of the classes, scores that sum to 1, often tied, and weights."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    count, classes = draw(st.integers(3, 40)), draw(st.integers(3, 6))
    names = NAMES[draw(st.sampled_from(sorted(NAMES)))][:classes]
    used = draw(st.integers(1, classes))
    y_true = generator.choice(generator.choice(names, used, replace=False), count)
    y_score = generator.multinomial(draw(st.sampled_from((1, 4, 32))), np.full(classes, 1 / classes), count)
    y_score = y_score / y_score.sum(axis=1, keepdims=True)
    y_score = y_score.astype(draw(st.sampled_from((np.float64, np.float32))))
    y_score = LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))](y_score)
    return names, y_true, y_score, some_weights(draw, generator, count)


@st.composite
def several_labels(draw):
    """Indicators, scores of some dtype and weights."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.integers(2, 30)), draw(st.integers(2, 6))
    y_true = (generator.random(shape) < draw(st.sampled_from((0.0, 0.1, 0.5, 0.9, 1.0)))).astype(
        draw(st.sampled_from((np.int64, np.bool_, np.uint8, np.float64)))
    )
    dtype = draw(st.sampled_from((np.float64, np.float32, np.int64, np.uint8, np.bool_)))
    y_score = generator.integers(0, draw(st.sampled_from((2, 5, 100))), shape).astype(dtype)
    layouts = st.sampled_from(sorted(LAYOUTS))
    y_true, y_score = LAYOUTS[draw(layouts)](y_true), LAYOUTS[draw(layouts)](y_score)
    return y_true, y_score, some_weights(draw, generator, len(y_true))


@settings(max_examples=600)
@given(
    data=several_classes(),
    multi_class=st.sampled_from(("ovr", "ovo", "raise")),
    average=st.sampled_from(AVERAGES),
    named=st.booleans(),
)
def test_areas_of_several_classes_agree(agree, data, multi_class, average, named):
    names, y_true, y_score, weight = data
    labels = names if named else None
    assume(named or len(np.unique(y_true)) > 1)  # of one class, scikit-learn's mean over no pairs fails
    assume(multi_class != "ovo" or len(np.unique(y_true)) > 1)
    options = {"multi_class": multi_class, "average": average, "labels": labels}
    agree("roc_auc_score", y_true, y_score, sample_weight=weight, **options)
    agree("roc_auc_score", y_true, y_score, **options)


@settings(max_examples=400)
@given(
    data=several_labels(),
    average=st.sampled_from(AVERAGES),
    max_fpr=st.sampled_from((None, None, 1, 0.3)),
)
def test_areas_of_several_labels_agree(agree, data, average, max_fpr):
    y_true, y_score, weight = data
    # Where a class is left without weight, scikit-learn's partial area is an error.
    weight = None if max_fpr == 0.3 and weight is not None and not weight.all() else weight
    agree("roc_auc_score", y_true, y_score, average=average, sample_weight=weight, max_fpr=max_fpr)


@settings(max_examples=400)
@given(data=several_classes(), average=st.sampled_from(AVERAGES))
def test_precisions_of_several_classes_agree(agree, data, average):
    names, y_true, y_score, weight = data
    present = np.isin(names, y_true)
    assume(present.sum() != 2)  # scikit-learn's pos_label of two classes is another test
    for scores in (y_score, y_score[:, present]):
        agree("average_precision_score", y_true, scores, average=average, sample_weight=weight)


@settings(max_examples=400)
@given(data=several_labels(), average=st.sampled_from(AVERAGES))
def test_precisions_of_several_labels_agree(agree, data, average):
    y_true, y_score, weight = data
    agree("average_precision_score", y_true, y_score, average=average, sample_weight=weight)


@settings(max_examples=400)
@given(data=several_classes(), k=st.integers(1, 7), normalize=st.booleans(), named=st.booleans())
def test_the_top_k_agree(agree, data, k, normalize, named):
    names, y_true, y_score, weight = data
    options = {"k": k, "normalize": normalize, "labels": names if named else None}
    agree("top_k_accuracy_score", y_true, y_score, sample_weight=weight, **options)
    agree("top_k_accuracy_score", y_true, 5 - y_score, **options)


@settings(max_examples=200)
@given(
    seed=st.integers(0, 2**32),
    k=st.integers(1, 3),
    span=st.sampled_from(((0, 1), (-1, 1), (0, 2))),
    pair=st.sampled_from(((0, 1), (-3, 8), ("no", "yes"))),
    named=st.booleans(),
)
def test_the_top_k_of_two_classes_agree(agree, seed, k, span, pair, named):
    generator = np.random.default_rng(seed)
    y_true = generator.choice(pair, generator.integers(1, 9))
    y_score = generator.integers(4 * span[0], 4 * span[1] + 1, len(y_true)) / 4
    for scores in (y_score, y_score[:, None]):
        agree("top_k_accuracy_score", y_true, scores, k=k, labels=list(pair) if named else None)


def test_the_top_k_have_an_interval_as_a_share():
    generator = np.random.default_rng(0)
    y_true, y_score = np.arange(60) % 4, generator.random((60, 4))
    interval = metrics.top_k_accuracy_score(y_true, y_score, confidence=0.9)
    assert interval.value == pytest.approx(metrics.top_k_accuracy_score(y_true, y_score), rel=1e-14)
    assert interval.low < interval.value < interval.high
    with pytest.raises(InvalidInputError, match="confidence: got a level with normalize=False"):
        metrics.top_k_accuracy_score(y_true, y_score, normalize=False, confidence=0.9)


@pytest.mark.parametrize("name", ["roc_auc_score", "average_precision_score", "top_k_accuracy_score"])
def test_frames_and_series_agree(agree, name):
    pandas = pytest.importorskip("pandas")
    options = {"multi_class": "ovr"} if name == "roc_auc_score" else {}
    y_true = pandas.Series(["b", "a", "c", "a", "b", "c"])
    y_score = pandas.DataFrame(np.random.default_rng(0).dirichlet([1, 1, 1], 6))
    agree(name, y_true, y_score, **options)
    agree(name, list(y_true), y_score.to_numpy(), **options)


@pytest.mark.parametrize(("rows", "columns"), [(2**17 + 3, 3), (50_000, 3), (300, 40), (3, 2000)])
@pytest.mark.parametrize("layout", ["rows", "columns"])
def test_sizes_around_the_cuts_of_the_kernels_agree(agree, rows, columns, layout):
    generator = np.random.default_rng(rows)
    y_score = LAYOUTS[layout](generator.integers(0, 1000, (rows, columns)) / 8)
    indicators = generator.random((rows, columns)) < 0.5
    agree("roc_auc_score", indicators, y_score, average=None)
    agree("average_precision_score", indicators, y_score, average="micro")
    codes = np.arange(rows) % columns
    if rows >= columns:
        total = y_score.sum(axis=1, keepdims=True) + 1e-300
        y_score = LAYOUTS[layout](y_score / total)
        agree("roc_auc_score", codes, y_score, multi_class="ovo")
        agree("roc_auc_score", codes, y_score, multi_class="ovr", average="weighted")
        agree("top_k_accuracy_score", codes, y_score, k=2)
