"""Betti matching as an operator: what the topological features of maps cost that their targets do not share.

A Rust kernel finds the features, where they begin and end, and which of them two maps share. It runs on the
CPU; maps on another device are copied there for it. Only positions of voxels come back: given those, a cost
is a weighted sum of squared differences of voxels, taken in torch operations where the maps are. Inside an
operator the number of features may be any, which plain torch code under ``torch.compile(fullgraph=True)``
could not have.

A cost is quadratic while the features stay in place, so its second derivatives are the same sums again.
Derivatives are given twice, with the same rules: to the operators, so that an exported graph can be trained,
and to autograd functions around them, because ``torch.func`` refuses derivatives registered on operators.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function
from torch.library import custom_op

from lossary import _kernels
from lossary.authoring.validation import check_choice
from lossary.errors import InvalidInputError

Positions = NDArray[np.int64]

# What the kernel gives of a dimension: pairs of both maps, of the prediction alone, of the target alone. The
# columns of a row, and those of them that are voxels of the target.
_COLUMNS = (4, 2, 2)
_OF_TARGET = (slice(2, 4), slice(0), slice(2))


def betti_matching(
    maps: Tensor,
    weights: Sequence[Sequence[float]],
    *,
    filtration: str = "superlevel",
    essential_weight: float = 2.0,
    persistence_threshold: float = 0.0,
    unmatched: str = "diagonal",
) -> Tensor:
    r"""Weighted squared differences between the features of maps and those of their targets.

    Args:
        maps: (2, M, \*space), float32 or float64, with one to three axes of space: M predictions, then their
            targets.
        weights: three numbers for each dimension below the number of axes: one for the squared differences of
            both ends of two matched features, one for the squared length of a feature of the prediction
            alone, one for that of the target alone.
        filtration: "superlevel" for features of high values, "sublevel" for those of low ones.
        essential_weight: for the squared difference of the places where the features begin that never end.
        persistence_threshold: features of the prediction alone that are no longer cost nothing.
        unmatched: "diagonal", or "one_zero": in place of its squared length a feature of one map alone costs
            twice the squared distances of its ends from 0 and 1, the wrong way round.

    Returns:
        (M,) costs in the dtype of the maps, summed in float64; NaN where a voxel is NaN or infinite. They
        have derivatives of any order, with the features held in place.

    Raises:
        ShapeError: there are not one to three axes of space, or one has no voxel.
        InvalidInputError: a map has 2^29 voxels or more; there are not as many weights as dimensions; an
            option is unknown.

    Source: Stucki, Paetzold, Shit, Menze and Bauer, Topologically Faithful Image Segmentation via Induced
        Matching of Persistence Barcodes, ICML 2023.

    Example:
        >>> import torch
        >>> two, one = torch.tensor([[1.0, 0.25, 0.75, 0.0]]), torch.tensor([[0.5, 0.0, 0.0, 0.0]])
        >>> betti_matching(torch.stack([two, one]), [(2, 1, 1)])  # 2 (1 - 0.5)^2 + (0.75 - 0.25)^2
        tensor([0.7500])
    """
    if len(weights) != maps.ndim - 2:
        raise InvalidInputError(
            f"weights: got {len(weights)}; wanted {maps.ndim - 2}, one triple for each dimension"
        )
    check_choice("filtration", filtration, ("superlevel", "sublevel"))
    check_choice("unmatched", unmatched, ("diagonal", "one_zero"))
    flat = [float(weight) for of_dimension in weights for weight in of_dimension]
    options = (filtration, float(essential_weight), float(persistence_threshold), unmatched)
    costs: Tensor = _BettiMatching.apply(maps, flat, *options)[0]
    return costs


@custom_op("lossary::betti_matching", mutates_args=())
def _betti_matching(
    maps: Tensor,
    weights: Sequence[float],
    filtration: str,
    essential_weight: float,
    persistence_threshold: float,
    unmatched: str,
) -> tuple[Tensor, Tensor]:
    """The costs, and their gradient in the shape of ``maps``."""
    terms = _terms(maps, weights, filtration, essential_weight, persistence_threshold, unmatched)
    gaps = _gaps(maps, terms, one=1.0)
    costs = gaps.new_zeros(maps.shape[1]).index_add_(0, terms.owner, terms.weight * gaps.square())
    return costs.to(maps.dtype), _slopes(maps, terms, gaps)


@custom_op("lossary::betti_matching_curvature_product", mutates_args=())
def _curvature_product(
    maps: Tensor,
    weights: Sequence[float],
    filtration: str,
    essential_weight: float,
    persistence_threshold: float,
    unmatched: str,
    direction: Tensor,
) -> Tensor:
    """The matrix of second derivatives times ``direction``, which has the shape of ``maps``."""
    terms = _terms(maps, weights, filtration, essential_weight, persistence_threshold, unmatched)
    return _slopes(maps, terms, _gaps(direction, terms, one=0.0))


class _Terms(NamedTuple):
    """Squared differences of two voxels, counted through ``maps``; behind the voxels are a 0 and a 1."""

    first: Tensor  # (terms,)
    second: Tensor  # (terms,)
    owner: Tensor  # (terms,): which of the M maps pays
    weight: Tensor  # (terms,)


def _gaps(maps: Tensor, terms: _Terms, *, one: float) -> Tensor:
    """The differences; ``one`` stands for the 1."""
    points = torch.cat([maps.reshape(-1), maps.new_tensor([0.0, one])])
    first, second = (points[ends].to(terms.weight.dtype) for ends in (terms.first, terms.second))
    return first - second


def _slopes(maps: Tensor, terms: _Terms, gaps: Tensor) -> Tensor:
    """The gradient of costs with these differences."""
    slopes = 2 * terms.weight * gaps
    points = slopes.new_zeros(maps.numel() + 2)
    points.index_add_(0, terms.first, slopes).index_add_(0, terms.second, -slopes)
    return points[:-2].to(maps.dtype).reshape(maps.shape)


def _terms(
    maps: Tensor,
    weights: Sequence[float],
    filtration: str,
    essential_weight: float,
    persistence_threshold: float,
    unmatched: str,
) -> _Terms:
    values = maps.detach().cpu().contiguous().numpy()
    high = filtration == "superlevel"
    features = _Features(-values if high else values)
    # Past zero length: a birth, where values are high, goes down to 0, and a death up to 1.
    wrong = (values.size, values.size + 1) if high else (values.size + 1, values.size)
    parts: list[tuple[Positions, Positions, float]] = [features.undefined()]
    if essential_weight:
        parts.append((*features.essential(), essential_weight))
    for dimension, (both, *alone) in enumerate(np.reshape(weights, (-1, 3)).tolist()):
        if both:
            ends = features.pairs(dimension, 0)
            parts.append((ends[:, :2].ravel(), ends[:, 2:].ravel(), both))
        for side, weight in enumerate(alone):
            if not weight:
                continue
            ends = features.pairs(dimension, 1 + side)
            if side == 0 and persistence_threshold:
                births, deaths = values.ravel()[ends.T].astype(np.float64)
                ends = ends[abs(births - deaths) > persistence_threshold]
            if unmatched == "diagonal":
                parts.append((*ends.T, weight))
            else:
                parts.append((ends.ravel(), np.tile(wrong, len(ends)), 2 * weight))
    first, second = (np.concatenate([part[end] for part in parts]) for end in (0, 1))
    places = torch.from_numpy(np.stack([first, second, features.owner(first)])).to(maps.device)
    shares = torch.from_numpy(np.repeat([part[2] for part in parts], [len(part[0]) for part in parts]))
    dtype = torch.float32 if maps.device.type == "mps" else torch.float64
    return _Terms(places[0], places[1], places[2], shares.to(dtype).to(maps.device))


class _Features:
    """The features of low values of M maps and their targets, by their positions in the whole array.

    Args:
        values: (2, M, *space).
    """

    def __init__(self, values: NDArray[Any]) -> None:
        shape = list(values.shape[2:])
        rows = values.reshape(2, values.shape[1], math.prod(shape))
        self._is_finite = np.ones(rows.shape[1], dtype=bool)
        try:
            self._found = _kernels.betti_matching(rows[0].ravel(), rows[1].ravel(), shape)
        except InvalidInputError:
            self._is_finite = np.isfinite(rows).all(axis=(0, 2))
            if self._is_finite.all():
                raise
            rows = np.where(self._is_finite[:, None], rows, 0)
            self._found = _kernels.betti_matching(rows[0].ravel(), rows[1].ravel(), shape)
        self._voxels: int = rows.shape[2]
        self._starts = np.arange(rows.shape[1]) * self._voxels
        self._of_targets: int = rows[0].size

    def owner(self, positions: Positions) -> Positions:
        """Which of the M maps voxels belong to, or whose target."""
        return positions % self._of_targets // self._voxels

    def undefined(self) -> tuple[Positions, Positions, float]:
        """A term of weight NaN for each map with a voxel that is NaN or infinite, or whose target has one."""
        spoilt = self._starts[~self._is_finite]
        return spoilt, spoilt, np.nan

    def essential(self) -> tuple[Positions, Positions]:
        """Where the features begin that never end, in the maps and in their targets."""
        births = np.reshape([births for _, births in self._found], (-1, 2)).astype(np.int64)
        return births[:, 0] + self._starts, births[:, 1] + self._starts + self._of_targets

    def pairs(self, dimension: int, kind: int) -> Positions:
        """Rows of births and deaths: of both maps (kind 0), of the prediction (1) or the target (2) alone."""
        of_maps = [dimensions[dimension][kind] for dimensions, _ in self._found]
        rows = np.concatenate([np.empty((0, _COLUMNS[kind]), dtype=np.int64), *of_maps])
        rows += np.repeat(self._starts, [len(of_map) for of_map in of_maps])[:, None]
        rows[:, _OF_TARGET[kind]] += self._of_targets
        return rows


@_betti_matching.register_fake
def _(maps: Tensor, *_options: Any) -> tuple[Tensor, Tensor]:
    return maps.new_empty(maps.shape[1]), torch.empty_like(maps, memory_format=torch.contiguous_format)


@_curvature_product.register_fake
def _(maps: Tensor, *_options: Any) -> Tensor:
    return torch.empty_like(maps, memory_format=torch.contiguous_format)


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    maps, *ctx.options = inputs
    ctx.save_for_backward(maps, output[1])
    ctx.set_materialize_grads(False)


def _backward(ctx: Any, of_costs: Tensor | None, of_gradient: Tensor | None) -> tuple[Tensor | None, ...]:
    maps, gradient = ctx.saved_tensors
    total = None
    if of_costs is not None:
        total = of_costs.reshape(-1, *[1] * (maps.ndim - 2)) * gradient
    if of_gradient is not None:
        change = _CurvatureProduct.apply(maps, *ctx.options, of_gradient)
        total = change if total is None else total + change
    return (total, *[None] * len(ctx.options))


def _save_maps(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG001
    maps, *ctx.options, _ = inputs
    ctx.save_for_backward(maps)


def _backward_of_product(ctx: Any, of_product: Tensor) -> tuple[Tensor | None, ...]:
    """The matrix is symmetric, and constant while the features stay in place."""
    change = _CurvatureProduct.apply(*ctx.saved_tensors, *ctx.options, of_product)
    return (*[None] * (1 + len(ctx.options)), change)


class _BettiMatching(Function):
    @staticmethod
    def forward(*inputs: Any) -> tuple[Tensor, Tensor]:
        result: tuple[Tensor, Tensor] = _betti_matching(*inputs)
        return result

    setup_context = staticmethod(_save)
    backward = staticmethod(_backward)

    @staticmethod
    def vmap(info: Any, in_dims: Any, maps: Tensor, *options: Any) -> tuple[Any, Any]:
        sizes = (info.batch_size, maps.movedim(in_dims[0], 0).shape[2])
        costs, gradient = _BettiMatching.apply(_folded(maps, in_dims[0], info.batch_size), *options)
        return (costs.unflatten(0, sizes), gradient.unflatten(1, sizes)), (0, 1)


class _CurvatureProduct(Function):
    @staticmethod
    def forward(*inputs: Any) -> Tensor:
        result: Tensor = _curvature_product(*inputs)
        return result

    setup_context = staticmethod(_save_maps)
    backward = staticmethod(_backward_of_product)

    @staticmethod
    def vmap(info: Any, in_dims: Any, maps: Tensor, *others: Any) -> tuple[Any, Any]:
        *options, direction = others
        maps = _folded(maps, in_dims[0], info.batch_size)
        direction = _folded(direction, in_dims[-1], info.batch_size)
        product = _CurvatureProduct.apply(maps, *options, direction)
        return product.unflatten(1, (info.batch_size, maps.shape[1] // info.batch_size)), 1


def _folded(maps: Tensor, axis: int | None, size: int) -> Tensor:
    """The maps of all examples in one batch: each map pays for itself alone."""
    if axis is None:
        return maps.unsqueeze(1).expand(-1, size, *maps.shape[1:]).flatten(1, 2)
    return maps.movedim(axis, 1).flatten(1, 2)


_betti_matching.register_autograd(_backward, setup_context=_save)
_curvature_product.register_autograd(_backward_of_product, setup_context=_save_maps)
