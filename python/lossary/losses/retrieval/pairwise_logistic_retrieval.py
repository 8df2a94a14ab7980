"""Pairwise logistic retrieval: the key of each query above every other document, one pair at a time.

Unlike a softmax over the list it weighs all pairs alike, so that one hard negative does not take the gradient
of the others; hard negatives that stay the same for a whole training therefore do not destabilise it.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import check_finite, check_floating, check_mask, check_ndim, check_shape
from lossary.errors import InvalidInputError
from lossary.ops.dot_products import query_key_scores


@full_precision
def pairwise_logistic_retrieval(
    query: Float[Tensor, "queries dim"],
    key: Float[Tensor, "queries dim"],
    negative: Float[Tensor, "queries negatives dim"] | None = None,
    pair_mask: Bool[Tensor, "queries queries"] | None = None,
    negative_mask: Bool[Tensor, "queries documents"] | None = None,
) -> Float[Tensor, ""]:
    r"""How far other documents are from scoring below the key of a query, over all pairs of the two.

    .. math:: L = \frac{1}{|A|} \sum_{(i, d) \in A} \log\left(1 + e^{q_i^\top d - q_i^\top k_i}\right)

    A holds each query with the keys of the others, and with the hard negatives of all queries, its own among
    them. Scores are dot products, neither normalized nor divided by a temperature.

    Args:
        query: q, one row per query.
        key: k, the relevant document of each query, in the same order.
        negative: hard negatives of each query, as many for each; None has none.
        pair_mask: True where the pair of a query and a key counts, (queries, queries), so that other relevant
            documents can be left out. It is taken as given: its diagonal should be False. None counts all but
            the diagonal.
        negative_mask: True where the pair of a query and a hard negative counts; its columns are the
            negatives of the first query, then those of the second, and so on. None counts all.

    Returns:
        A scalar: a mean over pairs, so there is no value per query. Without a pair that counts it is 0.

    Raises:
        ShapeError: ``query`` is not a matrix or has no column; another shape does not fit it.
        DtypeError: an embedding is not floating, or a mask is not bool.
        InvalidInputError: a value is NaN or infinite; dot products overflow; there is a ``negative_mask``
            without ``negative``.

    Source: Zhan, Mao, Liu, Guo, Zhang and Ma, Optimizing Dense Retrieval Model Training with Hard Negatives,
        SIGIR 2021; the loss of STAR.

    Example:
        >>> import torch
        >>> query, key = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[2.0, 0.0], [0.0, 2.0]])
        >>> pairwise_logistic_retrieval(query, key)  # scores 2 against 0: log(1 + exp(-2))
        tensor(0.1269)
    """
    scores = query_key_scores(query, key, normalize=False)
    queries = len(scores)
    check_shape("key", key, tuple(query.shape), like="query")
    if pair_mask is None:
        pair_mask = ~torch.eye(queries, dtype=torch.bool, device=scores.device)
    else:
        check_mask("pair_mask", pair_mask)
        check_shape("pair_mask", pair_mask, (queries, queries), like="query by key")
    own = scores.diagonal().unsqueeze(1)
    if negative is None:
        if negative_mask is not None:
            raise InvalidInputError("negative_mask: got a mask without negative; wanted both, or neither")
        return reduce(-functional.logsigmoid(own - scores), "mean", mask=pair_mask)

    check_floating("negative", negative)
    check_ndim("negative", negative, "queries negatives dim")
    check_shape("negative", negative, (queries, negative.shape[1], query.shape[1]), like="query")
    check_finite("negative", negative)
    hard = query_key_scores(query, negative.reshape(-1, query.shape[1]), normalize=False)
    if negative_mask is None:
        negative_mask = torch.ones_like(hard, dtype=torch.bool)
    else:
        check_mask("negative_mask", negative_mask)
        check_shape("negative_mask", negative_mask, tuple(hard.shape), like="query by all of negative")
    gaps = own - torch.cat([scores, hard], 1)
    return reduce(-functional.logsigmoid(gaps), "mean", mask=torch.cat([pair_mask, negative_mask], 1))


PairwiseLogisticRetrieval = loss_module(pairwise_logistic_retrieval)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Four queries with two hard negatives each."""
    return {
        "query": torch.randn(4, 3, generator=generator),
        "key": torch.randn(4, 3, generator=generator),
        "negative": torch.randn(4, 2, 3, generator=generator),
    }


def rank_documents(
    query: np.ndarray,
    key: np.ndarray,
    negative: np.ndarray | None = None,
    pair_mask: np.ndarray | None = None,
    negative_mask: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Relevance and score of the documents that each query is compared with, flat, and whose they are."""
    relevant = np.eye(len(query), dtype=bool)
    counts, scores = relevant | (True if pair_mask is None else pair_mask), query @ key.T
    if negative is not None:
        hard = query @ negative.reshape(-1, query.shape[1]).T
        relevant = np.hstack([relevant, np.zeros(hard.shape, dtype=bool)])
        counts = np.hstack([counts, np.ones(hard.shape, bool) if negative_mask is None else negative_mask])
        scores = np.hstack([scores, hard])
    return {"y_true": relevant[counts], "y_score": scores[counts], "query": np.nonzero(counts)[0]}


def group_documents(**inputs: Any) -> dict[str, np.ndarray]:
    """The same, under the names that the grouped AUC has for them."""
    ranked = rank_documents(**inputs)
    ranked["groups"] = ranked.pop("query")
    return ranked


LOSS = LossSpec(
    function=pairwise_logistic_retrieval,
    module=PairwiseLogisticRetrieval,
    paper=Paper(
        title="Optimizing Dense Retrieval Model Training with Hard Negatives",
        authors="Zhan, Mao, Liu, Guo, Zhang and Ma",
        venue="SIGIR",
        year=2021,
        url="https://arxiv.org/abs/2104.08051",
    ),
    differentiable=("query", "key", "negative"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="grouped_auc", adapt=group_documents),
        ExactMetric(name="recall_at_k", adapt=rank_documents, options={"k": 1}),
    ),
    properties=frozenset({Property.NON_NEGATIVE, Property.BATCH_ORDER_FREE, Property.TWICE_DIFFERENTIABLE}),
    aliases=("star",),
)
