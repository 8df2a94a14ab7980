"""The losses, and how all are trained: the same network, optimizer, steps and choices."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from criteria import METRICS, RULES
from datasets import Parts
from lossary.losses import anyloss, self_adjusting_dice
from network import focal, network, scores, tensors
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

EPOCHS = 100  # an epoch is one step: the batch is all training rows
LEARNING_RATES = (0.003, 0.01, 0.03, 0.1)


def weighted_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy in which both classes have the same weight in total."""
    positives = target.sum()
    return binary_cross_entropy_with_logits(logits, target, pos_weight=(len(target) - positives) / positives)


BASELINE, WEIGHTED = "cross_entropy", "weighted_cross_entropy"
TRAINED_FOR = {f"anyloss_{metric}": metric for metric in METRICS}
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    BASELINE: binary_cross_entropy_with_logits,
    WEIGHTED: weighted_cross_entropy,
    "focal": focal,
    # As the code of its authors has it for one logit, with the options of their scripts.
    "self_adjusting_dice": partial(
        self_adjusting_dice, alpha=0.01, smooth=1.0, square_denominator=True, level="set"
    ),
    **{name: partial(anyloss, metric=metric) for name, metric in TRAINED_FOR.items()},
}


class Aim(NamedTuple):
    """What a model is chosen for: a metric, and the rule of its threshold."""

    metric: str
    rule: str


AIMS = tuple(Aim(*aim) for aim in product(METRICS, RULES))


@dataclass(frozen=True)
class Chosen:
    """The best epoch for an aim: its value and threshold on validation rows, and the logits of test rows."""

    epoch: int
    value: float
    threshold: float
    test_score: np.ndarray


@dataclass(frozen=True)
class Fitted:
    """One training: its learning rate, the processor time of a step, and the best epoch for each aim."""

    learning_rate: float
    step_milliseconds: float
    chosen: dict[Aim, Chosen]

    def mean_value(self, rule: str) -> float:
        """The mean of the validation values of all metrics by a rule."""
        return sum(self.chosen[Aim(metric, rule)].value for metric in METRICS) / len(METRICS)


def fit(loss: str, parts: Parts, *, seed: int, learning_rate: float, epochs: int = EPOCHS) -> Fitted:
    """Train on full batches; keep, for each aim, the first epoch that is best on the validation rows.

    None stops early: at a threshold of one half cross-entropy may accept nothing for many epochs, and a rule
    that waits for a gain would end it there.
    """
    (features, target), (validation, _), (test, _) = map(tensors, (parts.train, parts.validation, parts.test))
    model = network(features.shape[1], seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    chosen: dict[Aim, Chosen] = {}
    spent = 0.0
    for epoch in range(1, epochs + 1):
        started = time.process_time()
        value = LOSSES[loss](model(features).squeeze(1), target)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        spent += time.process_time() - started
        score, test_score = scores(model, validation), None
        for aim in AIMS:
            found, threshold = RULES[aim.rule](parts.validation.target, score, aim.metric)
            if aim not in chosen or found > chosen[aim].value:
                test_score = scores(model, test) if test_score is None else test_score
                chosen[aim] = Chosen(epoch, found, threshold, test_score)
    return Fitted(learning_rate, 1e3 * spent / epochs, chosen)
