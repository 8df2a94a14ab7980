"""Exact metrics on NumPy arrays, under scikit-learn's names.

``f(y_true, y_score, *, sample_weight=None, ...)``. A name that ends in ``_score`` is better when higher, in
``_error`` or ``_loss`` when lower. Any array-like will do: NumPy, lists, torch on CPU, pandas, polars,
pyarrow.
"""

from lossary.metrics.auc import roc_auc_score
from lossary.metrics.brier import brier_score_loss
from lossary.metrics.confusion import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    geometric_mean_score,
    matthews_corrcoef,
)
from lossary.metrics.curves import average_precision_score, roc_curve
from lossary.metrics.grouped import grouped_auc
from lossary.metrics.partial import partial_auc
from lossary.metrics.precision_recall import f1_score, fbeta_score, precision_score, recall_score
from lossary.metrics.verification import (
    equal_error_rate,
    tar_at_far,
    true_accept_rate,
    verification_accuracy,
)

__all__ = [
    "accuracy_score",
    "average_precision_score",
    "balanced_accuracy_score",
    "brier_score_loss",
    "confusion_matrix",
    "equal_error_rate",
    "f1_score",
    "fbeta_score",
    "geometric_mean_score",
    "grouped_auc",
    "matthews_corrcoef",
    "partial_auc",
    "precision_score",
    "recall_score",
    "roc_auc_score",
    "roc_curve",
    "tar_at_far",
    "true_accept_rate",
    "verification_accuracy",
]
