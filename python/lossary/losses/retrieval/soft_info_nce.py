"""Soft InfoNCE: negatives count less the more a frozen scorer finds them to be like the positive.

In collections such as code many of a batch's negatives would answer the query as well. A similarity that is
to hand, of BM25 or a frozen model, says which, and they push less than true negatives.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

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
    check_finite,
    check_floating,
    check_no_negative,
    check_non_negative,
    check_positive,
    check_shape,
    checks_values,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.ops.dot_products import query_key_scores
from lossary.ops.masked_softmax import masked_log_softmax, masked_log_sum_exp


@full_precision
def soft_info_nce(
    query: Float[Tensor, "queries dim"],
    key: Float[Tensor, "keys dim"],
    similarity: Float[Tensor, "queries keys"] | None = None,
    weight: Float[Tensor, "queries keys"] | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    sim_temperature: float = 1.0,
    min_weight: float | None = 0.1,
    temperature: float = 1.0,
    normalize: bool = False,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far the key of each query is from standing out among the others, similar ones counting less.

    .. math:: L_i = -\log \frac{e^{s_{ii}}}{e^{s_{ii}} + \sum_{j \neq i} w_{ij} e^{s_{ij}}}, \quad
              w_{ij} = \frac{\beta - \alpha \,\mathrm{softmax}_{j \neq i}(S_{ij} / \tau)}
              {\beta - \alpha / (K - 1)}

    for K keys, with s the scores of queries and keys. With alpha 0, or a similarity S that is the same for
    all, every weight is 1 and the loss is InfoNCE.

    Args:
        query: one row per query.
        key: one row per key, at least as many as queries: key i is the positive of query i, and all others
            are its negatives.
        similarity: S, how alike each key is to the positive of each query, as a frozen scorer says; larger
            is more alike. Entry (i, i) has no effect. No gradient flows into it.
        weight: w itself, at least 0, in place of ``similarity``. It is not raised to ``min_weight``; entry
            (i, i) has no effect, and 0 leaves a negative out.
        alpha: how much similarity lowers a weight, at least 0.
        beta: what it is lowered from, above 0, and above alpha / (K - 1).
        sim_temperature: τ, above 0; smaller tells more similar negatives apart more sharply.
        min_weight: weights below it are raised to it; None leaves them.
        temperature: what the scores are divided by, above 0.
        normalize: compare by cosine; False compares by the dot product of the rows as they come.
        reduction: "mean" or "sum" over queries, or "none".

    Returns:
        A scalar, or one value per query under "none". With one key there is no negative, and it is 0.

    Raises:
        ShapeError: ``query`` or ``key`` is not a matrix or has no column; there are fewer keys than queries;
            another shape does not fit.
        DtypeError: a tensor is not floating.
        InvalidInputError: ``similarity`` and ``weight`` are both given, or neither; a value is NaN or
            infinite; a row is zero and has no direction; a weight is negative, by ``alpha`` or as given; an
            option is outside its range.

    Differs from the paper: ``min_weight``, which is the official code's; the paper's weights have no bound.
        There may be more keys than queries, and weights given as such.

    Source: Li, Zhou, Luu and Miao, Rethinking Negative Pairs in Code Search, EMNLP 2023, equations 3 and 4.

    Example:
        >>> import torch
        >>> query, key = torch.eye(2), torch.eye(2)
        >>> soft_info_nce(query, key, weight=torch.full((2, 2), 0.25))  # log(1 + 1 / (4 e))
        tensor(0.0880)
    """
    check_non_negative("alpha", alpha)
    check_positive("beta", beta)
    check_positive("sim_temperature", sim_temperature)
    if min_weight is not None:
        check_non_negative("min_weight", min_weight)
    check_positive("temperature", temperature)
    scores = query_key_scores(query, key, normalize=normalize)
    queries, keys = scores.shape
    if keys < queries:
        raise ShapeError(f"key: got {keys} rows for {queries} queries; wanted a key for each")
    negative = ~torch.eye(queries, keys, dtype=torch.bool, device=scores.device)
    if similarity is None and weight is not None:
        weight = _given_weight(weight, scores)
    elif similarity is not None and weight is None:
        weight = _similarity_weight(similarity, negative, alpha, beta, sim_temperature, min_weight)
    else:
        came = "neither it nor weight" if weight is None else "both it and weight"
        raise InvalidInputError(f"similarity: got {came}; wanted one of the two")

    scores = scores / temperature
    rivals = masked_log_sum_exp(scores + weight.log(), negative & (weight != 0))
    return reduce(-functional.logsigmoid(scores.diagonal() - rivals), reduction)


def _given_weight(weight: Tensor, scores: Tensor) -> Tensor:
    check_floating("weight", weight)
    check_shape("weight", weight, tuple(scores.shape), like="query by key")
    check_finite("weight", weight)
    check_no_negative("weight", weight, "weights")
    return weight.detach()


def _similarity_weight(
    similarity: Tensor,
    negative: Tensor,
    alpha: float,
    beta: float,
    temperature: float,
    min_weight: float | None,
) -> Tensor:
    check_floating("similarity", similarity)
    check_shape("similarity", similarity, tuple(negative.shape), like="query by key")
    check_finite("similarity", similarity)
    negatives = negative.shape[1] - 1
    if negatives < 1:
        return torch.ones_like(similarity)
    if beta <= alpha / negatives:
        raise InvalidInputError(
            f"alpha: got {alpha!r} with beta={beta!r} and {negatives} negatives per query; wanted less than "
            "beta times the number of negatives"
        )
    share = masked_log_softmax(similarity.detach(), negative, temperature=temperature).exp()
    weight = (beta - alpha * share) / (beta - alpha / negatives)
    if min_weight is not None:
        return weight.clamp(min=min_weight)
    if checks_values(weight) and bool((weight < 0).any()):
        raise InvalidInputError(
            f"alpha: got {alpha!r} with beta={beta!r}, which makes a weight {weight.min().item():g}; wanted "
            "at most beta, or a min_weight"
        )
    return weight


SoftInfoNce = loss_module(soft_info_nce)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four queries, their keys and two more, and what a frozen scorer makes of them."""
    return {
        "query": torch.randn(4, 3, generator=generator),
        "key": torch.randn(6, 3, generator=generator),
        "similarity": 2 * torch.randn(4, 6, generator=generator),
    }


def rank_keys(query: np.ndarray, key: np.ndarray, **_: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Relevance and dot product of every key to every query, of which the one of its own number is right."""
    return np.eye(len(query), len(key), dtype=bool), query @ key.T


LOSS = LossSpec(
    function=soft_info_nce,
    module=SoftInfoNce,
    paper=Paper(
        title="Rethinking Negative Pairs in Code Search",
        authors="Li, Zhou, Luu and Miao",
        venue="EMNLP",
        year=2023,
        url="https://arxiv.org/abs/2310.08069",
        equation="equations 3 and 4",
    ),
    differentiable=("query", "key"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="mean_reciprocal_rank", adapt=rank_keys),
        ExactMetric(name="recall_at_k", adapt=rank_keys, options={"k": 1}),
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.TWICE_DIFFERENTIABLE}),
)
