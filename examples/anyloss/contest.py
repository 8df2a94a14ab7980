"""From trainings to numbers: exact test scores of every loss, aim and seed."""

from collections.abc import Callable
from dataclasses import dataclass

from contestants import AIMS, EPOCHS, LEARNING_RATES, LOSSES, Fitted, fit
from criteria import EXACT, RULES
from datasets import Dataset, split


@dataclass(frozen=True)
class Outcome:
    """One loss on one set, judged by one metric at thresholds of one rule, over all seeds.

    Attributes:
        dataset: the set.
        loss: the loss.
        metric: the metric: epochs were chosen for it, and thresholds by the rule.
        rule: "half" for a probability of one half, "best" for the best threshold of the validation rows.
        learning_rate: the one that seed 0 chose for the rule.
        step_milliseconds: processor time of a training step, mean over the trainings.
        epochs: of each seed, the chosen epoch.
        values: of each seed, the exact metric on the test rows.
    """

    dataset: str
    loss: str
    metric: str
    rule: str
    learning_rate: float
    step_milliseconds: float
    epochs: list[int]
    values: list[float]


def run(data: Dataset, *, seeds: int, epochs: int = EPOCHS, finished: Callable[[str], None]) -> list[Outcome]:
    """Train and test every loss on every seed.

    Seed 0 chooses the learning rate of a loss for each rule: the best by the mean of the four metrics on the
    validation rows.
    """
    rates: dict[tuple[str, str], float] = {}
    models: dict[tuple[str, str, int], Fitted] = {}
    parts = [split(data, seed=seed) for seed in range(seeds)]
    for seed, part in enumerate(parts):
        for loss in LOSSES:
            wanted = {rates[loss, rule] for rule in RULES} if seed else LEARNING_RATES
            trained = {rate: fit(loss, part, seed=seed, learning_rate=rate, epochs=epochs) for rate in wanted}
            for rule in RULES:
                if seed == 0:
                    rates[loss, rule] = max(LEARNING_RATES, key=lambda rate: trained[rate].mean_value(rule))
                models[loss, rule, seed] = trained[rates[loss, rule]]
        finished(f"{data.name}, seed {seed}")

    outcomes = []
    for loss in LOSSES:
        for aim in AIMS:
            fitted = [models[loss, aim.rule, seed] for seed in range(seeds)]
            chosen = [each.chosen[aim] for each in fitted]
            values = [
                EXACT[aim.metric](part.test.target, each.test_score >= each.threshold)
                for part, each in zip(parts, chosen, strict=True)
            ]
            outcomes.append(
                Outcome(
                    data.name,
                    loss,
                    aim.metric,
                    aim.rule,
                    rates[loss, aim.rule],
                    sum(each.step_milliseconds for each in fitted) / seeds,
                    [each.epoch for each in chosen],
                    values,
                )
            )
    return outcomes
