"""The small network that every loss trains, and the focal loss, which the library does not have."""

import numpy as np
import torch
from datasets import Rows
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

HIDDEN = 64


def network(columns: int, *, seed: int) -> nn.Sequential:
    """One hidden layer and one logit. The seed fixes the first weights, which are the same for all losses."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(columns, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))


def tensors(rows: Rows) -> tuple[Tensor, Tensor]:
    """Features and target, both float32."""
    return torch.from_numpy(rows.features), torch.from_numpy(rows.target).float()


@torch.no_grad()
def scores(model: nn.Module, features: Tensor) -> np.ndarray:
    """The logit of each row."""
    return model(features).squeeze(1).numpy()


def focal(logits: Tensor, target: Tensor, *, gamma: float = 2.0, alpha: float = 0.25) -> Tensor:
    """Cross-entropy that counts a row less the surer the model is of its class; the paper's best options.

    Source: Lin, Goyal, Girshick, He and Dollar, Focal Loss for Dense Object Detection, ICCV 2017, equation 5.
    """
    cross_entropy = binary_cross_entropy_with_logits(logits, target, reduction="none")
    sureness = torch.exp(-cross_entropy)  # the probability that the model gives the row's own class
    balance = torch.where(target > 0, alpha, 1 - alpha)
    return (balance * (1 - sureness) ** gamma * cross_entropy).mean()
