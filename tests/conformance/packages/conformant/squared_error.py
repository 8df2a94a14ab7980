"""A loss that passes every check: tests break copies of this file, one line at a time."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
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
    check_floating,
    check_ndim,
    check_non_negative,
    check_shape,
    check_unit_interval,
)
from torch import Tensor


@full_precision
def squared_error(
    prediction: Float[Tensor, "batch classes"],
    target: Float[Tensor, "batch classes"],
    *,
    weight: float = 1.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Squared distance of probabilities from the outcomes.

    .. math:: L = w (p - t)^2

    Args:
        prediction: probabilities p, in [0, 1].
        target: outcomes t, in [0, 1]; a constant of the loss.
        weight: w, 0 or above.
        reduction: "mean" or "sum" over (batch, classes), or "none".

    Returns:
        A scalar, or (batch, classes) values under "none".

    Raises:
        ShapeError: an argument has other than two axes, or the shapes differ.
        DtypeError: an argument is not floating.
        InvalidInputError: a probability is outside [0, 1], or ``weight`` is negative.

    Source: Brier, Verification of Forecasts Expressed in Terms of Probability, Monthly Weather Review 1950,
        equation 2.

    Example:
        >>> import torch
        >>> squared_error(torch.tensor([[0.5, 0.0]]), torch.tensor([[1.0, 0.0]]), weight=2.0)
        tensor(0.2500)
    """
    check_floating("prediction", prediction)
    check_floating("target", target)
    check_ndim("prediction", prediction, "batch classes")
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    check_unit_interval("prediction", prediction)
    check_unit_interval("target", target)
    check_non_negative("weight", weight)
    difference = prediction - target.detach()
    values = weight * difference.square()
    return reduce(values, reduction)


class SquaredErrorTerms(NamedTuple):
    loss: Tensor
    largest: Tensor


def squared_error_terms(prediction: Tensor, target: Tensor, *, weight: float = 1.0) -> SquaredErrorTerms:
    """The loss, and its largest value."""
    values = squared_error(prediction, target, weight=weight, reduction="none")
    return SquaredErrorTerms(values.mean(), values.max())


SquaredError = loss_module(squared_error)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four rows of three classes."""
    prediction = 0.1 + 0.8 * torch.rand(4, 3, generator=generator)
    target = (torch.rand(4, 3, generator=generator) > 0.5).float()
    return {"prediction": prediction, "target": target}


LOSS = LossSpec(
    function=squared_error,
    module=SquaredError,
    paper=Paper(
        title="Verification of Forecasts Expressed in Terms of Probability",
        authors="Brier",
        venue="Monthly Weather Review",
        year=1950,
        url="https://doi.org/10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2",
        equation="equation 2",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(
            name="brier_score_loss",
            adapt=lambda prediction, target: (target.ravel().astype(int), prediction.ravel()),
        ),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.AT_MOST_ONE,
            Property.ZERO_AT_TARGET,
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
