"""How many bits each part of a model should have, when they have a number of bits together."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import contiguous, numeric, to_numpy
from lossary.metrics.options import check_whole

_MOST_BITS = 1024


class IntegerBitAllocation(NamedTuple):
    """Whole bits, and what they leave of the loss.

    Attributes:
        bits: of each part, int64.
        cost: the sum of ``sensitivity * 4 ** -bits``.
    """

    bits: NDArray[np.int64]
    cost: float


def optimal_bit_allocation(
    sensitivity: Any, *, average_bits: float = 3.0, minimum: float = 0.0, exponent: float = 2.0
) -> NDArray[np.float64]:
    r"""Bits that make the loss least for an average of bits, as real numbers.

    .. math:: \min_b \sum_i c_i 2^{-\gamma b_i}, \quad \frac{1}{n} \sum_i b_i = B, \quad b_i \ge m

    Parts above the minimum all keep the same loss: one has :math:`\log_2(c_i / c_j) / \gamma` bits more than
    another.

    Args:
        sensitivity: c, the loss of each part without a bit, (n_parts,), 0 or above; only ratios count. The
            loss that was measured at some width, the same for all, will do.
        average_bits: B, ``minimum`` or above.
        minimum: m, 0 or above.
        exponent: gamma, above 0. A bit halves the steps of a quantiser and so divides squared errors by 4,
            which is 2; the authors measured 1.95.

    Returns:
        float64, (n_parts,). Parts of sensitivity 0 have the minimum, unless all have; then all have the
        average.

    Raises:
        InvalidInputError: a sensitivity that is NaN, infinite or below 0, or an option out of range.
        ShapeError: sensitivities with another number of axes than one.
        DtypeError: an argument that is not an array-like, or no number.

    Differs from the official code: it rounds 2^b to whole numbers of levels, and its average drifts.

    Source: Zhang, Wang, Lasaulce and Debbah, BAQ: Efficient Bit Allocation Quantization for Large Language
        Models, arXiv 2025.

    Example:
        >>> optimal_bit_allocation([1.0, 16.0], average_bits=3.0).tolist()  # 16 = 4^2: two bits apart
        [2.0, 4.0]
    """
    costs = _sensitivities(sensitivity)
    _check_number("minimum", minimum, 0.0)
    _check_number("average_bits", average_bits, float(minimum))
    _check_number("exponent", exponent, 0.0)
    if exponent == 0:
        raise InvalidInputError("exponent: got 0; wanted a number above 0")
    is_active = costs > 0
    if not is_active.any():
        return np.full(len(costs), float(average_bits))
    above = len(costs) * (float(average_bits) - float(minimum))
    with np.errstate(over="ignore"):
        heights = np.log2(costs[is_active]) / float(exponent)
    if not np.isfinite(np.ptp(heights)):
        raise InvalidInputError(f"exponent: got {exponent!r}; wanted one that leaves numbers of bits finite")
    if not np.isfinite(above):
        raise InvalidInputError(f"average_bits: got {average_bits!r}; wanted a finite sum of bits")
    # With the same loss left, the logarithms stand the same height above the bits, which are 0 below it.
    bits = np.full(len(costs), float(minimum))
    bits[is_active] += _kernels.capped_simplex_projection(heights, len(heights), above, np.inf)
    return bits


def integer_bit_allocation(
    sensitivity: Any, *, total_bits: int, minimum: int = 0, maximum: int = 16
) -> IntegerBitAllocation:
    r"""Whole bits that make the loss least for a sum of bits.

    .. math:: \min_b \sum_i c_i 4^{-b_i}, \quad \sum_i b_i = B, \quad m \le b_i \le M

    What a bit gains falls by 4 with each, so giving bits one by one to where they gain most is optimal. The
    result is that of doing so, to the bit; the time grows with the number of parts alone.

    Args:
        sensitivity: c, the loss of each part without a bit, (n_parts,), 0 or above; only ratios count.
        total_bits: B, from ``n_parts * minimum`` to ``n_parts * maximum``.
        minimum: m, 0 or above.
        maximum: M.

    Returns:
        The bits and their loss. Where bits gain the same, the part of lower index has them.

    Raises:
        InvalidInputError: a sensitivity that is NaN, infinite or below 0, or an option out of range.
        ShapeError: sensitivities with another number of axes than one.
        DtypeError: an argument that is not an array-like, or no integer.

    Source: Fox, Discrete optimization via marginal analysis, Management Science 13, 1966; Zhang, Wang,
        Lasaulce and Debbah, BAQ: Efficient Bit Allocation Quantization for Large Language Models, arXiv 2025.

    Example:
        >>> integer_bit_allocation([1.0, 4.0, 16.0, 2.0], total_bits=10)
        IntegerBitAllocation(bits=array([2, 3, 3, 2]), cost=0.5)
    """
    costs = _sensitivities(sensitivity)
    check_whole("minimum", minimum, 0, _MOST_BITS)
    check_whole("maximum", maximum, int(minimum), _MOST_BITS)
    check_whole("total_bits", total_bits, len(costs) * int(minimum), len(costs) * int(maximum))
    found = _kernels.integer_bit_allocation(costs, int(total_bits), int(minimum), int(maximum))
    return IntegerBitAllocation(*found)


def _sensitivities(given: Any) -> NDArray[np.float64]:
    array = numeric("sensitivity", to_numpy("sensitivity", given))
    if array.ndim != 1:
        raise ShapeError(f"sensitivity: got shape {array.shape}; wanted (n_parts,)")
    costs = contiguous(array.astype(np.float64, copy=False))
    if not (np.isfinite(costs) & (costs >= 0)).all():
        raise InvalidInputError("sensitivity: got a number that is NaN, infinite or below 0; wanted others")
    return costs


def _check_number(name: str, given: Any, least: float) -> None:
    if isinstance(given, bool) or not isinstance(given, Real):
        raise DtypeError(f"{name}: got {given!r}; wanted a number")
    if not least <= float(given) < np.inf:
        raise InvalidInputError(f"{name}: got {given!r}; wanted a finite number of {least:g} or above")
