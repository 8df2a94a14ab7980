"""Exact metrics and an interval for the scores of any model, with NumPy alone.

Run: python examples/score_predictions.py
"""

import numpy as np
from lossary import metrics
from lossary.evaluation import evaluate

rng = np.random.default_rng(0)
y_true = rng.random(2000) < 0.1
y_score = 1 / (1 + np.exp(-(rng.normal(size=2000) + 1.5 * y_true - 2)))

print(f"ROC AUC           {metrics.roc_auc_score(y_true, y_score):.3f}")
print(f"average precision {metrics.average_precision_score(y_true, y_score):.3f}")
print(f"F1 at 0.5         {metrics.f1_score(y_true, y_score >= 0.5):.3f}")
print(f"Brier score       {metrics.brier_score_loss(y_true, y_score):.3f}")

for result in evaluate(y_true, y_score, metrics=("roc_auc_score", "f1_score")).results:
    print(f"{result.metric}: 95 % interval {result.low:.3f} to {result.high:.3f} ({result.method})")
