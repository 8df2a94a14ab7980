"""The points of the Poincare ball that the hyperbolic losses of features compare."""

from torch import Tensor

from lossary.authoring.validation import check_positive
from lossary.ops.poincare import map_to_ball
from lossary.training.poincare import check_features, check_points


def ball_points(embeddings: Tensor, *, curvature: float, clip_radius: float | None, on_ball: bool) -> Tensor:
    """Features as points of the ball, or the points that they are; checked."""
    check_positive("curvature", curvature)
    if on_ball:
        check_points("embeddings", embeddings, curvature)
        return embeddings
    check_features("embeddings", embeddings)
    if clip_radius is not None:
        check_positive("clip_radius", clip_radius)
    return map_to_ball(embeddings, curvature, clip_radius)
