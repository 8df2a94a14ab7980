"""Least squares with a price for each number that is not zero: what iterative hard thresholding minimises.

The loss beside `unfolded_iht`. Its count is flat, so the gradient is that of the misfit: what makes the
signal sparse is the thresholding in the network, not the loss.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_non_negative
from torch import Tensor

from lossary_compression._linear_model import misfit


@full_precision
def l0_least_squares(
    prediction: Float[Tensor, "batch dim"],
    measurement: Float[Tensor, "batch measurements"],
    matrix: Float[Tensor, "measurements dim"],
    *,
    penalty: float = 0.1,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Misfit of what would be measured of a recovered signal, and the number of its entries that are not 0.

    .. math:: L = \tfrac{1}{2} \lVert y - A x \rVert_2^2 + \lambda \, \#\{i : x_i \neq 0\}

    Args:
        prediction: the recovered signals x, with exact zeros.
        measurement: what was measured of the signals, y.
        matrix: A, which maps a signal to its measurement. A learned one receives its gradient.
        penalty: lambda, 0 or above; it adds to the value, not to the gradient.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or (batch,) values under "none".

    Raises:
        ShapeError: the shapes do not fit together, or there is no row.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; ``penalty`` is negative.

    Source: Nagahisa, Hayakawa and Iiguni, Comparison between Supervised and Unsupervised Learning in Deep
        Unfolded Sparse Signal Recovery, arXiv 2025; Blumensath and Davies, Iterative Thresholding for
        Sparse Approximations, Journal of Fourier Analysis and Applications 14, 2008.

    Example:
        >>> import torch
        >>> prediction = torch.tensor([[1.0, 0.0, -2.0]])
        >>> l0_least_squares(prediction, torch.tensor([[1.0]]), torch.ones(1, 3))  # (1 + 1)^2 / 2 + 0.1 * 2
        tensor(2.2000)
    """
    check_non_negative("penalty", penalty)
    fit = misfit(prediction, measurement, matrix)
    return reduce(fit + penalty * prediction.count_nonzero(1), reduction)


L0LeastSquares = loss_module(l0_least_squares)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three signals of six numbers, some of them 0, and four measurements of each."""
    signal = torch.randn(3, 6, generator=generator)
    return {
        "prediction": signal.where(torch.rand(3, 6, generator=generator) < 0.6, 0.0),
        "measurement": torch.randn(3, 4, generator=generator),
        "matrix": torch.randn(4, 6, generator=generator) / 2,
    }


LOSS = LossSpec(
    function=l0_least_squares,
    module=L0LeastSquares,
    paper=Paper(
        title="Comparison between Supervised and Unsupervised Learning in Deep Unfolded Sparse Signal "
        "Recovery",
        authors="Nagahisa, Hayakawa and Iiguni",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2509.01331",
        equation="the l0-regularized problem",
    ),
    differentiable=("prediction", "measurement", "matrix"),
    example_inputs=example_inputs,
    unpaired_reason="normalized_mean_squared_error judges it by the true signal, which is no input",
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.REJECTS_EMPTY_BATCH}),
)
