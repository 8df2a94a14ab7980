"""Multi-view centroid: the middle of an image's views where a slowly moving network sees it.

The attracting force of self-supervised training with a momentum network. Centroids of several views vary less
than single views do, which makes the target steadier.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
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
from lossary.authoring.validation import check_shape
from lossary.losses.self_supervised._views import check_views
from lossary.ops.directions import unit_rows


@full_precision
def multiview_centroid(
    views: Float[Tensor, "views batch dim"],
    target_views: Float[Tensor, "targets batch dim"],
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Distance between the directions of an image's centroid and of its target centroid.

    .. math:: L_n = 2 - 2 \langle c_n, t_n \rangle = \lVert c_n - t_n \rVert^2, \quad
              c_n = \frac{\sum_v \hat z_{vn}}{\lVert \sum_v \hat z_{vn} \rVert}

    with rows of length one on both sides; t is the same of the target views. With one view of each it is the
    loss of BYOL.

    Args:
        views: z, the embeddings of some views of each image.
        target_views: those of some views, as many or not, by the target network. No gradient flows into them.
        reduction: "mean" or "sum" over images, or "none".

    Returns:
        A scalar, or one value per image under "none", from 0 to 4. Views that cancel out have no direction,
        and 2.

    Raises:
        ShapeError: a tensor has not three axes, or no view or column; they differ in images or columns.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite.

    Differs from the paper: reconstructed from its abstract and first figure; its own equation was not seen.

    Source: Moon et al., An Embedding-Dynamic Approach to Self-supervised Learning, WACV 2023.

    Example:
        >>> import torch
        >>> views = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
        >>> multiview_centroid(views, torch.tensor([[[0.0, 3.0]]]))  # 45 degrees apart: 2 - sqrt(2)
        tensor(0.5858)
    """
    check_views("views", views)
    check_views("target_views", target_views)
    wanted = (target_views.shape[0], *views.shape[1:])
    check_shape("target_views", target_views, wanted, like="the images of views")
    cosine = (centroids(views) * centroids(target_views.detach())).sum(1)
    return reduce(2 - 2 * cosine, reduction)


def centroids(views: Tensor) -> Tensor:
    """The direction of the mean direction of each image's views, (batch, dim); 0 where they cancel out."""
    return unit_rows(unit_rows(views).mean(0))


MultiviewCentroid = loss_module(multiview_centroid)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three views of five images, and two by the target network."""
    return {
        "views": torch.randn(3, 5, 4, generator=generator),
        "target_views": torch.randn(2, 5, 4, generator=generator),
    }


def find_targets(views: np.ndarray, target_views: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each image's centroid as a query of the target centroids, its own being right."""
    query, key = (centroids(torch.from_numpy(rows)).numpy() for rows in (views, target_views))
    return np.eye(len(query), dtype=bool), query @ key.T


LOSS = LossSpec(
    function=multiview_centroid,
    module=MultiviewCentroid,
    paper=Paper(
        title="An Embedding-Dynamic Approach to Self-supervised Learning",
        authors="Moon et al.",
        venue="WACV",
        year=2023,
        url="https://arxiv.org/abs/2207.03552",
    ),
    differentiable=("views",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="recall_at_k", adapt=find_targets, options={"k": 1}),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    exceptions={
        "empty_batch": "its first axis is that of views, of which there must be one; without images it is 0"
    },
)
