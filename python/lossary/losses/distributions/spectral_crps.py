"""Spectral CRPS: ensembles of fields with the power that the truth has at each wavelength.

Point by point an ensemble may be right and yet too smooth. Blind to where things are, so never use it alone:
``crps_ensemble(x.movedim(-3, -1), y) + 0.1 * spectral_crps(x, y)``. For fields on a sphere, coefficients of
a harmonic transform go to ``crps_ensemble(c.abs(), t.abs(), weight=order_weight, reduction="sum")``.
"""

from typing import Any

import numpy as np
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
from lossary.losses.distributions._forecasts import check_alpha, check_forecasts
from lossary.ops.crps import crps_values
from lossary.ops.energy_score import energy_values


@full_precision
def spectral_crps(
    ensemble: Float[Tensor, "*points members height width"],
    target: Float[Tensor, "*points height width"],
    *,
    alpha: float = 1.0,
    absolute: bool = True,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Sum over wavenumbers of the CRPS of the Fourier coefficients of periodic fields.

    .. math:: L = \sum_k \mathrm{CRPS}(|F x_1|_k, \dots, |F x_M|_k; |F y|_k)

    F is the discrete transform that divides by the number of points, so that squares add up to the mean
    square of the field.

    Args:
        ensemble: fields x, (..., M members, height, width).
        target: the field that happened, y, (..., height, width).
        alpha: 1 is the fair score, 0 that of the ensemble as it is.
        absolute: False compares complex coefficients, by the moduli of their differences, which also sees
            where things are.
        reduction: "mean" or "sum" over what is in front of members, or "none".

    Returns:
        A scalar, or one value for each forecast of a field under "none".

    Raises:
        ShapeError: nothing to score, or shapes that do not fit.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; an option is out of range.

    Differs from the paper: fields are periodic planes, where it has spherical harmonics.

    Source: Bonev et al., FourCastNet 3: A geometric approach to probabilistic machine-learning weather
        forecasting at scale, arXiv 2507.12144, 2025.

    Example:
        >>> import torch
        >>> ensemble, target = torch.tensor([[[[3.0, 1.0]]]]), torch.zeros(1, 1, 2)
        >>> spectral_crps(ensemble, target)  # the mean, and half the difference: 2 + 1
        tensor(3.)
    """
    check_alpha(alpha)
    check_forecasts(ensemble, target, axes="(*points, members, height, width)", axis=-3)
    members, truth = (
        torch.fft.rfft2(field, norm="forward") for field in (ensemble, target.to(ensemble.dtype))
    )
    members = members.movedim(-3, -1)
    if absolute:
        values = crps_values(members.abs(), truth.abs(), alpha=alpha)
    else:
        values = energy_values(torch.view_as_real(members), torch.view_as_real(truth), alpha=alpha)
    # Half of the plane is there; all columns but those that are their own mirror image count twice.
    width = target.shape[-1]
    columns = torch.arange(values.shape[-1], device=values.device)
    twice = (columns > 0) & (2 * columns < width)
    return reduce((values * (1 + twice.to(values.dtype))).sum((-2, -1)), reduction)


SpectralCrps = loss_module(spectral_crps)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Two forecasts of three fields of four by six."""
    return {
        "ensemble": torch.randn(2, 3, 4, 6, generator=generator),
        "target": torch.randn(2, 4, 6, generator=generator),
    }


def _moduli(ensemble: np.ndarray, target: np.ndarray) -> dict[str, np.ndarray]:
    """The moduli of all coefficients, whose mean score times their number is the loss."""
    members, truth = (np.abs(np.fft.fft2(field, norm="forward")) for field in (ensemble, target))
    return {"ensemble": np.moveaxis(members, -3, -1), "target": truth}


LOSS = LossSpec(
    function=spectral_crps,
    module=SpectralCrps,
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
    pairs_with=(ExactMetric(name="crps_ensemble", adapt=_moduli),),
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.REJECTS_EMPTY_BATCH}),
)
