"""Bad input: the same kind of exception as scikit-learn, with a message in three parts."""

from itertools import product

import numpy as np
import pytest
from lossary import metrics
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics import (
    average_precision_score,
    geometric_mean_score,
    partial_auc,
    roc_auc_score,
    roc_curve,
)

Y = [0, 1, 1, 0]
S = [0.1, 0.2, 0.3, 0.4]
NAN = float("nan")
THREE = np.array([0, 1, 2, 0])
PROBABILITIES = np.array([[0.5, 0.25, 0.25], [0.125, 0.5, 0.375], [0.25, 0.25, 0.5], [0.25, 0.5, 0.25]])

RANKING = (
    "roc_auc_score",
    "roc_curve",
    "precision_recall_curve",
    "det_curve",
    "average_precision_score",
    "brier_score_loss",
    "log_loss",
    "d2_log_loss_score",
    "hinge_loss",
)
LABELS = (
    "accuracy_score",
    "confusion_matrix",
    "f1_score",
    "precision_score",
    "recall_score",
    "matthews_corrcoef",
    "balanced_accuracy_score",
    "classification_report",
    "class_likelihood_ratios",
    "cohen_kappa_score",
    "hamming_loss",
    "jaccard_score",
    "multilabel_confusion_matrix",
    "precision_recall_fscore_support",
    "zero_one_loss",
)

BAD_RANKING = {
    "nan score": ((Y, [0.1, NAN, 0.3, 0.4]), {}),
    "infinite score": ((Y, [0.1, np.inf, 0.3, 0.4]), {}),
    "complex score": ((Y, [0.1j, 0.2, 0.3, 0.4]), {}),
    "string score": ((Y, ["a", "b", "c", "d"]), {}),
    "missing score": ((Y, [0.1, None, 0.3, 0.4]), {}),
    "ragged score": ((Y, [[0.1], [0.2, 0.3], [0.1], [0.2]]), {}),
    "no array": ((Y, None), {}),
    "a number": ((Y, 0.5), {}),
    "continuous target": (([0.5, 1.5, 0.1, 0.2], S), {}),
    "nan target": (([0.0, NAN, 1.0, 0.0], S), {}),
    "object target": (([0, None, 1, 0], S), {}),
    "three axes": ((np.zeros((2, 2, 2)), S), {}),
    "short scores": ((Y, [0.1, 0.2]), {}),
    "short weights": ((Y, S), {"sample_weight": [1.0, 2.0]}),
    "nan weight": ((Y, S), {"sample_weight": [1.0, NAN, 1.0, 1.0]}),
    "zero weights": ((Y, S), {"sample_weight": [0.0] * 4}),
    "string weights": ((Y, S), {"sample_weight": ["a"] * 4}),
    "bytes target": (([b"a", b"b", b"a", b"b"], S), {}),
    "three classes": (([0, 1, 2, 0], S), {}),
}

BAD_LABELS = {
    "continuous": ((Y, S), {}),
    "nan": (([0.0, NAN, 1.0, 1.0], Y), {}),
    "lengths": ((Y, [0, 1]), {}),
    "empty": (([], []), {}),
    "mixed kinds": ((Y, ["a", "b", "a", "b"]), {}),
    "indicators with labels": ((np.eye(4, 2, dtype=int), Y), {}),
    "no array": ((None, Y), {}),
    "a number": ((1, 1), {}),
    "three axes": ((np.zeros((1, 2, 2)), np.zeros((1, 2, 2))), {}),
    "objects": (([object()] * 4, Y), {}),
    "bytes": (([b"a", b"b"], [b"a", b"b"]), {}),
    "short weights": ((Y, Y), {"sample_weight": [1.0]}),
    "zero weights": ((Y, Y), {"sample_weight": [0, 0, 0, 0]}),
    "infinite weight": ((Y, Y), {"sample_weight": [1.0, np.inf, 1.0, 1.0]}),
}

