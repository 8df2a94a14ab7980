"""Uniformity: embeddings spread evenly over the sphere.

One of the two forces of contrastive losses, beside `lossary.losses.contrastive_learning.alignment`. It also
measures how far a representation has collapsed; papers plot minus its value.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_positive
from lossary.errors import ShapeError
from lossary.losses.contrastive_learning._distances import squared_distances
from lossary.ops.directions import unit_rows


@full_precision
def uniformity(
    embeddings: Float[Tensor, "batch dim"], *, scale: float = 2.0, normalize: bool = True
) -> Float[Tensor, ""]:
    r"""How much embeddings crowd together: the logarithm of their mean Gaussian potential.

    .. math:: L = \log \frac{2}{N (N - 1)} \sum_{i < j} e^{-t \lVert z_i - z_j \rVert^2}

    Args:
        embeddings: z, one row per item, at least two.
        scale: t, above 0; larger looks at nearer pairs.
        normalize: divide each row by its length first; a row of zeros stays. False takes the rows as they
            come, and the memory of all their differences.

    Returns:
        A scalar, at most 0, which it is where all embeddings are the same.

    Raises:
        ShapeError: ``embeddings`` is not a matrix, or has no column or less than two rows.
        DtypeError: ``embeddings`` is not floating.
        InvalidInputError: a value is NaN or infinite; squared distances overflow; ``scale`` is not above 0.

    Differs from the paper: Wang and Liu write an expectation over independent pairs; pairs of an item with
        itself are left out here, as in the code of Wang and Isola.

    Source: Wang and Isola, Understanding Contrastive Representation Learning through Alignment and Uniformity
        on the Hypersphere, ICML 2020; a measure of Wang and Liu, Understanding the Behaviour of Contrastive
        Loss, CVPR 2021.

    Example:
        >>> import torch
        >>> uniformity(torch.tensor([[1.0, 0.0], [-5.0, 0.0]]))  # two rows, 2 apart: -2 * 4
        tensor(-8.)
    """
    check_positive("scale", scale)
    check_floating("embeddings", embeddings)
    check_ndim("embeddings", embeddings, "batch dim")
    if embeddings.shape[0] < 2 or embeddings.shape[1] == 0:
        raise ShapeError(
            f"embeddings: got shape {tuple(embeddings.shape)}; wanted at least two rows and one column"
        )
    check_finite("embeddings", embeddings)
    rows = unit_rows(embeddings) if normalize else embeddings
    exponents = -scale * squared_distances("embeddings", rows, rows, unit=normalize)
    batch = len(embeddings)
    same = torch.eye(batch, dtype=torch.bool, device=embeddings.device)
    # each pair is there twice, which its number makes good
    return exponents.masked_fill(same, -math.inf).flatten().logsumexp(0) - math.log(batch * (batch - 1))


Uniformity = loss_module(uniformity)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six embeddings."""
    return {"embeddings": torch.randn(6, 4, generator=generator)}


LOSS = LossSpec(
    function=uniformity,
    module=Uniformity,
    paper=Paper(
        title="Understanding Contrastive Representation Learning through Alignment and Uniformity on the "
        "Hypersphere",
        authors="Wang and Isola",
        venue="ICML",
        year=2020,
        url="https://arxiv.org/abs/2005.10242",
    ),
    differentiable=("embeddings",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="effective_rank", adapt=lambda embeddings, **_: (embeddings,)),),
    properties=frozenset(
        {
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
