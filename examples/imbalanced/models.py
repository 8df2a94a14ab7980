"""The models: the same small network, optimizer and stopping rule. Only the loss differs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from datasets import Parts
from lossary.losses import mann_whitney
from lossary.metrics import roc_auc_score
from network import focal, network, scores, tensors
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

EPOCHS = 300  # an epoch is one step: the batch is all training rows
PATIENCE = 30
LEARNING_RATES = (0.003, 0.01, 0.03)

BASELINE = "cross_entropy"
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    BASELINE: binary_cross_entropy_with_logits,
    "focal": focal,
    "mann_whitney": mann_whitney,
}


@dataclass(frozen=True)
class Fitted:
    """One trained model at its best epoch: the ROC AUC on validation rows and the logits of test rows."""

    learning_rate: float
    epoch: int
    validation_auc: float
    test_score: np.ndarray


def fit(loss: str, parts: Parts, *, seed: int, learning_rate: float, epochs: int = EPOCHS) -> Fitted:
    """Train on full batches until the validation ROC AUC has not risen for ``PATIENCE`` epochs."""
    (features, target), (validation, _), (test, _) = map(tensors, (parts.train, parts.validation, parts.test))
    model = network(features.shape[1], seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    best = Fitted(learning_rate, 0, -1.0, np.empty(0))
    for epoch in range(1, epochs + 1):
        value = LOSSES[loss](model(features).squeeze(1), target)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        area = roc_auc_score(parts.validation.target, scores(model, validation))
        if area > best.validation_auc:
            best = Fitted(learning_rate, epoch, area, scores(model, test))
        elif epoch - best.epoch >= PATIENCE:
            break
    return best


def fit_best(loss: str, parts: Parts, *, seed: int, epochs: int = EPOCHS) -> Fitted:
    """Train once for each learning rate; the best by validation ROC AUC."""
    models = [fit(loss, parts, seed=seed, learning_rate=rate, epochs=epochs) for rate in LEARNING_RATES]
    return max(models, key=lambda model: model.validation_auc)
