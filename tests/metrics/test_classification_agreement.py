"""Metrics of predicted labels against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

AVERAGES = ("micro", "macro", "weighted", None)
ZEROS = ("warn", 0, 1, 0.0, np.nan)
PLAIN = ("accuracy_score", "matthews_corrcoef", "balanced_accuracy_score", "confusion_matrix")
RATES = ("precision_score", "recall_score", "f1_score", "jaccard_score")


def draw_labels(draw, generator, count, names):
    used = draw(st.integers(1, len(names)))
    return np.asarray(names)[generator.integers(0, used, count)]


@st.composite
def predictions(draw):
    """True and predicted labels of one kind, and weights or None."""
    count = draw(st.integers(1, 30))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    names = draw(
        st.sampled_from(
            (
                (0, 1),
                (-1, 1),
                (False, True),
                (0, 1, 2, 3),
                (7, -300, 5_000_000_000, 12),
                (1.0, 0.0, 3.0),
                ("cat", "dog", "ox"),
                ("b", "a"),
                (0, 2**62, -(2**62)),
            )
        )
    )
    y_true = draw_labels(draw, generator, count, names)
    y_pred = np.where(generator.random(count) < 0.5, y_true, draw_labels(draw, generator, count, names))
    weight = draw(
        st.sampled_from(
            (None, generator.integers(0, 3, count), generator.random(count), generator.random(count) - 0.2)
        )
    )
    return y_true, y_pred, weight


@settings(max_examples=400)
@given(data=predictions())
def test_plain_scores_agree(agree, data):
    y_true, y_pred, weight = data
    for name in PLAIN:
        if (
            name != "matthews_corrcoef" or weight is None or weight.min() >= 0
        ):  # the root of a negative number
            agree(name, y_true, y_pred, sample_weight=weight)
    agree("accuracy_score", y_true, y_pred, sample_weight=weight, normalize=False)
    for normalize in ("true", "pred", "all"):
        agree("confusion_matrix", y_true, y_pred, sample_weight=weight, normalize=normalize)


@settings(max_examples=300)
@given(data=predictions(), replacement=st.sampled_from((np.nan, 0.0, 1.0, -1)))
def test_agreement_beyond_the_accuracy_agrees(agree, data, replacement):
    y_true, y_pred, weight = data
    agree("hamming_loss", y_true, y_pred, sample_weight=weight)
    for normalize in (False, True):
        agree("zero_one_loss", y_true, y_pred, normalize=normalize, sample_weight=weight)
    if weight is None or weight.min() >= 0:
        for weights in (None, "linear", "quadratic"):
            options = {"weights": weights, "replace_undefined_by": float(replacement)}
            agree("cohen_kappa_score", y_true, y_pred, sample_weight=weight, **options)
            agree("cohen_kappa_score", y_true, y_pred, labels=np.unique(y_true)[1:2], **options)
            agree("cohen_kappa_score", y_true, y_pred, labels=np.unique(y_pred)[::-1][:2], **options)


@settings(max_examples=200)
@given(data=predictions(), swap=st.booleans(), replacement=st.sampled_from((np.nan, 1.0)))
def test_likelihood_ratios_agree(agree, data, swap, replacement):
    y_true, y_pred, weight = data
    labels = np.unique(np.concatenate([y_true, y_pred]))
    weight = None if weight is None else np.abs(weight)
    options = {"replace_undefined_by": replacement, "sample_weight": weight}
    agree("class_likelihood_ratios", y_true, y_pred, labels=labels[::-1] if swap else None, **options)


@settings(max_examples=400)
@given(data=predictions(), average=st.sampled_from(AVERAGES), zero=st.sampled_from(ZEROS))
def test_averaged_rates_agree(agree, data, average, zero):
    y_true, y_pred, weight = data
    for name in RATES:
        agree(name, y_true, y_pred, average=average, zero_division=zero, sample_weight=weight)
    for beta in (0, 0.5, 2.0, np.inf):
        agree("fbeta_score", y_true, y_pred, beta=beta, average=average, zero_division=zero)
    agree_on_support(agree, y_true, y_pred, average=average, zero_division=zero, sample_weight=weight)


def agree_on_support(agree, y_true, y_pred, **options):
    """But where there is no hit: scikit-learn counts in doubles then."""
    if options["average"] is not None or np.any(y_true == y_pred):
        agree("precision_recall_fscore_support", y_true, y_pred, **options)


@settings(max_examples=200)
@given(data=predictions(), zero=st.sampled_from(("warn", 0, 1)), last=st.booleans())
def test_binary_rates_agree(agree, data, zero, last):
    y_true, y_pred, weight = data
    pos_label = np.unique(y_true)[-1 if last else 0].item()
    for name in RATES:
        agree(name, y_true, y_pred, pos_label=pos_label, zero_division=zero, sample_weight=weight)
        agree(name, y_true, y_pred, zero_division=zero)


@settings(max_examples=150)
@given(data=predictions(), extra=st.booleans(), average=st.sampled_from(AVERAGES))
def test_chosen_labels_agree(agree, data, extra, average):
    y_true, y_pred, weight = data
    labels = np.unique(y_true)[::-1]
    if extra and labels.dtype.kind in "if":
        labels = np.append(labels, [99])
    agree("confusion_matrix", y_true, y_pred, labels=labels, sample_weight=weight)
    agree("f1_score", y_true, y_pred, labels=labels, average=average, sample_weight=weight)
    agree("jaccard_score", y_true, y_pred, labels=labels, average=average, sample_weight=weight)
    if weight is not None or np.any(y_true == y_pred):
        agree("multilabel_confusion_matrix", y_true, y_pred, labels=labels, sample_weight=weight)


@settings(max_examples=200)
@given(data=predictions(), subset=st.booleans(), zero=st.sampled_from(ZEROS), named=st.booleans())
def test_reports_agree(agree, data, subset, zero, named):
    y_true, y_pred, weight = data
    every = np.unique(np.concatenate([y_true, y_pred]))
    labels = every[::-1][:2] if subset else None
    options = {"labels": labels, "zero_division": zero}
    if named:
        options["target_names"] = [f"class {number}" for number in range(len(every))]
    agree("classification_report", y_true, y_pred, sample_weight=weight, output_dict=True, **options)
    if np.isin(
        y_true[y_true == y_pred], every if labels is None else labels
    ).any():  # else theirs are doubles
        agree("classification_report", y_true, y_pred, digits=7, **options)


@settings(max_examples=150)
@given(
    seed=st.integers(0, 2**32),
    average=st.sampled_from((*AVERAGES, "samples")),
    weigh=st.booleans(),
    zero=st.sampled_from(ZEROS),
)
def test_indicator_matrices_agree(agree, seed, average, weigh, zero):
    generator = np.random.default_rng(seed)
    y_true, y_pred = generator.integers(0, 2, (2, 8, 3))
    weight = generator.random(8) if weigh else None
    for name in ("accuracy_score", "hamming_loss", "zero_one_loss", "multilabel_confusion_matrix"):
        agree(name, y_true, y_pred, sample_weight=weight)
    agree("multilabel_confusion_matrix", y_true, y_pred, sample_weight=weight, labels=[2, 0], samplewise=True)
    for name in RATES:
        agree(name, y_true, y_pred, average=average, sample_weight=weight, zero_division=zero)
        agree(name, y_true, y_pred, average=average, labels=[2, 0])
    agree_on_support(agree, y_true, y_pred, average=average, sample_weight=weight, zero_division=zero)
    for labels in (None, [2, 0]):
        options = {"labels": labels, "zero_division": zero, "output_dict": True}
        agree("classification_report", y_true, y_pred, sample_weight=weight, **options)


@settings(max_examples=100)
@given(data=predictions())
def test_adjusted_balanced_accuracy_agrees(agree, data):
    y_true, y_pred, weight = data
    if len(np.unique(y_true)) > 1 and (weight is None or weight.min() > 0):
        agree("balanced_accuracy_score", y_true, y_pred, sample_weight=weight, adjusted=True)


@pytest.mark.parametrize("classes", [2, 50, 5000])
def test_many_samples_and_classes_agree(agree, classes):
    generator = np.random.default_rng(classes)
    y_true, y_pred = generator.integers(0, classes, (2, 2**17 + 5))
    agree("accuracy_score", y_true, y_pred)
    agree("f1_score", y_true, y_pred, average="macro")
    if classes < 100:
        agree("confusion_matrix", y_true, y_pred)
        agree("matthews_corrcoef", y_true, y_pred)
