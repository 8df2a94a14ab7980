"""Weights that turn the matching of scores into the descent of an f-divergence."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_positive,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.metrics.f_divergences import check_divergence

_WEIGHTS: dict[str, Callable[[Tensor], Tensor]] = {
    "kl": lambda r: r,
    "reverse_kl": torch.ones_like,
    "jensen_shannon": lambda r: r / (1 + r),
    "squared_hellinger": torch.sqrt,
    "softened_reverse_kl": lambda r: 1 / (1 + r),
    "jeffreys": lambda r: 1 + r,
    "neyman_chi2": torch.reciprocal,
    "pearson_chi2": torch.square,
}


@full_precision
def f_divergence_weight(
    log_ratio: Float[Tensor, "batch"],
    *,
    divergence: str = "jensen_shannon",
    alpha: float | None = None,
    log_clip: float = 10.0,
    ratio_range: tuple[float, float] = (0.1, 20.0),
    normalize: bool = True,
    eps: float = 1e-6,
) -> Float[Tensor, "batch"]:
    r"""How much the difference of two scores counts at each sample of a generator.

    .. math:: h(r) = r^2 f''(r) / c, \quad r = p / q

    where p is the teacher's density and q the student's. It is r for "kl", 1 for "reverse_kl", r / (1 + r)
    for "jensen_shannon", the root of r for "squared_hellinger", 1 / (1 + r) for "softened_reverse_kl", 1 + r
    for "jeffreys", 1 / r for "neyman_chi2", r^2 for "pearson_chi2" and r^a for "alpha". Where it grows with
    r, students cover all modes; "reverse_kl" seeks some.

    Args:
        log_ratio: log p / q at samples of the student: the logit of a discriminator that was trained to tell
            the teacher's from them.
        divergence: one of the names, or a short one of `lossary.metrics.f_divergence`.
        alpha: a, for "alpha"; 1 is "kl" and 0 "reverse_kl".
        log_clip: the largest size of log p / q, above 0; larger ones are set to it.
        ratio_range: the least and the largest r, above 0, to which others are set.
        normalize: divide by the mean over the batch, plus ``eps``.
        eps: above 0.

    Returns:
        One weight for each sample, without a gradient.

    Raises:
        ShapeError: ``log_ratio`` is no vector, or is empty.
        DtypeError: it is not floating, or an option is no number.
        InvalidInputError: a value is NaN or infinite; an option is out of range; "total_variation", which has
            no second derivative.

    Source: Xu, Nie and Vahdat, One-step Diffusion Models with f-Divergence Distribution Matching, arXiv
        2502.15681, 2025, table 1; constants c are left out as in their code.

    Example:
        >>> import torch
        >>> f_divergence_weight(torch.zeros(1), normalize=False)  # r = 1: 1 / (1 + 1)
        tensor([0.5000])
    """
    name, power = check_divergence(divergence, alpha, (*_WEIGHTS, "alpha"))
    check_positive("log_clip", log_clip)
    check_positive("eps", eps)
    least, most = _checked_range(ratio_range)
    check_floating("log_ratio", log_ratio)
    check_ndim("log_ratio", log_ratio, "batch")
    if len(log_ratio) == 0:
        raise ShapeError("log_ratio: got no value; wanted one or more")
    check_finite("log_ratio", log_ratio)
    ratio = log_ratio.detach().clamp(-log_clip, log_clip).exp().clamp(least, most)
    weight = ratio.pow(power) if name == "alpha" else _WEIGHTS[name](ratio)
    return weight / (weight.mean() + eps) if normalize else weight


def _checked_range(given: tuple[float, float]) -> tuple[float, float]:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise InvalidInputError(f"ratio_range: got {given!r}; wanted two numbers")
    least, most = given
    for value in given:
        check_positive("ratio_range", value)
    if least > most:
        raise InvalidInputError(f"ratio_range: got {given!r}; wanted the smaller number first")
    return least, most
