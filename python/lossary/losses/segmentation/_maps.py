"""What the overlap losses take, checked and summed per class in one place."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossary.authoring.validation import check_floating, check_shape, check_unit_interval
from lossary.errors import DtypeError, ShapeError


def checked_target(prediction: Tensor, target: Tensor) -> Tensor:
    """Check a map of probabilities and its target.

    Args:
        prediction: (batch, classes, *space), in [0, 1].
        target: in that shape and range.

    Returns:
        The target without a graph, in the dtype of the prediction.

    Raises:
        ShapeError: the shapes differ or have fewer than two axes.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is outside [0, 1] or NaN.
    """
    check_floating("prediction", prediction)
    if isinstance(target, Tensor) and not target.is_floating_point():
        raise DtypeError(
            f"target: got dtype {target.dtype}; wanted a floating map with the shape of prediction: encode "
            "labels with torch.nn.functional.one_hot, move the classes to axis 1, then call .float()"
        )
    check_floating("target", target)
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    check_class_axis("prediction", prediction)
    check_unit_interval("prediction", prediction)
    check_unit_interval("target", target)
    return target.detach().to(prediction.dtype)


def check_class_axis(name: str, maps: Tensor) -> None:
    """Raise ShapeError unless there are an axis of the batch and one of the classes."""
    if maps.ndim < 2:
        raise ShapeError(f"{name}: got shape {tuple(maps.shape)}; wanted (batch, classes, *space)")


def class_maps(prediction: Tensor, target: Tensor, *, include_background: bool) -> tuple[Tensor, Tensor]:
    """Check two maps, and lay them out as (batch, classes, voxels).

    Args:
        prediction: (batch, classes, *space), in [0, 1].
        target: in that shape and range.
        include_background: False leaves out class 0 when there are more.

    Returns:
        The maps of the classes that count; the target without a graph.

    Raises:
        LossaryError: as `checked_target` says.
    """
    target = checked_target(prediction, target)
    if not include_background and prediction.shape[1] > 1:
        prediction, target = prediction[:, 1:], target[:, 1:]
    return space_flattened(prediction), space_flattened(target)


def space_flattened(maps: Tensor) -> Tensor:
    """(batch, classes, *space) as (batch, classes, voxels); without an axis of space there is one voxel."""
    return maps.unsqueeze(-1).flatten(2)


def hits_and_mistakes(
    prediction: Tensor, target: Tensor, *, squared: bool, batch: bool, include_background: bool
) -> tuple[Tensor, Tensor]:
    r"""What two maps share, :math:`\sum p t`, and what they do not.

    Args:
        prediction: p, (batch, classes, *space), in [0, 1].
        target: t, in that shape and range.
        squared: mistakes are (p - t)^2, not p (1 - t) + t (1 - p); the two agree for hard targets and
            predictions.
        batch: sum over the batch as well.
        include_background: False leaves out class 0 when there are more.

    Returns:
        Two tensors of (batch, classes) sums, or of (classes,) where ``batch`` says so. Twice the hits and the
        mistakes add up to the sums of both maps (of their squares).

    Raises:
        LossaryError: as `checked_target` says.
    """
    prediction, target = class_maps(prediction, target, include_background=include_background)
    # Summed as terms that cannot be negative: the difference of two large sums would lose the digits of a
    # small loss, and could fall below zero.
    if squared:
        mistakes = (prediction - target).square()
    else:
        mistakes = prediction * (1 - target) + target * (1 - prediction)
    axes = summed_axes(batch=batch)
    return (prediction * target).sum(axes), mistakes.sum(axes)


def summed_axes(*, batch: bool) -> tuple[int, ...]:
    """The axes of (batch, classes, voxels) that are summed: the voxels, or the batch too."""
    return (0, 2) if batch else (2,)


def hard_maps(prediction: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both maps cut at one half and laid flat, as the metrics of labels take them: (y_true, y_pred)."""
    return target.ravel() > 0.5, prediction.ravel() > 0.5


def two_images(generator: torch.Generator) -> dict[str, Any]:
    """Example inputs: a prediction and a hard target of two images and two classes."""
    prediction = torch.rand(2, 2, 3, 4, generator=generator)
    return {"prediction": prediction, "target": (torch.rand(2, 2, 3, 4, generator=generator) > 0.5).float()}
