"""Relative errors of fields: how far a solution is from the true one, as a share of its size."""

from typing import Any

import numpy as np

from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import Array, numeric, to_numpy


def relative_l2_error(y_true: Any, y_pred: Any) -> float:
    r"""Length of the error over the length of the truth, 0 when they are equal; lower is better.

    All elements are one vector, whatever the shape. 1 is the error of predicting zeros.

    .. math:: \frac{\lVert \hat y - y \rVert_2}{\lVert y \rVert_2}

    Args:
        y_true: the true values, any shape.
        y_pred: the predicted ones, in the same shape. A wavefunction is known up to its sign: take the lesser
            error of both.

    Returns:
        A float, not below 0.

    Raises:
        ShapeError: shapes that differ.
        InvalidInputError: values that are no finite real numbers; no values.
        UndefinedMetricError: true values that are all zero.
        DtypeError: an argument that is not an array-like.

    Example:
        >>> relative_l2_error([3.0, 4.0], [3.0, 4.5])  # 0.5 / 5
        0.1
    """
    truth, prediction = _field("y_true", y_true), _field("y_pred", y_pred)
    if prediction.shape != truth.shape:
        raise ShapeError(f"y_pred: got shape {prediction.shape}; wanted {truth.shape}, as y_true")
    if not truth.size:
        raise InvalidInputError("y_true: got no values; wanted at least one")
    size, scale = _scaled_length(truth)
    if size == 0:
        raise UndefinedMetricError(
            "y_true: got only zeros; wanted a value that is not, to compare the error with"
        )
    # Halves, so that the difference of numbers of opposite signs does not overflow.
    error, error_scale = _scaled_length(0.5 * prediction - 0.5 * truth)
    return 2 * (error / size) * (error_scale / scale)


def _field(name: str, given: Any) -> Array:
    array = numeric(name, to_numpy(name, given)).astype(np.float64, copy=False)
    if not np.isfinite(array).all():
        raise InvalidInputError(f"{name}: got NaN or infinity; wanted finite numbers")
    return array


def _scaled_length(values: Array) -> tuple[float, float]:
    """Length and scale, whose product is the length of the values: their squares stay in range."""
    scale = float(np.abs(values).max())
    if scale == 0:
        return 0.0, 1.0
    return float(np.linalg.norm(values / scale)), scale
