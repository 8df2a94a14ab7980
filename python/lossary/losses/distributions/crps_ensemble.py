"""CRPS of ensembles: forecasts that spread as far as they err, and not further.

The continuous ranked probability score rewards an ensemble for having the distribution of what happens. The
fair form is right for few members on average, and so trains with two to four of them.
"""

from jaxtyping import Float
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, Reduction, full_precision, loss_module
from lossary.authoring.validation import check_finite, check_floating, checks_values
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.distributions._forecasts import (
    check_alpha,
    check_forecasts,
    example_inputs,
    reduce_points,
)
from lossary.ops.crps import crps_values


@full_precision
def crps_ensemble(
    ensemble: Float[Tensor, "*points members"],
    target: Float[Tensor, "*points"],
    *,
    ensemble_weight: Float[Tensor, "..."] | None = None,
    weight: Float[Tensor, "..."] | None = None,
    alpha: float = 1.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Mean distance of members from what happened, less what they are apart from each other.

    .. math:: L = \sum_i w_i |x_i - y| - \frac{1}{2} \Big(1 - \alpha + \frac{\alpha}{1 - \sum_i w_i^2}\Big)
              \sum_{ij} w_i w_j |x_i - x_j|

    Of one member it is the absolute error. Members are sorted: no matrix of their pairs is made.

    Args:
        ensemble: forecasts x, the members on the last axis.
        target: what happened, y.
        ensemble_weight: w of the members, (members,) or in the shape of ``ensemble``, above 0; divided by
            their sum. None weighs all the same. It receives no gradient.
        weight: of the points, such as their area, in the shape of ``target`` or one that can be broadcast to
            it, at least 0; a point of weight 0 may hold any finite number. It receives no gradient.
        alpha: 1 is the fair score, which can be negative; 0 that of the ensemble as it is; 0.95 is almost
            fair.
        reduction: "mean" over points, weighted, or "sum", or "none".

    Returns:
        A scalar, or one value per point under "none", times the weights. Members that tie have equal slopes.

    Raises:
        ShapeError: nothing to score, or shapes that do not fit.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; a weight or option is out of range.

    Differs from the paper: its code has weights of members for ``alpha=0`` only. It trains first with
        ``alpha=0`` and 16 members, then with ``alpha=1`` and two or four.

    Source: Bonev et al., FourCastNet 3: A geometric approach to probabilistic machine-learning weather
        forecasting at scale, arXiv 2507.12144, 2025; the fair score: Ferro, Fair scores for ensemble
        forecasts, QJRMS 140, 2014.

    Example:
        >>> import torch
        >>> ensemble, target = torch.tensor([[0.0, 2.0]]), torch.tensor([1.0])
        >>> crps_ensemble(ensemble, target, alpha=0.0)  # 1 - 1/2 * (0 + 2 + 2 + 0) / 4
        tensor(0.5000)
    """
    check_alpha(alpha)
    check_forecasts(ensemble, target, axes="(*points, members)", axis=-1)
    shares = None if ensemble_weight is None else _member_shares(ensemble_weight, ensemble)
    values = crps_values(ensemble, target.to(ensemble.dtype), alpha=alpha, ensemble_weight=shares)
    return reduce_points(values, weight, reduction)


def _member_shares(weights: Tensor, ensemble: Tensor) -> Tensor:
    check_floating("ensemble_weight", weights)
    if tuple(weights.shape) not in (tuple(ensemble.shape), tuple(ensemble.shape[-1:])):
        raise ShapeError(
            f"ensemble_weight: got shape {tuple(weights.shape)}; wanted {tuple(ensemble.shape[-1:])} or "
            f"{tuple(ensemble.shape)}, as ensemble"
        )
    check_finite("ensemble_weight", weights)
    if checks_values(weights) and not bool((weights > 0).all()):
        raise InvalidInputError(f"ensemble_weight: got {weights.min().item():g}; wanted weights above 0")
    weights = weights.detach().to(ensemble.dtype)
    return weights / weights.sum(-1, keepdim=True)


CrpsEnsemble = loss_module(crps_ensemble)


LOSS = LossSpec(
    function=crps_ensemble,
    module=CrpsEnsemble,
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
    pairs_with=(ExactMetric(name="crps_ensemble", adapt=lambda ensemble, target: (ensemble, target)),),
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.SHIFT_INVARIANT, Property.REJECTS_EMPTY_BATCH}),
)
