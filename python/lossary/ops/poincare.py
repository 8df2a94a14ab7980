"""Formulas of the Poincare ball of curvature -c, whose radius is 1 / sqrt(c), over the last axis.

They check nothing; `lossary.training.poincare` does. Points of the ball keep away from its edge, as
`project_to_ball` leaves them.
"""

import math

from torch import Tensor

from lossary.ops.directions import row_lengths

_LEAST = 1e-15  # below, a map is as good as linear, and its slope is rounding
_LARGEST = 1 - 1e-7  # of the length that the ball allows
_EDGE = 1 - 1e-3


def clip_rows(rows: Tensor, radius: float | None) -> Tensor:
    """Rows of at most this length, in their direction."""
    if radius is None:
        return rows
    length = row_lengths(rows).unsqueeze(-1)
    return rows * (radius / length.where(length > radius, radius))


def project_to_ball(rows: Tensor, curvature: float) -> Tensor:
    """Rows of at most 0.999 of the radius of the ball."""
    return clip_rows(rows, _EDGE / math.sqrt(curvature))


def exp_map_zero(rows: Tensor, curvature: float) -> Tensor:
    """The end of the straight path that leaves the origin along each row."""
    length = math.sqrt(curvature) * row_lengths(rows).unsqueeze(-1)
    safe = length.where(length > _LEAST, 1.0)
    return rows * (safe.tanh() / safe).where(length > _LEAST, 1.0)


def log_map_zero(points: Tensor, curvature: float) -> Tensor:
    """The row along which the straight path from the origin to each point leaves."""
    length = math.sqrt(curvature) * row_lengths(points).unsqueeze(-1)
    safe = length.where(length > _LEAST, 0.5)
    return points * (safe.clamp(max=_LARGEST).atanh() / safe).where(length > _LEAST, 1.0)


def map_to_ball(rows: Tensor, curvature: float, clip_radius: float | None) -> Tensor:
    """Rows of any length as points of the ball: clipped, mapped, and kept from the edge."""
    return project_to_ball(exp_map_zero(clip_rows(rows, clip_radius), curvature), curvature)


def mobius_add(points: Tensor, others: Tensor, curvature: float) -> Tensor:
    """The sum of points that stays in the ball; it is not commutative."""
    product = (points * others).sum(-1, keepdim=True)
    square, other_square = (each.square().sum(-1, keepdim=True) for each in (points, others))
    along = 1 + 2 * curvature * product + curvature * other_square
    total = 1 + 2 * curvature * product + curvature**2 * square * other_square
    return (along * points + (1 - curvature * square) * others) / total


def conformal_share(points: Tensor, curvature: float) -> Tensor:
    """1 - c |x|^2, without its last axis: how much of a length at the origin is left at each point."""
    length = math.sqrt(curvature) * row_lengths(points)
    return (1 - length) * (1 + length)


def half_sinh(points: Tensor, others: Tensor, curvature: float) -> Tensor:
    """The hyperbolic sine of half the distance, in units of 1 / sqrt(c).

    As a ratio of lengths, and not by the sum of Moebius, it is exactly 0 for equal points.
    """
    shares = conformal_share(points, curvature) * conformal_share(others, curvature)
    return math.sqrt(curvature) * row_lengths(others - points) * shares.rsqrt()


def ball_distance(points: Tensor, others: Tensor, curvature: float) -> Tensor:
    """The length of the straight path between points, with a gradient of 0 for equal ones."""
    return 2 / math.sqrt(curvature) * half_sinh(points, others, curvature).asinh()
