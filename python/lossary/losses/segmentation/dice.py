"""Dice: the soft overlap of a predicted map with its target, per class.

The workhorse of segmentation with small structures: it weighs the structure, not the background that
surrounds it. Its exact metric on hard maps is the F1 score.
"""

from typing import Any

import torch
from jaxtyping import Float
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
from lossary.authoring.validation import check_floating, check_positive, check_shape, check_unit_interval
from lossary.errors import DtypeError, ShapeError


@full_precision
def dice(
    prediction: Float[Tensor, "batch classes *space"],
    target: Float[Tensor, "batch classes *space"],
    *,
    smooth: float = 1e-5,
    squared: bool = False,
    batch: bool = False,
    include_background: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""One minus the soft Dice overlap of two maps.

    .. math:: L = 1 - \frac{2 \sum p t + s}{\sum p + \sum t + s}

    Args:
        prediction: probabilities p, in [0, 1].
        target: wanted map t, in [0, 1]; integer label maps must be one-hot encoded first. It receives no
            gradient.
        smooth: s, added above and below; a larger value (1.0) softens the loss of maps with an empty target.
        squared: sum p^2 and t^2 in the denominator; needed for a zero loss at p = t with soft targets.
        batch: sum over the batch as well, giving one value per class.
        include_background: False leaves out class 0 when there are more.
        reduction: "mean" or "sum" over (batch, classes), or "none".

    Returns:
        A scalar, or (batch, classes) values under "none" ((classes,) with ``batch=True``). Two empty maps
        give 0.

    Raises:
        ShapeError: the shapes differ or have fewer than two axes.
        DtypeError: an argument is not floating.
        InvalidInputError: a value of a map is outside [0, 1] or NaN; ``smooth`` is not above 0.

    Source: Milletari, Navab and Ahmadi, V-Net: Fully Convolutional Neural Networks for Volumetric Medical
        Image Segmentation, 3DV 2016, section 3.

    Example:
        >>> import torch
        >>> prediction = torch.tensor([[[0.5, 0.5]]])
        >>> target = torch.tensor([[[1.0, 0.0]]])
        >>> dice(prediction, target, smooth=1.0)  # 1 - (2 * 0.5 + 1) / (1 + 1 + 1)
        tensor(0.3333)
    """
    check_floating("prediction", prediction)
    if isinstance(target, Tensor) and not target.is_floating_point():
        raise DtypeError(
            f"target: got dtype {target.dtype}; wanted a floating map with the shape of prediction: encode "
            "labels with torch.nn.functional.one_hot, move the classes to axis 1, then call .float()"
        )
    check_floating("target", target)
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    check_positive("smooth", smooth)
    if prediction.ndim < 2:
        raise ShapeError(f"prediction: got shape {tuple(prediction.shape)}; wanted (batch, classes, *space)")
    check_unit_interval("prediction", prediction)
    check_unit_interval("target", target)
    target = target.detach().to(prediction.dtype)
    if not include_background and prediction.shape[1] > 1:
        prediction, target = prediction[:, 1:], target[:, 1:]

    prediction = prediction.unsqueeze(-1).flatten(2)  # (batch, classes, space), also without a spatial axis
    target = target.unsqueeze(-1).flatten(2)
    # The mass less twice the overlap, summed as terms that cannot be negative: the difference of two large
    # sums would lose the digits of a small loss, and could fall below zero.
    if squared:
        mismatch, mass = (prediction - target).square(), prediction.square() + target.square()
    else:
        mismatch = prediction * (1 - target) + target * (1 - prediction)
        mass = prediction + target
    axes = (0, 2) if batch else (2,)
    return reduce(mismatch.sum(axes) / (mass.sum(axes) + smooth), reduction)


Dice = loss_module(dice)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Two images of two classes, with hard targets."""
    prediction = torch.rand(2, 2, 3, 4, generator=generator)
    return {"prediction": prediction, "target": (torch.rand(2, 2, 3, 4, generator=generator) > 0.5).float()}


LOSS = LossSpec(
    function=dice,
    module=Dice,
    paper=Paper(
        title="V-Net: Fully Convolutional Neural Networks for Volumetric Medical Image Segmentation",
        authors="Milletari, Navab and Ahmadi",
        venue="3DV",
        year=2016,
        url="https://arxiv.org/abs/1606.04797",
        equation="section 3",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(
            name="f1_score",
            adapt=lambda prediction, target: (target.ravel() > 0.5, prediction.ravel() > 0.5),
            options={"zero_division": 1.0},
        ),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.AT_MOST_ONE,
            Property.ZERO_AT_TARGET,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
