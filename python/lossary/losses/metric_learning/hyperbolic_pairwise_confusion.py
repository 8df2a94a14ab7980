"""Hyperbolic pairwise confusion: genuine samples close to each other in the Poincare ball.

For one-class classification, such as of live faces: of pairs of genuine samples only, it takes out of the
features what tells them apart, such as whose face it is.
"""

import math
from typing import Any, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import check_choice, check_ndim
from lossary.losses.metric_learning._ball import ball_points
from lossary.ops.poincare import half_sinh

Inverse = Literal["artanh", "arctan"]
Denominator = Literal["pairs", "batch"]


@full_precision
def hyperbolic_pairwise_confusion(
    embeddings: Float[Tensor, "batch dim"],
    *,
    curvature: float = 0.1,
    clip_radius: float | None = 2.0,
    on_ball: bool = False,
    inverse: Inverse = "artanh",
    denominator: Denominator = "pairs",
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""The hyperbolic distance of each sample of the first half of a batch to its partner in the second.

    .. math:: L = \frac{1}{n} \sum_{i \le n} \frac{2}{\sqrt{c}} \operatorname{artanh} \big( \sqrt{c}
              \lVert -z_i \oplus z_{n + i} \rVert \big), \qquad n = \lfloor N / 2 \rfloor

    Args:
        embeddings: features of genuine samples, one row each; of an odd number the last is left out.
        curvature: c, above 0: the ball has the radius 1 / sqrt(c).
        clip_radius: features longer than this are shortened to it before they are mapped to the ball
            (`lossary.training.poincare.exp_map_zero`), whose edge would swallow their gradients; None clips
            none.
        on_ball: whether ``embeddings`` are points z of the ball already, which are taken as they are.
        inverse: "artanh" is the distance; "arctan" is what the authors' code has in its place.
        denominator: "pairs" divides the sum by n for the mean; "batch" by N, as the authors' code does.
        reduction: "mean" or "sum" over pairs, or "none".

    Returns:
        A scalar, or one value per pair, (N // 2,), under "none". Less than two samples give 0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or has no column.
        DtypeError: ``embeddings`` is not floating.
        InvalidInputError: a value is NaN or infinite; with ``on_ball`` a row is not in the ball;
            ``curvature`` or ``clip_radius`` is not above 0; an option is unknown.

    Differs from the official code: that is the form with "arctan" and "batch", up to the 1e-5 that it adds to
        denominators. It also scales gradients by the metric of the ball, which is left to the optimiser here.

    Source: Narayan and Patel, Hyp-OC: Hyperbolic One Class Classification for Face Anti-Spoofing, FG 2024.

    Example:
        >>> import torch
        >>> embeddings = torch.tensor([[0.0], [0.5]])  # points of the unit ball: ln 3
        >>> hyperbolic_pairwise_confusion(embeddings, curvature=1.0, on_ball=True)
        tensor(1.0986)
    """
    check_choice("inverse", inverse, get_args(Inverse))
    check_choice("denominator", denominator, get_args(Denominator))
    check_ndim("embeddings", embeddings, "batch dim")
    points = ball_points(embeddings, curvature=curvature, clip_radius=clip_radius, on_ball=on_ball)
    batch = points.shape[0]
    half = half_sinh(points[: batch // 2], points[batch // 2 : 2 * (batch // 2)], curvature)
    if inverse == "artanh":
        values = 2 / math.sqrt(curvature) * half.asinh()
    else:
        values = 2 / math.sqrt(curvature) * (half * (1 + half.square()).rsqrt()).atan()
    if reduction == "mean" and denominator == "batch":
        return values.sum() / max(batch, 1)
    return reduce(values, reduction)


HyperbolicPairwiseConfusion = loss_module(hyperbolic_pairwise_confusion)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six samples, some of them longer than the clipping allows."""
    return {"embeddings": torch.randn(6, 4, generator=generator)}


LOSS = LossSpec(
    function=hyperbolic_pairwise_confusion,
    module=HyperbolicPairwiseConfusion,
    paper=Paper(
        title="Hyp-OC: Hyperbolic One Class Classification for Face Anti-Spoofing",
        authors="Narayan and Patel",
        venue="FG",
        year=2024,
        url="https://arxiv.org/abs/2404.14406",
    ),
    differentiable=("embeddings",),
    example_inputs=example_inputs,
    unpaired_reason="it sees genuine samples alone, and verification needs others, too",
    properties=frozenset({Property.NON_NEGATIVE, Property.TWICE_DIFFERENTIABLE}),
    aliases=("hyp_pc",),
)
