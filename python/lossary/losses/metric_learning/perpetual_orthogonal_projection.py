"""Perpetual orthogonal projection: features along the direction of their class, and across the others.

`orthogonal_projection` with learned directions in place of the other items of the batch, so that no batch is
too small for it.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, head_module
from lossary.authoring.validation import check_non_negative
from lossary.losses.metric_learning._queries import RANKING_METRICS
from lossary.ops.class_cosines import class_cosines, own_class


@full_precision
def perpetual_orthogonal_projection(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    weight: Float[Tensor, "classes dim"],
    *,
    intra_weight: float = 0.5,
) -> Float[Tensor, ""]:
    r"""How far cosines to the own class are from 1, and those to other classes from 0 on average.

    .. math:: L = \omega \Big( 1 - \underset{i}{\mathrm{mean}} \cos\theta_{i y_i} \Big)
              + \Big| \underset{i, j \ne y_i}{\mathrm{mean}} \cos\theta_{ij} \Big|

    Args:
        embeddings: one row per item, of any length but zero.
        labels: y, the class of each item.
        weight: one row per class, of any length but zero; the module owns it.
        intra_weight: ω, the weight of the own class, 0 or above.

    Returns:
        A scalar. With one class the second part is 0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``labels`` has another length, ``weight``
            other columns or no row.
        DtypeError: ``embeddings`` or ``weight`` is not floating, or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row is zero; a label is no class; ``intra_weight`` is
            negative.

    Source: Ranasinghe, Naseer, Hayat, Khan and Khan, Orthogonal Projection Loss, ICCV 2021; the official
        code.

    Example:
        >>> import torch
        >>> embeddings, weight = torch.tensor([[0.6, 0.8]]), torch.eye(2)
        >>> perpetual_orthogonal_projection(embeddings, torch.tensor([0]), weight)  # 0.5 (1 - 0.6) + 0.8
        tensor(1.)
    """
    check_non_negative("intra_weight", intra_weight)
    cosine, columns = class_cosines(embeddings, labels, weight)
    own = own_class(cosine, columns)
    others = cosine.scatter(1, columns, 0.0).sum() / max(cosine.numel() - len(cosine), 1)
    return intra_weight * (1 - own).mean() + others.abs()


PerpetualOrthogonalProjection = head_module(perpetual_orthogonal_projection, std=1.0)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Eight embeddings of three classes, and the weight of each class."""
    return {
        "embeddings": torch.randn(8, 4, generator=generator),
        "labels": torch.tensor([0, 1, 2, 1, 0, 2, 1, 0]),
        "weight": torch.randn(3, 4, generator=generator),
    }


def nearest_direction(
    embeddings: np.ndarray, labels: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The class of each item, and the one with the largest cosine."""
    directions = weight / np.linalg.norm(weight, axis=1, keepdims=True)
    return labels, (embeddings @ directions.T).argmax(1)


LOSS = LossSpec(
    function=perpetual_orthogonal_projection,
    module=PerpetualOrthogonalProjection,
    paper=Paper(
        title="Orthogonal Projection Loss",
        authors="Ranasinghe, Naseer, Hayat, Khan and Khan",
        venue="ICCV",
        year=2021,
        url="https://arxiv.org/abs/2103.14021",
    ),
    differentiable=("embeddings", "weight"),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="accuracy_score", adapt=nearest_direction), *RANKING_METRICS),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("popl",),
    module_sizes={"num_classes": 3, "embedding_dim": 4},
)
