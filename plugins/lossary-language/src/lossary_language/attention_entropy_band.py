"""Attention entropy band: keeps the entropy of each attention head near a threshold that it learns.

For Transformers without the nonlinearities that private inference cannot afford, whose heads otherwise drift
to no attention at all or to one token. An addition to cross-entropy.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_int,
    check_non_negative,
    check_positive,
    checks_values,
)
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from torch import Tensor

_ROUNDED = 0.01  # rows that were once rounded to bfloat16 add up to one no closer than 0.004


def attention_entropy_band(
    attention: Float[Tensor, "layers batch heads queries keys"]
    | Sequence[Float[Tensor, "batch heads queries keys"]],
    threshold: Float[Tensor, "heads"] | Float[Tensor, "layers heads"],
    *,
    coefficient: float = 1e-5,
    tolerance: float = 0.2,
    context_size: int | None = None,
    epsilon: float = 1e-9,
) -> Float[Tensor, ""]:
    r"""Squared distance of the attention's entropy from a threshold, where it is outside a band around it.

    .. math:: L = \frac{c}{L H} \sum_{l,b,h,t} \delta^2 \, [|\delta| > \tau M], \quad
              \delta = -\sum_s a_s \log(a_s + \epsilon) - \theta_h M, \quad M = \log S

    Sequences and queries are summed, not averaged, which the small default of c makes up for. At the edge of
    the band the value jumps from 0 to (tau M)^2.

    Args:
        attention: a, probabilities over the keys; one tensor, or one for each of the L layers.
        threshold: theta, the wanted entropy of each head as a share of M; a parameter to be trained with the
            model, 0.5 at first. One per head for all layers, as in the authors' code, or one per layer and
            head.
        coefficient: c, 0 or above.
        tolerance: tau, half the width of the band as a share of M, 0 or above.
        context_size: S of M; None takes the number of keys.
        epsilon: added inside the logarithm, above 0.

    Returns:
        A scalar; 0 without a layer, sequence, head or query.

    Raises:
        ShapeError: ``attention`` has not these axes, or no key, or its layers differ; ``threshold`` is not
            one per head, or per layer and head.
        DtypeError: an argument is not floating, or ``context_size`` no int.
        InvalidInputError: an attention is below 0 or NaN, or a row does not add up to one within 0.01; a
            threshold is NaN or infinite; ``coefficient`` or ``tolerance`` is negative; ``context_size`` is
            below 1; ``epsilon`` is not above 0.

    Source: Jha and Reagen, Entropy-Guided Attention for Private LLMs, arXiv 2501.03489, 2025.

    Example:
        >>> import torch
        >>> attention = torch.tensor([[[[[1.0, 0.0], [0.5, 0.5]]]]])  # entropies 0 and log 2
        >>> attention_entropy_band(attention, torch.tensor([0.0]), coefficient=1.0)  # (log 2)^2
        tensor(0.4805)
    """
    stacked = _stacked(attention)
    check_floating("threshold", threshold)
    layers, _, heads, _, keys = stacked.shape
    if tuple(threshold.shape) not in {(heads,), (layers, heads)}:
        raise ShapeError(
            f"threshold: got shape {tuple(threshold.shape)}; wanted ({heads},) or ({layers}, {heads}), as "
            "attention has heads"
        )
    check_finite("threshold", threshold)
    check_non_negative("coefficient", coefficient)
    check_non_negative("tolerance", tolerance)
    check_positive("epsilon", epsilon)
    if context_size is None:
        context_size = keys
    check_int("context_size", context_size)
    if context_size < 1:
        raise InvalidInputError(f"context_size: got {context_size}; wanted at least 1")
    return _penalty(stacked, threshold, coefficient, tolerance, math.log(context_size), epsilon)


def attention_head_entropy(
    attention: Float[Tensor, "layers batch heads queries keys"]
    | Sequence[Float[Tensor, "batch heads queries keys"]],
) -> Float[Tensor, "layers heads"]:
    """Mean entropy of each head over sequences and queries, to be logged.

    Args:
        attention: probabilities over the keys; one tensor, or one for each layer.

    Returns:
        One value per layer and head, from 0 to the logarithm of the number of keys; 0 without a query.

    Raises:
        ShapeError: ``attention`` has not these axes, or no key, or its layers differ.
        DtypeError: ``attention`` is not floating.
        InvalidInputError: a value is below 0 or NaN, or a row does not add up to one.

    Example:
        >>> import torch
        >>> attention_head_entropy(torch.tensor([[[[[1.0, 0.0], [0.5, 0.5]]]]]))  # half of log 2
        tensor([[0.3466]])
    """
    stacked = _stacked(attention)
    queries = stacked.shape[1] * stacked.shape[3]
    entropy = torch.special.entr(stacked.to(torch.promote_types(stacked.dtype, torch.float32)))
    mean: Tensor = entropy.sum((1, 3, 4)) / max(queries, 1)
    return mean.to(stacked.dtype)


@full_precision
def _penalty(
    attention: Tensor,
    threshold: Tensor,
    coefficient: float,
    tolerance: float,
    largest: float,
    epsilon: float,
) -> Tensor:
    entropy = -(attention * (attention + epsilon).log()).sum(-1)  # (layers, batch, heads, queries)
    wanted = threshold.unsqueeze(-2).unsqueeze(-1)  # (..., 1, heads, 1)
    distance = entropy - wanted * largest
    inside = distance.abs() <= tolerance * largest  # NaN is outside, and stays NaN
    scale = coefficient / max(attention.shape[0] * attention.shape[2], 1)
    total: Tensor = distance.square().where(~inside, 0.0).sum()
    return scale * total


def _stacked(attention: Tensor | Sequence[Tensor]) -> Tensor:
    """One checked tensor, (layers, batch, heads, queries, keys), in its own dtype."""
    if not isinstance(attention, Tensor):
        if not (isinstance(attention, Sequence) and attention):
            raise DtypeError(
                f"attention: got {type(attention).__name__}; wanted a tensor, or one for each layer at least"
            )
        for layer in attention:
            check_floating("attention", layer)
            if layer.shape != attention[0].shape:
                raise ShapeError(
                    f"attention: got layers of shapes {tuple(attention[0].shape)} and {tuple(layer.shape)}; "
                    "wanted one shape"
                )
        attention = torch.stack(list(attention))
    check_floating("attention", attention)
    if attention.ndim != 5 or attention.shape[4] == 0:
        raise ShapeError(
            f"attention: got shape {tuple(attention.shape)}; wanted (layers, batch, heads, queries, keys) "
            "with a key at least"
        )
    if checks_values(attention):
        if not bool((attention >= 0).all()):
            raise InvalidInputError("attention: got values that are negative or NaN; wanted probabilities")
        total = attention.float().sum(-1)
        if bool(((total - 1).abs() > _ROUNDED).any()):
            low, high = total.min().item(), total.max().item()
            raise InvalidInputError(
                f"attention: got rows that add up to {low:g} to {high:g}; wanted 1, over the keys"
            )
    return attention


AttentionEntropyBand = loss_module(attention_entropy_band)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Attention of two layers with three heads on two sequences of four tokens."""
    return {
        "attention": (2 * torch.randn(2, 2, 3, 4, 4, generator=generator)).softmax(-1),
        "threshold": torch.rand(3, generator=generator),
    }


LOSS = LossSpec(
    function=attention_entropy_band,
    module=AttentionEntropyBand,
    paper=Paper(
        title="Entropy-Guided Attention for Private LLMs",
        authors="Jha and Reagen",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2501.03489",
    ),
    differentiable=("attention", "threshold"),
    example_inputs=example_inputs,
    unpaired_reason=(
        "it has no target: it regularises the attention of a language model, which log_loss judges by its "
        "tokens"
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
)