BAD_OPTIONS = [
    ("roc_auc_score", (Y, S), {"max_fpr": 0}),
    ("roc_auc_score", (Y, S), {"max_fpr": 1.5}),
    ("roc_auc_score", (Y, S), {"max_fpr": "all"}),
    ("roc_auc_score", (Y, S), {"max_fpr": NAN}),
    ("roc_auc_score", (Y, S), {"average": "mean"}),
    ("roc_auc_score", (Y, S), {"multi_class": "ovx"}),
    ("roc_auc_score", (THREE, PROBABILITIES), {}),
    ("roc_auc_score", (THREE, PROBABILITIES), {"multi_class": "ovr", "max_fpr": 0.5}),
    ("roc_auc_score", (THREE, PROBABILITIES), {"multi_class": "ovr", "average": "samples"}),
    ("roc_auc_score", (THREE, PROBABILITIES), {"multi_class": "ovo", "average": "micro"}),
    ("roc_auc_score", (THREE, PROBABILITIES), {"multi_class": "ovo", "average": None}),
    ("roc_auc_score", (THREE, PROBABILITIES), {"multi_class": "ovo", "sample_weight": [1, 1, 1, 1]}),
    ("roc_auc_score", (THREE, PROBABILITIES), {"multi_class": "ovr", "sample_weight": [1, 1]}),
    ("roc_auc_score", (THREE, PROBABILITIES), {"multi_class": "ovr", "sample_weight": [0, 0, 0, 0]}),
    ("roc_auc_score", (THREE, PROBABILITIES), {"multi_class": "ovr", "labels": [0, 1]}),
    ("roc_auc_score", (THREE, PROBABILITIES), {"multi_class": "ovr", "labels": [2, 1, 0]}),
    ("roc_auc_score", (THREE, PROBABILITIES), {"multi_class": "ovr", "labels": [0, 1, 1]}),
    ("roc_auc_score", (THREE, PROBABILITIES), {"multi_class": "ovr", "labels": [0, 1, 3]}),
    ("roc_auc_score", (THREE, PROBABILITIES), {"multi_class": "ovr", "labels": ["a", "b", "c"]}),
    ("roc_auc_score", (THREE, PROBABILITIES * 2), {"multi_class": "ovr"}),
    ("roc_auc_score", (THREE, PROBABILITIES * NAN), {"multi_class": "ovr"}),
    ("roc_auc_score", (THREE, PROBABILITIES[:, :2]), {"multi_class": "ovr"}),
    ("roc_auc_score", (THREE, PROBABILITIES[:3]), {"multi_class": "ovr"}),
    ("roc_auc_score", (THREE[:3], PROBABILITIES), {"multi_class": "ovo"}),
    ("roc_auc_score", (THREE, S), {"multi_class": "ovr"}),
    ("roc_auc_score", (Y, PROBABILITIES[:, :2]), {}),
    ("roc_auc_score", (np.eye(4, 3), PROBABILITIES[:3]), {}),
    ("roc_auc_score", (np.eye(4, 3), PROBABILITIES * NAN), {}),
    ("roc_auc_score", (np.eye(4, 3), S), {}),
    ("roc_auc_score", (np.eye(4, 3) * 2 + np.eye(4, 3, 1), PROBABILITIES), {}),
    ("average_precision_score", (THREE, PROBABILITIES), {"pos_label": 2}),
    ("average_precision_score", (np.eye(4, 3), PROBABILITIES), {"pos_label": 0}),
    ("average_precision_score", (THREE, PROBABILITIES[:, :2]), {}),
    ("average_precision_score", (THREE, np.array(S)), {}),
    ("average_precision_score", (np.eye(4, 3), PROBABILITIES[:3]), {}),
    ("average_precision_score", (Y, PROBABILITIES[:, :2]), {}),
    ("average_precision_score", (THREE, PROBABILITIES * NAN), {}),
    ("top_k_accuracy_score", (THREE, PROBABILITIES), {"k": 0}),
    ("top_k_accuracy_score", (THREE, PROBABILITIES), {"k": 1.5}),
    ("top_k_accuracy_score", (THREE, PROBABILITIES), {"k": None}),
    ("top_k_accuracy_score", (THREE, PROBABILITIES), {"normalize": "no"}),
    ("top_k_accuracy_score", (THREE, PROBABILITIES), {"labels": [0, 1]}),
    ("top_k_accuracy_score", (THREE, PROBABILITIES), {"labels": [2, 1, 0]}),
    ("top_k_accuracy_score", (THREE, PROBABILITIES), {"labels": [0, 1, 1]}),
    ("top_k_accuracy_score", (THREE, PROBABILITIES), {"labels": [0, 1, 3]}),
    ("top_k_accuracy_score", (THREE, PROBABILITIES), {"labels": [[0, 1], [2, 3]]}),
    ("top_k_accuracy_score", (THREE, PROBABILITIES), {"sample_weight": [1, 1]}),
    ("top_k_accuracy_score", (THREE, PROBABILITIES), {"sample_weight": [1, -1, 1, -1]}),
    ("top_k_accuracy_score", (THREE, PROBABILITIES[:3]), {}),
    ("top_k_accuracy_score", (THREE, PROBABILITIES[:, :2]), {}),
    ("top_k_accuracy_score", (THREE, PROBABILITIES * NAN), {}),
    ("top_k_accuracy_score", (THREE, S), {}),
    ("top_k_accuracy_score", (Y, [0.1, NAN, 0.3, 0.4]), {}),
    ("top_k_accuracy_score", (Y, PROBABILITIES), {}),
    ("top_k_accuracy_score", ([1, 1, 1, 1], S), {}),
    ("top_k_accuracy_score", (np.eye(4, 3), PROBABILITIES), {}),
    ("roc_curve", ([1, 2, 2, 1], S), {}),
    ("roc_curve", (["a", "b", "a", "b"], S), {}),
    ("roc_curve", ([0, 1, 2, 0], S), {}),
    ("roc_curve", (np.eye(4, 2, dtype=int), S), {}),
    ("average_precision_score", ([1, 2, 2, 1], S), {"pos_label": 3}),
    ("average_precision_score", (["a", "b", "a", "b"], S), {}),
    ("average_precision_score", (Y, S), {"average": "mean"}),
    ("f1_score", (Y, Y), {"average": "mean"}),
    ("f1_score", (Y, Y), {"zero_division": 2}),
    ("f1_score", (Y, Y), {"pos_label": 7}),
    ("f1_score", ([0, 1, 2, 0], Y), {}),
    ("f1_score", (np.eye(4, 2, dtype=int), np.eye(4, 2, dtype=int)), {}),
    ("f1_score", (np.eye(4, 2, dtype=int), np.eye(4, 2, dtype=int)), {"average": "macro", "labels": [5]}),
    ("fbeta_score", (Y, Y), {"beta": -1}),
    ("fbeta_score", (Y, Y), {"beta": "two"}),
    ("confusion_matrix", (Y, Y), {"labels": []}),
    ("confusion_matrix", (Y, Y), {"labels": [7, 8]}),
    ("confusion_matrix", (Y, Y), {"normalize": "rows"}),
    ("confusion_matrix", (np.eye(4, 2, dtype=int), np.eye(4, 2, dtype=int)), {}),
    ("matthews_corrcoef", (np.eye(4, 2, dtype=int), np.eye(4, 2, dtype=int)), {}),
    ("brier_score_loss", (Y, [0.1, 0.2, 1.3, 0.4]), {}),
    ("brier_score_loss", (Y, [0.1, -0.2, 0.3, 0.4]), {}),
    ("brier_score_loss", (["a", "b", "b", "a"], S), {}),
    ("brier_score_loss", ([0, 1, 2], np.full((3, 2), 0.5)), {}),
    ("brier_score_loss", ([0, 0], np.full((2, 2), 0.5)), {}),
    ("brier_score_loss", ([0, 0], np.full((2, 2), 0.5)), {"labels": [0]}),
    ("brier_score_loss", ([0, 3], np.full((2, 2), 0.5)), {"labels": [0, 1]}),
    ("brier_score_loss", ([0, 1], np.full((2, 2), 0.5)), {"labels": [0, 1, 2]}),
    ("brier_score_loss", ([0, 1], [[0.5, NAN], [0.5, 0.5]]), {}),
    ("brier_score_loss", ([0, 1], [[0.5, 1.5], [0.5, 0.5]]), {}),
    ("brier_score_loss", (Y, S), {"scale_by_half": "maybe"}),
    ("class_likelihood_ratios", (THREE, THREE), {}),
    ("class_likelihood_ratios", ([1, 1], [1, 1]), {}),
    ("class_likelihood_ratios", (Y, Y), {"labels": [0]}),
    ("class_likelihood_ratios", (Y, Y), {"labels": [7, 8]}),
    ("class_likelihood_ratios", (Y, Y), {"replace_undefined_by": 0.5}),
    ("class_likelihood_ratios", (Y, Y), {"replace_undefined_by": {"LR+": 1.0}}),
    ("class_likelihood_ratios", (Y, Y), {"replace_undefined_by": {"LR+": 0.5, "LR-": 0.5}}),
    ("class_likelihood_ratios", (Y, Y), {"replace_undefined_by": {"LR+": 2.0, "LR-": 2.0}}),
    ("classification_report", (Y, Y), {"digits": -1}),
    ("classification_report", (Y, Y), {"digits": 1.5}),
    ("classification_report", (Y, Y), {"labels": []}),
    ("classification_report", (Y, Y), {"output_dict": "yes"}),
    ("classification_report", (Y, Y), {"target_names": "ab"}),
    ("classification_report", (Y, Y), {"target_names": ["a"]}),
    ("classification_report", (Y, Y), {"zero_division": 2}),
    ("cohen_kappa_score", (Y, Y), {"labels": []}),
    ("cohen_kappa_score", (Y, Y), {"labels": [7, 8]}),
    ("cohen_kappa_score", (Y, Y), {"weights": "cubic"}),
    ("cohen_kappa_score", (Y, Y), {"replace_undefined_by": 2}),
    ("cohen_kappa_score", (Y, Y), {"replace_undefined_by": None}),
    ("hamming_loss", (Y, Y), {"sample_weight": [1, -1, 1, -1]}),
    ("hinge_loss", (Y, PROBABILITIES), {}),
    ("hinge_loss", (THREE, S), {}),
    ("hinge_loss", (THREE, PROBABILITIES[:, :2]), {}),
    ("hinge_loss", (THREE, PROBABILITIES), {"labels": [0, 1, 3]}),
    ("hinge_loss", (THREE, PROBABILITIES), {"labels": [0, 1, 2, 3]}),
    ("hinge_loss", (Y, S), {"sample_weight": [1, -1, 1, -1]}),
    ("jaccard_score", (Y, Y), {"average": "samples"}),
    ("jaccard_score", (Y, Y), {"pos_label": 2}),
    ("jaccard_score", (Y, Y), {"zero_division": NAN}),
    ("jaccard_score", (THREE, THREE), {}),
    ("log_loss", ([1, 1, 1, 1], S), {}),
    ("log_loss", ([1, 1, 1, 1], S), {"labels": [1]}),
    ("log_loss", (Y, S), {"labels": [0, 1, 2]}),
    ("log_loss", (Y, S), {"labels": [0, 5]}),
    ("log_loss", (Y, S), {"normalize": "no"}),
    ("log_loss", (Y, [0.1, 0.2, 1.3, 0.4]), {}),
    ("log_loss", (Y, S), {"sample_weight": [1, -1, 1, -1]}),
    ("log_loss", (THREE, PROBABILITIES[:, :2]), {}),
    ("log_loss", (np.eye(4, 3), PROBABILITIES), {"labels": [0, 1, 2]}),
    ("log_loss", (np.eye(4, 2), PROBABILITIES), {}),
    ("log_loss", (np.eye(4, 3) * 2 + np.eye(4, 3, 1), PROBABILITIES), {}),
    ("multilabel_confusion_matrix", (Y, Y), {"samplewise": True}),
    ("multilabel_confusion_matrix", (np.eye(4, 3), np.eye(4, 3)), {"labels": [3]}),
    ("multilabel_confusion_matrix", (np.eye(4, 3), np.eye(4, 3)), {"labels": [-1]}),
    ("precision_recall_fscore_support", (Y, Y), {"beta": -1}),
    ("zero_one_loss", (Y, Y), {"normalize": "no"}),
]


