"""Hyperbolic cross-entropy: a linear classifier in the Poincare ball, and its cross-entropy.

The score of a class grows with the distance of a point from the hyperplane of the class, which is curved as
the space is; few dimensions hold what is like a tree.
"""

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn
from torch.nn import functional

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, Reduction, full_precision, reduce
from lossary.authoring.validation import (
    check_class_index,
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_positive,
    check_shape,
)
from lossary.errors import ShapeError
from lossary.losses.metric_learning._ball import ball_points
from lossary.ops.directions import directions, row_lengths
from lossary.ops.labelled_rows import check_labelled_rows
from lossary.ops.poincare import conformal_share, map_to_ball


@full_precision
def hyperbolic_cross_entropy(
    embeddings: Float[Tensor, "batch dim"],
    labels: Integer[Tensor, "batch"],
    weight: Float[Tensor, "classes dim"],
    offset: Float[Tensor, "classes dim"],
    *,
    curvature: float = 0.1,
    clip_radius: float | None = 2.0,
    on_ball: bool = False,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Cross-entropy of the hyperbolic scores of `hyperbolic_logits`.

    .. math:: L_i = \ln \sum_k e^{v_{ik}} - v_{i y_i}, \qquad v_{ik} = \frac{2 \lVert w_k \rVert}{\sqrt{c}}
              \operatorname{arsinh} \frac{2 \sqrt{c} \, \langle -p_k \oplus z_i, w_k \rangle}
              {\lVert w_k \rVert (1 - c \lVert -p_k \oplus z_i \rVert^2)}

    Args:
        embeddings: features, one row per item, which are clipped and mapped to points z of the ball.
        labels: y, the class of each item.
        weight: w, the normal of the hyperplane of each class, one row of any length but zero.
        offset: one row per class, which is mapped to the point p that the hyperplane goes through.
        curvature: c, above 0: the ball has the radius 1 / sqrt(c).
        clip_radius: features longer than this are shortened to it before they are mapped to the ball, whose
            edge would swallow their gradients; None clips none.
        on_ball: whether ``embeddings`` are points of the ball already, which are taken as they are.
        reduction: "mean" or "sum" over the batch, or "none".

    Returns:
        A scalar, or one value per item under "none". One class gives 0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or has no column; ``labels`` has another length, ``weight``
            or ``offset`` another shape or no row.
        DtypeError: a matrix is not floating, or ``labels`` not integer.
        InvalidInputError: a value is NaN or infinite; a row of ``weight`` is zero; a label is no class; with
            ``on_ball`` a row is not in the ball; ``curvature`` or ``clip_radius`` is not above 0.

    Differs from the official code: points p are kept from the edge of the ball, too, and gradients are not
        scaled by its metric, which is left to the optimiser.

    Source: Narayan and Patel, Hyp-OC: Hyperbolic One Class Classification for Face Anti-Spoofing, FG 2024;
        the scores: Ganea, Becigneul and Hofmann, Hyperbolic Neural Networks, NeurIPS 2018, equation 25.

    Example:
        >>> import torch
        >>> embeddings, weight = torch.tensor([[0.5]]), torch.tensor([[1.0], [-1.0]])
        >>> options = {"curvature": 1.0, "on_ball": True}  # scores of +-2 arsinh(4/3): ln(1 + 1/81)
        >>> hyperbolic_cross_entropy(embeddings, torch.tensor([0]), weight, torch.zeros(2, 1), **options)
        tensor(0.0123)
    """
    check_labelled_rows(embeddings, labels)
    logits = hyperbolic_logits(
        embeddings, weight, offset, curvature=curvature, clip_radius=clip_radius, on_ball=on_ball
    )
    check_class_index("labels", labels, weight.shape[0])
    return reduce(functional.cross_entropy(logits, labels.long(), reduction="none"), reduction)


@full_precision
def hyperbolic_logits(
    embeddings: Float[Tensor, "batch dim"],
    weight: Float[Tensor, "classes dim"],
    offset: Float[Tensor, "classes dim"],
    *,
    curvature: float = 0.1,
    clip_radius: float | None = 2.0,
    on_ball: bool = False,
) -> Float[Tensor, "batch classes"]:
    """The scores of the classes in `hyperbolic_cross_entropy`, to predict with; arguments are as there."""
    check_ndim("embeddings", embeddings, "batch dim")
    points = ball_points(embeddings, curvature=curvature, clip_radius=clip_radius, on_ball=on_ball)
    check_floating("weight", weight)
    check_ndim("weight", weight, "classes dim")
    check_shape("weight", weight, (weight.shape[0], embeddings.shape[1]), like="the columns of embeddings")
    if weight.shape[0] == 0:
        raise ShapeError(f"weight: got shape {tuple(weight.shape)}; wanted at least one row")
    check_finite("weight", weight)
    check_floating("offset", offset)
    check_shape("offset", offset, tuple(weight.shape), like="weight")
    check_finite("offset", offset)

    normals = directions("weight", weight, optional=False).to(points.dtype)
    through = map_to_ball(offset, curvature, None).to(points.dtype)
    # The sum of Moebius is not formed: its products with the normals and its length are of matrices.
    share, through_share = (
        conformal_share(points, curvature).unsqueeze(1),
        conformal_share(through, curvature),
    )
    along = 2 - share - 2 * curvature * points @ through.T
    side = through_share * (points @ normals.T) - along * (through * normals).sum(1)
    root = math.sqrt(curvature)
    return 2 / root * row_lengths(weight) * (2 * root * side / (share * through_share)).asinh()


class HyperbolicCrossEntropy(nn.Module):
    """`hyperbolic_cross_entropy` with hyperplanes of its own, to be trained.

    Args:
        num_classes: how many classes there are.
        embedding_dim: columns of the embeddings.
        curvature: as there.
        clip_radius: as there.
        on_ball: as there.
        reduction: as there.

    Attributes:
        weight: the normals, (num_classes, embedding_dim), which start normal, of length 1 on average.
        offset: likewise, which start at 0.

    Example:
        >>> import torch
        >>> criterion = HyperbolicCrossEntropy(3, 8)
        >>> # the origin is on all hyperplanes: ln 3
        >>> criterion(torch.zeros(5, 8), torch.tensor([0, 1, 2, 0, 1]))
        tensor(1.0986, grad_fn=<DivBackward0>)
    """

    def __init__(
        self,
        num_classes: int,
        embedding_dim: int,
        *,
        curvature: float = 0.1,
        clip_radius: float | None = 2.0,
        on_ball: bool = False,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__()
        for name, size in (("num_classes", num_classes), ("embedding_dim", embedding_dim)):
            check_int(name, size)
            check_positive(name, size)
        self.curvature = curvature
        self.clip_radius = clip_radius
        self.on_ball = on_ball
        self.reduction = reduction
        self.weight = nn.Parameter(torch.randn(num_classes, embedding_dim) / math.sqrt(embedding_dim))
        self.offset = nn.Parameter(torch.zeros(num_classes, embedding_dim))

    def forward(self, embeddings: Tensor, labels: Tensor, **overrides: Any) -> Tensor:
        """The loss of a batch; an option may be overridden for one call."""
        options = {name: getattr(self, name) for name in ("curvature", "clip_radius", "on_ball", "reduction")}
        return hyperbolic_cross_entropy(embeddings, labels, self.weight, self.offset, **options | overrides)

    def extra_repr(self) -> str:
        """The options."""
        classes, dim = self.weight.shape
        return (
            f"num_classes={classes}, embedding_dim={dim}, curvature={self.curvature!r}, "
            f"clip_radius={self.clip_radius!r}, on_ball={self.on_ball!r}, reduction={self.reduction!r}"
        )


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Eight embeddings of three classes, some longer than the clipping allows, and a plane of each class."""
    return {
        "embeddings": torch.randn(8, 4, generator=generator),
        "labels": torch.tensor([0, 1, 2, 1, 0, 2, 1, 0]),
        "weight": torch.randn(3, 4, generator=generator),
        "offset": torch.randn(3, 4, generator=generator),
    }


def best_class(
    embeddings: np.ndarray, labels: np.ndarray, weight: np.ndarray, offset: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The class of each item, and the one with the largest score."""
    return labels, _scores(embeddings, weight, offset).argmax(1)


def verify_classes(
    embeddings: np.ndarray, labels: np.ndarray, weight: np.ndarray, offset: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Each item with each class: whether it is its own, and its score."""
    scores = _scores(embeddings, weight, offset)
    return (labels[:, None] == np.arange(scores.shape[1])).ravel(), scores.ravel()


def _scores(*inputs: np.ndarray) -> np.ndarray:
    embeddings, weight, offset = (torch.from_numpy(rows) for rows in inputs)
    scores: np.ndarray = hyperbolic_logits(embeddings, weight, offset).numpy()
    return scores


LOSS = LossSpec(
    function=hyperbolic_cross_entropy,
    module=HyperbolicCrossEntropy,
    paper=Paper(
        title="Hyp-OC: Hyperbolic One Class Classification for Face Anti-Spoofing",
        authors="Narayan and Patel",
        venue="FG",
        year=2024,
        url="https://arxiv.org/abs/2404.14406",
    ),
    differentiable=("embeddings", "weight", "offset"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="accuracy_score", adapt=best_class),
        ExactMetric(name="equal_error_rate", adapt=verify_classes),
        ExactMetric(name="tar_at_far", adapt=verify_classes, options={"far": 0.01}),
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
    aliases=("hyp_ce",),
    module_sizes={"num_classes": 3, "embedding_dim": 4},
)
