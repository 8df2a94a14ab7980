"""The models: one logistic regression per loss and seed. Only the loss differs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from crashes import Rows
from lossary.losses.auc.mann_whitney import mann_whitney
from lossary.losses.imbalance.anyloss import anyloss
from lossary.metrics import f1_score, roc_auc_score
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

BATCH = 1024  # about 46 positive rows
EPOCHS = 40


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One loss of the demo.

    Attributes:
        name: its name in files and tables.
        function: the loss of (logits, target).
        trained_for: the metric that the loss stands for.
        learning_rate: the best of those in tune.py for that metric, on rows held out of the training rows.
        fixes_threshold: False where adding a constant to the scores leaves the loss as it is, so that a
            decision at 0.5 means nothing.
    """

    name: str
    function: Callable[[Tensor, Tensor], Tensor]
    trained_for: str
    learning_rate: float
    fixes_threshold: bool = True


RECIPES = (
    Recipe(
        name="cross_entropy",
        function=binary_cross_entropy_with_logits,
        trained_for="log_loss",
        learning_rate=1.0,
    ),
    Recipe(name="anyloss", function=anyloss, trained_for="f1_score", learning_rate=0.03),
    Recipe(
        name="mann_whitney",
        function=mann_whitney,
        trained_for="roc_auc_score",
        learning_rate=1.0,
        fixes_threshold=False,
    ),
)


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to: mean training loss, and exact metrics on the held-out rows."""

    loss: float
    roc_auc_score: float
    f1_score: float


@dataclass(frozen=True)
class Run:
    """One trained model: its seed, its epochs, and its logits on both parts of the data."""

    seed: int
    epochs: tuple[Epoch, ...]
    train_logits: np.ndarray
    test_logits: np.ndarray


def train(recipe: Recipe, train_rows: Rows, test_rows: Rows, *, seed: int, epochs: int = EPOCHS) -> Run:
    """Train one model; the seed fixes its first weights and the order of the rows.

    The held-out rows are only watched: nothing is chosen by them.
    """
    torch.manual_seed(seed)
    order = torch.Generator().manual_seed(seed)
    features, target = torch.from_numpy(train_rows.features), torch.from_numpy(train_rows.target).float()
    test_features = torch.from_numpy(test_rows.features)
    model = nn.Linear(features.shape[1], 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)
    num_batches = len(features) // BATCH
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * num_batches)

    history = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(features), generator=order)[: num_batches * BATCH].split(BATCH):
            loss = recipe.function(model(features[rows]).squeeze(1), target[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        logits = _logits(model, test_features)
        history.append(
            Epoch(
                total / num_batches,
                roc_auc_score(test_rows.target, logits),
                f1_score(test_rows.target, logits >= 0),
            )
        )
    return Run(seed, tuple(history), _logits(model, features), _logits(model, test_features))


@torch.no_grad()
def _logits(model: nn.Module, features: Tensor) -> np.ndarray:
    return model(features).squeeze(1).double().numpy()
