"""Branch disagreement: two branches that predict the same classes are drawn together, without labels.

A term for the second stage of co-training, beside the supervised loss of each branch, such as `dice`. How
well the branches agree on hard maps is an F1 score between them.
"""

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
    check_binary,
    check_choice,
    check_floating,
    check_shape,
    check_unit_interval,
)
from lossary.errors import ShapeError
from lossary.losses.segmentation._maps import check_class_axis, hard_maps

Distance = Literal["squared", "absolute"]


@full_precision
def branch_disagreement(
    prediction1: Float[Tensor, "batch classes *space"],
    prediction2: Float[Tensor, "batch classes *space"],
    mask: Bool[Tensor, "..."] | Integer[Tensor, "..."] | Float[Tensor, "..."] | None = None,
    *,
    distance: Distance = "squared",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Mean distance between the maps of two branches, per image.

    .. math:: L = \frac{1}{N} \sum_n \frac{\sum_{c,v} m_{nv} \, d(p_{ncv}, q_{ncv})}{\sum_{c,v} m_{nv}}, \quad
              d(p, q) = (p - q)^2 \text{ or } |p - q|

    The gradient flows to both branches; detach one of them to draw the other alone.

    Args:
        prediction1: probabilities p of the first branch, in [0, 1].
        prediction2: probabilities q of the second, for the same classes.
        mask: m, True (or 1) where a voxel counts; any shape that broadcasts to that of the maps, such as
            (batch, 1, \*space). None counts all.
        distance: "squared" or "absolute".
        reduction: "mean" over the images with a voxel that counts or "sum", or "none", where the others are
            0.

    Returns:
        A scalar in [0, 1], or one value per image under "none". Without a voxel that counts it is 0.

    Raises:
        ShapeError: the shapes of the maps differ or have fewer than two axes; ``mask`` does not broadcast.
        DtypeError: a map is not floating, or ``mask`` no tensor.
        InvalidInputError: a probability is outside [0, 1] or NaN; a value of ``mask`` is neither 0 nor 1;
            ``distance`` is unknown.

    Differs from the paper: its abstract names the difference between the branches; the distance, its mean and
        the mask are ours.

    Source: Das, Ghosh and Stober, PI-RADS v2 Compliant Automated Segmentation of Prostate Zones Using
        co-training Motivated Multi-task Dual-Path CNN, arXiv 2309.12970, 2023.

    Example:
        >>> import torch
        >>> one, other = torch.tensor([[[0.5, 1.0]]]), torch.tensor([[[0.0, 1.0]]])
        >>> branch_disagreement(one, other)  # (0.5^2 + 0) / 2
        tensor(0.1250)
        >>> branch_disagreement(one, other, torch.tensor([True, False]), distance="absolute")
        tensor(0.5000)
    """
    check_floating("prediction1", prediction1)
    check_class_axis("prediction1", prediction1)
    check_floating("prediction2", prediction2)
    check_shape("prediction2", prediction2, tuple(prediction1.shape), like="prediction1")
    check_choice("distance", distance, get_args(Distance))
    check_unit_interval("prediction1", prediction1)
    check_unit_interval("prediction2", prediction2)
    gap = prediction1 - prediction2.to(prediction1.dtype)
    values = (gap.square() if distance == "squared" else gap.abs()).flatten(1)
    if mask is None:
        return reduce(values.sum(1) / max(values.shape[1], 1), reduction)
    check_binary("mask", mask)
    _check_broadcasts(mask, prediction1)
    keep = (mask != 0).expand_as(prediction1).flatten(1)
    count = keep.sum(1)
    means = values.where(keep, 0.0).sum(1) / count.clamp(min=1)
    return reduce(means, reduction, mask=count > 0)


def _check_broadcasts(mask: Tensor, maps: Tensor) -> None:
    sizes = zip(reversed(mask.shape), reversed(maps.shape), strict=False)
    if mask.ndim > maps.ndim or any(own not in (1, size) for own, size in sizes):
        raise ShapeError(
            f"mask: got shape {tuple(mask.shape)}; wanted one that broadcasts to {tuple(maps.shape)}, as "
            "(batch, 1, *space)"
        )


BranchDisagreement = loss_module(branch_disagreement)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """The maps of two branches for two images of three classes, and a mask of voxels."""
    prediction1, prediction2 = torch.randn(2, 2, 3, 3, 4, generator=generator).softmax(2)
    mask = torch.rand(2, 1, 3, 4, generator=generator) > 0.3
    return {"prediction1": prediction1, "prediction2": prediction2, "mask": mask}


def _agreement(
    prediction1: np.ndarray, prediction2: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The hard maps of both branches where they count; which of the two is the target does not matter."""
    counts = np.broadcast_to(True if mask is None else mask != 0, prediction1.shape)
    return hard_maps(prediction1[counts], prediction2[counts])


LOSS = LossSpec(
    function=branch_disagreement,
    module=BranchDisagreement,
    paper=Paper(
        title="PI-RADS v2 Compliant Automated Segmentation of Prostate Zones Using co-training Motivated "
        "Multi-task Dual-Path CNN",
        authors="Das, Ghosh and Stober",
        venue="arXiv",
        year=2023,
        url="https://arxiv.org/abs/2309.12970",
    ),
    differentiable=("prediction1", "prediction2"),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="f1_score", adapt=_agreement, options={"zero_division": 1.0}),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.AT_MOST_ONE,
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
