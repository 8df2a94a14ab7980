"""Every scalar metric of rankings takes ``confidence=``, and means the same by it."""

import inspect
import warnings

import numpy as np
import pytest
from lossary import errors, metrics
from lossary.metrics import Confidence, Interval

N = 60
RANDOM = np.random.default_rng(7)
CLASSES = np.arange(N) % 3
CLUSTERS = np.where(RANDOM.random(N) < 0.8, CLASSES, RANDOM.integers(0, 3, N))
PROBABILITIES = RANDOM.random((N, 3)) + 0.6 * np.eye(3)[CLASSES]
PROBABILITIES /= PROBABILITIES.sum(axis=1, keepdims=True)
Y, S = np.arange(N) % 2, np.round(RANDOM.normal(size=N) + np.arange(N) % 2, 1)
NUMBERS = S + RANDOM.normal(size=N)
INDICATORS = np.column_stack([Y, 1 - Y, RANDOM.integers(0, 2, (2, N)).T])
SCORES = np.round(RANDOM.random((N, 4)) + INDICATORS / 2, 1)
GRADES = RANDOM.integers(0, 4, (N, 6)) * (np.arange(N) % 10 > 0)[:, None]
ITEM_SCORES = np.round(RANDOM.random((N, 6)), 1)
WEIGHT = RANDOM.random(N) + 0.1
EMBEDDINGS = RANDOM.normal(size=(N, 4)) + np.eye(4)[CLASSES]

CHOICES = (metrics.ThresholdChoice, metrics.verification.VerificationAccuracy)
MAP_ERRORS = (metrics.BettiErrors, metrics.EulerErrors)
BINARY, QUERIES, LABELS = (Y, S), (GRADES, ITEM_SCORES), (INDICATORS, SCORES)
SEVERAL, PAIRED = (CLASSES, PROBABILITIES), (NUMBERS, S)
WEIGHTED = {"sample_weight": WEIGHT}

MAPS = (RANDOM.random((N, 2, 5, 5)), RANDOM.random((N, 2, 5, 5)))
LABEL_MAPS = tuple((maps[:, 0] * 3).astype(int) for maps in MAPS)

MASK_SETS = tuple(RANDOM.random((N, masks, 4, 4)) < 0.5 for masks in (3, 2))
ENSEMBLE, VECTORS = RANDOM.normal(size=(N, 5)), RANDOM.normal(size=(N, 4, 2))

PROBABLE = (Y, np.round(0.1 + 0.6 * RANDOM.random(N) * (0.4 + Y), 2))

