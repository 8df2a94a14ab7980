"""Calibration in bins beside NumPy and torchmetrics, and isotonic regression beside scikit-learn."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from contest import Contest, benchmark_of, one_and_two, threads
from lossary import metrics
from lossary.streaming import CalibrationState
from sklearn.isotonic import IsotonicRegression
from torchmetrics.functional.classification import binary_calibration_error

COUNT = 10_000_000
FITTED = 1_000_000
BINS = 15


def samples(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Events, and probabilities in float32 that are too sure of them."""
    generator = np.random.default_rng(count)
    truth = generator.random(count)
    y_true = generator.random(count) < truth
    return y_true, np.clip(1.4 * truth - 0.2, 0, 1).astype(np.float32)


def by_numpy(y_true: np.ndarray, y_prob: np.ndarray) -> tuple[float, float]:
    """The usual form: digitise, count three times, and the mean of squares."""
    place = np.searchsorted(np.arange(1, BINS) / BINS, y_prob)
    count = np.bincount(place, minlength=BINS)
    probability = np.bincount(place, weights=y_prob, minlength=BINS)
    happened = np.bincount(place, weights=y_true, minlength=BINS)
    error = float(np.abs(probability - happened).sum() / count.sum())
    return error, float(np.mean((y_prob.astype(np.float64) - y_true) ** 2))


def by_multiplying(y_true: np.ndarray, y_prob: np.ndarray) -> tuple[float, float]:
    """The same with bins found by a product, which puts numbers at the edges in other bins."""
    place = np.minimum((y_prob * BINS).astype(np.int32), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    probability = np.bincount(place, weights=y_prob, minlength=BINS)
    happened = np.bincount(place, weights=y_true, minlength=BINS)
    error = float(np.abs(probability - happened).sum() / count.sum())
    return error, float(np.mean((y_prob - y_true) ** 2))


def in_one_pass(y_true: np.ndarray, y_prob: np.ndarray) -> tuple[float, float]:
    state = CalibrationState(bins=BINS).update(y_true, y_prob)
    return state.expected_calibration_error(), state.brier_score_loss()


def by_torchmetrics(given: Any) -> Callable[[], tuple[float, float]]:
    target, probability = torch.from_numpy(given[0].astype(np.int64)), torch.from_numpy(given[1])

    def call() -> tuple[float, float]:
        error = binary_calibration_error(probability, target, BINS, validate_args=False)
        return float(error), float(torch.mean((probability - target) ** 2))

    return call


def by_scikit_learn(given: Any) -> Callable[[], np.ndarray]:
    y_true, y_prob = given[0].astype(np.float64), given[1].astype(np.float64)
    return lambda: IsotonicRegression(out_of_bounds="clip").fit(y_prob, y_true).predict(PLACES)


PLACES = np.linspace(0, 1, 101)

CONTESTS = [
    Contest(
        f"calibration error and Brier score, {COUNT:,}, float32",
        lambda: samples(COUNT),
        lambda given: by_numpy(*given),
        one_and_two(lambda given: in_one_pass(*given)) | {"NumPy": lambda given: lambda: by_numpy(*given)},
        {
            "NumPy, by a product": lambda given: lambda: by_multiplying(*given),
            # It bins the confidence of the likelier class, and adds up in float32.
            "torchmetrics": by_torchmetrics,
            "the error alone, lossary, 1 thread": lambda given: threads(
                1, lambda: metrics.expected_calibration_error(*given)
            ),
        },
        tolerance=1e-9,
        samples=COUNT,
    ),
    Contest(
        f"isotonic regression, {FITTED:,}, float64",
        lambda: (samples(FITTED)[0], samples(FITTED)[1].astype(np.float64)),
        lambda given: by_scikit_learn(given)(),
        one_and_two(lambda given: metrics.fit_isotonic(*given).transform(PLACES))
        | {"scikit-learn": by_scikit_learn},
        tolerance=1e-9,
        samples=FITTED,
    ),
]

test_time = benchmark_of(CONTESTS)
