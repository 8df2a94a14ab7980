"""Center contrastive: normal items close to one center, abnormal ones beyond a margin from it.

For anomaly detection with a few known anomalies: the distance from the center is the score, and classes of
any sizes weigh the same.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_binary,
    check_finite,
    check_floating,
    check_ndim,
    check_non_negative,
    check_real,
    check_shape,
)
from lossary.errors import ShapeError
from lossary.ops.directions import row_lengths

_MARGIN = 5.0


@full_precision
def center_contrastive(
    embeddings: Float[Tensor, "batch dim"],
    target: Bool[Tensor, "batch"] | Integer[Tensor, "batch"] | Float[Tensor, "batch"],
    center: Float[Tensor, "dim"] | None = None,
    *,
    margin: float = _MARGIN,
    weight: float = 5.0,
) -> Float[Tensor, ""]:
    r"""How far normal items are from the center, and how far abnormal ones are from being beyond a margin.

    .. math:: L = \underset{t_i = 0}{\mathrm{mean}} \, d_i + \theta \, \underset{t_i = 1}{\mathrm{mean}}
              \big( \max(0, m - d_i) + \sigma(m - d_i) \big), \qquad d_i = \lVert x_i - c \rVert

    The logistic function goes on pushing abnormal items that are beyond the margin, ever more weakly.

    Args:
        embeddings: x, one row per item.
        target: t, 1 for an abnormal item, else 0 (or bool).
        center: c; None is the vector of ones. It receives a gradient if it requires one.
        margin: m: beyond this distance an item is taken for abnormal.
        weight: theta, the weight of abnormal items, 0 or above.

    Returns:
        A scalar; without items of one kind only the other counts. On the center the gradient of a distance
        is 0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or is empty; ``target`` has another length, or ``center``
            another number of columns.
        DtypeError: ``embeddings`` or ``center`` is not floating, or ``target`` no tensor.
        InvalidInputError: a value is NaN or infinite; ``target`` has values other than 0 and 1; ``weight`` is
            negative.

    Differs from the official code: without normal items it is NaN there.

    Source: Zhang, Abdeen and Lang, A Novel Center-based Deep Contrastive Metric Learning Method for the
        Detection of Polymicrogyria in Pediatric Brain MRI, arXiv 2211.12565, 2022; the official code.

    Example:
        >>> import torch
        >>> embeddings, target = torch.tensor([[2.0, 0.0], [0.0, 3.0]]), torch.tensor([0, 1])
        >>> # distances 2 and 3: 2 + (4 - 3 + 1 / (1 + e^-1))
        >>> center_contrastive(embeddings, target, torch.zeros(2), margin=4.0, weight=1.0)
        tensor(3.7311)
    """
    check_floating("embeddings", embeddings)
    check_ndim("embeddings", embeddings, "batch dim")
    if 0 in embeddings.shape:
        raise ShapeError(
            f"embeddings: got shape {tuple(embeddings.shape)}; wanted at least one row and column"
        )
    check_finite("embeddings", embeddings)
    check_binary("target", target)
    check_shape("target", target, (embeddings.shape[0],), like="the rows of embeddings")
    if center is None:
        center = embeddings.new_ones(embeddings.shape[1])
    check_floating("center", center)
    check_shape("center", center, (embeddings.shape[1],), like="the columns of embeddings")
    check_finite("center", center)
    check_real("margin", margin)
    check_non_negative("weight", weight)

    distances = row_lengths(embeddings - center)
    shortfall = margin - distances
    is_abnormal = target != 0
    pull = distances.where(~is_abnormal, 0.0).sum() / (~is_abnormal).sum().clamp(min=1)
    push = (shortfall.relu() + shortfall.sigmoid()).where(is_abnormal, 0.0).sum()
    loss: Tensor = pull + weight * push / is_abnormal.sum().clamp(min=1)
    return loss


CenterContrastive = loss_module(center_contrastive)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Eight items, three of them abnormal, around a center; some on either side of the margin."""
    return {
        "embeddings": 3 * torch.randn(8, 4, generator=generator),
        "target": torch.tensor([0, 0, 1, 0, 1, 0, 0, 1]),
        "center": torch.randn(4, generator=generator),
    }


def center_distances(
    embeddings: np.ndarray, target: np.ndarray, center: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Which items are abnormal, and how far each is from the center."""
    return target, np.linalg.norm(embeddings - (1.0 if center is None else center), axis=1)


def decisions(
    embeddings: np.ndarray, target: np.ndarray, center: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Which items are abnormal, and which are beyond the default margin."""
    _, distances = center_distances(embeddings, target, center)
    return target, (distances > _MARGIN).astype(target.dtype)


LOSS = LossSpec(
    function=center_contrastive,
    module=CenterContrastive,
    paper=Paper(
        title="A Novel Center-based Deep Contrastive Metric Learning Method for the Detection of "
        "Polymicrogyria in Pediatric Brain MRI",
        authors="Zhang, Abdeen and Lang",
        venue="arXiv",
        year=2022,
        url="https://arxiv.org/abs/2211.12565",
    ),
    differentiable=("embeddings", "center"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="roc_auc_score", adapt=center_distances),
        ExactMetric(name="recall_score", adapt=decisions),
        ExactMetric(name="precision_score", adapt=decisions),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("cdcm",),
)
