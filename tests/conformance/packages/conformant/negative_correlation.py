"""A loss that has the properties which `squared_error` lacks, and lacks those which it has."""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_shape
from torch import Tensor


@full_precision
def negative_correlation(
    prediction: Float[Tensor, "batch items"],
    target: Float[Tensor, "batch items"],
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How badly each row of predictions follows its target, up to shift and scale.

    .. math:: L = -\frac{\sum (p - \bar p)(t - \bar t)}{\|p - \bar p\| \|t - \bar t\|}

    Args:
        prediction: predictions p.
        target: wanted values t; a constant of the loss.
        reduction: "mean" or "sum" over rows, or "none".

    Returns:
        A scalar, or (batch,) values under "none". A constant row gives 0.

    Raises:
        ShapeError: an argument has other than two axes, or the shapes differ.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite.

    Source: Pearson, Note on Regression and Inheritance in the Case of Two Parents, Proceedings of the Royal
        Society of London 1895.

    Example:
        >>> import torch
        >>> negative_correlation(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[2.0, 4.0, 6.0]]))
        tensor(-1.0000)
    """
    check_floating("prediction", prediction)
    check_floating("target", target)
    check_ndim("prediction", prediction, "batch items")
    check_shape("target", target, tuple(prediction.shape), like="prediction")
    check_finite("prediction", prediction)
    check_finite("target", target)
    values = -(_standardised(prediction) * _standardised(target.detach())).sum(1)
    return reduce(values, reduction)


def _standardised(rows: Tensor) -> Tensor:
    """Rows with mean 0 and length 1; constant rows are 0, with gradient 0."""
    centred = rows - rows.mean(1, keepdim=True)
    constant = centred.square().sum(1, keepdim=True) == 0
    length = torch.where(constant, 1.0, centred).square().sum(1, keepdim=True).sqrt()
    return torch.where(constant, 0.0, centred) / length


NegativeCorrelation = loss_module(negative_correlation)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three rows of four items."""
    return {
        "prediction": torch.randn(3, 4, generator=generator),
        "target": torch.randn(3, 4, generator=generator),
    }


LOSS = LossSpec(
    function=negative_correlation,
    module=NegativeCorrelation,
    paper=Paper(
        title="Note on Regression and Inheritance in the Case of Two Parents",
        authors="Pearson",
        venue="Proceedings of the Royal Society of London",
        year=1895,
        url="https://doi.org/10.1098/rspl.1895.0041",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    unpaired_reason="lossary.metrics has no correlation of values",
    properties=frozenset(
        {
            Property.AT_MOST_ONE,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
