"""Mann-Whitney for retrieval: relevant pairs of query and key scored above all others of the batch.

Unlike the contrastive losses, which rank the keys of each query, it also makes the similarities of different
queries comparable, as a threshold on them needs.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module
from lossary.authoring.validation import check_shape
from lossary.errors import ShapeError
from lossary.losses.auc.mann_whitney_scores import Scope, mann_whitney_scores
from lossary.ops.dot_products import query_key_scores
from lossary.ops.key_lists import rank_keys


@full_precision
def mann_whitney_retrieval(
    query: Float[Tensor, "queries dim"],
    key: Float[Tensor, "keys dim"],
    positive: Bool[Tensor, "queries keys"] | None = None,
    *,
    temperature: float = 1.0,
    scope: Scope = "batch",
    normalize: bool = True,
) -> Float[Tensor, ""]:
    r"""How far relevant pairs of query and key are from being more similar than the others.

    .. math:: L = \frac{1}{|A| |B|} \sum_{a \in A} \sum_{b \in B}
              \log\left(1 + e^{-(S_a - S_b) / T}\right), \qquad S = Q K^\top

    A and B are the positive and the other entries of the matrix S; with ``scope="query"`` those of one row,
    and L is the mean over the rows that have both. Time and memory are those of S: the pairs of its entries
    are never formed.

    Args:
        query: Q, one row per query.
        key: K, one row per key.
        positive: True where the key is relevant to the query; None takes the key of the query's own row
            number, and needs at least as many keys as queries.
        temperature: T, above 0; smaller comes closer to counting misordered pairs. For cosine similarities
            0.02 to 0.1 works better than the neutral 1.
        scope: "batch" takes pairs from any two rows of S; "query" from within each row.
        normalize: compare by cosine; False compares by the dot product of the rows as they come.

    Returns:
        A scalar. Without any pair, as with one query and one key, it is 0.

    Raises:
        ShapeError: ``query`` or ``key`` is not a matrix or has no column, their columns differ in number,
            ``positive`` is not (queries, keys), or is None with fewer keys than queries.
        DtypeError: ``query`` or ``key`` is not floating, or ``positive`` not bool.
        InvalidInputError: a value is NaN or infinite; a row is zero and has no direction; dot products
            overflow; ``temperature`` is not above 0; ``scope`` is unknown.

    Differs from the paper: the default temperature of 1 is ours; the paper tunes it. Its loss is
        ``scope="batch"``.

    Source: Sheikholeslami, Hosseini, Bechard, Daruru and Rajeswar, Optimizing What Matters: AUC-Driven
        Learning for Robust Neural Retrieval, arXiv 2510.00137, 2025.

    Example:
        >>> import torch
        >>> query, key = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[2.0, 0.0], [0.0, 3.0]])
        >>> mann_whitney_retrieval(query, key)  # cosines 1 against 0: log(1 + exp(-1))
        tensor(0.3133)
    """
    scores = query_key_scores(query, key, normalize=normalize)
    queries, keys = scores.shape
    if positive is None:
        if keys < queries:
            raise ShapeError(
                f"key: got {keys} rows for {queries} queries; wanted a key for each, or the mask positive"
            )
        positive = torch.eye(queries, keys, dtype=torch.bool, device=query.device)
    else:
        check_shape("positive", positive, (queries, keys), like="query by key")
    return mann_whitney_scores(scores, positive, temperature=temperature, scope=scope)


MannWhitneyRetrieval = loss_module(mann_whitney_retrieval)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Five queries and seven keys; a third of the keys is relevant."""
    return {
        "query": torch.randn(5, 4, generator=generator),
        "key": torch.randn(7, 4, generator=generator),
        "positive": (torch.arange(35) % 3 == 0).reshape(5, 7),
    }


def classify_pairs(**inputs: Any) -> tuple[np.ndarray, np.ndarray]:
    """Relevance and cosine of every pair of query and key, flat."""
    relevance, cosine = rank_keys(**inputs)
    return relevance.ravel(), cosine.ravel()


LOSS = LossSpec(
    function=mann_whitney_retrieval,
    module=MannWhitneyRetrieval,
    paper=Paper(
        title="Optimizing What Matters: AUC-Driven Learning for Robust Neural Retrieval",
        authors="Sheikholeslami, Hosseini, Bechard, Daruru and Rajeswar",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2510.00137",
    ),
    differentiable=("query", "key"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="roc_auc_score", adapt=classify_pairs),
        ExactMetric(name="recall_at_k", adapt=rank_keys, options={"k": 1}),
        ExactMetric(name="ndcg_at_k", adapt=rank_keys),
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
