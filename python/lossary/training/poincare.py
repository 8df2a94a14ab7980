"""The Poincare ball: a space of constant negative curvature, in which trees fit with little distortion.

Its points are the vectors shorter than 1 / sqrt(c), at a distance that grows without bound towards that edge.
Features come into it by `exp_map_zero`, after `clip_features`, which keeps them from the edge, where
gradients vanish. All functions work over the last axis.
"""

import math

from jaxtyping import Float
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.ops import poincare
from lossary.ops.directions import row_lengths


@full_precision
def clip_features(x: Float[Tensor, "*batch dim"], *, radius: float | None) -> Float[Tensor, "*batch dim"]:
    r"""Rows longer than a radius, shortened to it; the direction stays.

    .. math:: x \min \Big( 1, \frac{r}{\lVert x \rVert} \Big)

    Args:
        x: features.
        radius: r, above 0; None leaves all as they are.

    Returns:
        The shape of ``x``.

    Raises:
        ShapeError: ``x`` has no axis, or no column.
        DtypeError: ``x`` is not floating.
        InvalidInputError: a value is NaN or infinite; ``radius`` is not above 0.

    Source: Guo, Wang, Chen and Yu, Clipped Hyperbolic Classifiers Are Super-Hyperbolic Classifiers, CVPR
        2022.

    Example:
        >>> import torch
        >>> clip_features(torch.tensor([[3.0, 4.0], [0.3, 0.4]]), radius=1.0)
        tensor([[0.6000, 0.8000],
                [0.3000, 0.4000]])
    """
    check_features("x", x)
    if radius is not None:
        check_positive("radius", radius)
    return poincare.clip_rows(x, radius)


@full_precision
def project_to_ball(x: Float[Tensor, "*batch dim"], *, curvature: float = 0.1) -> Float[Tensor, "*batch dim"]:
    r"""Rows at or beyond the edge of the ball, shortened to 0.999 of its radius.

    Args:
        x: rows of any length.
        curvature: c, above 0.

    Returns:
        The shape of ``x``.

    Raises:
        ShapeError: ``x`` has no axis, or no column.
        DtypeError: ``x`` is not floating.
        InvalidInputError: a value is NaN or infinite; ``curvature`` is not above 0.

    Example:
        >>> import torch
        >>> project_to_ball(torch.tensor([3.0, 4.0]), curvature=1.0)
        tensor([0.5994, 0.7992])
    """
    check_positive("curvature", curvature)
    check_features("x", x)
    return poincare.project_to_ball(x, curvature)


@full_precision
def exp_map_zero(x: Float[Tensor, "*batch dim"], *, curvature: float = 0.1) -> Float[Tensor, "*batch dim"]:
    r"""Where one arrives who leaves the origin along each row, after twice its length.

    .. math:: \tanh(\sqrt{c} \lVert x \rVert) \frac{x}{\sqrt{c} \lVert x \rVert}

    Args:
        x: rows of any length. Long ones round to the edge: clip them first, or project what comes out.
        curvature: c, above 0.

    Returns:
        The shape of ``x``; zeros stay.

    Raises:
        ShapeError: ``x`` has no axis, or no column.
        DtypeError: ``x`` is not floating.
        InvalidInputError: a value is NaN or infinite; ``curvature`` is not above 0.

    Source: Ganea, Becigneul and Hofmann, Hyperbolic Neural Networks, NeurIPS 2018, lemma 2.

    Example:
        >>> import torch
        >>> exp_map_zero(torch.tensor([0.0, 1.0]), curvature=1.0)  # tanh 1
        tensor([0.0000, 0.7616])
    """
    check_positive("curvature", curvature)
    check_features("x", x)
    return poincare.exp_map_zero(x, curvature)


@full_precision
def log_map_zero(x: Float[Tensor, "*batch dim"], *, curvature: float = 0.1) -> Float[Tensor, "*batch dim"]:
    r"""The inverse of `exp_map_zero`.

    .. math:: \operatorname{artanh}(\sqrt{c} \lVert x \rVert) \frac{x}{\sqrt{c} \lVert x \rVert}

    Args:
        x: points of the ball. Beyond a share of 1 - 1e-7 of its radius they are taken for that far.
        curvature: c, above 0.

    Returns:
        The shape of ``x``; zeros stay.

    Raises:
        ShapeError: ``x`` has no axis, or no column.
        DtypeError: ``x`` is not floating.
        InvalidInputError: a value is NaN or infinite; a point is not in the ball; ``curvature`` is not above
            0.

    Source: Ganea, Becigneul and Hofmann, Hyperbolic Neural Networks, NeurIPS 2018, lemma 2.

    Example:
        >>> import torch
        >>> log_map_zero(exp_map_zero(torch.tensor([0.0, 2.0])))
        tensor([0., 2.])
    """
    check_positive("curvature", curvature)
    check_points("x", x, curvature)
    return poincare.log_map_zero(x, curvature)


