"""Exact metrics on NumPy arrays, under scikit-learn's names.

``f(y_true, y_score, *, sample_weight=None, ...)``. A name that ends in ``_score`` is better when higher, in
``_error`` or ``_loss`` when lower. Any array-like will do: NumPy, lists, torch on CPU, pandas, polars,
pyarrow.
"""

from lossary.metrics.auc import auc, roc_auc_score
from lossary.metrics.brier import brier_score_loss
from lossary.metrics.confusion import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    geometric_mean_score,
    matthews_corrcoef,
)
from lossary.metrics.curves import average_precision_score, det_curve, precision_recall_curve, roc_curve
from lossary.metrics.label_ranking import (
    coverage_error,
    label_ranking_average_precision_score,
    label_ranking_loss,
)
from lossary.metrics.precision_recall import f1_score, fbeta_score, precision_score, recall_score
from lossary.metrics.top_k import top_k_accuracy_score

__all__ = [
    "accuracy_score",
    "auc",
    "average_precision_score",
    "balanced_accuracy_score",
    "brier_score_loss",
    "confusion_matrix",
    "coverage_error",
    "det_curve",
    "f1_score",
    "fbeta_score",
    "geometric_mean_score",
    "label_ranking_average_precision_score",
    "label_ranking_loss",
    "matthews_corrcoef",
    "precision_recall_curve",
    "precision_score",
    "recall_score",
    "roc_auc_score",
    "roc_curve",
    "top_k_accuracy_score",
]
