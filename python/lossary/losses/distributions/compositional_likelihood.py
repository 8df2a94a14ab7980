"""Compositional likelihood: maximum likelihood of an unnormalized model, normalized by samples of noise.

No constant has to be learned, and noise that is far from the data does less harm than to `noise_contrastive`.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lossary.authoring import LossSpec, Paper, Picture, Property, full_precision
from lossary.authoring.validation import check_between, check_finite
from lossary.losses.distributions import _unnormalized
from lossary.losses.distributions._unnormalized import DETECTION, check_samples, noise_log_ratio


@full_precision
def compositional_likelihood(
    data_log_density: Float[Tensor, "data"],
    noise_log_density: Float[Tensor, "noise"],
    noise_log_prob: Float[Tensor, "noise"],
) -> Float[Tensor, ""]:
    r"""Negative log likelihood of data, normalized by the mean of density ratios over noise.

    .. math:: L = -\frac{1}{N} \sum_i f(x_i) + \log \frac{1}{M} \sum_j e^{f(n_j) - \log q(n_j)}

    Adding a constant to f changes nothing. The logarithm of a mean of few ratios is biased; the module
    averages over steps to correct that.

    Args:
        data_log_density: f at N samples of data, natural logarithms, with any constant.
        noise_log_density: f at M samples of noise; -inf where the model rules one out, but not all.
        noise_log_prob: log q at these samples, the density of the noise, which is normalized.

    Returns:
        A scalar.

    Raises:
        ShapeError: an argument is no vector or is empty, or those of noise differ in length.
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite, but for -inf where that is allowed.

    Source: Jiang, Qin, Wu, Chen, Yang and Zhang, Learning Unnormalized Statistical Models via Compositional
        Optimization, ICML 2023.

    Example:
        >>> import torch
        >>> zeros = torch.zeros(2)
        >>> compositional_likelihood(torch.tensor([1.0, 3.0]), zeros, zeros)  # -(1 + 3) / 2 + log 1
        tensor(-2.)
    """
    data_part, ratios = _parts(data_log_density, noise_log_density, noise_log_prob)
    return data_part + ratios.logsumexp(0) - math.log(len(ratios))


def _parts(
    data_log_density: Tensor, noise_log_density: Tensor, noise_log_prob: Tensor
) -> tuple[Tensor, Tensor]:
    """Minus the mean density of data, and the logarithms of the density ratios of noise."""
    check_samples("data_log_density", data_log_density)
    check_finite("data_log_density", data_log_density)
    return -data_log_density.mean(), noise_log_ratio(noise_log_density, noise_log_prob)


@full_precision
def _averaged(
    data_log_density: Tensor,
    noise_log_density: Tensor,
    noise_log_prob: Tensor,
    before: Tensor,
    decay: float,
) -> tuple[Tensor, Tensor]:
    """The loss with a normalizer averaged over steps, and the logarithm of that."""
    data_part, ratios = _parts(data_log_density, noise_log_density, noise_log_prob)
    now = ratios.detach().logsumexp(0) - math.log(len(ratios))
    before = before.to(now.dtype)
    # Of two logarithms that are equal the mean is exactly that.
    rising = now + (decay * (before - now).expm1()).log1p()
    falling = before + ((1 - decay) * (now - before).expm1()).log1p()
    mean = torch.where(now > before, rising, falling)
    log_normalizer = torch.where(before.isnan(), now, mean)
    slopes = (ratios.detach() - log_normalizer).exp() / len(ratios)
    # The value of the logarithm, with the slope of each ratio over the averaged normalizer; a ratio of 0 has
    # none, and minus itself would be NaN.
    counts = ratios.detach().isfinite()
    change = ratios.where(counts, 0.0) - ratios.detach().where(counts, 0.0)
    return data_part + log_normalizer + (slopes * change).sum(), log_normalizer


class CompositionalLikelihood(nn.Module):
    """`compositional_likelihood` with a normalizer that is averaged over steps, which the state dict keeps.

    The value has the averaged normalizer in place of the batch's, and the gradient divides by it.

    Args:
        decay: how much of the average stays in a step, inside (0, 1). The first call starts with its batch.

    Raises:
        DtypeError: ``decay`` is not a number.
        InvalidInputError: ``decay`` is not inside (0, 1).

    Example:
        >>> import torch
        >>> criterion = CompositionalLikelihood(decay=0.5)
        >>> zeros = torch.zeros(2)
        >>> first = criterion(zeros, zeros, zeros)  # the normalizer is 1
        >>> criterion(zeros, zeros + math.log(3), zeros)  # and now (1 + 3) / 2: log 2
        tensor(0.6931)
    """

    log_normalizer: Tensor

    def __init__(self, *, decay: float = 0.9) -> None:
        super().__init__()
        check_between("decay", decay, 0.0, 1.0)
        self.decay = decay
        self.register_buffer("log_normalizer", torch.tensor(math.nan))  # NaN before the first call

    def forward(self, data_log_density: Tensor, noise_log_density: Tensor, noise_log_prob: Tensor) -> Tensor:
        """The loss of a batch, which the average then knows."""
        loss, log_normalizer = _averaged(
            data_log_density, noise_log_density, noise_log_prob, self.log_normalizer, self.decay
        )
        self.log_normalizer = log_normalizer.to(self.log_normalizer)
        return loss

    def extra_repr(self) -> str:
        """The option."""
        return f"decay={self.decay!r}"


def example_inputs(generator: torch.Generator) -> dict[str, Tensor]:
    """Five samples of data and seven of noise."""
    inputs = _unnormalized.example_inputs(generator)
    del inputs["data_noise_log_prob"]
    return inputs


def _spread(example: dict[str, Tensor], factor: Tensor) -> dict[str, Tensor]:
    """The model's log densities, their differences multiplied by a factor."""
    return {name: example[name] * factor for name in ("data_log_density", "noise_log_density")}


LOSS = LossSpec(
    function=compositional_likelihood,
    module=CompositionalLikelihood,
    paper=Paper(
        title="Learning Unnormalized Statistical Models via Compositional Optimization",
        authors="Jiang, Qin, Wu, Chen, Yang and Zhang",
        venue="ICML",
        year=2023,
        url="https://arxiv.org/abs/2306.07485",
    ),
    differentiable=("data_log_density", "noise_log_density", "noise_log_prob"),
    example_inputs=example_inputs,
    pairs_with=DETECTION,
    properties=frozenset(
        {
            Property.BATCH_ORDER_FREE,
            Property.CONVEX,
            Property.TWICE_DIFFERENTIABLE,
            Property.REJECTS_EMPTY_BATCH,
        }
    ),
    aliases=("meco",),
    picture=Picture(inputs=_spread, low=-2.0, high=3.0, words="factor of the log densities"),
)
