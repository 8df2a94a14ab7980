# ruff: noqa: ARG005 - all criteria take all four counts
"""What a threshold is chosen for: a score of the counts or their cost, and limits on what is accepted.

All are functions of (tp, fp, fn, tn), true and false positives and negatives, as `binary_criteria` has them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary.errors import DtypeError, InvalidInputError, LossaryError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import Array
from lossary.metrics.binary_criteria import BINARY_CRITERIA, BinaryCriterion, BinaryCriterionName, beta_of
from lossary.metrics.options import check_choice

Doubles = NDArray[np.float64]
Score = Callable[[Any, Any, Any, Any], Any]


class Counts(NamedTuple):
    """What thresholds accept and reject, rightly and wrongly: counts, or sums of weights, (n_thresholds,)."""

    tp: Doubles
    fp: Doubles
    fn: Doubles
    tn: Doubles

    def of_criterion(self, criterion: BinaryCriterion) -> Doubles:
        """What a named criterion gives, however small the weights: it takes tiny sums as nothing."""
        total = float(self.tp[0] + self.fp[0] + self.fn[0] + self.tn[0])
        unit = np.ldexp(1.0, -np.frexp(total)[1]) if 0 < total < 1 else 1.0
        return np.asarray(criterion.score(*(each * unit for each in self)), np.float64)


# Shares that are no scores, as none of them is better the higher it is.
_SHARES: dict[str, BinaryCriterion] = {
    "acceptance_rate": BinaryCriterion(lambda tp, fp, fn, tn: (tp + fp) / (tp + fp + fn + tn)),
    "false_negative_rate": BinaryCriterion(lambda tp, fp, fn, tn: fn / (tp + fn), needs_positives=True),
    "false_positive_rate": BinaryCriterion(lambda tp, fp, fn, tn: fp / (fp + tn), needs_negatives=True),
}
_LIMITED: dict[str, BinaryCriterion] = {**BINARY_CRITERIA, **_SHARES}  # type: ignore[dict-item]
_LIMIT = re.compile(r"\s*(\w+)\s*(>=|<=)\s*(\S+)\s*")
_CELLS = ("tp", "fp", "fn", "tn")


@dataclass(frozen=True)
class Limit:
    """A criterion that must be at least, or at most, a number."""

    name: str
    at_least: bool
    bound: float

    @property
    def criterion(self) -> BinaryCriterion:
        """What is limited."""
        return _LIMITED[self.name]

    def is_met(self, counts: Counts) -> NDArray[np.bool_]:
        """At which thresholds the limit holds."""
        values = counts.of_criterion(self.criterion)
        return np.asarray(values >= self.bound if self.at_least else values <= self.bound)

    def __str__(self) -> str:
        return f"{self.name} {'>=' if self.at_least else '<='} {self.bound!r}"


@dataclass(frozen=True)
class Goal:
    """What to make as high as it gets, or for costs as low.

    Attributes:
        criterion: the score, or the mean cost.
        limits: what must hold besides.
        kernel: the criterion of the kernel's search and its parameters; None takes a walk along the curve.
        is_cost: whether lower is better.
        is_given: whether a caller wrote the function, so that what it returns is to be checked.
    """

    criterion: BinaryCriterion
    limits: tuple[Limit, ...]
    kernel: tuple[str, dict[str, Any]] | None
    is_cost: bool = False
    is_given: bool = False

    def values(self, counts: Counts) -> Doubles:
        """The score at every threshold."""
        if not self.is_given:
            return counts.of_criterion(self.criterion)
        for each in counts:
            each.setflags(write=False)
        return values_of(self.criterion.score, counts)

    def best(self, counts: Counts) -> tuple[int, float]:
        """Position and score of the best threshold that the limits allow, the first of equally good ones.

        Raises:
            UndefinedMetricError: the samples lack a class that is needed, no threshold meets the limits, or
                the score is NaN at all that do.
        """
        self._check_classes(counts)
        allowed = np.ones(len(counts.tp), np.bool_)
        for limit in self.limits:
            allowed &= limit.is_met(counts)
        if not allowed.any():
            raise _out_of_reach(self.limits, counts)
        values = self.values(counts)
        places = np.flatnonzero(allowed & ~np.isnan(values))
        if not len(places):
            raise UndefinedMetricError("metric: got NaN at every threshold; wanted a number at one or more")
        place = int(places[(np.argmin if self.is_cost else np.argmax)(values[places])])
        return place, float(values[place])

    def _check_classes(self, counts: Counts) -> None:
        tp, fp, fn, tn = (float(each[0]) for each in counts)
        for criterion in (self.criterion, *(limit.criterion for limit in self.limits)):
            check_classes(criterion, tp + fn, fp + tn)


def check_classes(
    criterion: BinaryCriterion, positives: float, negatives: float, name: str = "y_true"
) -> None:
    """Raise UndefinedMetricError where a class is missing without which the criterion is undefined."""
    if criterion.needs_positives and not positives > 0:
        raise UndefinedMetricError(f"{name}: got no positives, or none with weight; wanted some")
    if criterion.needs_negatives and not negatives > 0:
        raise UndefinedMetricError(f"{name}: got no negatives, or none with weight; wanted some")


def goal_of(metric: Any, costs: Any, constraints: Any) -> Goal:
    """What the options of `best_threshold` ask for.

    Raises:
        InvalidInputError: an unknown name, a metric beside costs, or costs or constraints that are none.
        DtypeError: an option of the wrong type.
    """
    limits = _limits(constraints)
    if costs is not None:
        if metric is not None:
            raise InvalidInputError(f"metric: got {metric!r} with costs; wanted one of the two")
        return _cost(_costs(costs), limits)
    if callable(metric):
        beta = beta_of(metric)
        kernel = None if beta is None else ("f_beta", {"beta": beta})
        return Goal(BinaryCriterion(metric), limits, kernel, is_given=beta is None)
    name: BinaryCriterionName = check_criterion("f1" if metric is None else metric)
    return Goal(BINARY_CRITERIA[name], limits, (name, {}))


def check_criterion(name: Any, argument: str = "metric") -> BinaryCriterionName:
    """A name of `binary_criteria`."""
    check_choice(argument, name, tuple(BINARY_CRITERIA))
    return name  # type: ignore[no-any-return]


def values_of(score: Score, counts: Counts, name: str = "metric") -> Doubles:
    """What a caller's function gives for all thresholds at once, checked.

    Raises:
        InvalidInputError: it raises, or returns no real numbers.
        ShapeError: it returns another shape than one number for each threshold.
    """
    try:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.asarray(score(*counts))
    except LossaryError:
        raise
    except Exception as error:
        raise InvalidInputError(
            f"{name}: got a function that raises {type(error).__name__} ({error}); wanted one of arrays of "
            "tp, fp, fn and tn"
        ) from error
    if found.dtype.kind not in "biuf":
        raise InvalidInputError(f"{name}: got a function that returns {found.dtype}; wanted real numbers")
    if found.shape != counts.tp.shape:
        raise ShapeError(
            f"{name}: got a function that returns shape {found.shape}; wanted {counts.tp.shape}, one number "
            "for each threshold"
        )
    return np.asarray(found, np.float64)


def _costs(given: Any) -> dict[str, float]:
    if not isinstance(given, Mapping):
        raise DtypeError(f"costs: got {type(given).__name__}; wanted a mapping such as {{'fp': 1, 'fn': 5}}")
    if not given or not set(given) <= set(_CELLS):
        raise InvalidInputError(f"costs: got the keys {[*given]}; wanted some of {', '.join(_CELLS)}")
    for cell, cost in given.items():
        if isinstance(cost, bool) or not isinstance(cost, Real):
            raise DtypeError(f"costs: got {cost!r} for {cell}; wanted a number")
        if not abs(float(cost)) < 1e300:
            raise InvalidInputError(
                f"costs: got {cost!r} for {cell}; wanted a number between -1e300 and 1e300"
            )
    return {cell: float(given.get(cell, 0.0)) for cell in _CELLS}


def mean_cost(costs: Mapping[str, float], tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    """What a sample costs on average, where costs has the costs of all four cells."""
    total = tp + fp + fn + tn
    cells = zip(_CELLS, (tp, fp, fn, tn), strict=True)
    return sum(costs[cell] * (count / total) for cell, count in cells)


def _cost(costs: dict[str, float], limits: tuple[Limit, ...]) -> Goal:
    alarm, miss = costs["fp"] - costs["tn"], costs["fn"] - costs["tp"]
    # A search needs mistakes to cost at least what right decisions do.
    kernel = ("cost", {"costs": (alarm, miss)}) if alarm >= 0 and miss >= 0 else None
    return Goal(BinaryCriterion(partial(mean_cost, costs)), limits, kernel, is_cost=True)


def _limits(given: Any) -> tuple[Limit, ...]:
    if given is None:
        return ()
    wanted = "such as 'recall >= 0.9'"
    several = [given] if isinstance(given, str) else given
    if not isinstance(several, Sequence) or not all(isinstance(each, str) for each in several):
        raise DtypeError(f"constraints: got {given!r}; wanted one string or several, {wanted}")
    limits = []
    for text in several:
        parts = _LIMIT.fullmatch(text)
        if parts is None:
            raise InvalidInputError(
                f"constraints: got {text!r}; wanted a name, >= or <=, and a number, {wanted}"
            )
        name, sign, number = parts.groups()
        check_choice("constraints", name, tuple(_LIMITED))
        try:
            bound = float(number)
        except ValueError as error:
            raise InvalidInputError(
                f"constraints: got {text!r}; wanted a number at its end, {wanted}"
            ) from error
        if not np.isfinite(bound):
            raise InvalidInputError(f"constraints: got {text!r}; wanted a finite number, {wanted}")
        limits.append(Limit(name, sign == ">=", bound))
    return tuple(limits)


def _out_of_reach(limits: tuple[Limit, ...], counts: Counts) -> UndefinedMetricError:
    """The error of limits that no threshold meets: how far the first that fails goes beside those before."""
    met: list[Limit] = []
    allowed = np.ones(len(counts.tp), np.bool_)
    for limit in limits:
        here = allowed & limit.is_met(counts)
        if not here.any():
            break
        met.append(limit)
        allowed = here
    values = Counts(*(each[allowed] for each in counts)).of_criterion(limit.criterion)
    extreme = f"{values.max():.6g} at most" if limit.at_least else f"{values.min():.6g} at least"
    return UndefinedMetricError(
        f"constraints: got {limit}, which no threshold meets; wanted {extreme}, which can be had"
        + (f" where {' and '.join(map(str, met))}" if met else "")
    )


def counts_of(false_positives: Array, true_positives: Array) -> Counts:
    """The counts from what is accepted at each threshold, of which the last accepts all."""
    return Counts(
        true_positives,
        false_positives,
        true_positives[-1] - true_positives,
        false_positives[-1] - false_positives,
    )