CALLS = [
    ("adaptive_calibration_error", PROBABLE, {"bins": 2}),
    ("adjusted_mutual_info_score", (CLASSES, CLUSTERS), {}),
    ("average_precision_score", BINARY, {}),
    ("average_precision_score", BINARY, WEIGHTED),
    ("average_precision_score", SEVERAL, {}),
    *(("average_precision_score", LABELS, {"average": each}) for each in ("macro", "micro", "weighted")),
    ("average_precision_score", LABELS, {"average": "samples"} | WEIGHTED),
    ("best_threshold", BINARY, {"metric": "matthews"}),
    ("best_threshold", BINARY, {"costs": {"fp": 1, "fn": 2}} | WEIGHTED),
    ("betti_matching_error", MAPS, {"dimensions": [0]}),
    ("betti_matching_error", LABEL_MAPS, {"labels": [1, 2], "space_axes": 2}),
    ("betti_number_error", MAPS, {}),
    ("classwise_calibration_error", SEVERAL, {"bins": 2}),
    ("cldice", MAPS, {}),
    ("clustering_accuracy", (CLASSES, CLUSTERS), {}),
    ("coverage_error", LABELS, WEIGHTED),
    ("crps_ensemble", (ENSEMBLE, NUMBERS), {}),
    ("crps_ensemble", (ENSEMBLE, NUMBERS), {"weight": WEIGHT, "alpha": 0.5}),
    ("crps_gaussian", (S, WEIGHT, NUMBERS), {}),
    ("dcg_score", QUERIES, {}),
    ("dcg_score", QUERIES, {"log_base": 0.7, "k": 3} | WEIGHTED),
    ("embedding_utilization", (EMBEDDINGS, EMBEDDINGS[:20] / 2), {"squared": False}),
    ("energy_score", (VECTORS, VECTORS[:, 0] + 1), {"alpha": 0.0}),
    ("detection_accuracy", BINARY, {}),
    ("detection_accuracy", BINARY, WEIGHTED),
    ("equal_error_rate", BINARY, {}),
    ("equal_error_rate", BINARY, WEIGHTED),
    ("euler_characteristic_error", MAPS, {"construction": "T"}),
    ("expected_calibration_error", PROBABLE, {"bins": 3}),
    ("expected_calibration_error", PROBABLE, {"bins": 3, "norm": 2} | WEIGHTED),
    ("expected_calibration_error", SEVERAL, {"bins": 3, "norm": 2, "debias": True}),
    ("generalized_energy_distance", MASK_SETS, {"space_axes": 2}),
    ("fpr_at_tpr", BINARY, {}),
    ("fpr_at_tpr", BINARY, {"tpr": 0.6} | WEIGHTED),
    *(("grouped_auc", (*BINARY, CLASSES), {"average": each}) for each in ("mean", "weighted", "pairs")),
    *(("kendall_tau", PAIRED, {"variant": each}) for each in "abc"),
    ("ks_calibration_error", PROBABLE, {}),
    ("ks_calibration_error", SEVERAL, WEIGHTED),
    ("label_ranking_average_precision_score", LABELS, WEIGHTED),
    ("label_ranking_loss", LABELS, {}),
    ("map_at_r", QUERIES, {}),
    ("maximum_calibration_error", PROBABLE, {"bins": 2}),
    ("mean_average_precision", QUERIES, {}),
    ("mean_average_precision", QUERIES, {"k": 3, "empty": "zero"}),
    ("mean_reciprocal_rank", QUERIES, WEIGHTED),
    ("ms_ssim_score", MAPS, {"window_size": 3, "weights": [0.5, 0.5]}),
    ("ndcg_at_k", QUERIES, {"k": 3, "ties": "expected"}),
    ("ndcg_score", QUERIES, {}),
    ("ndcg_score", QUERIES, {"ignore_ties": True} | WEIGHTED),
    ("normalized_mean_squared_error", (VECTORS, VECTORS + 0.3 * RANDOM.normal(size=VECTORS.shape)), {}),
    ("normalized_mean_squared_error", PAIRED, {"decibel": False} | WEIGHTED),
    ("normalized_mutual_info_score", (CLASSES, CLUSTERS), {}),
    ("partial_auc", BINARY, {"max_fpr": 0.5}),
    ("partial_auc", BINARY, {"max_fpr": 0.5, "min_tpr": 0.2, "normalized": "share"} | WEIGHTED),
    ("precision_at_k", QUERIES, {"k": 2}),
    ("precision_at_k", QUERIES, {"k": 2} | WEIGHTED),
    ("r_precision", QUERIES, {}),
    ("recall_at_k", QUERIES, {"k": 2, "mode": "fraction"}),
    ("retrieval_report", (EMBEDDINGS, CLASSES), {"k": [1, 3]}),
    ("roc_auc_score", BINARY, {}),
    ("roc_auc_score", BINARY, WEIGHTED),
    ("roc_auc_score", BINARY, {"max_fpr": 0.4}),
    ("roc_auc_score", SEVERAL, {"multi_class": "ovo"}),
    ("roc_auc_score", SEVERAL, {"multi_class": "ovr", "average": "weighted"}),
    *(("roc_auc_score", LABELS, {"average": each}) for each in ("macro", "micro", "weighted")),
    ("roc_auc_score", LABELS, {"max_fpr": 0.4}),
    ("roc_auc_score", (INDICATORS[:, :2], SCORES[:, :2]), {"average": "samples"}),
    ("softmax_collapse_fraction", (13 * SCORES / SCORES.std(),), {}),
    ("spearman_rho", PAIRED, {}),
    ("ssim_score", MAPS, {"window_size": 3}),
    ("tar_at_far", (*BINARY, 0.2), {}),
    ("tar_at_far", (*BINARY, 0.2), {"interpolation": "linear"} | WEIGHTED),
    ("top_k_accuracy_score", SEVERAL, {"k": 1}),
    ("top_label_brier_score", SEVERAL, WEIGHTED),
    ("true_accept_rate", (*BINARY, 0.2), {}),
    ("verification_accuracy", BINARY, {}),
    *(("weighted_kendall_tau", PAIRED, {"rank": each}) for each in ("average", "score", "index")),
]

