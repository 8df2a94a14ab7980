"""Exponential noise-contrastive estimation: `noise_contrastive` with an exponential in place of the logistic.

Its landscape is kinder where data and noise hardly overlap; its values grow without bound there.
"""

from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import checks_values
from lossary.errors import InvalidInputError
from lossary.losses.distributions._unnormalized import DETECTION, example_inputs, log_ratio


@full_precision
def exponential_noise_contrastive(
    data_log_density: Float[Tensor, "data"],
    data_noise_log_prob: Float[Tensor, "data"],
    noise_log_density: Float[Tensor, "noise"],
    noise_log_prob: Float[Tensor, "noise"],
) -> Float[Tensor, ""]:
    r"""Exponential loss of telling data from noise by the ratio of the two densities.

    .. math:: L = \frac{1}{2 N} \sum_i e^{-a_i / 2} + \frac{1}{2 M} \sum_j e^{b_j / 2}, \quad
              a_i = f(x_i) - \log q(x_i)

    with b the same at samples of noise.

    Args:
        data_log_density: f at N samples of data, natural logarithms. The model must have a constant of its
            own, as the loss is not indifferent to one.
        data_noise_log_prob: log q at these samples, the density of the noise, which is normalized.
        noise_log_density: f at M samples of noise.
        noise_log_prob: log q at these samples.

    Returns:
        A scalar; 1 where the densities are the same.

    Raises:
        ShapeError: an argument is no vector, is empty, or differs in length from the other of its samples.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; an exponential overflows, which it does in float32
            where f and log q differ by more than about 170. `noise_contrastive` has no such limit.

    Source: Liu, Rosenfeld, Ravikumar and Risteski, Analyzing and Improving the Optimization Landscape of
        Noise-Contrastive Estimation, ICLR 2022.

    Example:
        >>> import torch
        >>> zeros = torch.zeros(2)
        >>> exponential_noise_contrastive(zeros, zeros, zeros, zeros)  # (e^0 + e^0) / 2
        tensor(1.)
    """
    at_data = log_ratio("data_log_density", data_log_density, "data_noise_log_prob", data_noise_log_prob)
    at_noise = log_ratio("noise_log_density", noise_log_density, "noise_log_prob", noise_log_prob)
    data_part = (-at_data / 2).exp().mean() / 2
    noise_part = (at_noise / 2).exp().mean() / 2
    for name, ratio, part in (
        ("data_log_density", at_data, data_part),
        ("noise_log_density", at_noise, noise_part),
    ):
        if checks_values(part) and not bool(part.isfinite()):
            most = ratio.abs().amax().item()
            raise InvalidInputError(
                f"{name}: got a value {most:g} away from the noise's, whose exponential overflows "
                f"{part.dtype}; wanted a nearer one, or noise_contrastive"
            )
    return data_part + noise_part


ExponentialNoiseContrastive = loss_module(exponential_noise_contrastive)


LOSS = LossSpec(
    function=exponential_noise_contrastive,
    module=ExponentialNoiseContrastive,
    paper=Paper(
        title="Analyzing and Improving the Optimization Landscape of Noise-Contrastive Estimation",
        authors="Liu, Rosenfeld, Ravikumar and Risteski",
        venue="ICLR",
        year=2022,
        url="https://arxiv.org/abs/2110.11271",
    ),
    differentiable=("data_log_density", "data_noise_log_prob", "noise_log_density", "noise_log_prob"),
    example_inputs=example_inputs,
    pairs_with=DETECTION,
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("ence",),
)
