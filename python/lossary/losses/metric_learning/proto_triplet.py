"""Prototype triplet: each embedding closer to the prototype of its class than to any other, by a margin.

For few-shot training beside the cross-entropy over distances: it looks at the nearest wrong prototype only,
the one that a nearest-prototype classifier would confuse. `lossary.training.class_prototypes` makes the
prototypes.
"""

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

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
    check_class_index,
    check_finite,
    check_floating,
    check_ndim,
    check_non_negative,
    check_shape,
)
from lossary.errors import ShapeError
from lossary.losses.metric_learning._few_shot import floored_distances
from lossary.ops.labelled_rows import check_labelled_rows


@full_precision
def proto_triplet(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    prototypes: Float[Tensor, "classes dim"],
    *,
    margin: float = 0.5,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far each embedding is from being a margin closer to its prototype than to the nearest wrong one.

    .. math:: L_i = \max \Big( 0, d(x_i, p_{y_i}) - \min_{c \ne y_i} d(x_i, p_c) + m \Big), \quad
              d(x, p) = \sqrt{\lVert x - p \rVert^2 + 10^{-6}}

    Args:
        embeddings: x, one row per query.
        labels: y, the class of each query, which is a row of ``prototypes``.
        prototypes: p, one row per class; the gradient reaches them too.
        margin: m, at least 0.
        reduction: "mean" or "sum" over queries, or "none".

    Returns:
        A scalar, or one value per query under "none". A single class has no wrong prototype, and 0.

    Raises:
        ShapeError: ``embeddings`` or ``prototypes`` is not a matrix, they differ in columns, or have none;
            ``prototypes`` has no row; ``labels`` has another length.
        DtypeError: a matrix is not floating, or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a label is not a class; ``margin`` is negative.

    Source: Mendez-Ruiz et al., SuSana Distancia is all you need: Enforcing class separability in metric
        learning via two novel distance-based loss functions for few-shot image classification, arXiv
        2305.09062, 2023; the official code.

    Example:
        >>> import torch
        >>> embeddings, prototypes = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [2.0]])
        >>> proto_triplet(embeddings, torch.tensor([0, 1]), prototypes, reduction="none")
        tensor([0.0000, 0.5000])
    """
    check_labelled_rows(embeddings, labels)
    check_floating("prototypes", prototypes)
    check_ndim("prototypes", prototypes, "classes dim")
    num_classes = prototypes.shape[0]
    if num_classes == 0:
        raise ShapeError(f"prototypes: got shape {tuple(prototypes.shape)}; wanted at least one row")
    wanted = (num_classes, embeddings.shape[1])
    check_shape("prototypes", prototypes, wanted, like="the columns of embeddings")
    check_finite("prototypes", prototypes)
    check_class_index("labels", labels, num_classes)
    check_non_negative("margin", margin)

    distances = floored_distances(embeddings, prototypes)
    own = labels.unsqueeze(1) == torch.arange(num_classes, device=labels.device)
    right = distances.where(own, 0.0).sum(1)
    wrong = distances.where(~own, math.inf).min(1).values
    return reduce((right - wrong + margin).relu(), reduction)


ProtoTriplet = loss_module(proto_triplet)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six queries of three classes."""
    return {
        "embeddings": torch.randn(6, 4, generator=generator),
        "labels": torch.tensor([0, 0, 1, 1, 2, 2]),
        "prototypes": torch.randn(3, 4, generator=generator),
    }


def nearest_prototype(
    embeddings: np.ndarray, labels: np.ndarray, prototypes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The class of each query, and the one whose prototype is nearest."""
    distances = np.linalg.norm(embeddings[:, None] - prototypes, axis=2)
    return labels, distances.argmin(1)


LOSS = LossSpec(
    function=proto_triplet,
    module=ProtoTriplet,
    paper=Paper(
        title=(
            "SuSana Distancia is all you need: Enforcing class separability in metric learning via two novel "
            "distance-based loss functions for few-shot image classification"
        ),
        authors="Mendez-Ruiz et al.",
        venue="arXiv",
        year=2023,
        url="https://arxiv.org/abs/2305.09062",
    ),
    differentiable=("embeddings", "prototypes"),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="accuracy_score", adapt=nearest_prototype),),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.SHIFT_INVARIANT}),
    aliases=("proto_triplet_loss",),
)