# Of decisions, whose intervals are those of `lossary.evaluate`; curves, and the area of points; parts; tests;
# fits; what one image has; pairs of boxes; what agents or embeddings have together, which repeated ones would
# change.
# fits; what one image or one field has; pairs of boxes; what agents or embeddings have together, which
# repeated ones would change.
WITHOUT = {
    "accuracy_score",
    "auc",
    "balanced_accuracy_score",
    "betti_matching_pairs",
    "betti_numbers",
    "bhep",
    "box_iou",
    "brier_score_decomposition",
    "brier_score_loss",
    "calibration_curve",
    "class_likelihood_ratios",
    "classification_report",
    "cohen_kappa_score",
    "compare_roc_auc",
    "confusion_matrix",
    "confusion_matrix_at_thresholds",
    "d2_log_loss_score",
    "det_curve",
    "effective_rank",
    "euler_characteristic",
    "f1_score",
    "f_divergence",
    "fbeta_score",
    "fit_isotonic",
    "fit_temperature",
    "forget_quality",
    "gaussian_frechet_distance",
    "geometric_mean_score",
    "hamming_loss",
    "hinge_loss",
    "inception_score",
    "inter_intra_class_nearest_neighbors_score",
    "intra_class_tolerance",
    "jaccard_score",
    "kendall_test",
    "learning_rate_sensitivity",
    "kernel_target_alignment",
    "linear_cka",
    "log_loss",
    "mahalanobis_confidence",
    "mann_whitney_u",
    "matthews_corrcoef",
    "metric_at_thresholds",
    "modified_entropy",
    "multilabel_confusion_matrix",
    "naive_loss_minimization_alignment",
    "neural_collapse",
    "persistence_pairs",
    "plot_betti_matching",
    "precision_recall_curve",
    "precision_recall_fscore_support",
    "precision_score",
    "predictive_mixture",
    "rank_histogram",
    "recall_score",
    "relative_l2_error",
    "reliability_diagram",
    "roc_curve",
    "skeletonize",
    "spearman_test",
    "spread_skill_ratio",
    "truth_ratio",
    "voronoi_parameter_error",
    "trajectory_report",
    "zero_one_loss",
}


def test_every_metric_takes_confidence_or_is_known_not_to():
    functions = {name for name in metrics.__all__ if inspect.isfunction(getattr(metrics, name))}
    assert functions - {name for name, _, _ in CALLS} == WITHOUT
    for name in functions - WITHOUT:
        last = [*inspect.signature(getattr(metrics, name)).parameters.values()][-1]
        assert (last.name, last.kind, last.default) == ("confidence", inspect.Parameter.KEYWORD_ONLY, None)


def told(call):
    name, _, options = call
    return "-".join([name, *(key if key.endswith("weight") else f"{key}_{options[key]}" for key in options)])


every = pytest.mark.parametrize("call", CALLS, ids=told)


def values(call, **options):
    """The values that a metric returns: one, but for the report."""
    name, args, given = call
    found = getattr(metrics, name)(*args, **given, **options)
    if isinstance(found, dict):
        return list(found.values())
    if isinstance(found, MAP_ERRORS):
        return [found.error]
    return [found.value if isinstance(found, CHOICES) else found]


