"""Noise that multiplies: positive data carried along a geometric Brownian motion."""

from typing import NamedTuple

from jaxtyping import Float
from lossary.authoring import full_precision
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_no_negative,
    check_non_negative,
    check_positive,
    check_real,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from torch import Tensor

from lossary_physics._scores import check_like


class GeometricBrownianPerturbation(NamedTuple):
    """Data with noise, and how much.

    Attributes:
        perturbed: the data at the given times.
        effective_volatility: the standard deviation of their logarithms, in the shape of ``time``:
            ``volatility`` for `multiplicative_denoising_score_matching`.
    """

    perturbed: Float[Tensor, "batch *rest"]
    effective_volatility: Float[Tensor, "*times"]


@full_precision
def geometric_brownian_perturbation(
    data: Float[Tensor, "batch *rest"],
    noise: Float[Tensor, "batch *rest"],
    time: Float[Tensor, "batch"] | Float[Tensor, ""] | float,
    *,
    drift: float = 0.0,
    volatility: float = 1.0,
) -> GeometricBrownianPerturbation:
    r"""Positive data after some time of multiplicative noise.

    .. math:: x_t = x_0 \exp \big( (\mu - \sigma^2 / 2) t + \sigma \sqrt{t} \, z \big)

    Args:
        data: x_0, above 0; add an offset to data with zeros, which would stay zero for ever.
        noise: z, standard normal, in the shape of ``data``. It receives no gradient.
        time: t, 0 or above, one for all samples or one for each. It receives no gradient.
        drift: mu.
        volatility: sigma, above 0.

    Returns:
        The perturbed data, and sigma sqrt(t).

    Raises:
        ShapeError: there is no sample; ``noise`` or ``time`` does not fit ``data``.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; ``data`` is not above 0; ``time`` is negative;
            ``volatility`` is not above 0.

    Source: Shetty, Prasath and Seelamantula, Dale meets Langevin: A Multiplicative Denoising Diffusion Model,
        arXiv 2025.

    Example:
        >>> import torch
        >>> data, noise = torch.tensor([[2.0]]), torch.tensor([[0.5]])
        >>> geometric_brownian_perturbation(data, noise, 1.0).perturbed  # 2 exp(-1 / 2 + 0.5)
        tensor([[2.]])
    """
    check_real("drift", drift)
    check_positive("volatility", volatility)
    check_floating("data", data)
    if data.ndim == 0 or data.shape[0] == 0:
        raise ShapeError(f"data: got shape {tuple(data.shape)}; wanted (batch, ...) with at least one sample")
    check_finite("data", data)
    if checks_values(data) and bool((data <= 0).any()):
        raise InvalidInputError(
            f"data: got {data.min().item():g}; wanted values above 0, such as data + offset"
        )
    check_like("noise", noise, tuple(data.shape), like="data")
    moment = _checked_time(time, data)
    effective = volatility * moment.sqrt()
    spread = [-1, *[1] * (data.ndim - 1)]
    growth = (drift - volatility**2 / 2) * moment
    exponent = growth.reshape(spread) + effective.reshape(spread) * noise.detach().to(data.dtype)
    return GeometricBrownianPerturbation(data * exponent.exp(), effective)


def _checked_time(time: Tensor | float, data: Tensor) -> Tensor:
    if not isinstance(time, Tensor):
        check_non_negative("time", time)
        return data.new_full((), time)
    check_floating("time", time)
    if time.ndim and tuple(time.shape) != (data.shape[0],):
        raise ShapeError(
            f"time: got shape {tuple(time.shape)}; wanted () or ({data.shape[0]},), one for each sample"
        )
    check_finite("time", time)
    check_no_negative("time", time)
    return time.detach().to(data.dtype)
