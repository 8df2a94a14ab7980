"""From networks to numbers: exact scores of each test image, and how far a loss is ahead of Dice alone."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from digits import Images, Parts, split
from lossary.metrics import Confidence, betti_matching_error, betti_number_error, cldice, f1_score
from lossary.metrics.bootstrap import of_rows
from restoring import (
    ALPHAS,
    BASELINE,
    LOSSES,
    TERMS,
    Network,
    continued,
    restored,
    warmed_up,
)
from torch import Tensor

METRICS = {
    "dice": "Dice",
    "cldice": "clDice",
    "betti_number_error": "Betti number error",
    "betti_matching_error": "Betti matching error",
    "betti_numbers_right": "Betti numbers right",
}
LOWER_IS_BETTER = ("betti_number_error", "betti_matching_error")
MOST_DICE_LOST = 0.005  # by an alpha, on validation images

Scores = dict[str, np.ndarray]
"""Each metric of each image."""


@dataclass(frozen=True)
class Choice:
    """An alpha that was tried on the validation images of seed 0; of Dice alone it is 0.

    Attributes:
        loss: the loss.
        alpha: of its term.
        dice: mean over the validation images.
        betti_matching_error: the same.
        chosen: whether all seeds are trained with it.
    """

    loss: str
    alpha: float
    dice: float
    betti_matching_error: float
    chosen: bool


@dataclass(frozen=True)
class Outcome:
    """One loss in one metric on the test images.

    Attributes:
        loss: the loss.
        metric: the metric.
        alpha: of the loss's term, 0 for Dice alone.
        values: mean over the test images, for each seed.
        ahead: mean over seeds of the loss minus Dice alone; None for Dice alone, as all below.
        low: lower end of its 95 % interval, of a bootstrap over the test images.
        high: its upper end.
        seeds_better: in how many seeds the loss is better than Dice alone.
    """

    loss: str
    metric: str
    alpha: float
    values: list[float]
    ahead: float | None = None
    low: float | None = None
    high: float | None = None
    seeds_better: int | None = None

    @property
    def verdict(self) -> str:
        """What the interval says of the loss beside Dice alone: "better", "worse" or "unclear"."""
        if self.low is None or self.low <= 0 <= self.high:
            return "unclear"
        return "better" if (self.low > 0) != (self.metric in LOWER_IS_BETTER) else "worse"


@dataclass(frozen=True)
class Findings:
    """All that a run found.

    Attributes:
        choices: of alphas.
        outcomes: of losses and metrics.
        images: the test images of seed 0.
        maps: of these images by each loss.
        errors: Betti matching errors of these maps.
    """

    choices: list[Choice]
    outcomes: list[Outcome]
    images: Images
    maps: dict[str, np.ndarray]
    errors: dict[str, np.ndarray]


def scores(maps: Tensor, target: Tensor) -> Scores:
    """Exact metrics of the maps at one half, image by image."""
    predicted, wanted = maps.numpy(), target.numpy()
    numbers = betti_number_error(predicted, wanted, reduction="none").per_image.ravel()
    masks = zip(wanted.reshape(len(wanted), -1) > 0.5, predicted.reshape(len(wanted), -1) >= 0.5, strict=True)
    return {
        "dice": np.array([f1_score(*pair, zero_division=1.0) for pair in masks]),
        "cldice": cldice(predicted, wanted, reduction="none").ravel(),
        "betti_number_error": numbers.astype(np.float64),
        "betti_matching_error": betti_matching_error(predicted, wanted, reduction="none")
        .per_image.ravel()
        .astype(np.float64),
        "betti_numbers_right": (numbers == 0).astype(np.float64),
    }


def run(
    digits: np.ndarray,
    labels: np.ndarray,
    *,
    seeds: int,
    share: float = 1.0,
    finished: Callable[[str], None],
) -> Findings:
    """Train and test every loss on every seed; seed 0 chooses the alpha of each term.

    Args:
        digits: images in [0, 1].
        labels: which digit each is.
        seeds: how many.
        share: of the images that are taken.
        finished: called with each thing done.
    """
    found: list[dict[str, Scores]] = []
    for seed in range(seeds):
        parts = split(digits, labels, seed=seed, share=share)
        start = warmed_up(parts.train, seed=seed)
        train = partial(continued, start, parts.train, seed=seed)
        if seed == 0:
            tried = {(BASELINE, 0.0): train(BASELINE, 0.0)}
            tried |= {(loss, alpha): train(loss, alpha) for loss in TERMS for alpha in ALPHAS}
            choices = choose(tried, parts)
            alphas = {each.loss: each.alpha for each in choices if each.chosen}
            models = {loss: tried[loss, alphas[loss]] for loss in LOSSES}
        else:
            models = {loss: train(loss, alphas[loss]) for loss in LOSSES}
        maps = {loss: restored(model, parts.test) for loss, model in models.items()}
        found.append({loss: scores(each, parts.test.target) for loss, each in maps.items()})
        if seed == 0:
            images, first_maps = parts.test, {loss: each.numpy() for loss, each in maps.items()}
        finished(f"seed {seed}")
    errors = {loss: found[0][loss]["betti_matching_error"] for loss in LOSSES}
    outcomes = [_outcome(found, loss, metric, alphas[loss]) for metric in METRICS for loss in LOSSES]
    return Findings(choices, outcomes, images, first_maps, errors)


def choose(tried: dict[tuple[str, float], Network], parts: Parts) -> list[Choice]:
    """The alphas with the lowest Betti matching error of those that keep the Dice; the least if none does."""
    means = {
        key: {
            name: float(each.mean())
            for name, each in scores(restored(model, parts.validation), parts.validation.target).items()
        }
        for key, model in tried.items()
    }
    floor = means[BASELINE, 0.0]["dice"] - MOST_DICE_LOST
    best = {}
    for loss in LOSSES:
        keys = [key for key in means if key[0] == loss]
        keeping = [key for key in keys if means[key]["dice"] >= floor] or keys[:1]
        best[loss] = min(keeping, key=lambda key: means[key]["betti_matching_error"])
    return [
        Choice(*key, each["dice"], each["betti_matching_error"], key == best[key[0]])
        for key, each in means.items()
    ]


def _outcome(found: list[dict[str, Scores]], loss: str, metric: str, alpha: float) -> Outcome:
    ours, baseline = (np.array([seed[name][metric] for seed in found]) for name in (loss, BASELINE))
    values = ours.mean(axis=1).tolist()
    if loss == BASELINE:
        return Outcome(loss, metric, alpha, values)
    ahead = ours - baseline  # (seeds, images)
    interval = of_rows(ahead.mean(axis=0), None, Confidence(level=0.95, seed=0))
    better = ahead.mean(axis=1) < 0 if metric in LOWER_IS_BETTER else ahead.mean(axis=1) > 0
    return Outcome(loss, metric, alpha, values, *interval[:3], int(better.sum()))