@every
def test_an_interval_holds_the_value_that_there_is_without_it(call):
    plain = values(call)
    found = values(call, confidence=0.9)
    assert all(type(interval) is Interval for interval in found)
    assert [interval.value for interval in found] == plain
    assert all(interval.low <= interval.value <= interval.high for interval in found)
    assert all(interval.low < interval.high for interval in found)


@every
def test_percentiles_have_the_same_bits_for_any_number_of_threads(call, threads):
    settings = Confidence(level=0.9, method="percentile", resamples=100)
    threads(1)
    one = values(call, confidence=settings)
    threads(2)
    assert values(call, confidence=settings) == one
    assert {interval.method for interval in one} == {"percentile"}


@every
def test_bad_confidence_is_refused(call):
    with pytest.raises(errors.InvalidInputError, match=r"^confidence: got 1\.5; wanted a number above 0"):
        values(call, confidence=1.5)
    with pytest.raises(errors.DtypeError, match=r"^confidence: got 'x'; wanted a number above 0"):
        values(call, confidence="x")
    with pytest.raises(errors.InvalidInputError, match=r"^method: got 'x'; wanted one of 'auto'"):
        values(call, confidence=Confidence(method="x"))


EMPTY = np.column_stack([INDICATORS[:, 0], np.zeros(N, int)])


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_a_label_without_positives_counts_zero_in_every_draw(average):
    settings = Confidence(resamples=100)
    options = {"average": average, "confidence": settings}
    share = 0.5 if average == "macro" else 1.0

    def alone(counts):
        return share * metrics.average_precision_score(
            EMPTY[:, 0], SCORES[:, 0], sample_weight=counts.astype(float)
        )

    with pytest.warns(UserWarning, match="No positive class"):
        found = metrics.average_precision_score(EMPTY, SCORES[:, :2], **options)
    wanted = metrics.bootstrap.of_reweighted(alone, N, settings)
    assert found[:3] == pytest.approx(wanted[:3])


@pytest.mark.parametrize("metric", [metrics.average_precision_score, metrics.roc_auc_score])
def test_values_of_rows_are_drawn_as_they_are(metric):
    truth = INDICATORS.copy()
    truth[:4] = 0
    weight = np.where(np.arange(N) < 4, 0.0, WEIGHT)
    if metric is metrics.average_precision_score:
        weight = WEIGHT  # counts rows without a positive as 0, where ROC AUC has no value
    with pytest.warns(UserWarning, match="positive class|one class"):
        found = metric(truth, SCORES, average="samples", sample_weight=weight, confidence=0.9)
    each = np.zeros(N)
    for row in range(4, N):
        each[row] = metric(truth[row], SCORES[row])
    wanted = metrics.bootstrap.of_rows(each, weight, 0.9)
    assert found[:3] == pytest.approx(wanted[:3])


@pytest.mark.parametrize(
    ("args", "options"),
    [
        ((np.ones(N, int), S), {}),
        ((np.ones(N, int), S), {"max_fpr": 0.4}),
        ((EMPTY, SCORES[:, :2]), {}),
        ((EMPTY, SCORES[:, :2]), {"average": "samples"}),
    ],
)
def test_an_undefined_area_has_no_ends(args, options):
    with pytest.warns(errors.UndefinedMetricWarning, match="Only one class"):
        found = metrics.roc_auc_score(*args, **options, confidence=0.9)
    np.testing.assert_array_equal(found[:3], [np.nan] * 3)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted", "samples"])
def test_average_precision_without_any_positive_has_no_ends(average):
    nothing = np.zeros((N, 2), int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = metrics.average_precision_score(nothing, SCORES[:, :2], average=average, confidence=0.9)
    np.testing.assert_array_equal(found[:3], [0.0, np.nan, np.nan])
