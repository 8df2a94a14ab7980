"""What losses of sets of segmentations share: example sets, and their exact metric."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossary.authoring import ExactMetric
from lossary.errors import ShapeError
from lossary.losses.distributions._points import check_same_dim, sets_of


def both_sets(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Check two batches of sets of points, and flatten the points: (batch, points, dim).

    Raises:
        ShapeError: they have fewer than three axes, are empty or do not fit together.
        DtypeError: they are not floating.
        InvalidInputError: a value is NaN or infinite.
    """
    points, others = sets_of("prediction", prediction), sets_of("target", target)
    if len(points) != len(others):
        raise ShapeError(f"target: got {len(others)} sets; wanted {len(points)}, as prediction")
    check_same_dim("target", others, points.shape[2], like="prediction")
    return points, others.to(points.dtype)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three drawn maps of two by three for each of two images, and four masks of experts."""
    return {
        "prediction": torch.rand(2, 3, 2, 3, generator=generator),
        "target": (torch.rand(2, 4, 2, 3, generator=generator) > 0.5).float(),
    }


def hard_sets(prediction: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, ...]:
    """The sets as masks of one axis, at 0.5."""
    return tuple((points >= 0.5).reshape(*points.shape[:2], -1) for points in (prediction, target))


MASK_SET_METRICS = (
    ExactMetric(name="generalized_energy_distance", adapt=hard_sets, options={"space_axes": 1}),
)
