"""Multi-label contrastive: items close together by how many of their labels they share.

Supervised contrastive learning for items with several labels, such as texts with several emotions: a pair is
a positive to the degree that its label sets overlap.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor

from lossary.authoring import ExactMetric, LossSpec, Paper, Property, full_precision, loss_module, reduce
from lossary.authoring.validation import (
    check_binary,
    check_finite,
    check_floating,
    check_ndim,
    check_positive,
    check_shape,
)
from lossary.errors import ShapeError
from lossary.ops.directions import unit_rows
from lossary.ops.key_lists import rank_keys
from lossary.ops.masked_softmax import masked_log_softmax


@full_precision
def multilabel_contrastive(
    embeddings: Float[Tensor, "batch dim"],
    labels: Bool[Tensor, "batch classes"] | Integer[Tensor, "batch classes"] | Float[Tensor, "batch classes"],
    *,
    temperature: float = 0.1,
) -> Float[Tensor, ""]:
    r"""How far each item's softmax over the others is from the overlaps of their labels.

    .. math:: L_i = -\frac{1}{\sum_{j \neq i} s_{ij}} \sum_{j \neq i} s_{ij}
              \log \frac{e^{\cos(z_i, z_j) / \tau}}{\sum_{k \neq i} e^{\cos(z_i, z_k) / \tau}}, \quad
              s_{ij} = \frac{|y_i \cap y_j|}{|y_i \cup y_j|}

    The loss is the mean over the items that share a label with another. With one label per item it is
    supervised contrastive learning.

    Args:
        embeddings: z, one row per item.
        labels: y, 1 or True where the item has the label. It receives no gradient.
        temperature: τ, above 0.

    Returns:
        A scalar; 0 where no two items share a label. A row of zeros has cosines of 0.

    Raises:
        ShapeError: ``embeddings`` is not a matrix or has no column; ``labels`` is not a matrix of as many
            rows.
        DtypeError: ``embeddings`` is not floating, or ``labels`` complex.
        InvalidInputError: a value is NaN or infinite; ``labels`` has another value than 0 and 1;
            ``temperature`` is not above 0.

    Differs from the paper: reconstructed from its abstract, which names the parts of its hybrid loss; its
        equations were not seen.

    Source: the idea of Aslam et al., Improving Arabic Multi-Label Emotion Classification using Stacked
        Embeddings and Hybrid Loss Function, arXiv 2410.03979, 2024.

    Example:
        >>> import torch
        >>> labels = torch.tensor([[1, 1], [1, 0], [0, 0]])
        >>> multilabel_contrastive(torch.eye(3), labels)  # two items alike, at cosines of 0: log 2
        tensor(0.6931)
    """
    check_positive("temperature", temperature)
    check_floating("embeddings", embeddings)
    check_ndim("embeddings", embeddings, "batch dim")
    if embeddings.shape[1] == 0:
        raise ShapeError(f"embeddings: got shape {tuple(embeddings.shape)}; wanted at least one column")
    check_finite("embeddings", embeddings)
    check_ndim("labels", labels, "batch classes")
    check_shape("labels", labels, (len(embeddings), labels.shape[1]), like="the rows of embeddings")
    check_binary("labels", labels)

    other = ~torch.eye(len(embeddings), dtype=torch.bool, device=embeddings.device)
    rows = unit_rows(embeddings)
    log_share = masked_log_softmax(rows @ rows.T, other, temperature=temperature).where(other, 0.0)
    overlap = _jaccard(labels.detach().to(embeddings.dtype)).where(other, 0.0)
    total = overlap.sum(1)
    some = total > 0
    return reduce(-(overlap * log_share).sum(1) / total.where(some, 1.0), "mean", mask=some)


def _jaccard(labels: Tensor) -> Tensor:
    """Shared labels of every two items over all labels of the two, 0 where these have none."""
    shared = labels @ labels.T
    count = labels.sum(1)
    return shared / (count.unsqueeze(1) + count - shared).clamp(min=1)


MultilabelContrastive = loss_module(multilabel_contrastive)


def example_inputs(generator: torch.Generator) -> dict[str, Any]:
    """Six items with up to three labels, of which one has none."""
    labels = [[1, 0, 1], [1, 1, 0], [0, 1, 0], [1, 1, 1], [0, 0, 0], [0, 0, 1]]
    return {"embeddings": torch.randn(6, 4, generator=generator), "labels": torch.tensor(labels)}


def rank_others(embeddings: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each item as a query of all others, (batch, batch - 1): whether they share a label, and the cosine."""
    others = ~np.eye(len(labels), dtype=bool)
    counts = labels.astype(np.int64)
    shared, cosine = rank_keys(embeddings, embeddings, counts @ counts.T > 0)
    return shared[others].reshape(len(labels), -1), cosine[others].reshape(len(labels), -1)


LOSS = LossSpec(
    function=multilabel_contrastive,
    module=MultilabelContrastive,
    paper=Paper(
        title="Improving Arabic Multi-Label Emotion Classification using Stacked Embeddings and Hybrid Loss "
        "Function",
        authors="Aslam et al.",
        venue="arXiv",
        year=2024,
        url="https://arxiv.org/abs/2410.03979",
    ),
    differentiable=("embeddings",),
    example_inputs=example_inputs,
    pairs_with=(ExactMetric(name="mean_average_precision", adapt=rank_others),),
    properties=frozenset(
        {
            Property.NON_NEGATIVE,
            Property.BATCH_ORDER_FREE,
            Property.SCALE_INVARIANT,
            Property.TWICE_DIFFERENTIABLE,
        }
    ),
)
