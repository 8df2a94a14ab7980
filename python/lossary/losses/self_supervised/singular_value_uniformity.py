"""Singular-value uniformity: embeddings that use all their dimensions alike.

The spreading force of self-supervised training: it decorrelates dimensions by evening out the singular values
of a batch, and is at its largest where all embeddings collapse into one.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_positive
from lossary.errors import ShapeError
from lossary.ops.directions import unit_rows


@full_precision
def singular_value_uniformity(
    embeddings: Float[Tensor, "batch dim"],
    *,
    normalize: bool = True,
    center: bool = True,
    eps: float = 1e-12,
) -> Float[Tensor, ""]:
    r"""How far the singular values of a batch of embeddings are from being all equal.

    .. math:: L = 2 - \frac{2 \sum_k \sigma_k}{\sqrt{r} \, \lVert Z \rVert_F}
              = \frac{1}{r} \sum_{k=1}^{r} \left( \frac{\sqrt{r} \, \sigma_k}{\lVert Z \rVert_F} - 1 \right)^2

    with r = min(N, D), the number of singular values of N embeddings of D dimensions.

    Args:
        embeddings: Z, one row per item.
        normalize: divide each row by its length first.
        center: subtract the mean of the rows then; one of N <= D singular values is 0 thereby.
        eps: the least denominator, above 0.

    Returns:
        A scalar from 0 to 2: a property of the batch, so there is no value per item. Rows that are all zero,
        or all equal with ``center``, give 2 and no gradient; no rows give 0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix, or has no column.
        DtypeError: ``embeddings`` is not floating.
        InvalidInputError: a value is NaN or infinite; ``eps`` is not above 0.

    Differs from the paper: the formula is ours. The paper evens out singular values, but its own equation was
        not seen.

    Source: the idea of Moon et al., An Embedding-Dynamic Approach to Self-supervised Learning, WACV 2023.

    Example:
        >>> import torch
        >>> embeddings = torch.tensor([[3.0, 0.0], [0.0, 4.0]])  # singular values 3 and 4, length 5
        >>> singular_value_uniformity(embeddings, normalize=False, center=False)  # 2 - 14 / (5 sqrt(2))
        tensor(0.0201)
    """
    check_floating("embeddings", embeddings)
    check_ndim("embeddings", embeddings, "batch dim")
    if embeddings.shape[1] == 0:
        raise ShapeError(f"embeddings: got shape {tuple(embeddings.shape)}; wanted at least one column")
    check_finite("embeddings", embeddings)
    check_positive("eps", eps)
    if embeddings.shape[0] == 0:
        return embeddings.sum()
    rows = unit_rows(embeddings) if normalize else embeddings
    largest = rows.detach().abs().amax()
    largest = largest.where(largest != 0, 1.0)
    rows = rows / largest  # only ratios count, and so the squares stay in range
    length = rows.detach().square().sum().sqrt()
    if center:
        rows = rows - rows.mean(0)
    square = rows.square().sum()
    # What centring leaves of equal rows is rounding, whose singular values mean nothing.
    rounding = torch.finfo(rows.dtype).eps
    collapsed = square <= (rounding * length).square()
    norm = square.where(~collapsed, 1.0).sqrt()
    values = torch.linalg.svdvals(rows.where(~square.isnan(), 0.0))  # which refuses NaN
    # Beside a singular value of 0 the vectors, and so the gradient, are arbitrary.
    values = values.where(values > rounding * max(rows.shape) * values.detach().amax(), 0.0)
    denominator = torch.maximum(math.sqrt(min(rows.shape)) * norm, eps / largest)
    loss: Tensor = 2 - 2 * (values.sum() / denominator).where(~collapsed, 0.0)
    return loss


SingularValueUniformity = loss_module(singular_value_uniformity)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Seven embeddings of four dimensions, of which one is wider than the rest."""
    return {"embeddings": torch.randn(7, 4, generator=generator) * torch.tensor([3.0, 1.0, 1.0, 0.5])}


LOSS = LossSpec(
    function=singular_value_uniformity,
    module=SingularValueUniformity,
    paper=Paper(
        title="An Embedding-Dynamic Approach to Self-supervised Learning",
        authors="Moon et al.",
        venue="WACV",
        year=2023,
        url="https://arxiv.org/abs/2207.03552",
    ),
    differentiable=("embeddings",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="effective_rank", adapt=lambda embeddings, **_: (embeddings,)),),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.SCALE_INVARIANT}),
)