# Their log_loss takes None as a missing value, since a deprecated name may stand for it; their hinge_loss
# does not look at weights.
OURS_ALONE = {("log_loss", "no array"), ("hinge_loss", "nan weight")}


@pytest.mark.parametrize(
    ("name", "case"), [each for each in product(RANKING, BAD_RANKING) if each not in OURS_ALONE]
)
def test_bad_scores_raise_as_scikit_learn_does(agree, name, case):
    args, options = BAD_RANKING[case]
    agree(name, *args, **options)


@pytest.mark.parametrize("case", BAD_LABELS)
@pytest.mark.parametrize("name", LABELS)
def test_bad_labels_raise_as_scikit_learn_does(agree, name, case):
    args, options = BAD_LABELS[case]
    assert isinstance(agree(name, *args, **options), Exception)


@pytest.mark.parametrize(("name", "args", "options"), BAD_OPTIONS)
def test_bad_options_raise_as_scikit_learn_does(agree, name, args, options):
    assert isinstance(agree(name, *args, **options), Exception)


@pytest.mark.parametrize("y_true", [[0, 1, 2, 0], np.eye(4, 2, dtype=int), ["a", "b", "c", "a"]])
def test_scores_of_one_axis_are_refused_for_several_classes_or_labels(y_true):
    for options in ({"multi_class": "ovr"}, {"multi_class": "ovo"}):
        with pytest.raises(ShapeError, match=r"y_score: got shape \(4,\)"):
            roc_auc_score(y_true, S, **options)
    with pytest.raises(ShapeError, match=r"y_score: got shape \(4,\)"):
        average_precision_score(y_true, S)