@full_precision
def mobius_add(
    x: Float[Tensor, "*batch dim"], y: Float[Tensor, "*batch dim"], *, curvature: float = 0.1
) -> Float[Tensor, "*batch dim"]:
    r"""The sum of points that stays in the ball; in general not that of y and x.

    .. math:: x \oplus y = \frac{(1 + 2 c \langle x, y \rangle + c \lVert y \rVert^2) x
              + (1 - c \lVert x \rVert^2) y}
              {1 + 2 c \langle x, y \rangle + c^2 \lVert x \rVert^2 \lVert y \rVert^2}

    Args:
        x: points of the ball.
        y: as many others.
        curvature: c, above 0; as it goes to 0 this becomes the sum.

    Returns:
        The shape of ``x``.

    Raises:
        ShapeError: ``x`` has no axis, or no column; ``y`` has another shape.
        DtypeError: an input is not floating.
        InvalidInputError: a value is NaN or infinite; a point is not in the ball; ``curvature`` is not above
            0.

    Source: Ganea, Becigneul and Hofmann, Hyperbolic Neural Networks, NeurIPS 2018, equation 4.

    Example:
        >>> import torch
        >>> mobius_add(torch.tensor([0.5]), torch.tensor([0.5]), curvature=1.0)  # as velocities: 1 / 1.25
        tensor([0.8000])
    """
    check_positive("curvature", curvature)
    _check_pair(x, y, curvature)
    return poincare.mobius_add(x, y, curvature)


@full_precision
def poincare_distance(
    x: Float[Tensor, "*batch dim"], y: Float[Tensor, "*batch dim"], *, curvature: float = 0.1
) -> Float[Tensor, "*batch"]:
    r"""The length of the straight path between points of the ball.

    .. math:: d(x, y) = \frac{2}{\sqrt{c}} \operatorname{artanh} \big( \sqrt{c} \lVert -x \oplus y \rVert
              \big)

    It is computed from the difference of the points, which is exact for near ones.

    Args:
        x: points of the ball.
        y: as many others.
        curvature: c, above 0; as it goes to 0 this becomes twice the Euclidean distance.

    Returns:
        The shape of ``x`` without its last axis; the gradient is 0 where points are equal.

    Raises:
        ShapeError: ``x`` has no axis, or no column; ``y`` has another shape.
        DtypeError: an input is not floating.
        InvalidInputError: a value is NaN or infinite; a point is not in the ball; ``curvature`` is not above
            0.

    Source: Ganea, Becigneul and Hofmann, Hyperbolic Neural Networks, NeurIPS 2018, equation 6.

    Example:
        >>> import torch
        >>> poincare_distance(torch.tensor([0.0, 0.5]), torch.zeros(2), curvature=1.0)  # ln 3
        tensor(1.0986)
    """
    check_positive("curvature", curvature)
    _check_pair(x, y, curvature)
    return poincare.ball_distance(x, y, curvature)


def check_features(name: str, rows: Tensor) -> None:
    """Raise unless ``rows`` is a finite floating tensor of at least one axis and column."""
    check_floating(name, rows)
    if rows.ndim == 0 or rows.shape[-1] == 0:
        raise ShapeError(f"{name}: got shape {tuple(rows.shape)}; wanted (..., dim) with at least one column")
    check_finite(name, rows)


def check_points(name: str, points: Tensor, curvature: float) -> None:
    """`check_features`, and that all are shorter than the radius of the ball (a check of values)."""
    check_features(name, points)
    if checks_values(points) and points.numel():
        longest = row_lengths(points).amax().item()
        if longest * math.sqrt(curvature) >= 1:
            raise InvalidInputError(
                f"{name}: got a row of length {longest:g}; wanted points of the ball, shorter than "
                f"{1 / math.sqrt(curvature):g}"
            )


def _check_pair(x: Tensor, y: Tensor, curvature: float) -> None:
    check_points("x", x, curvature)
    check_floating("y", y)
    check_shape("y", y, tuple(x.shape), like="x")
    check_points("y", y, curvature)
