"""Conditional Cauchy-Schwarz divergence: predictions distributed like targets, given the inputs.

In place of a mean squared error, which assumes noise that is normal: predictions and targets are compared
over inputs that are near each other.
"""

from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_choice, check_positive, check_shape
from lossary.errors import ShapeError
from lossary.losses.distributions._gaussian_kernel import Unit, in_unit, log_kernel
from lossary.losses.distributions._points import points_of

Normalizer = Literal["squared_sum", "sum_of_squares"]


@full_precision
def conditional_cauchy_schwarz_divergence(
    inputs: Float[Tensor, "batch"] | Float[Tensor, "batch input_dim"],
    target: Float[Tensor, "batch"] | Float[Tensor, "batch dim"],
    prediction: Float[Tensor, "batch"] | Float[Tensor, "batch dim"],
    *,
    bandwidth: float = 1.0,
    input_bandwidth: float | None = None,
    normalizer: Normalizer = "squared_sum",
    unit: Unit = "nat",
) -> Float[Tensor, ""]:
    r"""Cauchy-Schwarz divergence of predictions from targets, given the inputs of a regression.

    .. math:: L = \log T(k(y_j, y_i)) + \log T(k(\hat{y}_j, \hat{y}_i)) - 2 \log T(k(\hat{y}_j, y_i)), \quad
              T(G) = \sum_j \frac{\sum_i K_{ji} G_{ji}}{\big(\sum_i K_{ji}\big)^2}

    with Gaussian kernels k, and K those of the inputs.

    Args:
        inputs: x, a point or a number per sample, best standardized. They receive no gradient.
        target: y. It receives no gradient.
        prediction: of the shape of ``target``.
        bandwidth: of the kernels of targets and predictions, above 0.
        input_bandwidth: of the kernel of inputs, above 0; None takes ``bandwidth``.
        normalizer: "squared_sum" as in the formula, or "sum_of_squares", which has the sum of K squared in
            the denominator.
        unit: of information, "nat" or "bit".

    Returns:
        A scalar; 0 where predictions are the targets. Of few samples the estimate can be a little below 0.

    Raises:
        ShapeError: an argument is neither a vector nor a matrix, is empty, or their shapes do not fit.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; squared distances overflow; an option is out of range.

    Differs from the paper: its formula has the squared sum, its code the sum of squares (and bits); both are
        here, and their values differ a lot.

    Source: Yu, Yu, Lokse, Jenssen and Principe, Cauchy-Schwarz Divergence Information Bottleneck for
        Regression, ICLR 2024, section 3.

    Example:
        >>> import torch
        >>> zero = torch.zeros(1)
        >>> conditional_cauchy_schwarz_divergence(zero, zero, zero + 2)  # 0 + 0 + 2 * 2^2 / 2
        tensor(4.)
    """
    check_positive("bandwidth", bandwidth)
    check_choice("normalizer", normalizer, ("squared_sum", "sum_of_squares"))
    if input_bandwidth is not None:
        check_positive("input_bandwidth", input_bandwidth)
    x, y = points_of("inputs", inputs).detach(), points_of("target", target).detach()
    if len(x) != len(y):
        raise ShapeError(f"target: got {len(y)} samples; wanted {len(x)}, as inputs")
    guess = points_of("prediction", prediction)
    check_shape("prediction", prediction, tuple(target.shape), like="target")
    near = log_kernel("inputs", x, x, bandwidth if input_bandwidth is None else input_bandwidth)
    squares = 2 * near.logsumexp(1) if normalizer == "squared_sum" else (2 * near).logsumexp(1)
    shares = near - squares.unsqueeze(1)
    true, guessed, mixed = (
        (shares + log_kernel("prediction", rows, columns, bandwidth)).flatten().logsumexp(0)
        for rows, columns in ((y, y), (guess, guess), (guess, y))
    )
    return in_unit(true + guessed - 2 * mixed, unit)


ConditionalCauchySchwarzDivergence = loss_module(conditional_cauchy_schwarz_divergence)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Seven samples of a regression."""
    return {
        "inputs": torch.randn(7, 3, generator=generator),
        "target": torch.randn(7, generator=generator),
        "prediction": torch.randn(7, generator=generator),
    }


LOSS = LossSpec(
    function=conditional_cauchy_schwarz_divergence,
    module=ConditionalCauchySchwarzDivergence,
    paper=Paper(
        title="Cauchy-Schwarz Divergence Information Bottleneck for Regression",
        authors="Yu, Yu, Lokse, Jenssen and Principe",
        venue="ICLR",
        year=2024,
        url="https://arxiv.org/abs/2404.17951",
        equation="section 3",
    ),
    differentiable=("prediction",),
    example_inputs=example_inputs,
    unpaired_reason="errors of regressions, by which its predictions are judged, are not among the metrics",
    properties=frozenset({Property.ZERO_AT_TARGET, Property.BATCH_ORDER_FREE, Property.REJECTS_EMPTY_BATCH}),
)
