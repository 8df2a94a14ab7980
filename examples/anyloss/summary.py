"""From seeds to differences: how far a loss is ahead of another, and whether that is clear."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from contest import Outcome
from contestants import BASELINE, LOSSES, TRAINED_FOR, WEIGHTED
from criteria import METRICS
from paired import LEVEL, holm, interval, p_value

REFERENCES = (BASELINE, WEIGHTED, "self_adjusting_dice")  # of the comparisons in which `anyloss` is alone
RULE_PAIRS = (("half", "half"), ("best", "best"), ("half", "best"))  # of `anyloss`, and of its reference
PLAIN = [loss for loss in LOSSES if loss not in TRAINED_FOR]


def contenders(metric: str) -> list[str]:
    """The losses that meet in a metric: all that are trained for none, and `anyloss` for this one."""
    return [*PLAIN, f"anyloss_{metric}"]


@dataclass(frozen=True)
class Difference:
    """A loss minus a reference, in one metric on one set, over all seeds.

    Attributes:
        dataset: the set.
        metric: the metric.
        loss: the loss.
        rule: of its thresholds.
        reference: the loss it is compared with.
        reference_rule: of that loss's thresholds.
        seeds: how many.
        ahead: mean over seeds of the loss minus the reference.
        low: lower end of the 95 % interval of that mean; None with one seed, which shows no spread.
        high: its upper end.
        seeds_ahead: in how many seeds the loss is above the reference.
        p_value: of the paired test of no difference; None with one seed.
        adjusted: the same after Holm, for all losses and sets that meet the reference together.
    """

    dataset: str
    metric: str
    loss: str
    rule: str
    reference: str
    reference_rule: str
    seeds: int
    ahead: float
    low: float | None
    high: float | None
    seeds_ahead: int
    p_value: float | None
    adjusted: float | None = None

    @property
    def verdict(self) -> str:
        """What the adjusted test finds: "higher", "lower" or "unclear"."""
        if self.adjusted is None or self.adjusted > 1 - LEVEL:
            return "unclear"
        return "higher" if self.ahead > 0 else "lower"


class Outcomes:
    """The outcomes of a run, to be asked for."""

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self._found = {(each.dataset, each.loss, each.metric, each.rule): each for each in outcomes}
        self.datasets = list(dict.fromkeys(each.dataset for each in self._found.values()))
        self.seeds = len(next(iter(self._found.values())).values)

    def __getitem__(self, key: tuple[str, str, str, str]) -> Outcome:
        """The outcome of (dataset, loss, metric, rule)."""
        return self._found[key]

    def mean(self, dataset: str, loss: str, metric: str, rule: str) -> float:
        """The mean over seeds."""
        return float(np.mean(self[dataset, loss, metric, rule].values))

    def mean_over_sets(self, loss: str, metric: str, rule: str) -> float:
        """The mean over sets and seeds."""
        return float(np.mean([self.mean(dataset, loss, metric, rule) for dataset in self.datasets]))

    def differences(
        self, losses: Sequence[str], metric: str, rule: str, *, reference: str, reference_rule: str
    ) -> dict[tuple[str, str], Difference]:
        """Of each set and loss: one family of tests, adjusted together."""
        found = [
            self._difference(dataset, loss, metric, rule, reference, reference_rule)
            for dataset in self.datasets
            for loss in losses
        ]
        if self.seeds > 1:
            adjusted = holm([each.p_value for each in found])
            found = [replace(each, adjusted=value) for each, value in zip(found, adjusted, strict=True)]
        return {(each.dataset, each.loss): each for each in found}

    def _difference(
        self, dataset: str, loss: str, metric: str, rule: str, reference: str, reference_rule: str
    ) -> Difference:
        ahead = np.subtract(
            self[dataset, loss, metric, rule].values,
            self[dataset, reference, metric, reference_rule].values,
        )
        low, high = interval(ahead)
        return Difference(
            dataset,
            metric,
            loss,
            rule,
            reference,
            reference_rule,
            self.seeds,
            float(ahead.mean()),
            low,
            high,
            int((ahead > 0).sum()),
            p_value(ahead),
        )

    def to_baseline(self, metric: str, rule: str) -> dict[tuple[str, str], Difference]:
        """All contenders minus cross-entropy, at thresholds of one rule."""
        losses = [loss for loss in contenders(metric) if loss != BASELINE]
        return self.differences(losses, metric, rule, reference=BASELINE, reference_rule=rule)

    def of_anyloss(self, metric: str, rule: str, *, reference: str, reference_rule: str) -> list[Difference]:
        """`anyloss` for the metric minus a reference, on each set."""
        loss = f"anyloss_{metric}"
        if (reference, reference_rule) == (BASELINE, rule):
            family = self.to_baseline(metric, rule)  # the same test as in the tables of all losses
        else:
            family = self.differences(
                [loss], metric, rule, reference=reference, reference_rule=reference_rule
            )
        return [family[dataset, loss] for dataset in self.datasets]

    def all_differences(self) -> list[Difference]:
        """Every comparison that the tables show."""
        found: list[Difference] = []
        for metric in METRICS:
            for rule, reference_rule in RULE_PAIRS:
                if rule == reference_rule:
                    found += self.to_baseline(metric, rule).values()
                for reference in REFERENCES:
                    if reference != BASELINE or rule != reference_rule:
                        found += self.of_anyloss(
                            metric, rule, reference=reference, reference_rule=reference_rule
                        )
        return found

    def aimed_best(self, metric: str, rule: str) -> list[str]:
        """The sets on which, of all `anyloss`, the one trained for the metric has the highest mean of it."""
        return [
            dataset
            for dataset in self.datasets
            if max(TRAINED_FOR, key=lambda loss: self.mean(dataset, loss, metric, rule))
            == f"anyloss_{metric}"
        ]

    def typical_epoch(self, loss: str, rule: str) -> float:
        """The median chosen epoch over sets, seeds and the metrics in which the loss competes."""
        metrics = [metric for metric in METRICS if loss in contenders(metric)]
        return float(
            np.median(
                [self[dataset, loss, metric, rule].epochs for dataset in self.datasets for metric in metrics]
            )
        )

    def step_ratio(self, loss: str) -> float:
        """Processor time of a step beside that of cross-entropy, geometric mean over the sets."""
        ratios = [
            self[dataset, loss, "f1", "half"].step_milliseconds
            / self[dataset, BASELINE, "f1", "half"].step_milliseconds
            for dataset in self.datasets
        ]
        return float(np.exp(np.log(ratios).mean()))
