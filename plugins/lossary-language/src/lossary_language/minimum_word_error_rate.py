"""Minimum word error rate: speech recognition trained for the errors that it makes, and not for likelihood.

Each utterance comes with a few hypotheses, such as those of a beam search; those with more errors than the
others become less likely.
"""

from typing import Any

import torch
from jaxtyping import Float
from lossary.authoring import LossSpec, Paper, Property, Reduction, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_ndim,
    check_no_negative,
    check_shape,
)
from lossary.errors import ShapeError
from torch import Tensor


@full_precision
def minimum_word_error_rate(
    log_prob: Float[Tensor, "batch hypotheses"],
    error: Float[Tensor, "batch hypotheses"],
    *,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Expected number of word errors of an utterance's hypotheses, less their mean.

    .. math:: L = \sum_k p_k \Big( e_k - \frac{1}{K} \sum_j e_j \Big), \qquad p = \mathrm{softmax}(\ell)

    Add it to cross-entropy. In Paraformer, one pass of a decoder gives all hypotheses: in some, likeliest
    tokens are replaced at random.

    Args:
        log_prob: l, of each hypothesis as a whole: the sum over its tokens.
        error: e, its edit distance in words from the truth, 0 or above. It receives no gradient.
        reduction: "mean" or "sum" over the utterances, or "none".

    Returns:
        A scalar, or one value per utterance under "none": below 0 where hypotheses with few errors are
        likely; 0 for one hypothesis, or equal errors.

    Raises:
        ShapeError: ``log_prob`` is not a matrix with a hypothesis, or the shapes differ.
        DtypeError: a tensor is not floating.
        InvalidInputError: a value is NaN or infinite; an error is negative.

    Source: Prabhavalkar et al., Minimum Word Error Rate Training for Attention-based Sequence-to-Sequence
        Models, ICASSP 2018; Gao, Zhang, McLoughlin and Yan, Paraformer: Fast and Accurate Parallel
        Transformer for Non-autoregressive End-to-End Speech Recognition, Interspeech 2022.

    Example:
        >>> import torch
        >>> log_prob, error = torch.tensor([[0.75, 0.25]]).log(), torch.tensor([[0.0, 4.0]])
        >>> minimum_word_error_rate(log_prob, error)  # 0.75 * -2 + 0.25 * 2
        tensor(-1.0000)
    """
    check_floating("log_prob", log_prob)
    check_ndim("log_prob", log_prob, "batch hypotheses")
    if log_prob.shape[1] == 0:
        raise ShapeError(f"log_prob: got shape {tuple(log_prob.shape)}; wanted at least one hypothesis")
    check_floating("error", error)
    check_shape("error", error, tuple(log_prob.shape), like="log_prob")
    check_finite("log_prob", log_prob)
    check_finite("error", error)
    check_no_negative("error", error, "errors")
    error = error.detach()
    return reduce((log_prob.softmax(1) * (error - error.mean(1, keepdim=True))).sum(1), reduction)


MinimumWordErrorRate = loss_module(minimum_word_error_rate)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four utterances with three hypotheses each."""
    return {
        "log_prob": -4 * torch.rand(4, 3, generator=generator),
        "error": torch.randint(6, (4, 3), generator=generator).float(),
    }


LOSS = LossSpec(
    function=minimum_word_error_rate,
    module=MinimumWordErrorRate,
    paper=Paper(
        title="Minimum Word Error Rate Training for Attention-based Sequence-to-Sequence Models",
        authors="Prabhavalkar et al.",
        venue="ICASSP",
        year=2018,
        url="https://arxiv.org/abs/1712.01818",
    ),
    differentiable=("log_prob",),
    example_inputs=example_inputs,
    unpaired_reason="the exact metric is an input: the word errors of each hypothesis",
    properties=frozenset(
        {Property.SHIFT_INVARIANT, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}
    ),
    aliases=("mwer",),
)
