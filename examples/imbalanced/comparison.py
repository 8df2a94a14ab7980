"""From trained models to numbers: exact test metrics, and how far a loss is ahead of cross-entropy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from datasets import Dataset, split
from lossary.metrics import average_precision_score, compare_roc_auc, roc_auc_score
from models import BASELINE, LOSSES, fit, fit_best
from paired import LEVEL, interval

METRICS = {"roc_auc_score": "ROC AUC", "average_precision_score": "average precision"}


@dataclass(frozen=True)
class Result:
    """One model on its test rows.

    Attributes:
        dataset: the set.
        loss: the loss.
        seed: of the split and the first weights.
        learning_rate: the rate that seed 0 chose.
        epoch: the one with the best validation ROC AUC, whose model this is.
        roc_auc_score: exact.
        auc_low: lower end of DeLong's 95 % interval, for this model and other test rows.
        auc_high: its upper end.
        average_precision_score: exact.
        ahead_low: lower end of DeLong's paired 95 % interval of the ROC AUC minus that of cross-entropy.
        ahead_high: its upper end; both are 0 for cross-entropy itself.
    """

    dataset: str
    loss: str
    seed: int
    learning_rate: float
    epoch: int
    roc_auc_score: float
    auc_low: float
    auc_high: float
    average_precision_score: float
    ahead_low: float
    ahead_high: float


@dataclass(frozen=True)
class Summary:
    """One loss in one metric on one set, over all seeds.

    Attributes:
        dataset: the set.
        loss: the loss.
        metric: the metric.
        seeds: how many.
        value: mean over seeds.
        value_low: mean lower end of DeLong's intervals of single models; None where the metric has none.
        value_high: mean upper end.
        ahead: mean over seeds of the loss minus cross-entropy; None for cross-entropy, as all below.
        low: lower end of the 95 % interval of that mean; None with one seed, which shows no spread.
        high: its upper end.
        seeds_ahead: in how many seeds the loss is above cross-entropy.
        clear_above: in how many DeLong's paired interval is above 0; None where the metric has none.
        clear_below: in how many it is below 0.
    """

    dataset: str
    loss: str
    metric: str
    seeds: int
    value: float
    value_low: float | None = None
    value_high: float | None = None
    ahead: float | None = None
    low: float | None = None
    high: float | None = None
    seeds_ahead: int | None = None
    clear_above: int | None = None
    clear_below: int | None = None

    @property
    def verdict(self) -> str:
        """Where the interval of the difference lies: "higher", "lower" or "unclear"."""
        if self.low is not None and self.low > 0:
            return "higher"
        if self.high is not None and self.high < 0:
            return "lower"
        return "unclear"


def run(data: Dataset, *, seeds: int, epochs: int, finished: Callable[[str], None]) -> list[Result]:
    """Train and test every loss on every seed; seed 0 chooses the learning rate of a loss."""
    results = []
    rates: dict[str, float] = {}
    for seed in range(seeds):
        parts = split(data, seed=seed)
        target = parts.test.target
        baseline = None
        for loss in LOSSES:
            if seed == 0:
                model = fit_best(loss, parts, seed=seed, epochs=epochs)
                rates[loss] = model.learning_rate
            else:
                model = fit(loss, parts, seed=seed, learning_rate=rates[loss], epochs=epochs)
            score = model.test_score
            baseline = score if baseline is None else baseline  # BASELINE is the first of the losses
            area = roc_auc_score(target, score, confidence=LEVEL)
            ahead = (0.0, 0.0)
            if loss != BASELINE:
                paired = compare_roc_auc(target, score, baseline, level=LEVEL)
                ahead = (float(paired.low[0]), float(paired.high[0]))
            precision = average_precision_score(target, score)
            results.append(
                Result(
                    data.name,
                    loss,
                    seed,
                    model.learning_rate,
                    model.epoch,
                    area.value,
                    area.low,
                    area.high,
                    precision,
                    *ahead,
                )
            )
        finished(f"{data.name}, seed {seed}")
    return results


def summarise(results: Sequence[Result]) -> list[Summary]:
    """Every metric, set and loss."""
    return [
        _summary(
            metric,
            [each for each in results if (each.dataset, each.loss) == (dataset, loss)],
            [each for each in results if (each.dataset, each.loss) == (dataset, BASELINE)],
        )
        for metric in METRICS
        for dataset in dict.fromkeys(each.dataset for each in results)
        for loss in LOSSES
    ]


def _summary(metric: str, models: Sequence[Result], baseline: Sequence[Result]) -> Summary:
    values, others = (np.array([getattr(each, metric) for each in part]) for part in (models, baseline))
    found = Summary(models[0].dataset, models[0].loss, metric, len(models), float(values.mean()))
    has_delong = metric == "roc_auc_score"
    if has_delong:
        low, high = np.mean([[each.auc_low, each.auc_high] for each in models], axis=0)
        found = replace(found, value_low=float(low), value_high=float(high))
    if found.loss == BASELINE:
        return found
    ahead = values - others
    low, high = interval(ahead)
    return replace(
        found,
        ahead=float(ahead.mean()),
        low=low,
        high=high,
        seeds_ahead=int((ahead > 0).sum()),
        clear_above=sum(each.ahead_low > 0 for each in models) if has_delong else None,
        clear_below=sum(each.ahead_high < 0 for each in models) if has_delong else None,
    )
