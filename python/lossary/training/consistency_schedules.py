"""Schedules of consistency training: how many noise levels there are, which, and how often each is drawn.

The loss is a distance between what the model gives at neighbouring levels, such as `pseudo_huber_distance` or
`cauchy_distance` of the package ``lossary-physics``.

Source of all but `adaptive_scale`: Song and Dhariwal, Improved Techniques for Training Consistency Models,
ICLR 2024; the levels are those of Karras, Aittala, Aila and Laine, Elucidating the Design Space of
Diffusion-Based Generative Models, NeurIPS 2022, equation 5.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_int,
    check_ndim,
    check_positive,
    check_real,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError


def adaptive_scale(num_steps: int) -> float:
    r"""Scale of a robust distance for a number of noise levels: the more levels, the smaller.

    .. math:: c = e^{-1.18 \ln(N - 1) - 0.72}

    Neighbouring levels are nearer when there are more, and so are the errors that are no outliers.

    Args:
        num_steps: N, 2 or above, as of `discretization_schedule`.

    Returns:
        c, for the ``scale`` of the distance.

    Raises:
        DtypeError: ``num_steps`` is no int.
        InvalidInputError: it is below 2.

    Source: Dao, Doan, Liu, Le and Metaxas, Improved Training Technique for Latent Consistency Models, ICLR
        2025.

    Example:
        >>> round(adaptive_scale(2), 4)  # exp(-0.72)
        0.4868
    """
    _check_levels(num_steps)
    return math.exp(-1.18 * math.log(num_steps - 1) - 0.72)


def discretization_schedule(step: int, *, total_steps: int, initial: int = 10, final: int = 1280) -> int:
    r"""Count noise levels at a step of training: they double at equal intervals.

    .. math:: N = \min \big( s_0 2^{\lfloor k / K' \rfloor}, s_1 \big) + 1, \qquad
              K' = \Big\lfloor \frac{K}{\log_2 \lfloor s_1 / s_0 \rfloor + 1} \Big\rfloor

    Args:
        step: k, from 0; from ``total_steps`` on the number stays.
        total_steps: K, how long training will last.
        initial: s_0, 1 or above.
        final: s_1, at least ``initial``.

    Returns:
        N, for `noise_levels`.

    Raises:
        DtypeError: an argument is no int.
        InvalidInputError: ``step`` is negative; ``initial`` is below 1, ``final`` below ``initial``, or
            ``total_steps`` too few for each number to come once.

    Example:
        >>> [discretization_schedule(step, total_steps=80, final=40) for step in (0, 26, 52, 79, 999)]
        [11, 21, 41, 41, 41]
    """
    for name, value, least in (
        ("step", step, 0),
        ("total_steps", total_steps, 1),
        ("initial", initial, 1),
        ("final", final, 1),
    ):
        check_int(name, value)
        if value < least:
            raise InvalidInputError(f"{name}: got {value}; wanted {least} or above")
    if final < initial:
        raise InvalidInputError(f"final: got {final}; wanted at least {initial}, as initial")
    interval = math.floor(total_steps / (math.log2(final // initial) + 1))
    if interval < 1:
        raise InvalidInputError(
            f"total_steps: got {total_steps}; wanted enough for each number from {initial} to {final} to come"
        )
    doublings = min(step // interval, final.bit_length())  # enough to pass the final number
    return min(initial << doublings, final) + 1


def noise_levels(
    num_steps: int, *, sigma_min: float = 0.002, sigma_max: float = 80.0, rho: float = 7.0
) -> Float[Tensor, "levels"]:
    r"""Noise levels from least to greatest, closer together where they are small.

    .. math:: \sigma_i = \Big( \sigma_{\min}^{1/\rho} + \frac{i}{N - 1} \big( \sigma_{\max}^{1/\rho}
              - \sigma_{\min}^{1/\rho} \big) \Big)^\rho

    Args:
        num_steps: N, 2 or above.
        sigma_min: the least level, above 0.
        sigma_max: the greatest, above it.
        rho: above 0; 1 spaces them evenly, large ones nearly by ratios.

    Returns:
        (num_steps,), increasing, in the default dtype, on the default device.

    Raises:
        DtypeError: ``num_steps`` is no int, or another argument no number.
        InvalidInputError: ``num_steps`` is below 2; a level or ``rho`` is not above 0; ``sigma_max`` is not
            above ``sigma_min``.

    Example:
        >>> noise_levels(3, sigma_min=1.0, sigma_max=9.0, rho=2.0)  # squares of 1, 2 and 3
        tensor([1., 4., 9.])
    """
    _check_levels(num_steps)
    for name, value in (("sigma_min", sigma_min), ("sigma_max", sigma_max), ("rho", rho)):
        check_positive(name, value)
    if sigma_max <= sigma_min:
        raise InvalidInputError(f"sigma_max: got {sigma_max!r}; wanted above {sigma_min!r}, as sigma_min")
    ends = sigma_min ** (1 / rho), sigma_max ** (1 / rho)
    levels = torch.linspace(*ends, num_steps, dtype=torch.float64) ** rho
    return levels.to(torch.get_default_dtype())


def lognormal_step_probability(
    sigmas: Float[Tensor, "levels"], *, mean: float = -1.1, std: float = 2.0
) -> Float[Tensor, "steps"]:
    r"""How often to draw each step between two noise levels, where noise matters most.

    .. math:: p_i \propto \Phi \Big( \frac{\ln \sigma_{i+1} - \mu}{s} \Big)
              - \Phi \Big( \frac{\ln \sigma_i - \mu}{s} \Big)

    Draw with ``torch.multinomial``.

    Args:
        sigmas: levels, above 0 and increasing, as of `noise_levels`; two at least.
        mean: mu, of the logarithm of the noise.
        std: s, its standard deviation, above 0.

    Returns:
        (levels - 1,) probabilities.

    Raises:
        ShapeError: ``sigmas`` is not (levels,) with two at least.
        DtypeError: ``sigmas`` is not floating, or an option no number.
        InvalidInputError: a level is NaN or infinite, not above 0, or not above the one before; ``std`` is
            not above 0.

    Example:
        >>> import torch
        >>> lognormal_step_probability(torch.tensor([0.5, 1.0, 2.0]), mean=0.0)  # as far below 1 as above
        tensor([0.5000, 0.5000])
    """
    check_floating("sigmas", sigmas)
    check_ndim("sigmas", sigmas, "levels")
    if sigmas.shape[0] < 2:
        raise ShapeError(f"sigmas: got shape {tuple(sigmas.shape)}; wanted two levels at least")
    check_finite("sigmas", sigmas)
    check_real("mean", mean)
    check_positive("std", std)
    if checks_values(sigmas):
        if bool((sigmas <= 0).any()):
            raise InvalidInputError(f"sigmas: got {sigmas.min().item():g}; wanted levels above 0")
        if bool((sigmas.diff() <= 0).any()):
            raise InvalidInputError(
                "sigmas: got a level that is not above the one before; wanted them rising"
            )
    quantile = (sigmas.detach().double().log() - mean) / std
    low, high = quantile[:-1], quantile[1:]
    # In the lower tail, where probabilities are small numbers with digits, not numbers near 1.
    low, high = torch.where(low > 0, -high, low), torch.where(low > 0, -low, high)
    log_low, log_high = torch.special.log_ndtr(low), torch.special.log_ndtr(high)
    log_mass: Tensor = log_high + (-torch.expm1(log_low - log_high)).log()
    return log_mass.softmax(0).to(sigmas.dtype)


def _check_levels(num_steps: int) -> None:
    check_int("num_steps", num_steps)
    if num_steps < 2:
        raise InvalidInputError(f"num_steps: got {num_steps}; wanted 2 or above")