@pytest.mark.parametrize("function", [roc_auc_score, average_precision_score])
def test_no_samples_are_an_error(function):
    with pytest.raises(InvalidInputError, match="y_score: got no samples"):
        function([], [])


@pytest.mark.parametrize("function", [roc_auc_score, average_precision_score, geometric_mean_score])
def test_bytes_and_things_that_are_no_arrays_are_type_errors(function):
    for y_true in ([b"a", b"b", b"a", b"b"], None, "abba", 1, {1, 2}):
        with pytest.raises(DtypeError, match="y_true"):
            function(y_true, Y)


@pytest.mark.parametrize(("name", "case"), sorted(OURS_ALONE))
def test_bad_scores_raise_where_scikit_learn_differs(name, case):
    args, options = BAD_RANKING[case]
    with pytest.raises((InvalidInputError, DtypeError), match=r"^(y_proba|sample_weight): got .*; wanted "):
        getattr(metrics, name)(*args, **options)


def test_geometric_mean_checks_like_the_others():
    with pytest.raises(InvalidInputError, match="continuous"):
        geometric_mean_score(S, Y)


@pytest.mark.parametrize("function", [roc_auc_score, roc_curve, partial_auc])
def test_two_columns_of_probabilities_are_refused_with_a_way_out(function):
    with pytest.raises(ShapeError, match=r"y_score: got shape \(2, 2\); wanted .*y_score\[:, 1\]"):
        function([0, 1], [[0.9, 0.1], [0.2, 0.8]])


@pytest.mark.parametrize("average", ["macro", "micro", "samples", "weighted", None])
def test_no_label_at_all_is_refused(average):
    empty = np.empty((17, 0))
    with pytest.raises(InvalidInputError, match="y_score: got no columns"):
        average_precision_score(empty.astype(int), empty, average=average)
