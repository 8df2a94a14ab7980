"""Betti matching: whether a map has the components, loops and cavities of its target, in the same places.

For structures whose connections count: vessels, roads, cells, membranes. A feature of the prediction is drawn
to the feature of the target that is the same in space, however long or faint; features without a counterpart
are closed, or opened. How many features two hard maps do not share is the Betti matching error.
"""

from collections.abc import Collection, Sequence
from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor

from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import (
    check_choice,
    check_floating,
    check_int,
    check_non_negative,
    check_shape,
    check_tensor,
    check_unit_interval,
)
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from lossary.losses.segmentation._maps import hard_maps
from lossary.metrics.topology_errors import checked_dimensions
from lossary.ops.betti_matching import betti_matching as costs_of_features

Filtration = Literal["superlevel", "sublevel", "bothlevel"]
Unmatched = Literal["diagonal", "one_zero"]


@full_precision
def betti_matching(
    prediction: Float[Tensor, "batch classes *space"],
    target: Float[Tensor, "batch classes *space"]
    | Integer[Tensor, "batch classes *space"]
    | Bool[Tensor, "batch classes *space"],
    *,
    filtration: Filtration = "superlevel",
    relative: bool = False,
    include_essential: bool = True,
    dimensions: Collection[int] | None = None,
    weights: Sequence[float] = (1.0, 1.0, 1.0),
    dimension_weights: Sequence[float] | None = None,
    persistence_threshold: float = 0.0,
    unmatched: Unmatched = "diagonal",
    patch_size: int | Sequence[int] | None = None,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Squared differences between the topological features of a map and those of its target.

    .. math:: L = \sum_k \lambda_k \Big[ 2 w_0 \sum_{(b, d) \sim (b', d')} (p_b - t_{b'})^2 + (p_d - t_{d'})^2
              + w_1 \sum_{(b, d) \in P} (p_b - p_d)^2 + w_2 \sum_{(b, d) \in T} (t_b - t_d)^2 \Big]

    As the level falls, a feature of dimension k (0 components, 1 loops, 2 cavities) is born at a voxel b and
    dies at a voxel d; ~ are the features that both maps have in one place, P and T those of one map alone.
    The component that never dies counts with its birth only.

    The gradient reaches the voxels b and d, with the features held in place.

    Warm up with `dice` alone. Early predictions are noise, whose thousands of features make steps slow and
    gradients erratic; once the map has its shape, add ``alpha * betti_matching(p, t)``, with an alpha of 0.5
    in the authors' code.

    The features are found on the CPU, maps beside each other on its threads; maps on another device are
    copied there for it, and the sums are taken where they are. That takes time n log n in the voxels of a map
    in 2-D, in 3-D usually, and most where a map is noise; ``patch_size`` bounds the n.

    Args:
        prediction: probabilities p, in [0, 1], with two or three axes of space; each (image, class) is a map.
        target: wanted map t, in [0, 1]; integer label maps must be one-hot encoded first. It receives a
            gradient if it requires one.
        filtration: "superlevel" for structures of high values, "sublevel" for low ones, "bothlevel" for the
            sum of both losses.
        relative: surround each map by its own highest value (for "sublevel" its lowest), which closes
            structures that the border cuts.
        include_essential: count the component that never dies, without which an empty prediction of one
            component costs nothing.
        dimensions: the k that count, such as ``(0, 1)``; None for all below the number of axes.
        weights: w_0 of matched features, w_1 of those of the prediction alone, w_2 of those of the target
            alone, 0 or above.
        dimension_weights: lambda_k for each dimension from 0 up, 0 or above; None for ones.
        persistence_threshold: features of the prediction alone with \|p_b - p_d\| up to this are noise and
            cost nothing; 0 or above.
        unmatched: "diagonal", or "one_zero", where a feature of one map alone costs 2 [p_b^2 + (1 - p_d)^2]
            ("sublevel": 2 [(1 - p_b)^2 + p_d^2]) in place of (p_b - p_d)^2, which pushes it past zero length.
        patch_size: side of the patches into which each map is cut, or one for each axis of space. A map costs
            the mean over its patches. The last patch along an axis is moved back to end with the map, and
            overlaps the one before; an axis that is shorter is taken whole. None for whole maps.
        reduction: "mean" or "sum" over (batch, classes), or "none".

    Returns:
        A scalar, or (batch, classes) values under "none".

    Raises:
        ShapeError: the shapes differ, there are not two or three axes of space, or one has no voxel.
        DtypeError: ``prediction`` is not floating, ``target`` is complex, or an option has another type.
        InvalidInputError: a value of a map is outside [0, 1] or NaN; a dimension is not below the number of
            axes; there are more or fewer weights; a weight or the threshold is negative; a patch has no
            voxel; an option is unknown.

    Differs from the paper: the order of tied cells is that of the authors' C++ code; their Python code, which
        has another, matches some features of the same maps otherwise. ``dimension_weights`` and
        ``patch_size`` are ours, ``"one_zero"`` is that of topolosses.

    Source: Stucki, Paetzold, Shit, Menze and Bauer, Topologically Faithful Image Segmentation via Induced
        Matching of Persistence Barcodes, ICML 2023, section 4.

    Example:
        >>> import torch
        >>> target = torch.tensor([[[[1.0, 1.0, 1.0, 1.0]]]])  # one line
        >>> broken = torch.tensor([[[[1.0, 0.25, 0.75, 1.0]]]], requires_grad=True)
        >>> loss = betti_matching(broken, target)  # its second part, from 1 to 0.25, has no counterpart
        >>> loss
        tensor(0.5625, grad_fn=<DivBackward0>)
        >>> loss.backward()
        >>> broken.grad  # descent raises the gap and lowers the part's peak: it closes
        tensor([[[[ 0.0000, -1.5000,  0.0000,  1.5000]]]])
    """
    target = _checked_target(prediction, target)
    axes = prediction.ndim - 2
    check_choice("filtration", filtration, get_args(Filtration))
    check_non_negative("persistence_threshold", persistence_threshold)
    kinds = _numbers("weights", weights, 3, "one for matched features, one for each map's own")
    of_dimension = _weights_of_dimensions(dimensions, dimension_weights, axes)
    maps = torch.stack([prediction, target]).unsqueeze(3)  # (2, batch, classes, patches, *space)
    if patch_size is not None:
        maps = _patches(maps, _patch_sizes(patch_size, axes))
    values = maps.new_zeros(maps.shape[1:4])
    for level in ("superlevel", "sublevel") if filtration == "bothlevel" else (filtration,):
        framed = _framed(maps, axes, highest=level == "superlevel") if relative else maps
        costs = costs_of_features(
            framed.flatten(1, 3),
            [(2 * weight * kinds[0], weight * kinds[1], weight * kinds[2]) for weight in of_dimension],
            filtration=level,
            essential_weight=2 * of_dimension[0] * kinds[0] if include_essential else 0.0,
            persistence_threshold=persistence_threshold,
            unmatched=unmatched,
        )
        values = values + costs.reshape(values.shape)
    return reduce(values.mean(2), reduction)


def _checked_target(prediction: Tensor, target: Tensor) -> Tensor:
    """Check both maps; the target in the dtype of the prediction, with its graph."""
    check_floating("prediction", prediction)
    if prediction.ndim not in (4, 5) or 0 in prediction.shape[2:]:
        raise ShapeError(
            f"prediction: got shape {tuple(prediction.shape)}; wanted (batch, classes, *space) with "
            "two or three axes of space, each with a voxel"
        )
    check_tensor("target", target)
    if target.is_complex():
        raise DtypeError(
            f"target: got dtype {target.dtype}; wanted a floating dtype, or 0 and 1 in any real one"
        )
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    check_unit_interval("prediction", prediction)
    check_unit_interval("target", target)
    return target.to(prediction.dtype)


def _weights_of_dimensions(
    dimensions: Collection[int] | None, dimension_weights: Sequence[float] | None, axes: int
) -> list[float]:
    """The weight of each dimension below the number of axes; 0 for those that do not count."""
    if dimension_weights is None:
        dimension_weights = (1.0,) * axes
    weights = _numbers("dimension_weights", dimension_weights, axes, "one for each dimension")
    counted = checked_dimensions(dimensions, axes)
    return [weight if dimension in counted else 0.0 for dimension, weight in enumerate(weights)]


def _numbers(name: str, given: Sequence[float], count: int, meaning: str) -> list[float]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise DtypeError(f"{name}: got {type(given).__name__}; wanted a sequence of {count} numbers")
    if len(given) != count:
        raise InvalidInputError(f"{name}: got {len(given)} numbers; wanted {count}, {meaning}")
    for number in given:
        check_non_negative(name, number)
    return [float(number) for number in given]


def _patch_sizes(patch_size: int | Sequence[int], axes: int) -> list[int]:
    sizes = list(patch_size) if isinstance(patch_size, Sequence) else [patch_size] * axes
    for size in sizes:
        check_int("patch_size", size)
    if len(sizes) != axes or min(sizes) < 1:
        raise InvalidInputError(
            f"patch_size: got {patch_size!r}; wanted an int, or {axes} of them, of at least 1"
        )
    return sizes


def _patches(maps: Tensor, sizes: list[int]) -> Tensor:
    r"""Cut (2, batch, classes, 1, \*space) into (2, batch, classes, patches, \*patch)."""
    for axis, size in zip(range(-len(sizes), 0), sizes, strict=True):
        length = maps.shape[axis]
        size, count = min(size, length), -(-length // size)
        starts = (torch.arange(count, device=maps.device) * size).clamp(max=length - size)
        voxels = starts.unsqueeze(1) + torch.arange(size, device=maps.device)
        cut = torch.unflatten(maps.index_select(axis, voxels.flatten()), axis, (count, size))
        maps = cut.movedim(axis - 1, 4).flatten(3, 4)
    return maps


def _framed(maps: Tensor, axes: int, *, highest: bool) -> Tensor:
    """Surround each map by one voxel of its highest value, or of its lowest."""
    space = tuple(range(-axes, 0))
    extreme = maps.amax(space, keepdim=True) if highest else maps.amin(space, keepdim=True)
    for axis in space:
        border = extreme.expand_as(maps.narrow(axis, 0, 1))
        maps = torch.cat([border, maps, border], axis)
    return maps


BettiMatching = loss_module(betti_matching)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """The maps of two images and two classes, and soft targets: without ties, so that they have a slope."""
    prediction, target = torch.rand(2, 2, 2, 5, 6, generator=generator)
    return {"prediction": prediction, "target": target}


def _in_order(prediction: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return prediction, target


LOSS = LossSpec(
    function=betti_matching,
    module=BettiMatching,
    paper=Paper(
        title="Topologically Faithful Image Segmentation via Induced Matching of Persistence Barcodes",
        authors="Stucki, Paetzold, Shit, Menze and Bauer",
        venue="ICML",
        year=2023,
        url="https://arxiv.org/abs/2211.15272",
        equation="section 4",
    ),
    differentiable=("prediction", "target"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="betti_matching_error", adapt=_in_order, output="error"),
        ExactMetric(name="betti_number_error", adapt=_in_order, output="error"),
        ExactMetric(name="f1_score", adapt=hard_maps, options={"zero_division": 1.0}),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.ZERO_AT_TARGET,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("topomatch",),
)
