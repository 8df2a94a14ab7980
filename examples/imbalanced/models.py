"""The models: the same small network, optimizer and stopping rule. Only the loss differs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from datasets import Parts
from lossary.losses import mann_whitney
from lossary.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

HIDDEN = 64
EPOCHS = 300  # an epoch is one step: the batch is all training rows
PATIENCE = 30
LEARNING_RATES = (0.003, 0.01, 0.03)


def focal(logits: Tensor, target: Tensor, *, gamma: float = 2.0, alpha: float = 0.25) -> Tensor:
    """Cross-entropy that counts a row less the surer the model is of its class; the paper's best options.

    Source: Lin, Goyal, Girshick, He and Dollar, Focal Loss for Dense Object Detection, ICCV 2017, equation 5.
    """
    cross_entropy = binary_cross_entropy_with_logits(logits, target, reduction="none")
    sureness = torch.exp(-cross_entropy)  # the probability that the model gives the row's own class
    balance = torch.where(target > 0, alpha, 1 - alpha)
    return (balance * (1 - sureness) ** gamma * cross_entropy).mean()


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
    """Train on full batches until the validation ROC AUC has not risen for ``PATIENCE`` epochs.

    The seed fixes the first weights, which are the same for all losses.
    """
    torch.manual_seed(seed)
    features, target = torch.from_numpy(parts.train.features), torch.from_numpy(parts.train.target).float()
    validation, test = (torch.from_numpy(rows.features) for rows in (parts.validation, parts.test))
    model = nn.Sequential(nn.Linear(features.shape[1], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    best = Fitted(learning_rate, 0, -1.0, np.empty(0))
    for epoch in range(1, epochs + 1):
        value = LOSSES[loss](model(features).squeeze(1), target)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        area = roc_auc_score(parts.validation.target, _scores(model, validation))
        if area > best.validation_auc:
            best = Fitted(learning_rate, epoch, area, _scores(model, test))
        elif epoch - best.epoch >= PATIENCE:
            break
    return best


def fit_best(loss: str, parts: Parts, *, seed: int, epochs: int = EPOCHS) -> Fitted:
    """Train once for each learning rate; the best by validation ROC AUC."""
    models = [fit(loss, parts, seed=seed, learning_rate=rate, epochs=epochs) for rate in LEARNING_RATES]
    return max(models, key=lambda model: model.validation_auc)


@torch.no_grad()
def _scores(model: nn.Module, features: Tensor) -> np.ndarray:
    return model(features).squeeze(1).numpy()
