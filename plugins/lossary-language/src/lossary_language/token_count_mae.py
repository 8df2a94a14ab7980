"""Token count: how far the number of tokens that a speech recognizer will fire is from the truth.

For the weights of `continuous_integrate_and_fire`, which add up to that number.
"""

from typing import Any

import torch
from jaxtyping import Float, Integer
from lossary.authoring import LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_integer,
    check_ndim,
    check_no_negative,
    check_shape,
)
from torch import Tensor


@full_precision
def token_count_mae(
    weights: Float[Tensor, "batch frames"],
    length: Integer[Tensor, "batch"],
    *,
    normalize_length: bool = True,
) -> Float[Tensor, ""]:
    r"""Absolute difference of the sum of an utterance's weights from its number of tokens.

    .. math:: L = \frac{\sum_b \left| n_b - \sum_t \alpha_{bt} \right|}{\sum_b n_b}

    Args:
        weights: alpha, one per frame, 0 or above, before they are scaled to the number of tokens; 0 for
            padding.
        length: n, the number of tokens.
        normalize_length: divide by all tokens of the batch; False divides by the number of utterances.

    Returns:
        A scalar; 0 for a batch without a token or an utterance to divide by.

    Raises:
        ShapeError: ``weights`` is not a matrix, or ``length`` is not one value per row.
        DtypeError: ``weights`` is not floating, or ``length`` not integer.
        InvalidInputError: a weight is NaN, infinite or negative, or a length negative.

    Source: Gao, Zhang, McLoughlin and Yan, Paraformer: Fast and Accurate Parallel Transformer for
        Non-autoregressive End-to-End Speech Recognition, Interspeech 2022; the official code.

    Example:
        >>> import torch
        >>> weights = torch.tensor([[0.5, 1.0], [1.0, 1.0]])
        >>> token_count_mae(weights, torch.tensor([1, 3]))  # (0.5 + 1) / 4
        tensor(0.3750)
    """
    check_floating("weights", weights)
    check_ndim("weights", weights, "batch frames")
    check_integer("length", length)
    check_shape("length", length, (weights.shape[0],), like="the rows of weights")
    check_finite("weights", weights)
    for name, tensor in (("weights", weights), ("length", length)):
        check_no_negative(name, tensor)
    count = length.to(weights.dtype)
    apart = (count - weights.sum(1)).abs().sum()
    if not normalize_length:
        return apart / max(length.shape[0], 1)
    total = count.sum()
    return (apart / total.where(total > 0, 1.0)).where(total > 0, 0.0)


TokenCountMae = loss_module(token_count_mae)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four utterances of six frames."""
    return {
        "weights": torch.rand(4, 6, generator=generator),
        "length": torch.randint(1, 6, (4,), generator=generator),
    }


LOSS = LossSpec(
    function=token_count_mae,
    module=TokenCountMae,
    paper=Paper(
        title=(
            "Paraformer: Fast and Accurate Parallel Transformer for Non-autoregressive End-to-End Speech "
            "Recognition"
        ),
        authors="Gao, Zhang, McLoughlin and Yan",
        venue="Interspeech",
        year=2022,
        url="https://arxiv.org/abs/2206.08317",
    ),
    differentiable=("weights",),
    example_inputs=example_inputs,
    unpaired_reason="it is the exact error: the mean absolute error of the number of tokens",
    properties=frozenset({Property.NON_NEGATIVE, Property.CONVEX, Property.BATCH_ORDER_FREE}),
)
