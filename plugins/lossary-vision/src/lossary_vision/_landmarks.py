"""What losses of landmarks share: their checks, and the distances from a reflected teacher."""

import torch
from lossary.authoring.validation import check_finite, check_floating, check_non_negative, check_shape
from lossary.errors import InvalidInputError, ShapeError
from torch import Tensor


def check_landmarks(prediction: Tensor, **others: Tensor) -> None:
    """Raise unless all are finite coordinates of one shape."""
    check_floating("prediction", prediction)
    if prediction.ndim == 0:
        raise ShapeError("prediction: got shape (); wanted (batch, coordinates)")
    check_finite("prediction", prediction)
    for name, tensor in others.items():
        check_floating(name, tensor)
        check_shape(name, tensor, tuple(prediction.shape), like="prediction")
        check_finite(name, tensor)


def check_inner(inner: float) -> None:
    """Raise unless ``inner`` is a number from 0 to 1."""
    check_non_negative("inner", inner)
    if inner > 1:
        raise InvalidInputError(f"inner: got {inner!r}; wanted a number from 0 to 1")


def mean_of(values: Tensor) -> Tensor:
    """The mean; 0 with a graph of nothing."""
    return values.sum() / max(values.numel(), 1)


def assistive_values(
    prediction: Tensor,
    target: Tensor,
    teacher: Tensor,
    *,
    positive_weight: float,
    negative_weight: float,
    inner: float,
) -> Tensor:
    """The weighted distance of each coordinate from its teacher, reflected to the student's side."""
    side = torch.sign(prediction - target).detach()
    reach = side * (teacher - target).abs()
    reflected, good = target + reach, target + inner * reach
    beyond = torch.sign(prediction - reflected) * torch.sign(reach) > 0
    between = torch.sign(reflected - prediction) * torch.sign(prediction - good) >= 0
    # In the dtype of the coordinates, in which the weights are not rounded to float32.
    weights = positive_weight * beyond.to(prediction.dtype) + negative_weight * between.to(prediction.dtype)
    return weights * (reflected - prediction).abs()
