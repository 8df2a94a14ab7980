"""LeJEPA: the views of an image close together, and all embeddings like a standard normal cloud.

Self-supervised training without a teacher, a predictor, a stopped gradient or a schedule; one weight trades
the two parts off.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision
from lossary.authoring.validation import check_int, check_non_negative, check_positive
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.self_supervised._draws import NormalDraws
from lossary.losses.self_supervised._views import check_views
from lossary.losses.self_supervised.sliced_epps_pulley import sliced_epps_pulley


class LejepaTerms(NamedTuple):
    """The loss and its two parts, which are not weighted."""

    loss: Tensor
    prediction: Tensor
    regularizer: Tensor


@full_precision
def lejepa_terms(
    views: Float[Tensor, "views batch dim"],
    directions: Float[Tensor, "dim slices"],
    *,
    num_global: int | None = None,
    trade_off: float = 0.05,
    t_max: float = 3.0,
    num_points: int = 17,
) -> LejepaTerms:
    """`lejepa`, with its parts.

    Args:
        views: as for `lejepa`, and so are the options.
        directions: as for `lejepa`.
        num_global: as for `lejepa`.
        trade_off: as for `lejepa`.
        t_max: as for `lejepa`.
        num_points: as for `lejepa`.

    Returns:
        The loss, the mean square of what views differ from their centres, and the distance from normality.

    Raises:
        LossaryError: as `lejepa` says.
    """
    check_views("views", views)
    if views.shape[1] == 0:
        raise ShapeError(f"views: got shape {tuple(views.shape)}; wanted at least one image")
    if num_global is not None:
        check_int("num_global", num_global)
        if not 1 <= num_global <= views.shape[0]:
            raise InvalidInputError(f"num_global: got {num_global}; wanted 1 to {views.shape[0]}, the views")
    check_non_negative("trade_off", trade_off)
    if trade_off > 1:
        raise InvalidInputError(f"trade_off: got {trade_off!r}; wanted at most 1")
    prediction = (views[:num_global].mean(0) - views).square().mean()
    regularizer = sliced_epps_pulley(views, directions, t_max=t_max, num_points=num_points)
    loss = (1 - trade_off) * prediction + trade_off * regularizer
    return LejepaTerms(loss, prediction, regularizer)


def lejepa(
    views: Float[Tensor, "views batch dim"],
    directions: Float[Tensor, "dim slices"],
    *,
    num_global: int | None = None,
    trade_off: float = 0.05,
    t_max: float = 3.0,
    num_points: int = 17,
) -> Float[Tensor, ""]:
    r"""How far the views of each image are from their centre, and each view's embeddings from a normal cloud.

    .. math:: L = (1 - \lambda) \frac{1}{V N D} \sum_{v, n} \lVert c_n - z_{vn} \rVert^2
              + \frac{\lambda}{V} \sum_v R(z_v), \quad c_n = \frac{1}{G} \sum_{v \le G} z_{vn}

    R is `lossary.losses.self_supervised.sliced_epps_pulley`. The gradient flows through the centres too.

    Args:
        views: z, the embeddings of some views of each image, the G global ones first.
        directions: one in each column, of any length: normal draws, new ones at every step and the same on
            all workers; the module draws them. No gradient flows into them.
        num_global: G, how many views the centres are of; None takes all.
        trade_off: λ, from 0 (only the first part) to 1 (only the second). The authors' scripts have 0.01 to
            0.1.
        t_max: how far the integral of the statistic goes, above 0.
        num_points: points of its rule from 0 to ``t_max``, at least 2.

    Returns:
        A scalar. `lejepa_terms` returns its parts as well.

    Raises:
        ShapeError: ``views`` has not three axes, or is empty; ``directions`` is not (dim, slices), or has no
            column.
        DtypeError: a tensor is not floating, or ``num_global`` or ``num_points`` no int.
        InvalidInputError: a value is NaN or infinite; a direction is zero; ``num_global`` is not between 1
            and the number of views; ``trade_off`` is outside [0, 1]; ``t_max`` is not above 0;
            ``num_points`` is below 2.

    Source: Balestriero and LeCun, LeJEPA: Provable and Scalable Self-Supervised Learning Without the
        Heuristics, arXiv 2511.08544, 2025, algorithm 2.

    Example:
        >>> import torch
        >>> views = torch.tensor([[[1.0], [2.0]], [[3.0], [4.0]]])  # each 1 from the centre of its image
        >>> lejepa(views, torch.ones(1, 1), trade_off=0.0)
        tensor(1.)
    """
    return lejepa_terms(
        views,
        directions,
        num_global=num_global,
        trade_off=trade_off,
        t_max=t_max,
        num_points=num_points,
    ).loss


class Lejepa(nn.Module):
    """`lejepa` with directions of its own.

    Args:
        num_slices: how many directions each call draws, at least 1.
        generator: where the directions come from; None draws the same on all workers, others at every call,
            and goes on from a state dict.
        num_global: how many views the centres are of; None takes all.
        trade_off: weight of the distance from normality, from 0 to 1.
        t_max: how far the integral of the statistic goes, above 0.
        num_points: points of its rule from 0 to ``t_max``, at least 2.

    Raises:
        DtypeError: ``num_slices`` is not an int.
        InvalidInputError: ``num_slices`` is below 1.

    Example:
        >>> import torch
        >>> criterion = Lejepa(num_slices=8)
        >>> criterion(torch.zeros(2, 5, 3)).shape
        torch.Size([])
    """

    def __init__(
        self,
        *,
        num_slices: int = 1024,
        generator: torch.Generator | None = None,
        num_global: int | None = None,
        trade_off: float = 0.05,
        t_max: float = 3.0,
        num_points: int = 17,
    ) -> None:
        super().__init__()
        check_int("num_slices", num_slices)
        check_positive("num_slices", num_slices)
        self.num_slices, self.draws = num_slices, NormalDraws(generator)
        self.num_global, self.trade_off = num_global, trade_off
        self.t_max, self.num_points = t_max, num_points

    def forward(self, views: Tensor, directions: Tensor | None = None) -> Tensor:
        """The loss of (views, batch, dim); ``directions`` take the place of what would be drawn."""
        if directions is None:
            check_views("views", views)
            directions = self.draws((views.shape[2], self.num_slices), views)
        return lejepa(
            views,
            directions,
            num_global=self.num_global,
            trade_off=self.trade_off,
            t_max=self.t_max,
            num_points=self.num_points,
        )

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"num_slices={self.num_slices}, generator={self.draws.generator!r}, "
            f"num_global={self.num_global}, trade_off={self.trade_off}, t_max={self.t_max}, "
            f"num_points={self.num_points}"
        )


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three views of five images, and six directions."""
    return {
        "views": torch.randn(3, 5, 4, generator=generator),
        "directions": torch.randn(4, 6, generator=generator),
    }


def stacked_views(views: np.ndarray, **_: Any) -> tuple[np.ndarray]:
    """The embeddings of all views, one row each."""
    return (views.reshape(-1, views.shape[-1]),)


LOSS = LossSpec(
    function=lejepa,
    module=Lejepa,
    paper=Paper(
        title="LeJEPA: Provable and Scalable Self-Supervised Learning Without the Heuristics",
        authors="Balestriero and LeCun",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2511.08544",
        equation="algorithm 2",
    ),
    differentiable=("views",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="effective_rank", adapt=stacked_views),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
)
