"""scikit-learn's own tests of its ranking metrics pass on ours."""

FUNCTIONS = {
    "auc",
    "average_precision_score",
    "confusion_matrix_at_thresholds",
    "coverage_error",
    "det_curve",
    "label_ranking_average_precision_score",
    "label_ranking_loss",
    "metric_at_thresholds",
    "precision_recall_curve",
    "roc_auc_score",
    "roc_curve",
    "top_k_accuracy_score",
}

CANNOT_APPLY = {
    "test_confusion_matrix_at_thresholds_positional_args_deprecation": (
        "pos_label is given by keyword, which scikit-learn will ask for, too"
    ),
}


def test_scikit_learns_tests_of_ranking_metrics_pass(judge):
    judge("sklearn.metrics.tests.test_ranking", FUNCTIONS, CANNOT_APPLY)
