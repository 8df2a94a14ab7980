"""Lasso: a sparse signal is judged by what was measured of it, without the signal itself.

The loss that trains a recovery network, such as `unfolded_ista`, without supervision.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_non_negative
from torch import Tensor

from lossary_compression._linear_model import misfit


@full_precision
def lasso(
    prediction: Float[Tensor, "batch dim"],
    measurement: Float[Tensor, "batch measurements"],
    matrix: Float[Tensor, "measurements dim"],
    *,
    penalty: float = 0.1,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Misfit of what would be measured of a recovered signal, and the sum of the signal's absolute values.

    .. math:: L = \tfrac{1}{2} \lVert y - A x \rVert_2^2 + \lambda \lVert x \rVert_1

    Args:
        prediction: the recovered signals x.
        measurement: what was measured of the signals, y.
        matrix: A, which maps a signal to its measurement. A learned one receives its gradient.
        penalty: lambda, 0 or above; the larger, the sparser the best signal.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or (batch,) values under "none". The subgradient of an absolute value at 0 is 0.

    Raises:
        ShapeError: the shapes do not fit together, or there is no row.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; ``penalty`` is negative.

    Source: Nagahisa, Hayakawa and Iiguni, Comparison between Supervised and Unsupervised Learning in Deep
        Unfolded Sparse Signal Recovery, arXiv 2025; Tibshirani, Regression Shrinkage and Selection via the
        Lasso, Journal of the Royal Statistical Society B 58, 1996.

    Example:
        >>> import torch
        >>> prediction = torch.tensor([[1.0, -2.0]])
        >>> lasso(prediction, torch.tensor([[1.0]]), torch.ones(1, 2))  # (1 + 1)^2 / 2 + 0.1 * 3
        tensor(2.3000)
    """
    check_non_negative("penalty", penalty)
    fit = misfit(prediction, measurement, matrix)
    return reduce(fit + penalty * prediction.abs().sum(1), reduction)


Lasso = loss_module(lasso)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three signals of six numbers, and four measurements of each."""
    return {
        "prediction": torch.randn(3, 6, generator=generator),
        "measurement": torch.randn(3, 4, generator=generator),
        "matrix": torch.randn(4, 6, generator=generator) / 2,
    }


LOSS = LossSpec(
    function=lasso,
    module=Lasso,
    paper=Paper(
        title="Comparison between Supervised and Unsupervised Learning in Deep Unfolded Sparse Signal "
        "Recovery",
        authors="Nagahisa, Hayakawa and Iiguni",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2509.01331",
        equation="the l1-regularized problem",
    ),
    differentiable=("prediction", "measurement", "matrix"),
    example_inputs=example_inputs,
    unpaired_reason="normalized_mean_squared_error judges it by the true signal, which is no input",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
