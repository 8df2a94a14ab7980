"""What the exact metrics of this family take, and an example of labelled embeddings."""

from typing import Any

import numpy as np
import torch

from lossary.authoring import ExactMetric


def labelled_example(generator: torch.Generator) -> dict[str, Any]:
    """Eight embeddings of three classes, the last of one item."""
    embeddings = torch.randn(8, 4, generator=generator)
    return {"embeddings": embeddings, "labels": torch.tensor([0, 0, 0, 1, 1, 1, 1, 2])}


def rank_others(embeddings: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each item as a query of all others, (batch, batch - 1): whether the labels agree, and the cosine."""
    same, cosine = _pairs(embeddings, labels)
    others = ~np.eye(len(labels), dtype=bool)
    return same[others].reshape(len(labels), -1), cosine[others].reshape(len(labels), -1)


def verify_pairs(embeddings: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each pair of two items once: whether the labels agree, and the cosine."""
    pairs = np.triu_indices(len(labels), k=1)
    same, cosine = _pairs(embeddings, labels)
    return same[pairs], cosine[pairs]


def _pairs(embeddings: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    directions = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return labels[:, None] == labels, directions @ directions.T


RANKING_METRICS = (
    ExactMetric(name="recall_at_k", adapt=rank_others, options={"k": 1}),
    ExactMetric(name="map_at_r", adapt=rank_others),
)
PAIR_METRICS = (
    *RANKING_METRICS,
    ExactMetric(name="tar_at_far", adapt=verify_pairs, options={"far": 0.01}),
)
