"""Online hard-negative triplet: a hinge on the negatives of the batch that score highest.

For retrieval among millions of labels. It pays off with batches whose queries are alike, so that the other
queries' labels are hard negatives. The exact metrics rank the labels of the batch for each query.
"""

import math
from typing import Any

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
    check_int,
    check_mask,
    check_non_negative,
    check_positive,
    check_shape,
)
from lossary.errors import InvalidInputError, ShapeError
from lossary.losses.retrieval._lists import check_lists
from lossary.ops.masked_softmax import masked_log_softmax


@full_precision
def online_hard_negative_triplet(
    scores: Float[Tensor, "queries labels"],
    positive: Bool[Tensor, "queries labels"] | None = None,
    *,
    margin: float = 0.3,
    num_negatives: int = 10,
    softmax_temperature: float | None = None,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far each query's hardest negatives are from scoring a margin below its own label.

    .. math:: L_i = \frac{1}{m} \sum_{j \in N_i} w_{ij} \max(0, s_{ij} - s_{ii} + \Delta)

    N are the m negatives of a query that score highest, and the weights are 1, or with a temperature t

    .. math:: w_{ij} = \mathrm{softmax}_{j \in N_i} \left( \frac{s_{ij}}{t} [s_{ij} - s_{ii} + \Delta > 0]
              \right)

    Args:
        scores: s, of query i and label j, usually cosines; label i is the positive of query i.
        positive: True where a label is relevant to the query, so that it is no negative of it; None marks
            the diagonal only, which is never a negative whatever the mask says.
        margin: Δ, at least 0; 0.3 is that of the published settings, for cosines.
        num_negatives: m, at least 1, and at most the number of labels.
        softmax_temperature: t, above 0; None weighs all alike. The published settings have 0.1. A negative
            that keeps its distance stays in the softmax with a logit of 0, and the weights have a gradient.
        reduction: "mean" or "sum" over queries, or "none".

    Returns:
        A scalar, or one value per query under "none". Missing negatives count as 0 in the mean over m; a
        query without any has 0.

    Raises:
        ShapeError: ``scores`` is not a matrix, or has no column or fewer columns than rows; ``positive`` has
            another shape.
        DtypeError: ``scores`` is not floating, ``positive`` not bool, or ``num_negatives`` no int.
        InvalidInputError: scores are NaN or infinite; ``margin`` is negative; ``num_negatives`` is below 1;
            ``softmax_temperature`` is not above 0.

    Differs from the official code: its function defaults are a margin of 0.8 and 3 negatives, where these are
        of its published configuration, which also has a softmax temperature of 0.1.

    Source: Dahiya et al., NGAME: Negative Mining-aware Mini-batching for Extreme Classification, WSDM 2023.

    Example:
        >>> import torch
        >>> scores = torch.tensor([[0.5, 0.7], [0.0, 0.5]])  # hinges 0.7 - 0.5 + 0.3 and max(0, -0.2)
        >>> online_hard_negative_triplet(scores, num_negatives=1, reduction="none")
        tensor([0.5000, 0.0000])
    """
    check_lists("scores", scores)
    queries, labels = scores.shape
    if queries > labels:
        raise ShapeError(f"scores: got {labels} labels for {queries} queries; wanted a label for each query")
    check_non_negative("margin", margin)
    check_int("num_negatives", num_negatives)
    if num_negatives < 1:
        raise InvalidInputError(f"num_negatives: got {num_negatives}; wanted at least 1")
    if softmax_temperature is not None:
        check_positive("softmax_temperature", softmax_temperature)
    negative = ~torch.eye(queries, labels, dtype=torch.bool, device=scores.device)
    if positive is not None:
        check_mask("positive", positive)
        check_shape("positive", positive, (queries, labels), like="scores")
        negative = negative & ~positive

    slots = min(num_negatives, labels)
    hardest = scores.detach().where(negative, -math.inf).topk(slots, dim=1).indices
    own, hard = scores.diagonal().unsqueeze(1), scores.gather(1, hardest)
    hinges = (hard - own + margin).relu().where(negative.gather(1, hardest), 0.0)
    if softmax_temperature is not None:
        logits = hard.where(hinges != 0, 0.0)
        hinges = hinges * masked_log_softmax(logits, temperature=softmax_temperature).exp()
    return reduce(hinges.mean(1), reduction)


OnlineHardNegativeTriplet = loss_module(online_hard_negative_triplet)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four queries and six labels, one of which is relevant to a second query."""
    positive = torch.eye(4, 6, dtype=torch.bool)
    positive[1, 4] = True
    return {"scores": 0.3 * torch.randn(4, 6, generator=generator), "positive": positive}


def rank_labels(scores: np.ndarray, positive: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Relevance and score of every label to every query."""
    own = np.eye(scores.shape[0], scores.shape[1], dtype=bool)
    return own if positive is None else own | positive, scores


LOSS = LossSpec(
    function=online_hard_negative_triplet,
    module=OnlineHardNegativeTriplet,
    paper=Paper(
        title="NGAME: Negative Mining-aware Mini-batching for Extreme Classification",
        authors="Dahiya et al.",
        venue="WSDM",
        year=2023,
        url="https://arxiv.org/abs/2207.04452",
    ),
    differentiable=("scores",),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="precision_at_k", adapt=rank_labels, options={"k": 1}),
        ExactMetric(name="recall_at_k", adapt=rank_labels, options={"k": 3, "mode": "fraction"}),
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.TWICE_DIFFERENTIABLE}),
    aliases=("ngame",),
)
