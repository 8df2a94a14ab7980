"""Soft-label alignment: a retriever's candidates in the proportions that a judge finds them relevant.

For judges whose scores are graded, such as a large model's confidence that a candidate matches: a candidate
that nearly matches is then no hard negative. The exact metrics compare the order with the judge's.
"""

import math
from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Property,
    Reduction,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import (
    check_choice,
    check_mask,
    check_non_negative,
    check_positive,
    check_shape,
)
from lossary.losses.retrieval._lists import check_lists
from lossary.ops.masked_softmax import masked_log_softmax

Divergence = Literal["jeffreys", "kl", "reverse_kl", "jensen_shannon"]

# The logarithm of a share of 0 that is a number, so that differences of two are numbers too.
_LOG_NOTHING = -1e30


@full_precision
def soft_label_alignment(
    scores: Float[Tensor, "queries items"],
    target_scores: Float[Tensor, "queries items"],
    mask: Bool[Tensor, "queries items"] | None = None,
    *,
    temperature: float = 0.02,
    target_temperature: float | None = None,
    divergence: Divergence = "jeffreys",
    eps: float = 0.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""Divergence between the softmax of a query's scores and that of a judge's scores.

    .. math:: L = \tfrac{1}{2} \left[ KL(p \| q) + KL(q \| p) \right], \quad
              q = \mathrm{softmax}(s / T), \; p = \mathrm{softmax}(t / T')

    Args:
        scores: s, such as cosines of a query and its candidates, in any order.
        target_scores: t, the judge's scores of the same candidates, such as probabilities; no gradient flows
            into them.
        mask: True where a candidate counts; None counts all.
        temperature: T, above 0; 0.02 is made for cosines.
        target_temperature: T', above 0; None takes ``temperature``.
        divergence: "jeffreys" as in the formula; "kl" is KL(p || q), "reverse_kl" is KL(q || p),
            "jensen_shannon" the mean of both from the mixture (p + q) / 2, which log 2 bounds.
        eps: added to the second distribution of each KL inside its logarithm, at least 0. The official code
            has 1e-8, which bounds the weight of candidates that one side finds impossible.
        reduction: "mean" or "sum" over the queries that have a candidate that counts, or "none".

    Returns:
        A scalar, or one value per query under "none". A query with one candidate, or with none that counts,
        has 0.

    Raises:
        ShapeError: ``scores`` is not a matrix or has no column; another shape does not fit it.
        DtypeError: scores are not floating, or ``mask`` not bool.
        InvalidInputError: scores are NaN or infinite; a temperature is not above 0; ``eps`` is negative;
            ``divergence`` is unknown.

    Differs from the official code: no multiplication by the number of processes, and ``eps`` is 0.

    Source: Gu et al., UniME-V2: MLLM-as-a-Judge for Universal Multimodal Embedding Learning, arXiv
        2510.13515, 2025.

    Example:
        >>> import torch
        >>> scores, judge = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
        >>> soft_label_alignment(scores, judge, temperature=1.0)  # (e - 1) / (e + 1), as all gaps are 1
        tensor(0.4621)
    """
    check_lists("scores", scores)
    check_lists("target_scores", target_scores)
    check_shape("target_scores", target_scores, tuple(scores.shape), like="scores")
    check_positive("temperature", temperature)
    if target_temperature is None:
        target_temperature = temperature
    check_positive("target_temperature", target_temperature)
    check_choice("divergence", divergence, get_args(Divergence))
    check_non_negative("eps", eps)
    if mask is not None:
        check_mask("mask", mask)
        check_shape("mask", mask, tuple(scores.shape), like="scores")

    log_q = _log_shares(scores, mask, temperature)
    log_p = _log_shares(target_scores.detach(), mask, target_temperature)
    match divergence:
        case "jeffreys":
            values = _jeffreys(log_p, log_q, eps)
        case "kl":
            values = _relative_entropy(log_p, log_q, eps)
        case "reverse_kl":
            values = _relative_entropy(log_q, log_p, eps)
        case "jensen_shannon":
            middle = torch.logaddexp(log_p, log_q) - math.log(2)
            values = (_relative_entropy(log_p, middle, eps) + _relative_entropy(log_q, middle, eps)) / 2
    return reduce(values, reduction, mask=None if mask is None else mask.any(1))


def _log_shares(scores: Tensor, mask: Tensor | None, temperature: float) -> Tensor:
    logs = masked_log_softmax(scores, mask, temperature=temperature)
    return logs if mask is None else logs.where(mask, _LOG_NOTHING)


def _jeffreys(log_p: Tensor, log_q: Tensor, eps: float) -> Tensor:
    if eps > 0:
        return (_relative_entropy(log_p, log_q, eps) + _relative_entropy(log_q, log_p, eps)) / 2
    return ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(1) / 2  # no term of which is negative


def _relative_entropy(log_a: Tensor, log_b: Tensor, eps: float) -> Tensor:
    if eps > 0:
        log_b = torch.logaddexp(log_b, log_b.new_tensor(math.log(eps)))
    return (log_a.exp() * (log_a - log_b)).sum(1)


SoftLabelAlignment = loss_module(soft_label_alignment)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four queries with five candidates each: cosines, and a judge's probabilities."""
    return {
        "scores": 0.05 * torch.randn(4, 5, generator=generator),
        "target_scores": 0.1 * torch.rand(4, 5, generator=generator),
    }


def graded_lists(
    scores: np.ndarray, target_scores: np.ndarray, mask: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """The judge's scores as grades of the candidates that count, flat, and whose they are."""
    counts = np.ones(scores.shape, dtype=bool) if mask is None else mask
    return {
        "y_true": target_scores[counts],
        "y_score": scores[counts],
        "query": np.nonzero(counts)[0],
    }


def ranks_within_lists(
    scores: np.ndarray, target_scores: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The rank of each candidate that counts within its own list, by the judge and by the retriever, flat.

    For lists of one length without ties, the correlation of these is the mean of the lists' correlations.
    """
    counts = np.ones(scores.shape, dtype=bool) if mask is None else mask
    return _ranks(target_scores, counts), _ranks(scores, counts)


def _ranks(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Twice the mid-rank among the entries of the row that count, as integers."""
    left, right, rivals = values[:, :, None], values[:, None, :], counts[:, None, :]
    ranks = (rivals & (left > right)).sum(2) + (rivals & (left >= right)).sum(2)
    chosen: np.ndarray = ranks[counts]
    return chosen


LOSS = LossSpec(
    function=soft_label_alignment,
    module=SoftLabelAlignment,
    paper=Paper(
        title="UniME-V2: MLLM-as-a-Judge for Universal Multimodal Embedding Learning",
        authors="Gu et al.",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2510.13515",
    ),
    differentiable=("scores",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="spearman_rho", adapt=ranks_within_lists),
        ExactMetric(name="ndcg_at_k", adapt=graded_lists, options={"gain": "linear"}),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.ZERO_AT_TARGET,
            Property.BATCH_ORDER_FREE,
            Property.SHIFT_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
    aliases=("unime_v2",),
)
