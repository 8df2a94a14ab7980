"""Energy score: ensembles of vectors with the joint distribution of what happens.

The CRPS of several dimensions: members must also depend on each other across dimensions as the truth does.
"""

from typing import Any

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
from lossary.losses.distributions._forecasts import check_alpha, check_forecasts, check_powers
from lossary.ops.energy_score import energy_values


@full_precision
def energy_score(
    ensemble: Float[Tensor, "*points members dim"],
    target: Float[Tensor, "*points dim"],
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    p: float = 2.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Mean distance of members from what happened, less what they are apart from each other.

    .. math:: L = \frac{1}{M} \sum_i \lVert x_i - y \rVert_p^\beta
              - \frac{M - 1 + \alpha}{2 M^2 (M - 1)} \sum_{ij} \lVert x_i - x_j \rVert_p^\beta

    Args:
        ensemble: forecasts x, M members of vectors on the last axes.
        target: what happened, y.
        alpha: 1 is the fair score, 0 that of the ensemble as it is.
        beta: above 0 and below 2, where the score is strictly proper.
        p: of the norm, at least 1.
        reduction: "mean" or "sum" over points, or "none".

    Returns:
        A scalar, or one value per point under "none". On the CPU memory is that of the ensemble, elsewhere
        that of the pairs of members.

    Raises:
        ShapeError: nothing to score, or shapes that do not fit.
        DtypeError: an argument is not floating, or an option no number.
        InvalidInputError: a value is NaN or infinite; an option is out of range.

    Differs from the paper: its code takes distances below a threshold for 0; here only those of 0 are, which
        have a slope of 0.

    Source: Bonev et al., FourCastNet 3: A geometric approach to probabilistic machine-learning weather
        forecasting at scale, arXiv 2507.12144, 2025; the score: Gneiting and Raftery, Strictly proper scoring
        rules, prediction, and estimation, JASA 102, 2007.

    Example:
        >>> import torch
        >>> ensemble, target = torch.tensor([[[0.0, 0.0], [6.0, 8.0]]]), torch.zeros(1, 2)
        >>> energy_score(ensemble, target, alpha=0.0)  # 10/2 - 20/8
        tensor(2.5000)
    """
    check_alpha(alpha)
    check_powers(beta, p)
    check_forecasts(ensemble, target, axes="(*points, members, dim)", axis=-2)
    return reduce(energy_values(ensemble, target, alpha=alpha, beta=beta, p=p), reduction)


EnergyScore = loss_module(energy_score)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Three forecasts of four vectors."""
    return {
        "ensemble": torch.randn(3, 4, 2, generator=generator),
        "target": torch.randn(3, 2, generator=generator),
    }


LOSS = LossSpec(
    function=energy_score,
    module=EnergyScore,
    paper=Paper(
        title=(
            "FourCastNet 3: A geometric approach to probabilistic machine-learning weather forecasting at "
            "scale"
        ),
        authors="Bonev et al.",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2507.12144",
    ),
    differentiable=("ensemble", "target"),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="energy_score", adapt=lambda ensemble, target: (ensemble, target)),),
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.SHIFT_INVARIANT, Property.REJECTS_EMPTY_BATCH}),
)
