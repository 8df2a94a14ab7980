"""Similarity distribution matching: across two modalities, similarity is shared out as identity is.

Each image of a person, say, is as similar to all captions of that person, and to no other; several matches in
a batch are no conflict, as they are for a contrastive loss with one positive.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from lossary.authoring import (
    ExactMetric,
    LossSpec,
    Paper,
    Property,
    full_precision,
    loss_module,
    reduce,
)
from lossary.authoring.validation import (
    check_finite,
    check_floating,
    check_integer,
    check_ndim,
    check_positive,
    check_shape,
)
from lossary.errors import ShapeError
from lossary.ops.directions import unit_rows
from torch import Tensor


@full_precision
def similarity_distribution_matching(
    query: Float[Tensor, "batch dim"],
    key: Float[Tensor, "batch dim"],
    labels: Int[Tensor, "batch"],
    *,
    scale: float = 50.0,
    eps: float = 1e-8,
) -> Float[Tensor, ""]:
    r"""Divergence of the softmax of similarities from the distribution of equal labels, in both directions.

    .. math:: L = D(z) + D(z^T), \qquad
              D(z) = \frac{1}{N} \sum_{ij} p_{ij} \log \frac{p_{ij}}{q_{ij} + \epsilon}

    z is the scale times the cosines of queries (rows) and keys, p the softmax of its rows, and q shares 1
    equally among the keys with the query's label. The prediction comes first: what it gives to a wrong label
    costs log(1 / epsilon) per unit.

    Args:
        query: embeddings of one modality.
        key: embeddings of the other, row for row of the same samples.
        labels: the identity of each sample.
        scale: one over the temperature. The loss's own paper takes 50, and the one below 2.
        eps: epsilon, above 0.

    Returns:
        A scalar; its least value is a rounding below 0, -2 log(1 + N epsilon) at most. A row of zeros has
        cosines of 0.

    Raises:
        ShapeError: the embeddings are not two matrices of one shape with a column, or there is not one label
            for each row.
        DtypeError: the embeddings are not floating, or the labels not integer.
        InvalidInputError: an embedding is NaN or infinite; ``scale`` or ``eps`` is not above 0.

    Source: Hu, Shen, Sun, Shan, Min, Su, Fan, Elazab, Ge, Wang and Fan, ITCFN: Incomplete Triple-Modal
        Co-Attention Fusion Network for Mild Cognitive Impairment Conversion Prediction, arXiv 2025; the loss
        of Jiang and Ye, Cross-Modal Implicit Relation Reasoning and Aligning for Text-to-Image Person
        Retrieval, CVPR 2023.

    Example:
        >>> import torch
        >>> query = torch.eye(2)
        >>> labels = torch.tensor([4, 4])
        >>> loss = similarity_distribution_matching(query, query, labels, scale=1.0)
        >>> loss  # twice 0.7311 log(0.7311 / 0.5) + 0.2689 log(0.2689 / 0.5)
        tensor(0.2219)
    """
    check_positive("scale", scale)
    check_positive("eps", eps)
    check_floating("query", query)
    check_ndim("query", query, "batch dim")
    if query.shape[1] == 0:
        raise ShapeError(f"query: got shape {tuple(query.shape)}; wanted at least one column")
    check_finite("query", query)
    check_floating("key", key)
    check_shape("key", key, tuple(query.shape), like="query")
    check_finite("key", key)
    check_integer("labels", labels)
    check_shape("labels", labels, (query.shape[0],), like="the rows of query")
    similarity = scale * (unit_rows(query) @ unit_rows(key.to(query.dtype)).T)
    same = (labels.unsqueeze(1) == labels).to(similarity.dtype)
    log_wanted = (same / same.sum(1, keepdim=True) + eps).log()
    both = torch.stack([similarity, similarity.T]).log_softmax(-1)
    return reduce((both.exp() * (both - log_wanted)).sum((0, 2)), "mean")


SimilarityDistributionMatching = loss_module(similarity_distribution_matching)


def rank_keys(
    *, query: np.ndarray, key: np.ndarray, labels: np.ndarray, **_: Any
) -> tuple[np.ndarray, np.ndarray]:
    """The exact metrics' arguments: for each query which keys have its label, and the cosines."""
    query, key = (rows.astype(np.float64) for rows in (query, key))
    lengths = np.linalg.norm(query, axis=1)[:, None] * np.linalg.norm(key, axis=1)
    return labels[:, None] == labels, query @ key.T / np.where(lengths == 0, 1.0, lengths)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six samples of three identities in two modalities."""
    return {
        "query": torch.randn(6, 4, generator=generator),
        "key": torch.randn(6, 4, generator=generator),
        "labels": torch.tensor([0, 2, 1, 1, 0, 1]),
        "scale": 2.0,
    }


LOSS = LossSpec(
    function=similarity_distribution_matching,
    module=SimilarityDistributionMatching,
    paper=Paper(
        title=(
            "ITCFN: Incomplete Triple-Modal Co-Attention Fusion Network for Mild Cognitive Impairment "
            "Conversion Prediction"
        ),
        authors="Hu, Shen, Sun, Shan, Min, Su, Fan, Elazab, Ge, Wang and Fan",
        venue="arXiv",
        year=2025,
        url="https://arxiv.org/abs/2501.11276",
    ),
    differentiable=("query", "key"),
    example_inputs=example_inputs,
    pairs_with=(
        ExactMetric(name="recall_at_k", adapt=rank_keys, options={"k": 1}),
        ExactMetric(name="mean_average_precision", adapt=rank_keys),
    ),
    properties=frozenset(
        {Property.BATCH_ORDER_FREE, Property.SCALE_INVARIANT, Property.TWICE_DIFFERENTIABLE}
    ),
    aliases=("sdm",),
)
