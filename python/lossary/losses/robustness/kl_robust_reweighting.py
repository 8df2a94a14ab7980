"""KL-robust reweighting: the expected loss under the worst weighting of the samples that is not too far off.

Between the mean of the losses and their maximum. It takes the losses of samples, of any kind, in place of
their mean: those of attacked inputs make the least robust samples count most.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_finite, check_floating, check_ndim, check_positive
from lossary.ops.masked_softmax import masked_log_softmax
from lossary.ops.soft_maximum import soft_maximum


@full_precision
def kl_robust_reweighting(loss: Float[Tensor, "batch"], *, temperature: float = 1.0) -> Float[Tensor, ""]:
    r"""Largest weighted mean of losses, less a price for weights that differ from each other.

    .. math:: L = \max_{w \in \Delta} \sum_i w_i \ell_i - T \sum_i w_i \ln (N w_i)
              = T \ln \frac{1}{N} \sum_i e^{\ell_i / T}

    The gradient of each loss is its weight, so that back-propagation reweighs the samples. In small batches
    the value is too low on average, for a logarithm of a mean is: large temperatures or batches help.

    Args:
        loss: one per sample, with its graph, of any loss under ``reduction="none"``.
        temperature: T, above 0: the mean of the losses from large ones on, their maximum towards 0.

    Returns:
        A scalar. An empty batch gives 0.

    Raises:
        ShapeError: ``loss`` is not (batch,).
        DtypeError: ``loss`` is not floating.
        InvalidInputError: a loss is NaN or infinite; ``temperature`` is not above 0.

    Differs from the paper: the loss of a whole batch, where the paper keeps a moving average of the mean
        of exponentials. A temperature of 1 is a choice of ours.

    Source: Sow, Lin, Wang and Liang, Doubly Robust Instance-Reweighted Adversarial Training, ICLR 2024.

    Example:
        >>> import torch
        >>> kl_robust_reweighting(torch.tensor([0.0, 1.0986]))  # ln((1 + 3) / 2)
        tensor(0.6931)
    """
    _check_losses(loss, temperature)
    if loss.shape[0] == 0:
        return loss.sum()
    return soft_maximum(loss.unsqueeze(0), temperature).squeeze(0)


@full_precision
def kl_robust_weights(loss: Float[Tensor, "batch"], *, temperature: float = 1.0) -> Float[Tensor, "batch"]:
    """Give the weights at which `kl_robust_reweighting` is reached, whose arguments and errors it shares.

    Returns:
        The softmax of the losses over the temperature, without a graph.

    Example:
        >>> import torch
        >>> kl_robust_weights(torch.tensor([0.0, 1.0986]))
        tensor([0.2500, 0.7500])
    """
    _check_losses(loss, temperature)
    return masked_log_softmax(loss.detach().unsqueeze(0), temperature=temperature).exp().squeeze(0)


def _check_losses(loss: Tensor, temperature: float) -> None:
    check_floating("loss", loss)
    check_ndim("loss", loss, "batch")
    check_finite("loss", loss)
    check_positive("temperature", temperature)


KlRobustReweighting = loss_module(kl_robust_reweighting)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six losses."""
    return {"loss": 3 * torch.rand(6, generator=generator) - 0.5}


LOSS = LossSpec(
    function=kl_robust_reweighting,
    module=KlRobustReweighting,
    paper=Paper(
        title="Doubly Robust Instance-Reweighted Adversarial Training",
        authors="Sow, Lin, Wang and Liang",
        venue="ICLR",
        year=2024,
        url="https://arxiv.org/abs/2308.00311",
    ),
    differentiable=("loss",),
    example_inputs=example_inputs,
    unpaired_reason="it is given losses, of whatever kind, and no decision that a metric could judge",
    properties=frozenset({Property.BATCH_ORDER_FREE, Property.CONVEX, Property.TWICE_DIFFERENTIABLE}),
    aliases=("kl_dro", "tilted_loss"),
)
