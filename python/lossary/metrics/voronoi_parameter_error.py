"""Voronoi parameter error: how far an estimated mixture of experts is from the true one, of any size."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.arrays import numeric, one_axis, to_numpy
from lossary.metrics.embeddings import check_features, distances, vectors
from lossary.metrics.options import check_flag, check_whole

Doubles = NDArray[np.float64]

# By how many components share a true one: the rates at which these can be told apart.
_EXPONENTS = {1: 1, 2: 4, 3: 6}
_MOST = 7


class VoronoiParameterError(NamedTuple):
    """What `voronoi_parameter_error` returns.

    Attributes:
        loss: the error, 0 or above.
        cell: the true component that each estimated one belongs to, (n_components,).
    """

    loss: float
    cell: NDArray[np.int64]


class _Mixture(NamedTuple):
    gate: Doubles
    slope: Doubles
    intercept: Doubles
    scale: Doubles
    weight: Doubles

    @property
    def places(self) -> Doubles:
        return np.column_stack([self.gate, self.slope, self.intercept, self.scale])


def voronoi_parameter_error(
    gate: Any,
    slope: Any,
    intercept: Any,
    scale: Any,
    weight: Any,
    true_gate: Any,
    true_slope: Any,
    true_intercept: Any,
    true_scale: Any,
    true_weight: Any,
    *,
    top_k: int | None = None,
    over_specified: bool = True,
) -> VoronoiParameterError:
    r"""Distance of a softmax-gated mixture of linear experts from the true one; lower is better.

    .. math:: \sum_t \bigg| \sum_{j \in A_t} w_j - w_t^* \bigg| + \sum_{j \in A_t} w_j \Big(
              \lVert \Delta g_{jt} \rVert^r + \lVert \Delta a_{jt} \rVert^h + | \Delta b_{jt} |^r
              + | \Delta \sigma_{jt} |^h \Big)

    Each estimated component is in the cell A of the nearest true one. The exponents r and h = r / 2 are those
    at which so many components that fit one can be estimated: r = 4, 6 and 7 for 2, 3 and more, and r = h = 1
    for one. Gates are told only up to a common shift: fix it first, such as by the last one being 0.

    Args:
        gate: g, (n_components, n_features).
        slope: a, the linear part of each expert, in the same shape.
        intercept: b, (n_components,).
        scale: sigma, of its noise, (n_components,).
        weight: w, the exponential of the gate's bias, (n_components,), above 0.
        true_gate: those of the true mixture, which may have another number of components; and so on.
        true_slope: likewise.
        true_intercept: likewise.
        true_scale: likewise.
        true_weight: likewise.
        top_k: sum the so many largest terms only, for gates that choose the k best experts; None sums all.
        over_specified: False takes r = h = 1 everywhere.

    Returns:
        VoronoiParameterError: loss and cell, of equally near true components the first.

    Raises:
        InvalidInputError: NaN or infinity; a weight that is not above 0; ``top_k`` not from 1 to the number
            of true components.
        ShapeError: shapes that do not fit, no component or no feature.
        DtypeError: an argument of another type.

    Differs from the paper: it bounds the exponent for four components and more from below, by 7, which is
        taken.

    Source: Nguyen, Akbarian, Yan and Ho, Statistical Perspective of Top-K Sparse Softmax Gating Mixture of
        Experts, ICLR 2024.

    Example:
        >>> truth = ([[0.0]], [[1.0]], [0.0], [1.0], [2.0])
        >>> voronoi_parameter_error([[0.5]], [[1.0]], [0.0], [1.0], [3.0], *truth).loss  # |3 - 2| + 3 * 0.5
        2.5
    """
    check_flag("over_specified", over_specified)
    found = _mixture("", gate, slope, intercept, scale, weight)
    truth = _mixture("true_", true_gate, true_slope, true_intercept, true_scale, true_weight)
    check_features("true_gate", truth.gate, found.gate, like="gate")
    components = len(truth.weight)
    if top_k is not None:
        check_whole("top_k", top_k, 1, components)
    cell = distances(found.places, truth.places).argmin(axis=1)
    shared = np.bincount(cell, minlength=components)[cell]
    power = np.array([_EXPONENTS.get(each, _MOST) if over_specified else 1 for each in shared.tolist()])
    half = np.where(power == 1, 1, power / 2)
    errors = (
        np.linalg.norm(found.gate - truth.gate[cell], axis=1) ** power
        + np.linalg.norm(found.slope - truth.slope[cell], axis=1) ** half
        + np.abs(found.intercept - truth.intercept[cell]) ** power
        + np.abs(found.scale - truth.scale[cell]) ** half
    )
    held = np.bincount(cell, found.weight, components)
    terms = np.abs(held - truth.weight) + np.bincount(cell, found.weight * errors, components)
    # The terms are not negative: the largest sum over so many experts is that of the largest terms.
    largest = np.sort(terms)[::-1][:top_k]
    return VoronoiParameterError(float(largest.sum()), cell.astype(np.int64))


def _mixture(prefix: str, gate: Any, slope: Any, intercept: Any, scale: Any, weight: Any) -> _Mixture:
    gates = vectors(f"{prefix}gate", gate).astype(np.float64)
    slopes = vectors(f"{prefix}slope", slope).astype(np.float64)
    if slopes.shape != gates.shape:
        raise ShapeError(f"{prefix}slope: got shape {slopes.shape}; wanted {gates.shape}, as {prefix}gate")
    numbers = []
    for name, given in (("intercept", intercept), ("scale", scale), ("weight", weight)):
        whole = f"{prefix}{name}"
        array = one_axis(whole, numeric(whole, to_numpy(whole, given))).astype(np.float64)
        if len(array) != len(gates):
            raise ShapeError(f"{whole}: got {len(array)} numbers; wanted {len(gates)}, as {prefix}gate")
        if not np.isfinite(array).all():
            raise InvalidInputError(f"{whole}: got NaN or infinity; wanted finite numbers")
        numbers.append(array)
    if not (numbers[2] > 0).all():
        raise InvalidInputError(f"{prefix}weight: got {numbers[2].min():g}; wanted numbers above 0")
    return _Mixture(gates, slopes, *numbers)
