"""Contrastive attraction and repulsion: far positives pull more, and near negatives push more.

Each side weighs its own pairs, by a softmax of their distances. Positives and negatives share no denominator,
so several views of an item are of use at once.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_non_negative,
    check_positive,
)
from lossary.errors import ShapeError
from lossary.losses.contrastive_learning._distances import squared_distances
from lossary.losses.contrastive_learning._views import rank_views
from lossary.ops.directions import unit_rows


class ContrastiveAttractionRepulsionTerms(NamedTuple):
    """The loss and its two parts, which are not weighted."""

    loss: Tensor
    attraction: Tensor
    repulsion: Tensor


@full_precision
def contrastive_attraction_repulsion_terms(
    views: Float[Tensor, "views batch dim"],
    *,
    positive_temperature: float = 1.0,
    negative_temperature: float = 2.0,
    attraction_weight: float = 1.0,
    repulsion_weight: float = 1.0,
    uniform_positive: bool = False,
    uniform_negative: bool = False,
    detach_weights: bool = False,
    normalize: bool = True,
) -> ContrastiveAttractionRepulsionTerms:
    """`contrastive_attraction_repulsion`, with its parts.

    Args:
        views: as for `contrastive_attraction_repulsion`, and so are the options.
        positive_temperature: as for `contrastive_attraction_repulsion`.
        negative_temperature: as for `contrastive_attraction_repulsion`.
        attraction_weight: as for `contrastive_attraction_repulsion`.
        repulsion_weight: as for `contrastive_attraction_repulsion`.
        uniform_positive: as for `contrastive_attraction_repulsion`.
        uniform_negative: as for `contrastive_attraction_repulsion`.
        detach_weights: as for `contrastive_attraction_repulsion`.
        normalize: as for `contrastive_attraction_repulsion`.

    Returns:
        The loss, the mean distance of positives, and minus that of negatives.

    Raises:
        LossaryError: as `contrastive_attraction_repulsion` says.
    """
    check_positive("positive_temperature", positive_temperature)
    check_positive("negative_temperature", negative_temperature)
    check_non_negative("attraction_weight", attraction_weight)
    check_non_negative("repulsion_weight", repulsion_weight)
    check_floating("views", views)
    check_ndim("views", views, "views batch dim")
    if views.shape[0] < 2 or views.shape[2] == 0:
        raise ShapeError(f"views: got shape {tuple(views.shape)}; wanted at least two views and one column")
    check_finite("views", views)

    rows = unit_rows(views) if normalize else views
    slope = 0.0 if uniform_positive else positive_temperature
    by_item = rows.transpose(0, 1)  # (batch, views, dim)
    cost = squared_distances("views", by_item, by_item, unit=False)
    attraction = _mean_of_others(cost, slope, detach_weights=detach_weights)

    slope = 0.0 if uniform_negative else -negative_temperature
    first, second = torch.triu_indices(len(rows), len(rows), 1, device=rows.device)
    cost = squared_distances("views", rows[first], rows[second], unit=normalize)
    repulsion = -_mean_of_others(cost, slope, detach_weights=detach_weights)
    loss = attraction_weight * attraction + repulsion_weight * repulsion
    return ContrastiveAttractionRepulsionTerms(loss, attraction, repulsion)


def _mean_of_others(cost: Tensor, slope: float, *, detach_weights: bool) -> Tensor:
    """Mean over rows of the costs off the diagonal, weighted by the softmax of ``slope`` times them."""
    size = cost.shape[-1]
    if cost.numel() == 0 or size < 2:
        return 0 * cost.sum()
    same = torch.eye(size, dtype=torch.bool, device=cost.device)
    weight = (slope * cost).masked_fill(same, -math.inf).softmax(-1)
    if detach_weights:
        weight = weight.detach()
    return (weight * cost).sum(-1).mean()


def contrastive_attraction_repulsion(
    views: Float[Tensor, "views batch dim"],
    *,
    positive_temperature: float = 1.0,
    negative_temperature: float = 2.0,
    attraction_weight: float = 1.0,
    repulsion_weight: float = 1.0,
    uniform_positive: bool = False,
    uniform_negative: bool = False,
    detach_weights: bool = False,
    normalize: bool = True,
) -> Float[Tensor, ""]:
    r"""Distance of each item's views, far ones first, less that of other items', near ones first.

    .. math:: L = \alpha \operatorname*{mean}_{v, n} \sum_{u \neq v} p_u \, c(z_{vn}, z_{un})
              - \beta \operatorname*{mean}_{v < u, \, n} \sum_{m \neq n} q_m \, c(z_{vn}, z_{um}), \quad
              p = \operatorname{softmax}(t^+ c), \; q = \operatorname{softmax}(-t^- c)

    with c the squared distance.

    Args:
        views: z, the embeddings of at least two views of each item. Their order has a part: the anchors of
            the second sum are in the first view of each pair.
        positive_temperature: t⁺, above 0; it multiplies, so a larger one looks at the farthest positives.
        negative_temperature: t⁻, above 0; a larger one looks at the nearest negatives. The authors have 2 for
            CIFAR-100 and STL-10, and 0.9 for CIFAR-10.
        attraction_weight: of the first sum, at least 0.
        repulsion_weight: of the second sum, at least 0.
        uniform_positive: weigh all positives alike.
        uniform_negative: weigh all negatives alike.
        detach_weights: let no gradient flow through p and q, as in the authors' code for ImageNet.
        normalize: divide each row by its length first; a row of zeros stays. False takes the rows as they
            come, and the memory of all their differences.

    Returns:
        A scalar, which may be negative; `contrastive_attraction_repulsion_terms` returns its parts as well.
        With one item there is no negative; without items it is 0.

    Raises:
        ShapeError: ``views`` has not three axes, less than two views, or no column.
        DtypeError: ``views`` is not floating.
        InvalidInputError: a value is NaN or infinite; squared distances overflow; a temperature is not above
            0; a weight is negative.

    Source: Zheng et al., Contrastive Attraction and Contrastive Repulsion for Representation Learning, TMLR
        2023.

    Example:
        >>> import torch
        >>> views = torch.tensor([[[1.0, 0.0], [-1.0, 0.0]], [[0.0, 1.0], [-1.0, 0.0]]])
        >>> # positives at 2 and 0, negatives at 4 and 2: 1 - 3
        >>> contrastive_attraction_repulsion(views)
        tensor(-2.)
    """
    return contrastive_attraction_repulsion_terms(
        views,
        positive_temperature=positive_temperature,
        negative_temperature=negative_temperature,
        attraction_weight=attraction_weight,
        repulsion_weight=repulsion_weight,
        uniform_positive=uniform_positive,
        uniform_negative=uniform_negative,
        detach_weights=detach_weights,
        normalize=normalize,
    ).loss


ContrastiveAttractionRepulsion = loss_module(contrastive_attraction_repulsion)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three views of five items."""
    return {"views": torch.randn(3, 5, 4, generator=generator)}


def rank_first_two(views: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each item's first view as a query of all second views, its own being right."""
    return rank_views(views[0], views[1])


LOSS = LossSpec(
    function=contrastive_attraction_repulsion,
    module=ContrastiveAttractionRepulsion,
    paper=Paper(
        title="Contrastive Attraction and Contrastive Repulsion for Representation Learning",
        authors="Zheng et al.",
        venue="TMLR",
        year=2023,
        url="https://arxiv.org/abs/2105.03746",
    ),
    differentiable=("views",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="recall_at_k", adapt=rank_first_two, options={"k": 1}),),
    properties=frozenset({Property.SCALE_INVARIANT, Property.TWICE_DIFFERENTIABLE}),
    aliases=("cacr",),
    exceptions={
        "empty_batch": "its first axis is that of views, of which there must be two; without items it is 0"
    },
)
