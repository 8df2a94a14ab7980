"""Projection onto the capped simplex: weights with a given sum and a largest value."""

from numbers import Real
from typing import Any

import numpy as np

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import contiguous, numeric, to_numpy
from lossary.numerics.vectors import Doubles, check_bounds


def capped_simplex_projection(values: Any, *, total: float, upper: float = 1.0) -> Doubles:
    r"""The weights nearest to ``values`` among those in [0, upper] that sum to ``total``.

    .. math:: \arg\min_w \lVert w - v \rVert^2 \quad \text{with} \quad \sum_i w_i = k, \; 0 \le w_i \le u

    They are the values less one number, clipped. The number is exact, not bisected: Newton's steps within a
    bracket find which values are clipped, in about ten passes over a row. Gradient steps followed by it
    choose k of n items softly, such as the k that are hardest to forget; a ``total`` of 1 with an ``upper``
    of infinity is the projection onto probabilities.

    Args:
        values: v, (n,), finite; or (..., n), where each row is projected alone.
        total: k, from 0 to n times ``upper``.
        upper: u, above 0; it may be infinite.

    Returns:
        float64 weights of the shape of the values; equal values of a row get equal ones.

    Raises:
        InvalidInputError: a value is NaN or infinite, or values lie so far apart that their difference is;
            ``upper`` is not above 0; no weights have that sum.
        ShapeError: no axis.
        DtypeError: ``values`` is not an array-like, or an option not a number.

    Differs from the official code: it bisects to 1e-5, ours is exact.

    Source: Fan, Liu, Hero and Liu, Challenging Forgets: Unveiling the Worst-Case Forget Sets in Machine
        Unlearning, ECCV 2024; by steps: Michelot, A Finite Algorithm for Finding the Projection of a Point
        onto the Canonical Simplex of R^n, Journal of Optimization Theory and Applications 50, 1986.

    Example:
        >>> capped_simplex_projection([5.0, 4.0, 0.1, -3.0], total=2.5).tolist()
        [1.0, 1.0, 0.5, 0.0]
    """
    array = numeric("values", to_numpy("values", values))
    if array.ndim == 0:
        raise ShapeError("values: got shape (); wanted (n,), or (..., n) for many rows")
    if isinstance(upper, bool) or not isinstance(upper, Real):
        raise DtypeError(f"upper: got {upper!r}; wanted a number above 0")
    bound, count = float(upper), array.shape[-1]
    if not bound > 0:
        raise InvalidInputError(f"upper: got {upper!r}; wanted a number above 0")
    check_bounds("total", total, least=0.0, most=count * bound if count else 0.0)
    rows = contiguous(array if array.dtype.kind == "f" else array.astype(np.float64))
    found = _kernels.capped_simplex_projection(rows.reshape(-1), count, float(total), bound)
    return found.reshape(array.shape)
