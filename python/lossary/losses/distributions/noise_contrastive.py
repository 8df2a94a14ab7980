"""Noise-contrastive estimation: an unnormalized model learns to tell data from noise of a known density.

The classifier's logit is the model's log density less the noise's, so that training it fits the density, and
with it the constant by which the model is normalized.
"""

import math

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.losses.distributions._unnormalized import (
    DETECTION,
    example_inputs,
    log_ratio,
    noise_log_ratio,
)


@full_precision
def noise_contrastive(
    data_log_density: Float[Tensor, "data"],
    data_noise_log_prob: Float[Tensor, "data"],
    noise_log_density: Float[Tensor, "noise"],
    noise_log_prob: Float[Tensor, "noise"],
) -> Float[Tensor, ""]:
    r"""Logistic loss of telling data from noise by the ratio of the two densities.

    .. math:: L = \frac{1}{N} \sum_i \log (1 + e^{-a_i}) + \frac{\nu}{M} \sum_j \log (1 + e^{b_j}), \quad
              a_i = f(x_i) - \log q(x_i) - \log \nu, \; \nu = M / N

    with b the same at samples of noise.

    Args:
        data_log_density: f at N samples of data, natural logarithms. The model must have a constant of its
            own, as the loss is not indifferent to one.
        data_noise_log_prob: log q at these samples, the density of the noise, which is normalized.
        noise_log_density: f at M samples of noise; -inf where the model rules one out, but not all.
        noise_log_prob: log q at these samples.

    Returns:
        A scalar.

    Raises:
        ShapeError: an argument is no vector, is empty, or differs in length from the other of its samples.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite, but for -inf where that is allowed.

    Source: Gutmann and Hyvarinen, Noise-contrastive estimation: A new estimation principle for unnormalized
        statistical models, AISTATS 2010.

    Example:
        >>> import torch
        >>> zeros = torch.zeros(2)
        >>> noise_contrastive(zeros, zeros, zeros, zeros)  # nothing is told apart: 2 log 2
        tensor(1.3863)
    """
    at_data = log_ratio("data_log_density", data_log_density, "data_noise_log_prob", data_noise_log_prob)
    at_noise = noise_log_ratio(noise_log_density, noise_log_prob)
    more = len(at_noise) / len(at_data)
    data_part = functional.softplus(math.log(more) - at_data).mean()
    return data_part + more * functional.softplus(at_noise - math.log(more)).mean()


NoiseContrastive = loss_module(noise_contrastive)


LOSS = LossSpec(
    function=noise_contrastive,
    module=NoiseContrastive,
    paper=Paper(
        title=(
            "Noise-contrastive estimation: A new estimation principle for unnormalized statistical models"
        ),
        authors="Gutmann and Hyvarinen",
        venue="AISTATS",
        year=2010,
        url="https://proceedings.mlr.press/v9/gutmann10a.html",
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
    aliases=("nce",),
)
