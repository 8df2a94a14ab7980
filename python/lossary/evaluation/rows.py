"""Rows of an evaluation: checked once, then sliced."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import to_numpy


@dataclass(frozen=True)
class Rows:
    """The class, the score, the decision and the weight of each row; all of shape (rows,)."""

    is_positive: NDArray[np.bool_]
    scores: NDArray[Any]
    decisions: NDArray[np.uint8]
    weight: NDArray[np.float64] | None

    def at(self, index: NDArray[np.intp]) -> "Rows":
        """The rows of these indices."""
        weight = None if self.weight is None else _in_range(self.weight[index])
        return Rows(self.is_positive[index], self.scores[index], self.decisions[index], weight)

    def mass(self) -> tuple[float, float]:
        """Weights of the positive and of the negative rows."""
        if self.weight is None:
            positives = int(self.is_positive.sum())
            return float(positives), float(len(self.is_positive) - positives)
        weight = self.weight
        # Exactly 0 for a class without weight.
        return float((weight * self.is_positive).sum()), float((weight * ~self.is_positive).sum())


def check_rows(
    is_positive: NDArray[np.bool_], y_score: ArrayLike, sample_weight: ArrayLike | None, *, threshold: float
) -> Rows:
    """Check scores and weights against the target, and decide by the threshold.

    Args:
        is_positive: the target, shape (rows,).
        y_score: finite numbers, shape (rows,); they keep their dtype.
        sample_weight: numbers, 0 or above and not all 0, shape (rows,).
        threshold: a score at or above it is a decision for the positive class.

    Returns:
        The rows.

    Raises:
        InvalidInputError: no rows, or a value out of its range.
        ShapeError: lengths that differ.
        DtypeError: scores or weights that are not numbers.
    """
    if len(is_positive) == 0:
        raise InvalidInputError("y_true: got no rows; wanted at least one")
    scores = check_scores(y_score, len(is_positive))
    weight = None if sample_weight is None else _in_range(check_weights(sample_weight, len(is_positive)))
    return Rows(is_positive, scores, (scores >= threshold).astype(np.uint8), weight)


def _in_range(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights times a power of two, which no metric depends on: nothing is rounded, no product overflows."""
    return np.ldexp(weight, -int(np.frexp(weight.max())[1]))


def _numbers(name: str, values: ArrayLike, num_rows: int) -> NDArray[Any]:
    array = to_numpy(name, values)
    if array.dtype.kind not in "fiub":
        raise DtypeError(f"{name}: got dtype {array.dtype}; wanted numbers")
    if array.shape != (num_rows,):
        raise ShapeError(f"{name}: got shape {array.shape}; wanted ({num_rows},), as y_true")
    if array.dtype.kind == "f" and (wrong := ~np.isfinite(array)).any():
        index = int(wrong.argmax())
        raise InvalidInputError(f"{name}: got {array[index]} at index {index}; wanted finite numbers")
    return array


def check_scores(values: ArrayLike, num_rows: int) -> NDArray[Any]:
    """Scores in their own dtype; raises as `check_rows` does."""
    return _numbers("y_score", values, num_rows)


def check_weights(values: ArrayLike, num_rows: int) -> NDArray[np.float64]:
    """Weights as numbers; raises as `check_rows` does."""
    weight = _numbers("sample_weight", values, num_rows).astype(np.float64, copy=False)
    if (negative := weight < 0).any():
        index = int(negative.argmax())
        raise InvalidInputError(
            f"sample_weight: got {weight[index]:g} at index {index}; wanted weights, 0 or above"
        )
    if not weight.any():
        raise InvalidInputError("sample_weight: got only zeros; wanted a weight above 0")
    return weight
