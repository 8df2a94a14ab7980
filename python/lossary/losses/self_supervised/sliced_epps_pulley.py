"""Sliced Epps-Pulley: embeddings like a standard normal cloud, seen along random directions.

Embeddings that are isotropic and normal cannot collapse, and need neither a momentum network nor negatives to
stay so. Every step looks along new directions.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, Reduction, full_precision, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.self_supervised._draws import NormalDraws
from lossary.losses.self_supervised.epps_pulley import misfit
from lossary.ops.directions import unit_rows


@full_precision
def sliced_epps_pulley(
    embeddings: Float[Tensor, "*samples batch dim"],
    directions: Float[Tensor, "dim slices"],
    *,
    t_max: float = 3.0,
    num_points: int = 17,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Mean Epps-Pulley statistic of embeddings along directions: their distance from a standard normal.

    .. math:: L = \frac{1}{K} \sum_k T(Z a_k / \lVert a_k \rVert)

    T is `lossary.losses.self_supervised.epps_pulley`.

    Args:
        embeddings: Z, (batch, dim); axes in front are separate samples along the same directions, whose
            values are averaged.
        directions: a, one in each column, of any length: normal draws, new ones at every step and the same on
            all workers; the module draws them. No gradient flows into them.
        t_max: how far the integral of the statistic goes, above 0.
        num_points: points of its rule from 0 to ``t_max``, at least 2.
        reduction: "mean" or "sum" over directions, or "none".

    Returns:
        A scalar, or one value per direction under "none".

    Raises:
        ShapeError: ``embeddings`` has less than two axes or is empty; ``directions`` is not (dim, slices), or
            has no column.
        DtypeError: a tensor is not floating, or ``num_points`` no int.
        InvalidInputError: a value is NaN or infinite; a direction is zero; ``t_max`` is not above 0;
            ``num_points`` is below 2.

    Source: Balestriero and LeCun, LeJEPA: Provable and Scalable Self-Supervised Learning Without the
        Heuristics, arXiv 2511.08544, 2025, algorithm 1: SIGReg.

    Example:
        >>> import torch
        >>> embeddings, direction = torch.zeros(1, 2), torch.tensor([[3.0], [4.0]])
        >>> # one value of 0 along any direction: e^{-1/2} (1 - e^{-1/2})^2
        >>> sliced_epps_pulley(embeddings, direction, t_max=1.0, num_points=2)
        tensor(0.0939)
    """
    check_floating("embeddings", embeddings)
    if embeddings.ndim < 2 or embeddings.numel() == 0:
        raise ShapeError(
            f"embeddings: got shape {tuple(embeddings.shape)}; wanted (..., batch, dim), not empty"
        )
    check_finite("embeddings", embeddings)
    along = embeddings @ unit_directions(directions, embeddings.shape[-1])
    values = misfit(along, t_max=t_max, num_points=num_points)
    return reduce(values.reshape(-1, values.shape[-1]).mean(0), reduction)


def unit_directions(directions: Tensor, dim: int) -> Tensor:
    """Check directions, (dim, slices), and divide each by its length.

    Raises:
        ShapeError: they have another shape, or there is none.
        DtypeError: they are not floating.
        InvalidInputError: a value is NaN or infinite, or a direction is zero.
    """
    check_floating("directions", directions)
    check_ndim("directions", directions, "dim slices")
    check_shape("directions", directions, (dim, directions.shape[1]), like="the columns of the embeddings")
    if directions.shape[1] == 0:
        raise ShapeError(f"directions: got shape {tuple(directions.shape)}; wanted at least one column")
    check_finite("directions", directions)
    zero = (directions == 0).all(0)
    if checks_values(directions) and bool(zero.any()):
        raise InvalidInputError(
            f"directions: got zeros only in column {int(zero.nonzero()[0])}; wanted a direction in each"
        )
    return unit_rows(directions.detach().T).T


class SlicedEppsPulley(nn.Module):
    """`sliced_epps_pulley` with directions of its own.

    Args:
        num_slices: how many directions each call draws, at least 1.
        t_max: how far the integral of the statistic goes, above 0.
        num_points: points of its rule from 0 to ``t_max``, at least 2.
        generator: where the directions come from; None draws the same on all workers, others at every call,
            and goes on from a state dict.
        reduction: "mean" or "sum" over directions, or "none".

    Raises:
        DtypeError: ``num_slices`` is not an int.
        InvalidInputError: ``num_slices`` is below 1.

    Example:
        >>> import torch
        >>> criterion = SlicedEppsPulley(num_slices=8, reduction="none")
        >>> criterion(torch.ones(5, 3)).shape
        torch.Size([8])
    """

    def __init__(
        self,
        *,
        num_slices: int = 1024,
        t_max: float = 3.0,
        num_points: int = 17,
        generator: torch.Generator | None = None,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__()
        check_int("num_slices", num_slices)
        check_positive("num_slices", num_slices)
        self.num_slices, self.t_max, self.num_points = num_slices, t_max, num_points
        self.draws = NormalDraws(generator)
        self.reduction: Reduction = reduction

    def forward(self, embeddings: Tensor, directions: Tensor | None = None) -> Tensor:
        """The loss of (..., batch, dim); ``directions`` take the place of what would be drawn."""
        if directions is None:
            check_floating("embeddings", embeddings)
            directions = self.draws((*embeddings.shape[-1:], self.num_slices), embeddings)
        return sliced_epps_pulley(
            embeddings, directions, t_max=self.t_max, num_points=self.num_points, reduction=self.reduction
        )

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"num_slices={self.num_slices}, t_max={self.t_max}, num_points={self.num_points}, "
            f"generator={self.draws.generator!r}, reduction={self.reduction!r}"
        )


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Eight embeddings of four dimensions, and six directions."""
    return {
        "embeddings": 1.5 * torch.randn(8, 4, generator=generator) + 0.5,
        "directions": torch.randn(4, 6, generator=generator),
    }


LOSS = LossSpec(
    function=sliced_epps_pulley,
    module=SlicedEppsPulley,
    paper=Paper(
        title="LeJEPA: Provable and Scalable Self-Supervised Learning Without the Heuristics",
        authors="Balestriero and LeCun",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2511.08544",
        equation="algorithm 1",
    ),
    differentiable=("embeddings",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="bhep", adapt=lambda **inputs: (inputs["embeddings"],), options={"beta": 1.0}),
        ExactMetric(name="effective_rank", adapt=lambda embeddings, **_: (embeddings,)),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("sigreg",),
)
