"""Softmax regression: a linear map whose softmax over the rows of a matrix should be a given distribution.

The model of an attention head in the theory of in-context learning: the rows are keys, the parameter a
query.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_shape
from lossary.errors import ShapeError


@full_precision
def softmax_regression(
    parameter: Float[Tensor, "dim"],
    matrix: Float[Tensor, "batch dim"],
    target: Float[Tensor, "batch"],
) -> Float[Tensor, ""]:
    r"""Half the squared distance of a softmax over the rows from the target.

    .. math:: L = \frac{1}{2} \lVert \mathrm{softmax}(A x) - b \rVert_2^2

    Args:
        parameter: x.
        matrix: A, one row per entry of the softmax.
        target: b, usually a distribution, but it need not add up to one. It receives no gradient.

    Returns:
        A scalar.

    Raises:
        ShapeError: ``matrix`` is not a matrix or has no row; ``parameter`` has not its columns, or ``target``
            not its rows.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite.

    Differs from the paper: half of the square, which is smooth at 0, in place of the norm.

    Source: Li, Song, Xia, Yu and Zhou, The Closeness of In-Context Learning and Weight Shifting for Softmax
        Regression, arXiv 2304.13276, 2023.

    Example:
        >>> import torch
        >>> matrix = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> softmax_regression(torch.zeros(2), matrix, torch.tensor([1.0, 0.0]))  # (1/4 + 1/4) / 2
        tensor(0.2500)
    """
    check_floating("matrix", matrix)
    check_ndim("matrix", matrix, "batch dim")
    if matrix.shape[0] == 0:
        raise ShapeError(f"matrix: got shape {tuple(matrix.shape)}; wanted at least one row")
    check_floating("parameter", parameter)
    check_shape("parameter", parameter, (matrix.shape[1],), like="the columns of matrix")
    check_floating("target", target)
    check_shape("target", target, (matrix.shape[0],), like="the rows of matrix")
    for name, value in (("parameter", parameter), ("matrix", matrix), ("target", target)):
        check_finite(name, value)
    share = (matrix.to(parameter.dtype) @ parameter).softmax(0)
    return 0.5 * (share - target.detach().to(share.dtype)).square().sum()


SoftmaxRegression = loss_module(softmax_regression)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Five rows of three columns."""
    return {
        "parameter": torch.randn(3, generator=generator),
        "matrix": torch.randn(5, 3, generator=generator),
        "target": torch.randn(5, generator=generator).softmax(0),
    }


LOSS = LossSpec(
    function=softmax_regression,
    module=SoftmaxRegression,
    paper=Paper(
        title="The Closeness of In-Context Learning and Weight Shifting for Softmax Regression",
        authors="Li, Song, Xia, Yu and Zhou",
        venue="arXiv",
        year=2023,
        url="https://arxiv.org/abs/2304.13276",
    ),
    differentiable=("matrix", "parameter"),
    example_inputs=example_inputs,
    unpaired_reason="twice the value over the number of rows is the mean squared error: it is its own metric",
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
