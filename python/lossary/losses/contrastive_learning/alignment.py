"""Alignment: two views of an item at the same place of the sphere.

One of the two forces of contrastive losses; `lossary.losses.contrastive_learning.uniformity` is the other,
without which everything collapses into one point.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import check_positive
from lossary.losses.contrastive_learning._views import check_view_pair, rank_views
from lossary.ops.directions import row_lengths, unit_rows


@full_precision
def alignment(
    view1: Float[Tensor, "batch dim"],
    view2: Float[Tensor, "batch dim"],
    *,
    power: float = 2.0,
    normalize: bool = True,
) -> Float[Tensor, ""]:
    r"""Mean distance between the two views of each item.

    .. math:: L = \frac{1}{N} \sum_i \lVert z^{(1)}_i - z^{(2)}_i \rVert^\alpha

    Args:
        view1: one embedding of each item.
        view2: another one of the same items, in the same order.
        power: the exponent, above 0. Up to 1 the gradient jumps where views coincide, where it is 0.
        normalize: divide each row by its length first; a row of zeros stays.

    Returns:
        A scalar; with ``normalize`` at most 2 to this power. Without items it is 0.

    Raises:
        ShapeError: ``view1`` is not a matrix or has no column; ``view2`` has another shape.
        DtypeError: a view is not floating.
        InvalidInputError: a value is NaN or infinite; ``power`` is not above 0.

    Source: Wang and Isola, Understanding Contrastive Representation Learning through Alignment and Uniformity
        on the Hypersphere, ICML 2020; a measure of Wang and Liu, Understanding the Behaviour of Contrastive
        Loss, CVPR 2021.

    Example:
        >>> import torch
        >>> alignment(torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 4.0]]))  # at a right angle: 1 + 1
        tensor(2.)
    """
    check_positive("power", power)
    check_view_pair(view1, view2)
    if normalize:
        view1, view2 = unit_rows(view1), unit_rows(view2)
    difference = view1 - view2
    if power == 2:
        return reduce(difference.square().sum(1), "mean")
    length = row_lengths(difference)
    apart = length != 0  # at 0 a power below 1 has no finite slope
    return reduce(length.where(apart, 1.0).pow(power).where(apart, 0.0), "mean")


Alignment = loss_module(alignment)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Two views of five items."""
    return {
        "view1": torch.randn(5, 4, generator=generator),
        "view2": torch.randn(5, 4, generator=generator),
    }


LOSS = LossSpec(
    function=alignment,
    module=Alignment,
    paper=Paper(
        title="Understanding Contrastive Representation Learning through Alignment and Uniformity on the "
        "Hypersphere",
        authors="Wang and Isola",
        venue="ICML",
        year=2020,
        url="https://arxiv.org/abs/2005.10242",
    ),
    differentiable=("view1", "view2"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="recall_at_k", adapt=rank_views, options={"k": 1}),
        ExactMetric(name="mean_reciprocal_rank", adapt=rank_views),
        ExactMetric(name="mean_average_precision", adapt=rank_views),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
