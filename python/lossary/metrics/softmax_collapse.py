"""Signs that training by softmax cross-entropy has died of rounding, or only scales what it has learned."""

import math
from typing import Any

import numpy as np

from lossary.errors import InvalidInputError, ShapeError, UndefinedMetricError
from lossary.metrics.arrays import Array, numeric, to_numpy
from lossary.metrics.averaging import mean_of_rows
from lossary.metrics.confidence import Confidence, Value
from lossary.metrics.embeddings import vectors
from lossary.metrics.options import check_choice


def softmax_collapse_fraction(
    logits: Any, *, dtype: str = "float32", confidence: float | Confidence | None = None
) -> Value:
    r"""Share of rows whose largest logit absorbs all others in the sum of the softmax; lower is better.

    .. math:: \frac{1}{N} \sum_i \Big[ \mathrm{fl} \Big( \sum_k e^{z_{ik} - \max_l z_{il}} \Big) = 1 \Big]

    computed in this dtype, class by class. Where it is right, such a row has a loss and a gradient of exactly
    0, from a lead of 17 in float32 on; where all are, training stands still however it generalises.
    `lossary.losses.classification.stablemax_cross_entropy` does not collapse.

    Args:
        logits: (n_samples, n_classes).
        dtype: "float16", "float32" or "float64", in which the softmax was computed.
        confidence: the level of a bootstrap interval over rows, such as 0.95, or `Confidence` settings.

    Returns:
        A float in [0, 1], or an `Interval` with confidence. One class gives 1.

    Raises:
        InvalidInputError: NaN or infinity, also after rounding to ``dtype``; an unknown dtype.
        ShapeError: not two axes, or none of something.
        DtypeError: an argument that is not an array-like.

    Source: Prieto, Barsbey, Mediano and Birdal, Grokking at the Edge of Numerical Stability, ICLR 2025.

    Example:
        >>> softmax_collapse_fraction([[20.0, 0.0], [16.0, 0.0]])  # 1 + e^-20 is 1 in float32, 1 + e^-16 not
        0.5
        >>> softmax_collapse_fraction([[20.0, 0.0], [16.0, 0.0]], dtype="float64")
        0.0
    """
    check_choice("dtype", dtype, ("float16", "float32", "float64"))
    with np.errstate(over="ignore"):
        rows = vectors("logits", logits).astype(dtype)
    if not np.isfinite(rows).all():
        raise InvalidInputError(f"logits: got numbers beyond {dtype}; wanted smaller ones, or another dtype")
    with np.errstate(over="ignore", under="ignore"):
        terms = np.exp(rows - rows.max(axis=1, keepdims=True))
        # a running sum adds class by class, where a sum would add pairs first
        total = np.cumsum(terms, axis=1, dtype=dtype)[:, -1]
    return mean_of_rows((total == 1).astype(np.float64), None, confidence)


def naive_loss_minimization_alignment(parameters: Any, gradients: Any) -> float:
    r"""Cosine of a descent step and the parameters: near 1, training only scales what the model has.

    .. math:: - \frac{\langle w, g \rangle}{\lVert w \rVert \, \lVert g \rVert}

    Scaling the logits up lowers the loss of what is right already, until the softmax collapses, and changes
    no decision.

    Args:
        parameters: numbers of any shape, or a list or tuple of such arrays, which count as one vector.
        gradients: the gradient of the loss at each, in the same shapes.

    Returns:
        A float in [-1, 1].

    Raises:
        UndefinedMetricError: all parameters, or all gradients, are 0.
        InvalidInputError: NaN or infinity.
        ShapeError: shapes that differ.
        DtypeError: an argument that is not an array-like.

    Source: Prieto, Barsbey, Mediano and Birdal, Grokking at the Edge of Numerical Stability, ICLR 2025.

    Example:
        >>> weight, bias = np.array([[3.0, 0.0], [0.0, 0.0]]), np.array([4.0])
        >>> naive_loss_minimization_alignment([weight, bias], [-2 * weight, -2 * bias])
        1.0
    """
    first, second = _arrays("parameters", parameters), _arrays("gradients", gradients)
    shapes = [[array.shape for array in arrays] for arrays in (first, second)]
    if shapes[0] != shapes[1]:
        raise ShapeError(f"gradients: got shapes {shapes[1]}; wanted {shapes[0]}, as the parameters")
    weight, slope = (
        _direction(name, arrays) for name, arrays in (("parameters", first), ("gradients", second))
    )
    return -min(max(float(weight @ slope), -1.0), 1.0)


def _arrays(name: str, given: Any) -> list[Array]:
    """One array-like, or each of a list of arrays."""
    is_list = isinstance(given, list | tuple) and any(hasattr(each, "shape") for each in given)
    return [numeric(name, to_numpy(name, each)) for each in (given if is_list else [given])]


def _direction(name: str, arrays: list[Array]) -> Array:
    whole = np.concatenate([array.reshape(-1).astype(np.float64) for array in arrays])
    if not np.isfinite(whole).all():
        raise InvalidInputError(f"{name}: got NaN or infinity; wanted finite numbers")
    largest = np.abs(whole).max(initial=0.0)
    if not largest:
        raise UndefinedMetricError(f"{name}: got only zeros; wanted a direction")
    whole = whole / largest  # keeps squares in range
    return whole / math.sqrt(whole @ whole)  # type: ignore[no-any-return]
