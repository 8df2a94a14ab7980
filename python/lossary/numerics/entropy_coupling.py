"""Couplings and maps of little entropy: two distributions tied closely, symbols grouped to a rate.

Entropies are in bits, or in nats with ``unit="nat"``, and 0 log 0 is 0.
"""

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary import _kernels
from lossary.metrics.options import check_choice, check_not_negative
from lossary.numerics.vectors import Doubles, distribution

Unit = Literal["bit", "nat"]

# By how much a rounded entropy may exceed a rate.
_RATE_TOLERANCE = 1e-12


class EntropyCoupling(NamedTuple):
    """A joint distribution and what it says.

    Attributes:
        joint: (n, m), with the two distributions as its sums of rows and columns.
        entropy: of the joint distribution.
        mutual_information: of its rows and columns.
    """

    joint: Doubles
    entropy: float
    mutual_information: float


class EntropyBoundedMap(NamedTuple):
    """Groups of symbols.

    Attributes:
        assignment: (n,), the group of each symbol, numbered by first appearance.
        information: the entropy of the groups, which is what they tell of the symbol.
    """

    assignment: NDArray[np.int64]
    information: float


class EntropyCouplingBottleneck(NamedTuple):
    """A code of bounded entropy, and an output coupled with it.

    Attributes:
        encoder: (n,), the code of each symbol.
        decoder_joint: (codes, m), the joint distribution of code and output.
        information_code: of symbol and code.
        information_output: of code and output.
        information_total: of symbol and output; the output depends on the symbol through the code alone and
            the code is a function of the symbol, so that the two are equal.
    """

    encoder: NDArray[np.int64]
    decoder_joint: Doubles
    information_code: float
    information_output: float
    information_total: float


def greedy_minimum_entropy_coupling(p: Any, q: Any, *, unit: Unit = "bit") -> EntropyCoupling:
    """A joint distribution with the given marginals and little entropy: much mutual information.

    The largest mass left on either side is joined, as much as both have, until none is left: at most
    n + m - 1 steps of O(log(n + m)). The entropy is within 0.53 bit of the least possible.

    Args:
        p: (n,) probabilities; a sum that is off by at most 1e-9 is mended.
        q: (m,) probabilities.
        unit: "bit" or "nat".

    Returns:
        An `EntropyCoupling`; of equal masses the first is taken.

    Raises:
        InvalidInputError: probabilities are negative, NaN, infinite, none, or do not sum to 1; ``unit`` is
            none of the two.
        ShapeError: not one axis.
        DtypeError: not an array-like.

    Source: Kocaoglu, Dimakis, Vishwanath and Hassibi, Entropic Causal Inference, AAAI 2017, algorithm 1;
        the bound: Compton, Katz, Qi, Greenewald and Kocaoglu, Minimum-Entropy Coupling Approximation
        Guarantees Beyond the Majorization Barrier, AISTATS 2023.

    Example:
        >>> greedy_minimum_entropy_coupling([0.5, 0.5], [0.25, 0.5, 0.25]).joint.tolist()
        [[0.0, 0.5, 0.0], [0.25, 0.0, 0.25]]
    """
    rows, columns = distribution("p", p), distribution("q", q)
    check_choice("unit", unit, ("bit", "nat"))
    joint, masses = _coupling(rows, columns)
    return EntropyCoupling(joint, _entropy(masses, unit), _mutual_information(rows, columns, masses, unit))


def entropy_bounded_information(px: Any, *, rate: float, unit: Unit = "bit") -> EntropyBoundedMap:
    r"""Group symbols so that the groups have as much entropy as found, and at most ``rate``.

    .. math:: \max_g H(g(X)) \quad \text{with} \quad H(g(X)) \le R

    While there is too much, the two smallest groups are merged if that suffices, else the two largest: one
    pass over sorted masses, O(n log n). What is lost against min(R, H(X)) is at most the binary entropy of
    the second largest probability.

    Args:
        px: (n,) probabilities; a sum that is off by at most 1e-9 is mended.
        rate: R, 0 or above, in the unit; 0 gives one group.
        unit: "bit" or "nat".

    Returns:
        An `EntropyBoundedMap`; of equal masses the one with the first symbol is merged first.

    Raises:
        InvalidInputError: as for `greedy_minimum_entropy_coupling`, or ``rate`` is negative or NaN.
        ShapeError: not one axis.
        DtypeError: not an array-like; ``rate`` is not a number.

    Source: Ebrahimi, Chen and Khisti, Minimum Entropy Coupling with Bottleneck, NeurIPS 2024, algorithm 1.

    Example:
        >>> entropy_bounded_information([0.5, 0.25, 0.25], rate=1.0)
        EntropyBoundedMap(assignment=array([0, 1, 1]), information=1.0)
    """
    mass = distribution("px", px)
    check_not_negative("rate", rate)
    check_choice("unit", unit, ("bit", "nat"))
    assignment = _groups(mass, rate * (1.0 if unit == "bit" else 1 / math.log(2)))
    return EntropyBoundedMap(assignment, _entropy(_sums(assignment, mass), unit))


