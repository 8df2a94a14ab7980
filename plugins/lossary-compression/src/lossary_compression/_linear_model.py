"""The model y = A x of sparse recovery: checks of its tensors, the misfit, and layers of gradient steps."""

from collections.abc import Callable

from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_no_negative,
    check_shape,
)
from lossary.errors import ShapeError
from torch import Tensor

Shrink = Callable[[Tensor, int], Tensor]


def misfit(prediction: Tensor, measurement: Tensor, matrix: Tensor) -> Tensor:
    """Half the squared length of y - A x for each row, once the tensors fit together."""
    _check_model(measurement, matrix)
    check_floating("prediction", prediction)
    check_ndim("prediction", prediction, "batch dim")
    shape = (measurement.shape[0], matrix.shape[1])
    check_shape("prediction", prediction, shape, like="the rows of measurement and the columns of matrix")
    check_finite("prediction", prediction)
    return 0.5 * (measurement - prediction @ matrix.T).square().sum(1)


def unfold(measurement: Tensor, matrix: Tensor, step_sizes: Tensor, shrink: Shrink) -> Tensor:
    """Gradient steps on the misfit from 0, ``shrink(z, layer)`` after each."""
    solution = measurement.new_zeros(measurement.shape[0], matrix.shape[1])
    for layer, step in enumerate(step_sizes.unbind()):
        solution = shrink(solution + step * ((measurement - solution @ matrix.T) @ matrix), layer)
    return solution


def check_layers(measurement: Tensor, matrix: Tensor, step_sizes: Tensor) -> None:
    """Raise unless there is one step of 0 or above per layer, and a model to take it in."""
    _check_model(measurement, matrix)
    check_per_layer("step_sizes", step_sizes)


def check_per_layer(name: str, values: Tensor) -> None:
    """Raise unless there is one number of 0 or above per layer."""
    check_floating(name, values)
    check_ndim(name, values, "layers")
    check_finite(name, values)
    check_no_negative(name, values, "numbers")


def _check_model(measurement: Tensor, matrix: Tensor) -> None:
    for name, tensor, axes in (
        ("measurement", measurement, "batch measurements"),
        ("matrix", matrix, "measurements dim"),
    ):
        check_floating(name, tensor)
        check_ndim(name, tensor, axes)
    if measurement.shape[0] == 0:
        raise ShapeError(f"measurement: got shape {tuple(measurement.shape)}; wanted a row at least")
    if matrix.shape[0] != measurement.shape[1]:
        raise ShapeError(
            f"matrix: got shape {tuple(matrix.shape)}; wanted {measurement.shape[1]} rows, as many as "
            "measurement has columns"
        )
    check_finite("measurement", measurement)
    check_finite("matrix", matrix)
