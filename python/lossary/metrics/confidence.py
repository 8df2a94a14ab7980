"""What ``confidence=`` takes and gives."""

from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.labels import label_array
from lossary.metrics.options import check_choice, check_flag, check_whole

Value = float | Any
"""What a metric with ``confidence=`` returns: a float, or with it an `Interval`, which no caller without it
has to rule out."""

BOOTSTRAP = ("bca", "percentile")


class Interval(NamedTuple):
    """The value of a metric on all rows, and the ends of its interval, which belong to it."""

    value: float
    low: float
    high: float
    method: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Confidence:
    """How to compute an interval; ``confidence=0.9`` stands for ``confidence=Confidence(level=0.9)``.

    Args:
        level: how often the interval shall hold the true value, above 0 and below 1.
        method: "auto" takes the one that the metric's docstring prefers; "percentile" and "bca" work for
            every metric.
        resamples: how often the rows are drawn, 100 to 1,000,000.
        seed: fixes the draws, 0 to 2^64 - 1.
        stratified: draw each class apart, so that its size stays; for metrics of classes with a bootstrap.
        groups: a label for each row: rows of one group are drawn together. Any integers or strings.

    Raises:
        InvalidInputError: a number out of range, or both stratified and groups.
        DtypeError: an argument of another type.

    Example:
        >>> from lossary.metrics import roc_auc_score
        >>> y_true, y_score = [0, 1] * 20, list(range(40))
        >>> interval = roc_auc_score(y_true, y_score, confidence=Confidence(method="percentile", seed=1))
        >>> interval.low < interval.value < interval.high
        True
    """

    level: float = 0.95
    method: str = "auto"
    resamples: int = 2000
    seed: int = 0
    stratified: bool = False
    groups: Any = None

    def __post_init__(self) -> None:
        _check_level("level", self.level)
        if not isinstance(self.method, str):
            raise DtypeError(f"method: got {self.method!r}; wanted the name of a method")
        check_whole("resamples", self.resamples, 100, 10**6)
        check_whole("seed", self.seed, 0, 2**64 - 1)
        check_flag("stratified", self.stratified)
        if self.stratified and self.groups is not None:
            raise InvalidInputError("groups: got groups with stratified=True; wanted one of the two")

    def choose(self, methods: tuple[str, ...]) -> str:
        """The method: one of a metric's, "auto" takes the first; with groups, one that draws them."""
        if self.groups is not None:
            methods = tuple(method for method in methods if method in BOOTSTRAP)
        check_choice("method", self.method, ("auto", *methods))
        return methods[0] if self.method == "auto" else self.method

    def group_codes(self, rows: int, row: str = "row") -> NDArray[np.uint32] | None:
        """The groups as numbers from 0, one for each row; ``row`` says what that is.

        Raises:
            ShapeError: another number of labels than of rows.
            InvalidInputError: fewer than two groups.
        """
        if self.groups is None:
            return None
        labels = label_array("groups", self.groups)
        if labels.shape != (rows,):
            raise ShapeError(f"groups: got shape {labels.shape}; wanted ({rows},), one label for each {row}")
        names, codes = np.unique(labels, return_inverse=True)
        if len(names) < 2:
            raise InvalidInputError(f"groups: got {len(names)} group; wanted two or more to draw from")
        return codes.astype(np.uint32)


def resolve(confidence: Any) -> Confidence:
    """The settings that ``confidence=`` stands for.

    Raises:
        InvalidInputError: a level that is not above 0 and below 1.
        DtypeError: neither a number nor a `Confidence`.
    """
    if isinstance(confidence, Confidence):
        return confidence
    _check_level("confidence", confidence)
    return Confidence(level=float(confidence))


def _check_level(name: str, level: Any) -> None:
    if isinstance(level, bool | np.bool_) or not isinstance(level, Real):
        raise DtypeError(f"{name}: got {level!r}; wanted a number above 0 and below 1")
    if not 0 < float(level) < 1:
        raise InvalidInputError(f"{name}: got {level!r}; wanted a number above 0 and below 1")
