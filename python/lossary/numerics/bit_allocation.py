"""How many bits each part of a model should have, when they have a number of bits together."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.metrics.arrays import numeric, to_numpy
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
    active = np.flatnonzero(costs)
    if not len(active):
        return np.full(len(costs), float(average_bits))
    logs = np.log2(costs[active]) / exponent
    ordered = np.sort(logs)[::-1]
    counts = np.arange(1, len(ordered) + 1)
    above = len(costs) * (average_bits - minimum)
    # With the k largest above the minimum, all their logarithms stand the same height above the bits.
    water = (np.cumsum(ordered) - above) / counts
    last = int(np.flatnonzero(ordered >= water).max(initial=0))
    bits = np.full(len(costs), float(minimum))
    bits[active] += np.maximum(logs - water[last], 0.0)
    return bits


def integer_bit_allocation(
    sensitivity: Any, *, total_bits: int, minimum: int = 0, maximum: int = 16
) -> IntegerBitAllocation:
    r"""Whole bits that make the loss least for a sum of bits.

    .. math:: \min_b \sum_i c_i 4^{-b_i}, \quad \sum_i b_i = B, \quad m \le b_i \le M

    What a bit gains falls by 4 with each, so giving bits one by one to where they gain most is optimal. The
    result is that of doing so; the time does not grow with the number of bits.

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
    room = int(maximum) - int(minimum)
    spare = int(total_bits) - len(costs) * int(minimum)
    given = np.zeros(len(costs), np.int64)
    active = np.flatnonzero(costs)
    given[active] = _most_gainful(costs[active], min(spare, room * len(active)), room)
    # Bits without a gain are ties, which go to the lowest index while it has room.
    idle = np.flatnonzero(costs == 0)
    left = spare - int(given.sum())
    given[idle] = np.clip(left - room * np.arange(len(idle)), 0, room)
    bits = given + int(minimum)
    return IntegerBitAllocation(bits, float(np.ldexp(costs, -2 * bits).sum()))


def _most_gainful(costs: NDArray[np.float64], spare: int, room: int) -> NDArray[np.int64]:
    """How many of the ``spare`` largest numbers c 4^-b, b < room, belong to each c."""
    if not len(costs) or not spare:
        return np.zeros(len(costs), np.int64)
    # c = m 2^e, so c 4^-b = m 2^(e - 2 b): ordered by e - 2 b, then by m, without rounding or underflow.
    mantissas, powers = np.frexp(costs)
    exponents = powers.astype(np.int64)

    def above(level: int) -> NDArray[np.int64]:
        """How many of each c have an exponent above the level."""
        return np.clip((exponents - level + 1) // 2, 0, room)

    low, high = int(exponents.min()) - 2 * room - 1, int(exponents.max())
    while high - low > 1:  # at low there are enough numbers, at high too few or just enough
        middle = (low + high) // 2
        if int(above(middle).sum()) > spare:
            low = middle
        else:
            high = middle
    counts = above(high)
    tied = np.flatnonzero(above(high - 1) > counts)
    first = tied[np.argsort(-mantissas[tied], kind="stable")][: spare - int(counts.sum())]
    counts[first] += 1
    return counts


def _sensitivities(given: Any) -> NDArray[np.float64]:
    array = numeric("sensitivity", to_numpy("sensitivity", given))
    if array.ndim != 1:
        raise ShapeError(f"sensitivity: got shape {array.shape}; wanted (n_parts,)")
    costs = array.astype(np.float64, copy=False)
    if not (np.isfinite(costs) & (costs >= 0)).all():
        raise InvalidInputError("sensitivity: got a number that is NaN, infinite or below 0; wanted others")
    return costs


def _check_number(name: str, given: Any, least: float) -> None:
    if isinstance(given, bool) or not isinstance(given, Real):
        raise DtypeError(f"{name}: got {given!r}; wanted a number")
    if not least <= float(given) < np.inf:
        raise InvalidInputError(f"{name}: got {given!r}; wanted a finite number of {least:g} or above")
