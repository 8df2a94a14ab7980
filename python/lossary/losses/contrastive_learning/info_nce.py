"""InfoNCE: each query's positive key standing out among all keys.

The contrastive loss. A smaller temperature looks at the hardest negatives only, which separates better and
tolerates near duplicates less; a larger one treats all alike.
"""

from typing import Any

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
from lossary.authoring.validation import check_mask, check_positive, check_shape
from lossary.errors import ShapeError
from lossary.losses.contrastive_learning._own_keys import own_key_scores
from lossary.ops.dot_products import query_key_scores
from lossary.ops.key_lists import rank_keys
from lossary.ops.masked_softmax import masked_log_softmax


@full_precision
def info_nce(
    query: Float[Tensor, "queries dim"],
    key: Float[Tensor, "keys dim"],
    positive: Bool[Tensor, "queries keys"] | None = None,
    *,
    temperature: float = 0.1,
    normalize: bool = True,
    symmetric: bool = False,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    r"""How far the positive keys of each query are from taking all of its softmax over the keys.

    .. math:: L_i = -\frac{1}{|P_i|} \sum_{j \in P_i} \log \frac{e^{s_{ij} / \tau}}{\sum_k e^{s_{ik} / \tau}}

    The gradient pushes negative j away by its share of the softmax, so the nearest ones most. Positives stay
    in the denominator; `lossary.losses.retrieval.decoupled_softmax` takes the other ones out.

    Args:
        query: one row per query.
        key: one row per key.
        positive: P, True where the key is a positive of the query; None takes the key of the query's own
            number, and needs at least as many keys as queries. Further keys are negatives.
        temperature: τ, above 0. Wang and Liu find 0.2 to 0.3 best for small images with a memory bank; MoCo
            has 0.07.
        normalize: compare by cosine; False compares by the dot product of the rows as they come.
        symmetric: the mean of this and of the same with keys and queries exchanged, as in CLIP.
        reduction: "mean" over the queries with a positive, "sum", or "none".

    Returns:
        A scalar, or one value per query under "none". A query without a positive has 0 and is left out of
        the mean. A row of zeros has cosines of 0.

    Raises:
        ShapeError: ``query`` or ``key`` is not a matrix or has no column; their columns differ in number;
            ``positive`` is not (queries, keys), or is None with fewer keys than queries; keys and queries
            differ in number with ``symmetric`` and no ``positive``, or with ``symmetric`` and "none".
        DtypeError: ``query`` or ``key`` is not floating, or ``positive`` not bool.
        InvalidInputError: a value is NaN or infinite; dot products overflow; ``temperature`` is not above 0.

    Source: van den Oord, Li and Vinyals, Representation Learning with Contrastive Predictive Coding, arXiv
        1807.03748, 2018; as analysed by Wang and Liu, Understanding the Behaviour of Contrastive Loss, CVPR
        2021, equation 1.

    Example:
        >>> import torch
        >>> query, key = torch.eye(2), torch.tensor([[2.0, 0.0], [0.0, 3.0]])
        >>> info_nce(query, key, temperature=1.0)  # cosine 1 against 0: log(1 + 1 / e)
        tensor(0.3133)
    """
    check_positive("temperature", temperature)
    if positive is None:
        scores = own_key_scores(query, key, normalize=normalize)
    else:
        scores = query_key_scores(query, key, normalize=normalize, allow_zero=True)
        check_mask("positive", positive)
        check_shape("positive", positive, tuple(scores.shape), like="query by key")
    if symmetric and (positive is None or reduction == "none") and len(query) != len(key):
        raise ShapeError(f"key: got {len(key)} rows; wanted {len(query)}, as query, for symmetric=True")
    loss = _reduced(scores, positive, temperature, reduction)
    if not symmetric:
        return loss
    transposed = None if positive is None else positive.T
    return (loss + _reduced(scores.T, transposed, temperature, reduction)) / 2


def _reduced(scores: Tensor, positive: Tensor | None, temperature: float, reduction: Reduction) -> Tensor:
    log_share = masked_log_softmax(scores, temperature=temperature)
    if positive is None:
        return reduce(-log_share.diagonal(), reduction)
    total = -log_share.where(positive, 0.0).sum(1)
    return reduce(total / positive.sum(1).clamp(min=1), reduction, mask=positive.any(1))


InfoNce = loss_module(info_nce)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Five queries and their keys."""
    return {
        "query": torch.randn(5, 4, generator=generator),
        "key": torch.randn(5, 4, generator=generator),
    }


LOSS = LossSpec(
    function=info_nce,
    module=InfoNce,
    paper=Paper(
        title="Understanding the Behaviour of Contrastive Loss",
        authors="Wang and Liu",
        venue="CVPR",
        year=2021,
        url="https://arxiv.org/abs/2012.09740",
        equation="equation 1",
    ),
    differentiable=("query", "key"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="recall_at_k", adapt=rank_keys, options={"k": 1}),
        ExactMetric(name="mean_reciprocal_rank", adapt=rank_keys),
        ExactMetric(name="mean_average_precision", adapt=rank_keys),
    ),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
