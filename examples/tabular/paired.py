"""Two losses over seeds that split the same rows again: an interval of their difference, and its test."""

from collections.abc import Sequence

import numpy as np
from datasets import TRAIN, VALIDATION
from scipy.stats import t as student

LEVEL = 0.95


def interval(ahead: np.ndarray) -> tuple[float | None, float | None]:
    """The 95 % interval of a mean difference over seeds that split the same rows again.

    It covers what another split and other first weights of rows like these would give. The training rows of
    two seeds overlap, so that seeds are less apart than fresh data would be: their variance counts
    1 / seeds + test rows / other rows times, not 1 / seeds times as in the plain paired t interval.

    Source: Nadeau and Bengio, Inference for the Generalization Error, Machine Learning 52, 2003, section 4.
    """
    seeds = len(ahead)
    if seeds < 2:
        return None, None
    margin = student.ppf((1 + LEVEL) / 2, seeds - 1) * _error(ahead)
    return float(ahead.mean() - margin), float(ahead.mean() + margin)


def p_value(ahead: np.ndarray) -> float | None:
    """That of the paired t test with the same variance, two-sided; None for one seed."""
    seeds = len(ahead)
    if seeds < 2:
        return None
    error = _error(ahead)
    if error == 0:
        return float(ahead.mean() == 0)
    return float(2 * student.sf(abs(ahead.mean()) / error, seeds - 1))


def _error(ahead: np.ndarray) -> float:
    tested = 1 - TRAIN - VALIDATION
    return float(np.sqrt((1 / len(ahead) + tested / (1 - tested)) * ahead.var(ddof=1)))


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for their number, so that one false rejection among all is as rare as the level.

    Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics
        6, 1979.
    """
    order = np.argsort(p_values)
    factors = len(p_values) - np.arange(len(p_values))
    stepped = np.maximum.accumulate(np.asarray(p_values)[order] * factors).clip(max=1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = stepped
    return adjusted.tolist()
