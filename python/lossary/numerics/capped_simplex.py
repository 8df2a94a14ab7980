"""Projection onto the capped simplex: weights with a given sum and a largest value."""

from numbers import Real
from typing import Any

import numpy as np

from lossary.errors import DtypeError, InvalidInputError
from lossary.numerics.vectors import Doubles, check_bounds, finite_vector


def capped_simplex_projection(values: Any, *, total: float, upper: float = 1.0) -> Doubles:
    r"""The weights nearest to ``values`` among those in [0, upper] that sum to ``total``.

    .. math:: \arg\min_w \lVert w - v \rVert^2 \quad \text{with} \quad \sum_i w_i = k, \; 0 \le w_i \le u

    They are the values less one number, clipped; the number is exact, from sorted breakpoints, in
    O(n log n). Gradient steps followed by it choose k of n items softly, such as the k that are hardest to
    forget; a ``total`` of 1 with an ``upper`` of infinity is the projection onto probabilities.

    Args:
        values: v, (n,), finite.
        total: k, from 0 to n times ``upper``.
        upper: u, above 0; it may be infinite.

    Returns:
        (n,) weights; equal values get equal ones.

    Raises:
        InvalidInputError: a value is NaN or infinite, or values lie so far apart that their difference is;
            ``upper`` is not above 0; no weights have that sum.
        ShapeError: not one axis.
        DtypeError: ``values`` is not an array-like, or an option not a number.

    Differs from the official code: it bisects to 1e-5, ours is exact.

    Source: Fan, Liu, Hero and Liu, Challenging Forgets: Unveiling the Worst-Case Forget Sets in Machine
        Unlearning, ECCV 2024.

    Example:
        >>> capped_simplex_projection([5.0, 4.0, 0.1, -3.0], total=2.5).tolist()
        [1.0, 1.0, 0.5, 0.0]
    """
    vector = finite_vector("values", values)
    if isinstance(upper, bool) or not isinstance(upper, Real):
        raise DtypeError(f"upper: got {upper!r}; wanted a number above 0")
    if not upper > 0:
        raise InvalidInputError(f"upper: got {upper!r}; wanted a number above 0")
    check_bounds("total", total, least=0.0, most=len(vector) * float(upper) if len(vector) else 0.0)
    if total == 0:
        return np.zeros(len(vector))
    cap = min(float(upper), float(total))  # no weight exceeds the sum
    with np.errstate(over="ignore"):
        vector = vector - vector.max()
    if not np.isfinite(vector).all():
        raise InvalidInputError("values: got numbers too far apart for float64; wanted a finite range")
    # The sum of clipped values falls with what is subtracted: in each stretch between two breakpoints by as
    # much as there are values between 0 and the cap.
    breakpoints = np.concatenate([vector - cap, vector])
    order = breakpoints.argsort(kind="stable")
    ascending = breakpoints[order]
    between = np.where(order < len(vector), 1, -1).cumsum()
    sums = len(vector) * cap - np.concatenate([[0.0], (between[:-1] * np.diff(ascending)).cumsum()])
    stretch = min(max(int((sums >= total).sum()) - 1, 0), len(ascending) - 2)
    low, high = ascending[stretch], ascending[stretch + 1]
    is_capped = vector - cap >= high
    is_free = ~is_capped & (vector >= high)
    if not is_free.any():
        return np.clip(vector - low, 0, cap)
    shift = (vector[is_free].sum() + is_capped.sum() * cap - total) / is_free.sum()
    return np.clip(vector - shift, 0, cap)