def entropy_coupling_bottleneck(
    px: Any, py: Any, *, rate: float, unit: Unit = "bit"
) -> EntropyCouplingBottleneck:
    """Compress symbols to a code of bounded entropy, and couple the code with a given output.

    `entropy_bounded_information` is the encoder and `greedy_minimum_entropy_coupling` the decoder. Without a
    bound it is the coupling of the two distributions.

    Args:
        px: (n,) probabilities of symbols; sums that are off by at most 1e-9 are mended.
        py: (m,) probabilities of outputs.
        rate: the largest entropy of the code, 0 or above, in the unit.
        unit: "bit" or "nat".

    Returns:
        An `EntropyCouplingBottleneck`.

    Raises:
        InvalidInputError: as for `entropy_bounded_information`.
        ShapeError: not one axis.
        DtypeError: not an array-like; ``rate`` is not a number.

    Source: Ebrahimi, Chen and Khisti, Minimum Entropy Coupling with Bottleneck, NeurIPS 2024.

    Example:
        >>> entropy_coupling_bottleneck([0.5, 0.25, 0.25], [0.5, 0.5], rate=1.0).decoder_joint.tolist()
        [[0.5, 0.0], [0.0, 0.5]]
    """
    output = distribution("py", py)
    encoder, information_code = entropy_bounded_information(px, rate=rate, unit=unit)
    code = _sums(encoder, distribution("px", px))
    joint, masses = _coupling(code, output)
    information = _mutual_information(code, output, masses, unit)
    return EntropyCouplingBottleneck(encoder, joint, information_code, information, information)


def _coupling(rows: Doubles, columns: Doubles) -> tuple[Doubles, Doubles]:
    """The joint distribution, and its masses above 0."""
    places, masses = _kernels.greedy_coupling([rows, columns])
    joint = np.zeros((len(rows), len(columns)))
    joint[tuple(places.reshape(-1, 2).T)] = masses
    return joint, masses


def _groups(mass: Doubles, rate: float) -> NDArray[np.int64]:
    """The group of each symbol, for a rate in bits."""
    symbols = np.arange(len(mass))
    order = np.lexsort((symbols, -mass))
    falling = mass[order]
    head = falling.cumsum()
    terms = _surprise(falling)
    # With the largest k in one group, for every k from 1; what is left of sums by rounding is not negative.
    tails = np.append(terms[::-1].cumsum()[::-1][1:], 0.0)
    entropy = _surprise(head) + tails
    if entropy[0] <= rate + _RATE_TOLERANCE:
        return symbols.astype(np.int64)
    smallest = falling[-2:]
    merged = entropy[:-1] - _surprise(smallest).sum() + _surprise(smallest.sum())
    merged[-1] = 0.0  # one group and one symbol make one
    entropy[-1] = 0.0
    is_enough = np.minimum(merged, entropy[1:]) <= rate + _RATE_TOLERANCE
    size = int(is_enough.argmax()) + 1
    group = symbols.copy()
    if merged[size - 1] <= rate + _RATE_TOLERANCE:
        first = order[:size].min()
        group[order[:size]] = first
        members = np.append(first, order[size:])
        masses = np.append(head[size - 1], falling[size:])
        pair = members[np.lexsort((members, masses))[:2]]
        group[np.isin(group, pair)] = pair.min()
    else:
        group[order[: size + 1]] = order[: size + 1].min()
    # Groups are named by their first symbol, so that names ascend by first appearance.
    return np.unique(group, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _sums(group: NDArray[np.int64], mass: Doubles) -> Doubles:
    return np.bincount(group, mass).astype(np.float64)


def _surprise(mass: Any) -> Any:
    """-p log2 p, and 0 at 0."""
    return -mass * np.log2(np.where(mass > 0, mass, 1.0))


def _entropy(mass: Doubles, unit: Unit) -> float:
    bits = max(0.0, float(_surprise(mass).sum()))
    return bits if unit == "bit" else bits * math.log(2)


def _mutual_information(rows: Doubles, columns: Doubles, masses: Doubles, unit: Unit) -> float:
    """From the masses of the joint distribution."""
    apart = _entropy(rows, unit) + _entropy(columns, unit)
    return max(0.0, apart - _entropy(masses, unit))
